//! A FHIR R4 server, as a clinic has one: patients and appointments are searched and read, appointments updated on a
//! stated version alone. It handles searches strictly, so that a parameter that it doesn't know is refused, not ignored.
//! Shapes: <https://hl7.org/fhir/R4/http.html>, search.html, patient.html, appointment.html.

mod appointment;
mod dates;
mod refused;
mod search;

use http::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, LAST_MODIFIED};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::endpoint::{Endpoint, Refusal, Reply, Request, credential, has_content_type, header};
use crate::service::Service;
use crate::time::iso;
use refused::Refused;

/// The media type of resources as JSON.
const FHIR_JSON: &str = "application/fhir+json";
/// <https://hl7.org/fhir/R4/datatypes.html#id>
const ID_CHARS_MAX: usize = 64;

pub(crate) struct Fhir {
    token: String,
    resources: Vec<Resource>,
}

/// A resource in its newest version; older ones are not kept.
struct Resource {
    kind: Kind,
    id: String,
    version: u64,
    /// With the `id` and `meta` that say the same.
    body: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Patient,
    Appointment,
}

impl Fhir {
    pub(crate) fn new(token: String) -> Fhir {
        Fhir { token, resources: Vec::new() }
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
        let ["r4", kind, rest @ ..] = segments.as_slice() else { return Err(Refused::no_endpoint(path)) };
        let kind = Kind::named(kind).ok_or_else(|| {
            Refused::new(StatusCode::NOT_FOUND, "not-supported", format!("Unknown resource type '{kind}'"))
        })?;
        match (request.method(), rest) {
            (&Method::GET, []) => {
                let of_kind: Vec<&Resource> = self.resources.iter().filter(|resource| resource.kind == kind).collect();
                let bundle = search::search(kind, of_kind, request.uri().query().unwrap_or(""))?;
                Ok(fhir_json(StatusCode::OK, &bundle))
            }
            (&Method::GET, [id]) => match self.find(kind, id) {
                Some(at) => Ok(self.resources[at].shown()),
                None => Err(Refused::unknown(StatusCode::NOT_FOUND, kind, id)),
            },
            (&Method::PUT, [id]) if kind == Kind::Appointment => self.update(kind, id, request, now_ms),
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

    fn update(&mut self, kind: Kind, id: &str, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        let mut body = body(request)?;
        if body.get("resourceType").and_then(Value::as_str) != Some(kind.name()) {
            return Err(Refused::bad_request(format!("The body must be a resource of the type {}", kind.name())));
        }
        if body.get("id").and_then(Value::as_str) != Some(id) {
            return Err(Refused::bad_request(format!("The id of the resource must be the one of the URL, '{id}'")));
        }
        // The server chooses ids, so a PUT creates nothing.
        let at = self.find(kind, id).ok_or_else(|| Refused::unknown(StatusCode::METHOD_NOT_ALLOWED, kind, id))?;
        let resource = &mut self.resources[at];
        let expected = expected_version(request)?;
        if expected != resource.version.to_string() {
            let diagnostics = format!("Version {expected} of {}/{id} is not the current one", kind.name());
            return Err(Refused::new(StatusCode::PRECONDITION_FAILED, "conflict", diagnostics));
        }
        let issues = appointment::check(&body);
        if !issues.is_empty() {
            return Err(Refused { status: StatusCode::UNPROCESSABLE_ENTITY, issues });
        }
        resource.version += 1;
        // What a client says of the version and its time is the server's to say.
        let mut meta = body.remove("meta").and_then(object).unwrap_or_default();
        meta.insert("versionId".to_owned(), resource.version.to_string().into());
        meta.insert("lastUpdated".to_owned(), iso(now_ms).into());
        body.insert("meta".to_owned(), meta.into());
        resource.body = body;
        Ok(resource.shown())
    }
}

impl Resource {
    fn from_seed(seed: &Value) -> Result<Resource, String> {
        let mut body = object(seed.clone()).ok_or("it must be an object")?;
        let kind = body.get("resourceType").and_then(Value::as_str).and_then(Kind::named);
        let kind = kind.ok_or("its resourceType must be Patient or Appointment")?;
        let id = body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if !(1..=ID_CHARS_MAX).contains(&id.len()) || !id.bytes().all(allowed) {
            return Err(format!("its id must be a text of up to {ID_CHARS_MAX} letters, digits, `-` and `.`"));
        }
        if kind == Kind::Appointment
            && let Some(issue) = appointment::check(&body).into_iter().next()
        {
            return Err(format!("{kind:?}/{id}: {}", issue.diagnostics));
        }
        let born = body.get("birthDate");
        if !born.is_none_or(|born| born.as_str().is_some_and(dates::is_date)) {
            return Err(format!("{kind:?}/{id}: birthDate must be a date, as in 1971-04-23"));
        }
        let meta = body.entry("meta").or_insert_with(|| json!({})).as_object_mut();
        let meta = meta.ok_or_else(|| format!("{kind:?}/{id}: meta must be an object"))?;
        let version = meta.entry("versionId").or_insert_with(|| "1".into());
        let version = version.as_str().and_then(|version| version.parse().ok());
        let version = version.ok_or_else(|| format!("{kind:?}/{id}: meta.versionId must be a number, as text"))?;
        Ok(Resource { kind, id, version, body })
    }

    fn shown(&self) -> Reply {
        let reply = fhir_json(StatusCode::OK, &Value::Object(self.body.clone()));
        let tag = format!("W/\"{}\"", self.version);
        let reply = reply.header(ETAG, HeaderValue::try_from(tag).expect("a number in quotes is a header's value"));
        let updated = self.body["meta"]["lastUpdated"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        match updated {
            Some(updated) => {
                let date = updated.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
                reply.header(LAST_MODIFIED, HeaderValue::try_from(date).expect("a date is a header's value"))
            }
            None => reply,
        }
    }
}

impl Kind {
    fn named(name: &str) -> Option<Kind> {
        [Kind::Patient, Kind::Appointment].into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Patient => "Patient",
            Kind::Appointment => "Appointment",
        }
    }
}

impl Endpoint for Fhir {
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
        let of = |kind: Kind| -> Vec<&Map<String, Value>> {
            self.resources.iter().filter(|resource| resource.kind == kind).map(|resource| &resource.body).collect()
        };
        json!({ "patients": of(Kind::Patient), "appointments": of(Kind::Appointment) })
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        let seeds = seed.as_array().ok_or("give an array of Patient and Appointment resources")?;
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

/// The version that an update stands on. This server takes no update without one: its CapabilityStatement would say
/// `versioned-update`.
fn expected_version(request: &Request) -> Result<&str, Refused> {
    let given = header(request, IF_MATCH).map(str::trim);
    let given = given.ok_or_else(|| Refused::bad_request("An update needs the header If-Match"))?;
    let quoted = given.strip_prefix("W/").unwrap_or(given);
    let version = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    version.ok_or_else(|| Refused::bad_request(format!("If-Match must be as in W/\"1\", not {given}")))
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
