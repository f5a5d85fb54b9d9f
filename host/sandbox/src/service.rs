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
}

impl Service {
    /// Every service, in the order of this enum.
    pub const ALL: [Service; 3] = [Service::Model, Service::Hubspot, Service::Twilio];

    /// The host name that the real service answers at.
    pub fn host(self) -> &'static str {
        match self {
            Service::Model => "api.openai.com",
            Service::Hubspot => "api.hubapi.com",
            Service::Twilio => "api.twilio.com",
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
