//! One vendor a file. A new one is its file, a variant of `Service`, and a line in `sandbox::endpoint`.

pub(crate) mod business;
pub(crate) mod caldav;
pub(crate) mod fhir;
pub(crate) mod google_calendar;
pub(crate) mod hubspot;
pub(crate) mod jira;
pub(crate) mod jira_alerts;
pub(crate) mod login;
pub(crate) mod pagerduty;
pub(crate) mod salesforce;
pub(crate) mod sendgrid;
pub(crate) mod slack;
pub(crate) mod smart_login;
pub(crate) mod telnyx;
pub(crate) mod twilio;
pub(crate) mod zendesk;
