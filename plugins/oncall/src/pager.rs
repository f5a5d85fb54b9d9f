//! Which vendor pages in this tenant.

use aftercall::{Context, Failure, Finding, Outcome};
use serde::Deserialize;

use crate::arguments::AlertRef;
use crate::jira::Site;
use crate::pagerduty::Account;
use crate::report::{Change, Report};

/// What is found out of an event at PagerDuty: its Events API takes events and shows none. The host has repeated the
/// event by then, which is safe under one `dedup_key` while its alert is open: once that is resolved, the key is free, and
/// the same event opens another. Whether any of them arrived, a person sees in PagerDuty.
const UNREADABLE: Finding = Finding::Unknown(None);

/// The settings that every vendor has.
#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    vendor: Name,
    /// Those that can be paged for; absent, any.
    services: Option<Vec<String>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    #[default]
    Pagerduty,
    JiraServiceManagement,
}

enum Vendor {
    Pagerduty(Account),
    Jira(Site),
}

/// Whoever pages.
pub(crate) struct Pager {
    services: Option<Vec<String>>,
    vendor: Vendor,
}

impl Pager {
    /// The one of the tenant's settings.
    pub(crate) fn of(cx: &Context) -> Result<Self, Failure> {
        let Settings { vendor, services } = cx.settings()?;
        let vendor = match vendor {
            Name::Pagerduty => Vendor::Pagerduty(cx.settings()?),
            Name::JiraServiceManagement => Vendor::Jira(cx.settings()?),
        };
        Ok(Self { services, vendor })
    }

    /// Opens an alert under the effect's key, or adds to the one that is open under it.
    pub(crate) async fn page(&self, report: &Report, cx: &Context) -> Result<Outcome, Failure> {
        self.check_service(&report.service)?;
        match &self.vendor {
            Vendor::Pagerduty(account) => account.page(report, cx).await,
            Vendor::Jira(site) => site.page(report, cx).await,
        }
    }

    /// Acknowledges or resolves an alert.
    pub(crate) async fn change(&self, change: Change, alert: &AlertRef, cx: &Context) -> Result<Outcome, Failure> {
        match &self.vendor {
            Vendor::Pagerduty(account) => account.change(change, alert, cx).await,
            Vendor::Jira(site) => site.change(change, alert, cx).await,
        }
    }

    /// Whether the page of the effect's key went out.
    pub(crate) async fn find_page(&self, cx: &Context) -> Result<Finding, Failure> {
        match &self.vendor {
            Vendor::Pagerduty(_) => Ok(UNREADABLE),
            Vendor::Jira(site) => site.find_page(cx).await,
        }
    }

    /// Whether an alert was changed so.
    pub(crate) async fn find_change(&self, change: Change, alert: &AlertRef, cx: &Context) -> Result<Finding, Failure> {
        match &self.vendor {
            Vendor::Pagerduty(_) => Ok(UNREADABLE),
            Vendor::Jira(site) => site.find_change(change, alert, cx).await,
        }
    }

    /// Refuses a service that can't be paged for.
    fn check_service(&self, service: &str) -> Result<(), Failure> {
        match &self.services {
            Some(services) if !services.iter().any(|known| known == service) => {
                Err(Failure::no_such("service", service, services))
            }
            _ => Ok(()),
        }
    }
}
