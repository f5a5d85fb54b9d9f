use serde::{Deserialize, Serialize};

/// The services that the sandbox plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// An LLM that speaks OpenAI Chat Completions.
    Model,
    /// HubSpot's CRM v3 API.
    Hubspot,
    /// Twilio's 2010-04-01 API.
    Twilio,
    /// A FHIR R4 server, as a clinic has one.
    Fhir,
    /// A CalDAV server.
    Caldav,
    /// SendGrid's v3 API.
    Sendgrid,
    /// PagerDuty's Events API v2.
    Pagerduty,
    /// Zendesk's ticketing API v2.
    Zendesk,
    /// A business's own JSON API.
    Business,
    /// Telnyx's messages, v2.
    Telnyx,
    /// Salesforce's REST API.
    Salesforce,
    /// Jira Cloud's REST API v3.
    Jira,
    /// The alerts of Jira Service Management.
    JiraAlerts,
    /// Google Calendar's API v3.
    GoogleCalendar,
    /// Slack's Web API.
    Slack,
    /// Where Salesforce gives access tokens.
    SalesforceLogin,
    /// Where Google gives access tokens.
    GoogleLogin,
    /// Where the clinic gives access tokens for its FHIR server.
    FhirLogin,
}

impl Service {
    /// Every service, in the order of this enum.
    pub const ALL: [Service; 18] = [
        Service::Model,
        Service::Hubspot,
        Service::Twilio,
        Service::Fhir,
        Service::Caldav,
        Service::Sendgrid,
        Service::Pagerduty,
        Service::Zendesk,
        Service::Business,
        Service::Telnyx,
        Service::Salesforce,
        Service::Jira,
        Service::JiraAlerts,
        Service::GoogleCalendar,
        Service::Slack,
        Service::SalesforceLogin,
        Service::GoogleLogin,
        Service::FhirLogin,
    ];

    /// The host name that the real service answers at; of those that each customer has a host for, an invented customer's.
    pub fn host(self) -> &'static str {
        match self {
            Service::Model => "api.openai.com",
            Service::Hubspot => "api.hubapi.com",
            Service::Twilio => "api.twilio.com",
            Service::Fhir => "fhir.lakeside-clinic.example",
            Service::Caldav => "dav.calendar.example",
            Service::Sendgrid => "api.sendgrid.com",
            Service::Pagerduty => "events.pagerduty.com",
            Service::Zendesk => "northwind.zendesk.com",
            Service::Business => "api.harbor-hotel.example",
            Service::Telnyx => "api.telnyx.com",
            Service::Salesforce => "northwind.my.salesforce.com",
            Service::Jira => "northwind.atlassian.net",
            Service::JiraAlerts => "api.atlassian.com",
            Service::GoogleCalendar => "www.googleapis.com",
            Service::Slack => "slack.com",
            Service::SalesforceLogin => "login.salesforce.com",
            Service::GoogleLogin => "oauth2.googleapis.com",
            Service::FhirLogin => "login.lakeside-clinic.example",
        }
    }
}

/// Whether a request would change what the service keeps. A search is a POST that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Changes nothing.
    Read,
    /// Creates or changes something when it succeeds.
    Write,
}
