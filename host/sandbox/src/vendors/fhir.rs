//! A FHIR R4 server, as a clinic has one: patients, schedules, slots and appointments, and what is put down about patients.
//! What is new is made at most once by a conditional create; appointments and slots are updated on a stated version alone.
//! It handles searches strictly, so that a parameter that it doesn't know is refused, not ignored.
//! Shapes: <https://hl7.org/fhir/R4/http.html>, search.html, patient.html, appointment.html.

mod appointment;
mod checks;
mod criterion;
mod dates;
mod hapi;
mod kind;
mod refused;
mod resource;
mod search;
mod slots;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH, LOCATION};
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::endpoint::{Endpoint, Refusal, Reply, Request, credential, has_content_type, header, segments};
use crate::service::Service;
use kind::Kind;
use refused::Refused;
use resource::Resource;

/// The media type of resources as JSON.
const FHIR_JSON: &str = "application/fhir+json";
/// <https://hl7.org/fhir/R4/http.html#ccreate>
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");
/// <https://hl7.org/fhir/R4/http.html#ops>
const PREFER: HeaderName = HeaderName::from_static("prefer");

#[derive(Clone)]
pub(crate) struct Fhir {
    token: String,
    resources: Vec<Resource>,
    /// Whether it makes slots busy and free itself, as appointments take them.
    marks_slots: bool,
    /// Whether it makes resources on a condition.
    knows_conditions: bool,
    /// How many resources are on a page at most, where it gives pages as HAPI does.
    hapi_most: Option<usize>,
}

impl Fhir {
    pub(crate) fn new(token: String) -> Fhir {
        Fhir { token, resources: Vec::new(), marks_slots: true, knows_conditions: true, hapi_most: None }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        if credential(request, "Bearer") != Some(self.token.as_str()) {
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "login", "The access token is missing or not valid"));
        }
        if !accepts_json(request) {
            return Err(Refused::new(StatusCode::NOT_ACCEPTABLE, "not-supported", "Only JSON is supported"));
        }
        let path = request.uri().path();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        if segments == ["r4"] && *request.method() == Method::GET && self.hapi_most.is_some() {
            let (kind, query) = hapi::search_of(request.uri().query().unwrap_or(""))?;
            return self.search(kind, &query);
        }
        let ["r4", kind, rest @ ..] = segments.as_slice() else { return Err(Refused::no_endpoint(path)) };
        let kind = Kind::named(kind).ok_or_else(|| {
            Refused::new(StatusCode::NOT_FOUND, "not-supported", format!("Unknown resource type '{kind}'"))
        })?;
        match (request.method(), rest) {
            (&Method::GET, []) => self.search(kind, request.uri().query().unwrap_or("")),
            (&Method::GET, [id]) => match self.find(kind, id) {
                Some(at) => Ok(self.resources[at].shown(StatusCode::OK)),
                None => Err(Refused::unknown(StatusCode::NOT_FOUND, kind, id)),
            },
            (&Method::POST, []) if kind.is_made() => self.create(kind, request, now_ms),
            (&Method::PUT, [id]) if kind.is_changed() => self.update(kind, id, request, now_ms),
            (method, [] | [_]) => {
                let diagnostics = format!("{method} is not supported on {path}");
                Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "not-supported", diagnostics))
            }
            _ => Err(Refused::no_endpoint(path)),
        }
    }

    fn find(&self, kind: Kind, id: &str) -> Option<usize> {
        self.resources.iter().position(|resource| resource.kind == kind && resource.id == id)
    }

    fn search(&self, kind: Kind, query: &str) -> Result<Reply, Refused> {
        let bundle = search::search(kind, &self.resources, query, self.hapi_most)?;
        Ok(fhir_json(StatusCode::OK, &bundle))
    }

    /// Makes a resource, unless its condition finds one already: that is shown then.
    fn create(&mut self, kind: Kind, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        let body = resource(kind, request)?;
        if let Some(condition) = header(request, IF_NONE_EXIST).filter(|_| self.knows_conditions) {
            match search::matches(kind, &self.resources, condition)?.as_slice() {
                [] => {}
                [known] => return Ok(made(known, StatusCode::OK, request)),
                _ => {
                    let diagnostics = format!("Several resources match {condition}");
                    return Err(Refused::new(StatusCode::PRECONDITION_FAILED, "multiple-matches", diagnostics));
                }
            }
        }
        check(kind, &body)?;
        if kind == Kind::Appointment && self.marks_slots {
            slots::check(&body, &self.resources)?;
            slots::mark(&body, &mut self.resources, now_ms);
        }
        let resource = Resource::new(kind, format!("made-{}", self.resources.len() + 1), body, now_ms);
        let reply = made(&resource, StatusCode::CREATED, request);
        self.resources.push(resource);
        Ok(reply)
    }

    fn update(&mut self, kind: Kind, id: &str, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        let body = resource(kind, request)?;
        if body.get("id").and_then(Value::as_str) != Some(id) {
            return Err(Refused::bad_request(format!("The id of the resource must be the one of the URL, '{id}'")));
        }
        // The server chooses ids, so a PUT creates nothing.
        let at = self.find(kind, id).ok_or_else(|| Refused::unknown(StatusCode::METHOD_NOT_ALLOWED, kind, id))?;
        let expected = expected_version(request)?;
        if expected != self.resources[at].version.to_string() {
            let diagnostics = format!("Version {expected} of {}/{id} is not the current one", kind.name());
            return Err(Refused::new(StatusCode::PRECONDITION_FAILED, "conflict", diagnostics));
        }
        check(kind, &body)?;
        if kind == Kind::Appointment && self.marks_slots && self.resources[at].body.get("status") != body.get("status")
        {
            slots::mark(&body, &mut self.resources, now_ms);
        }
        self.resources[at].change(body, now_ms);
        Ok(self.resources[at].shown(StatusCode::OK))
    }
}

