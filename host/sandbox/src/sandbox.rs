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
    /// The FHIR server's bearer token.
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
    match service {
        Service::Model => Box::new(Model::new(config.script.clone(), config.credentials.model_key.clone())),
        Service::Hubspot => Box::new(vendors::hubspot::Hubspot::new(config.credentials.hubspot_token.clone())),
        Service::Twilio => Box::new(vendors::twilio::Twilio::new(
            config.credentials.twilio_account.clone(),
            config.credentials.twilio_token.clone(),
        )),
        Service::Fhir => Box::new(vendors::fhir::Fhir::new(config.credentials.fhir_token.clone())),
        Service::Caldav => Box::new(vendors::caldav::Caldav::new(
            config.credentials.caldav_user.clone(),
            config.credentials.caldav_password.clone(),
        )),
        Service::Sendgrid => Box::new(vendors::sendgrid::Sendgrid::new(config.credentials.sendgrid_key.clone())),
        Service::Pagerduty => {
            Box::new(vendors::pagerduty::Pagerduty::new(config.credentials.pagerduty_routing_key.clone()))
        }
        Service::Zendesk => Box::new(vendors::zendesk::Zendesk::new(
            config.credentials.zendesk_agent.clone(),
            config.credentials.zendesk_token.clone(),
        )),
        Service::Business => Box::new(vendors::business::Business::new(config.credentials.business_token.clone())),
    }
}
