//! Tools that are made for one call, of what its record says: whether they keep to what a plugin is granted.
//!
//! Such a tool is data from outside. It gets settings of its own and nothing else: the component, the grant and the door
//! are the plugin's, and decide again at each request. Here it is only found out beforehand, so that a model isn't offered
//! what can't work.

use aftercall_core::{
    egress::{Denial, Party, Sends},
    id::{PluginName, Tenant},
    json::Json,
    tool::Tool,
};
use http::{Method, Uri};

use crate::{
    describe,
    door::{self, Canonical},
    grant,
    host::{Error, PluginHost},
};

/// What stands in an address where an argument will.
const ANY_ARGUMENT: &str = "x";

/// A tool that is made for one call.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// What the model is told of it.
    pub tool: &'a Tool,
    /// Settings in the place of those of the same names in the tenant's grant: a JSON object.
    pub settings: &'a Json,
    /// The method of its request.
    pub method: &'a str,
    /// Where its request goes; `{NAME}` in the path stands for an argument.
    pub url: &'a str,
}

/// Why a tool that is made for one call can't be offered.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The tenant hasn't granted the plugin.
    #[error(transparent)]
    NotGranted(Box<Error>),
    /// A model can't be told of it.
    #[error(transparent)]
    Description(#[from] describe::Error),
    /// The plugin doesn't take its settings.
    #[error(transparent)]
    Settings(#[from] grant::Error),
    /// No request has that method or goes there.
    #[error("its request can't be sent: {0}")]
    Request(String),
    /// The grant doesn't allow its request.
    #[error("{denial}{}", .rule.as_ref().map(|rule| format!(", as `{rule}`")).unwrap_or_default())]
    Denied {
        /// Why not.
        denial: Denial,
        /// The rule that would allow it, where it is the tenant's grant that lacks one.
        rule: Option<String>,
    },
}

impl PluginHost {
    /// Whether a tool that is made for one call could be carried out by a plugin of a tenant, as granted at this moment.
    ///
    /// # Errors
    /// Says what speaks against it, and what would allow it.
    pub fn check_made(&self, tenant: &Tenant, plugin: &PluginName, made: Made<'_>) -> Result<(), Unfit> {
        let not_granted = || Error::NotGranted { tenant: tenant.clone(), plugin: plugin.clone() };
        let granted = self.find(tenant, plugin).ok_or_else(|| Unfit::NotGranted(Box::new(not_granted())))?;
        describe::check(made.tool)?;
        granted.settings.with(made.settings)?;
        let invalid = |why: door::Error| Unfit::Request(why.to_string());
        let method = Method::from_bytes(made.method.as_bytes());
        let method = method.map_err(|_| Unfit::Request(format!("`{}` is no method", made.method)))?;
        let uri = filled(made.url).parse::<Uri>();
        let uri = uri.map_err(|_| Unfit::Request(format!("`{}` is no address", made.url)))?;
        let Canonical { target, url } = Canonical::of(&method, &uri).map_err(invalid)?;
        granted.outlet.rerouted(&url).map_err(invalid)?;
        let sends = if made.tool.effect.writes() { Sends::Anything } else { Sends::ReadsOf("a read tool") };
        let decided = granted.outlet.decide(&target, sends);
        decided.map(|_| ()).map_err(|denial| {
            let is_tenants = matches!(denial, Denial::NoRule { party: Party::Tenant, .. });
            let rule = is_tenants.then(|| format!("{method} {}", rule_address(made.url)));
            Unfit::Denied { denial, rule }
        })
    }
}

/// An address with something in the place of each argument in its path.
fn filled(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, behind)) = after.split_once('}') else { break };
        text.extend([before, ANY_ARGUMENT]);
        rest = behind;
    }
    text + rest
}

/// The address of a rule that speaks of all that an address can become.
fn rule_address(url: &str) -> String {
    let segments = url.split('/').map(|segment| if segment.contains('{') { "*" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_rule_it_needs() {
        for (url, any, rule) in [
            ("https://a.com/x", "https://a.com/x", "https://a.com/x"),
            ("https://a.com/o/{id}/i-{n}", "https://a.com/o/x/i-x", "https://a.com/o/*/*"),
            ("https://a.com/{id", "https://a.com/{id", "https://a.com/*"),
        ] {
            assert_eq!((filled(url).as_str(), rule_address(url).as_str()), (any, rule));
        }
    }
}