/// What a create answers: where the resource is, and the resource unless the client prefers less.
fn made(resource: &Resource, status: StatusCode, request: &Request) -> Reply {
    let mut reply = resource.shown(status);
    if header(request, PREFER) == Some("return=minimal") {
        reply.body = "".into();
    }
    reply.header(LOCATION, HeaderValue::try_from(resource.location()).expect("ids can be in a header"))
}

impl Endpoint for Fhir {
    /// What is read by its id is the current one (<https://hl7.org/fhir/R4/http.html#read>).
    fn lags(&self, request: &Request) -> bool {
        *request.method() == Method::GET && segments(request).len() <= 2
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (code, diagnostics) = match refusal {
            Refusal::TooLarge => ("too-long", "The request body is too large"),
            Refusal::TooMany => ("throttled", "Too many requests"),
            Refusal::Internal => ("exception", "Internal server error"),
        };
        Refused::new(refusal.status(), code, diagnostics).into_reply()
    }

    fn records(&self) -> Value {
        let of = |kind: Kind| {
            let resources = self.resources.iter().filter(|resource| resource.kind == kind);
            (kind.list().to_owned(), resources.map(|resource| Value::from(resource.body.clone())).collect())
        };
        Kind::ALL.into_iter().map(of).collect::<Map<String, Value>>().into()
    }

    /// An array of resources, or `{ "resources": [...], "slots_marked_by": "client", "conditional_create": false,
    /// "hapi_pages_of": 2 }`. Without conditional create, a server makes a resource whatever its condition says.
    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        let seeds = seed.as_array().or_else(|| seed["resources"].as_array());
        let seeds = seeds.ok_or("give an array of resources, or an object with `resources`")?;
        self.marks_slots = match seed.get("slots_marked_by").map(Value::as_str) {
            None | Some(Some("server")) => true,
            Some(Some("client")) => false,
            Some(_) => return Err("slots_marked_by must be server or client".to_owned()),
        };
        self.knows_conditions = match seed.get("conditional_create") {
            None => true,
            Some(known) => known.as_bool().ok_or("conditional_create must be true or false")?,
        };
        let most = |most: &Value| most.as_u64().and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
        self.hapi_most = match seed.get("hapi_pages_of") {
            None => None,
            Some(pages) => Some(most(pages).ok_or("hapi_pages_of must be a number from 1 on")?),
        };
        for (index, seed) in seeds.iter().enumerate() {
            let resource = Resource::from_seed(seed).map_err(|why| format!("resource {index}: {why}"))?;
            if self.find(resource.kind, &resource.id).is_some() {
                return Err(format!("resource {index}: {:?}/{} is there twice", resource.kind, resource.id));
            }
            self.resources.push(resource);
        }
        Ok(())
    }
}

/// The URL that this server's resources are below.
fn base() -> String {
    format!("https://{}/r4", Service::Fhir.host())
}

fn fhir_json(status: StatusCode, body: &Value) -> Reply {
    Reply::json(status, body).header(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON))
}

fn accepts_json(request: &Request) -> bool {
    let Some(accepted) = header(request, ACCEPT) else { return true };
    let mut media = accepted.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    media.any(|media| matches!(media, FHIR_JSON | "application/json" | "application/*" | "*/*"))
}

fn body(request: &Request) -> Result<Map<String, Value>, Refused> {
    if !has_content_type(request, FHIR_JSON) && !has_content_type(request, "application/json") {
        let diagnostics = format!("The content type must be {FHIR_JSON}");
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-supported", diagnostics));
    }
    serde_json::from_slice(request.body())
        .map_err(|error| Refused::bad_request(format!("The body is not a resource as JSON: {error}")))
}

/// The resource that a client wants to be kept.
fn resource(kind: Kind, request: &Request) -> Result<Map<String, Value>, Refused> {
    let body = body(request)?;
    if body.get("resourceType").and_then(Value::as_str) != Some(kind.name()) {
        return Err(Refused::bad_request(format!("The body must be a resource of the type {}", kind.name())));
    }
    Ok(body)
}

fn check(kind: Kind, body: &Map<String, Value>) -> Result<(), Refused> {
    let issues = checks::check(kind, body);
    if issues.is_empty() { Ok(()) } else { Err(Refused { status: StatusCode::UNPROCESSABLE_ENTITY, issues }) }
}

/// The version that an update stands on. This server takes no update without one: its CapabilityStatement would say
/// `versioned-update`.
fn expected_version(request: &Request) -> Result<&str, Refused> {
    let given = header(request, IF_MATCH).map(str::trim);
    let given = given.ok_or_else(|| Refused::bad_request("An update needs the header If-Match"))?;
    let quoted = given.strip_prefix("W/").unwrap_or(given);
    let version = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    version.ok_or_else(|| Refused::bad_request(format!("If-Match must be as in W/\"1\", not {given}")))
}
