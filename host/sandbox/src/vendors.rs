//! One vendor a file. A new one is its file, a variant of `Service`, and a line in `sandbox::endpoint`.

pub(crate) mod business;
pub(crate) mod caldav;
pub(crate) mod fhir;
pub(crate) mod hubspot;
pub(crate) mod pagerduty;
pub(crate) mod sendgrid;
pub(crate) mod twilio;
pub(crate) mod zendesk;
