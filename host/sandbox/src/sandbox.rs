use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::Value;

use crate::door::{Behind, Listener};
use crate::endpoint::Endpoint;
use crate::fault::{Fault, Held, Point, Rule, When};
use crate::log::Received;
use crate::model::Model;
use crate::script::{self, Script};
use crate::service::Service;
use crate::vendors;
use crate::world::{State, World};

/// Milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What a sandbox is made of.
#[derive(Clone)]
pub struct Config {
    /// The lines that the model plays.
    pub script: Script,
    /// The only source of time.
    pub clock: Clock,
    /// What each service asks of its clients.
    pub credentials: Credentials,
    /// What services keep before the first request, each in a shape of its own.
    pub seeds: BTreeMap<Service, Value>,
}

/// The credentials that the services accept. The defaults are well known and worth nothing.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The model's API key; without one, the model asks for none.
    pub model_key: Option<String>,
    /// HubSpot's private-app token.
    pub hubspot_token: String,
    /// Twilio's account SID, which is in the path too.
    pub twilio_account: String,
    /// Twilio's auth token.
    pub twilio_token: String,
    /// The FHIR server's access token.
    pub fhir_token: String,
    /// The CalDAV user.
    pub caldav_user: String,
    /// The CalDAV user's password.
    pub caldav_password: String,
    /// SendGrid's API key.
    pub sendgrid_key: String,
    /// PagerDuty's integration key.
    pub pagerduty_routing_key: String,
    /// Zendesk's agent, by email address.
    pub zendesk_agent: String,
    /// The Zendesk agent's API token.
    pub zendesk_token: String,
    /// The business's bearer token.
    pub business_token: String,
    /// Telnyx's API key.
    pub telnyx_key: String,
    /// Salesforce's access token.
    pub salesforce_token: String,
    /// Jira's account, by email address.
    pub jira_account: String,
    /// The Jira account's API token, for issues and for alerts.
    pub jira_token: String,
    /// The site's cloud id, which is in the path of its alerts.
    pub jira_cloud: String,
    /// Google's access token.
    pub google_token: String,
    /// Slack's bot token.
    pub slack_token: String,
}

