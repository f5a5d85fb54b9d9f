//! The plugins by name, and their manifests.

use std::fs;
use std::path::Path;

use aftercall::testing::Fake;
use aftercall::{Failure, Finding, Outcome, Plugin, Tool};
use aftercall_core::manifest::Manifest;
use serde_json::Value;

/// What a plugin exports.
#[derive(Clone, Copy)]
pub(crate) struct Exports {
    pub(crate) list: fn(&str) -> Result<Vec<Tool>, String>,
    pub(crate) call: fn(&Fake, &str, Value) -> Result<Outcome, Failure>,
    pub(crate) reconcile: fn(&Fake, &str, Value) -> Result<Finding, Failure>,
}

impl Exports {
    const fn of<P: Plugin>() -> Self {
        Self { list: P::list_tools, call: Fake::call::<P>, reconcile: Fake::reconcile::<P> }
    }

    /// The plugin of this name.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "calendar" => Self::of::<aftercall_plugin_calendar::tools::Plugin>(),
            "collections" => Self::of::<aftercall_plugin_collections::tools::Plugin>(),
            "crm-hubspot" => Self::of::<aftercall_plugin_crm_hubspot::tools::Plugin>(),
            "crm-salesforce" => Self::of::<aftercall_plugin_crm_salesforce::tools::Plugin>(),
            "ehr-fhir" => Self::of::<aftercall_plugin_ehr_fhir::tools::Plugin>(),
            "email" => Self::of::<aftercall_plugin_email::tools::Plugin>(),
            "http-request" => Self::of::<aftercall_plugin_http_request::HttpRequest>(),
            "oncall" => Self::of::<aftercall_plugin_oncall::tools::Plugin>(),
            "slack" => Self::of::<aftercall_plugin_slack::tools::Plugin>(),
            "sms" => Self::of::<aftercall_plugin_sms::tools::Plugin>(),
            "ticket" => Self::of::<aftercall_plugin_ticket::tools::Plugin>(),
            other => panic!("name the plugin {other} here"),
        }
    }
}

/// The tools of a plugin with these settings.
///
/// # Errors
/// What is wrong with the settings, in the plugin's words.
pub fn tools(plugin: &str, settings: &Value) -> Result<Vec<Tool>, String> {
    (Exports::named(plugin).list)(&settings.to_string())
}

/// The manifest of a plugin's folder.
///
/// # Panics
/// Where it isn't one.
pub fn manifest(plugin: &str) -> Manifest {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins").join(plugin).join("plugin.toml");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let manifest: Manifest = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    manifest.check().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    manifest
}
