//! What the host's door does with a request, as far as a vendor can tell: it decides by the manifest's rules, puts the
//! credential on it and the idempotency header, and sends it. Names lead to the sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use aftercall::testing::{Reply, Sent};
use aftercall_core::credential::Placement;
use aftercall_core::effect::EffectKey;
use aftercall_core::egress::{Access, Allowed, MarkedRule, Policy, Scheme, Sends, Target};
use aftercall_core::manifest::{EgressRequest, Manifest};
use aftercall_sandbox::{Credentials, Sandbox, Service};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Client;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::refused::Request;
use aftercall_twice_set::Set;

/// What all attempts of a set share.
pub(crate) struct Street {
    manifest: Manifest,
    policy: Policy,
    client: Client,
    runtime: Handle,
    /// Where each host's service is, by the host's name.
    urls: BTreeMap<&'static str, (Service, String)>,
    credentials: Credentials,
}

/// The door of one attempt.
pub(crate) struct Door {
    street: Arc<Street>,
    key: EffectKey,
    sends: Sends,
    /// How many writes each rule has had.
    ordinals: BTreeMap<usize, u32>,
}

impl Street {
    pub(crate) fn new(set: &Set, manifest: Manifest, sandbox: &Sandbox, client: Client, runtime: Handle) -> Self {
        let author = manifest.egress_rules();
        let granted = set.writes.iter().map(|rule| MarkedRule { rule: rule.clone(), access: Access::Write });
        let policy = Policy { tenant: granted.chain(author.clone()).collect(), author, operator: None };
        let url = |service: Service| (service.host(), (service, sandbox.service_url(service).to_owned()));
        let urls = Service::ALL.into_iter().map(url).collect();
        Self { manifest, policy, client, runtime, urls, credentials: Credentials::default() }
    }

    /// The secret with which a service lets the plugin in.
    fn secret(&self, service: Service) -> String {
        let has = &self.credentials;
        match service {
            Service::Hubspot => has.hubspot_token.clone(),
            Service::Twilio => format!("{}:{}", has.twilio_account, has.twilio_token),
            Service::Fhir => has.fhir_token.clone(),
            Service::Caldav => format!("{}:{}", has.caldav_user, has.caldav_password),
            Service::Sendgrid => has.sendgrid_key.clone(),
            Service::Pagerduty => has.pagerduty_routing_key.clone(),
            Service::Zendesk => format!("{}/token:{}", has.zendesk_agent, has.zendesk_token),
            Service::Business => has.business_token.clone(),
            Service::Telnyx => has.telnyx_key.clone(),
            Service::Salesforce => has.salesforce_token.clone(),
            Service::Jira | Service::JiraAlerts => format!("{}:{}", has.jira_account, has.jira_token),
            Service::GoogleCalendar => has.google_token.clone(),
            Service::Slack => has.slack_token.clone(),
            Service::Model | Service::SalesforceLogin | Service::GoogleLogin | Service::FhirLogin => {
                panic!("no plugin speaks to {}", service.host())
            }
        }
    }
}

impl Door {
    pub(crate) fn new(street: Arc<Street>, key: EffectKey, sends: Sends) -> Self {
        Self { street, key, sends, ordinals: BTreeMap::new() }
    }

    pub(crate) fn answer(&mut self, sent: &Sent) -> Reply {
        self.answer_noted(sent, |_| ())
    }

    /// The same, and the vendor's response is noted.
    pub(crate) fn answer_noted(&mut self, sent: &Sent, note: impl FnOnce(&http::Response<Vec<u8>>)) -> Reply {
        let street = self.street.clone();
        let (allowed, service, url) = street.allowed(sent, self.sends);
        let asked = &street.manifest.egress[allowed.author_rule];
        let (mut parts, mut body) = sent.request().clone().into_parts();
        parts.headers.remove(CONTENT_LENGTH);
        parts.headers.remove(HOST);
        if allowed.access == Access::Write
            && let Some(name) = &asked.idempotency_header
        {
            let ordinal = self.ordinals.entry(allowed.author_rule).or_default();
            let value = self.key.header_value(asked.rule.to_string().as_str(), *ordinal);
            *ordinal += 1;
            let name: http::HeaderName = name.parse().expect("a manifest names a header");
            parts.headers.insert(name, value.parse().expect("hexadecimal digits can be a header"));
        }
        street.admit(asked, service, &mut parts.headers, &mut body);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = street.client.request(parts.method, format!("{url}{path}")).headers(parts.headers).body(body);
        street.runtime.block_on(send(request, note))
    }
}

impl Street {
    /// A request, with what it is by the manifest, or by the grant.
    pub(crate) fn request(&self, sent: &Sent) -> Request {
        let (allowed, service, _) = self.allowed(sent, Sends::Anything);
        let sent = sent.request();
        let (method, url) = (sent.method().to_string(), sent.uri().to_string());
        Request { service, method, url, reads: allowed.access == Access::Read }
    }

    /// The rule that lets a request leave, the service that it goes to, and where that is.
    fn allowed(&self, sent: &Sent, sends: Sends) -> (Allowed, Service, &str) {
        let uri = sent.request().uri();
        let target = Target {
            method: sent.request().method().to_string(),
            scheme: Scheme::Https,
            host: uri.host().expect("a request goes to a host").to_owned(),
            port: uri.port_u16().unwrap_or(443),
            path: uri.path().to_owned(),
        };
        let allowed = match self.policy.decide(&target, sends) {
            Ok(allowed) => allowed,
            Err(denial) => panic!("the manifest doesn't ask for what the plugin sends: {denial}"),
        };
        let (service, url) = self.urls.get(target.host.as_str()).expect("the sandbox plays this host");
        (allowed, *service, url)
    }

    /// Puts the credential where the manifest wants it.
    fn admit(&self, asked: &EgressRequest, service: Service, headers: &mut http::HeaderMap, body: &mut Vec<u8>) {
        let Some(slot) = &asked.credential else { return };
        let secret = self.secret(service);
        let header = |text: String| text.parse::<http::HeaderValue>().expect("the sandbox's secrets can be headers");
        match &self.manifest.credentials[slot].placement {
            Placement::Basic => {
                let basic = format!("Basic {}", BASE64_STANDARD.encode(secret));
                headers.insert(http::header::AUTHORIZATION, header(basic));
            }
            Placement::Header { name, prefix } => {
                let name: http::HeaderName = name.parse().expect("a manifest names a header");
                headers.insert(name, header(format!("{prefix}{secret}")));
            }
            Placement::Json { field } => {
                let mut object: Value = serde_json::from_slice(body).expect("the body is JSON");
                object[field] = secret.into();
                *body = object.to_string().into_bytes();
            }
            Placement::Query { .. } => panic!("no reference plugin has a credential in a query"),
        }
    }
}

async fn send(request: reqwest::RequestBuilder, note: impl FnOnce(&http::Response<Vec<u8>>)) -> Reply {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() => return Reply::unreachable(),
        Err(_) => return Reply::cut(),
    };
    // No vendor answers plugins with a page: it is the sandbox's nonsense, which a check of its answers leaves out.
    if response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        let status = response.status().as_u16();
        return response.text().await.map_or_else(|_| Reply::cut(), |page| Reply::stray(status, page));
    }
    let mut answer = http::Response::new(Vec::new());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    match response.bytes().await {
        Ok(bytes) => *answer.body_mut() = bytes.to_vec(),
        Err(_) => return Reply::cut(),
    }
    note(&answer);
    answer.into()
}