/// A running sandbox. Dropping it ends it soon; [`Sandbox::shutdown`] ends it for certain.
pub struct Sandbox {
    world: Arc<World>,
    control: Listener,
    listeners: BTreeMap<Service, Listener>,
    urls: BTreeMap<Service, String>,
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The script can't be played.
    #[error("correct the script: {0}")]
    Script(#[from] script::Error),
    /// A service can't begin with what it was given.
    #[error("correct what {service:?} begins with: {why}")]
    Seed {
        /// Which service.
        service: Service,
        /// What is wrong with its seed.
        why: String,
    },
    /// No port of the loopback interface could be had.
    #[error("could not listen on 127.0.0.1: {0}")]
    Listen(#[from] io::Error),
}

impl Config {
    /// A sandbox with this script and clock, and the default credentials.
    pub fn new(script: Script, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Config {
        Config { script, clock: Arc::new(clock), credentials: Credentials::default(), seeds: BTreeMap::new() }
    }
}

impl Default for Credentials {
    fn default() -> Credentials {
        Credentials {
            model_key: None,
            hubspot_token: "sandbox-hubspot-token".to_owned(),
            twilio_account: format!("AC{:032}", 0),
            twilio_token: "sandbox-twilio-token".to_owned(),
            fhir_token: "sandbox-fhir-token".to_owned(),
            caldav_user: "callbacks".to_owned(),
            caldav_password: "sandbox-caldav-password".to_owned(),
            sendgrid_key: "SG.sandbox-sendgrid-key".to_owned(),
            pagerduty_routing_key: format!("{:032}", 7),
            zendesk_agent: "assistant@northwind.example".to_owned(),
            zendesk_token: "sandbox-zendesk-token".to_owned(),
            business_token: "sandbox-business-token".to_owned(),
            telnyx_key: "KEY-sandbox-telnyx".to_owned(),
            salesforce_token: "00D000000000001!sandbox-salesforce-token".to_owned(),
            jira_account: "assistant@northwind.example".to_owned(),
            jira_token: "sandbox-jira-token".to_owned(),
            jira_cloud: "0a1b2c3d-0000-4000-8000-00000000000f".to_owned(),
            google_token: "ya29.sandbox-google-token".to_owned(),
            slack_token: "xoxb-sandbox-slack-token".to_owned(),
        }
    }
}

impl Sandbox {
    /// Checks the script and starts listening, each service on a free port of 127.0.0.1.
    pub async fn start(config: Config) -> Result<Sandbox, Error> {
        config.script.check()?;
        let mut endpoints = BTreeMap::from(Service::ALL.map(|service| (service, endpoint(service, &config))));
        for (service, seed) in &config.seeds {
            let endpoint = endpoints.get_mut(service).expect("every service has an endpoint");
            endpoint.seed(seed).map_err(|why| Error::Seed { service: *service, why })?;
        }
        let world = World::new(config.clock, endpoints);
        let mut listeners = BTreeMap::new();
        for service in Service::ALL {
            listeners.insert(service, Listener::open(Behind::Service(service), world.clone()).await?);
        }
        let urls = listeners.iter().map(|(service, listener)| (*service, listener.url())).collect();
        let control = Listener::open(Behind::Control, world.clone()).await?;
        Ok(Sandbox { world, control, listeners, urls })
    }

    /// The sandbox's own root: `GET {url}/_sandbox/state`, `POST {url}/_sandbox/faults`.
    pub fn url(&self) -> String {
        self.control.url()
    }

    /// Where a service is played in the place of `https://{service.host()}`; paths are the real ones.
    pub fn service_url(&self, service: Service) -> &str {
        &self.urls[&service]
    }

    /// The model's base URL, `/v1` included.
    pub fn model_url(&self) -> String {
        format!("{}/v1", self.service_url(Service::Model))
    }

    /// Everything, at this moment.
    pub fn state(&self) -> State {
        self.world.state()
    }

    /// What one service keeps, by collection.
    pub fn records(&self, service: Service) -> Value {
        self.world.records(service)
    }

    /// The requests received by all services, oldest first.
    pub fn requests(&self) -> Vec<Received> {
        self.world.requests()
    }

    /// Has the next `times` requests that fit struck by the fault. Gives the rule's number.
    pub fn fault(&self, point: Point, fault: Fault, times: u32) -> u64 {
        self.world.arm(Rule { point, fault, times })
    }

    /// Keeps the next request that fits waiting, before or after its work.
    pub fn hold(&self, point: Point, when: When) -> Held {
        self.world.hold(Rule { point, fault: Fault::Hold { when }, times: 1 })
    }

    /// Closes a service for good: its port refuses connections. What it keeps can still be read.
    pub async fn close(&mut self, service: Service) {
        if let Some(listener) = self.listeners.remove(&service) {
            listener.close().await;
        }
    }

    /// Ends every listener and connection, and waits until they have ended.
    pub async fn shutdown(self) {
        self.control.close().await;
        for listener in self.listeners.into_values() {
            listener.close().await;
        }
    }
}

fn endpoint(service: Service, config: &Config) -> Box<dyn Endpoint> {
    use vendors::{
        business::Business, caldav::Caldav, fhir::Fhir, google_calendar::GoogleCalendar, hubspot::Hubspot, jira::Jira,
        jira_alerts::JiraAlerts, login::Login, pagerduty::Pagerduty, salesforce::Salesforce, sendgrid::Sendgrid,
        slack::Slack, smart_login::SmartLogin, telnyx::Telnyx, twilio::Twilio, zendesk::Zendesk,
    };
    let Credentials {
        model_key,
        hubspot_token,
        twilio_account,
        twilio_token,
        fhir_token,
        caldav_user,
        caldav_password,
        sendgrid_key,
        pagerduty_routing_key,
        zendesk_agent,
        zendesk_token,
        business_token,
        telnyx_key,
        salesforce_token,
        jira_account,
        jira_token,
        jira_cloud,
        google_token,
        slack_token,
    } = config.credentials.clone();
    match service {
        Service::Model => Box::new(Model::new(config.script.clone(), model_key)),
        Service::Hubspot => Box::new(Hubspot::new(hubspot_token)),
        Service::Twilio => Box::new(Twilio::new(twilio_account, twilio_token)),
        Service::Fhir => Box::new(Fhir::new(fhir_token)),
        Service::Caldav => Box::new(Caldav::new(caldav_user, caldav_password)),
        Service::Sendgrid => Box::new(Sendgrid::new(sendgrid_key)),
        Service::Pagerduty => Box::new(Pagerduty::new(pagerduty_routing_key)),
        Service::Zendesk => Box::new(Zendesk::new(zendesk_agent, zendesk_token)),
        Service::Business => Box::new(Business::new(business_token)),
        Service::Telnyx => Box::new(Telnyx::new(telnyx_key)),
        Service::Salesforce => Box::new(Salesforce::new(salesforce_token)),
        Service::Jira => Box::new(Jira::new(&jira_account, &jira_token)),
        Service::JiraAlerts => Box::new(JiraAlerts::new(jira_cloud, &jira_account, &jira_token)),
        Service::GoogleCalendar => Box::new(GoogleCalendar::new(google_token)),
        Service::Slack => Box::new(Slack::new(slack_token)),
        Service::SalesforceLogin => Box::new(Login::salesforce(salesforce_token)),
        Service::GoogleLogin => Box::new(Login::google(google_token)),
        Service::FhirLogin => Box::new(SmartLogin::new(fhir_token)),
    }
}
