//! HubSpot CRM v3: contacts and notes. Upsert is idempotent by email, a second create with the same email is a conflict;
//! the vendor has no idempotency header. Unlike the real one, its search sees a write at once.
//! Shapes: HubSpot's public API specs for CRM v3; error bodies as its API answers them.

mod object;
mod properties;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, credential, has_content_type};
use crate::service::Access;
use crate::time::iso;
use object::{Kind, Object};

const BATCH_INPUTS_MAX: usize = 100;
const FIRST_ID: u64 = 70_001;
/// The vendor's own type of association from a note to its contact.
const NOTE_TO_CONTACT: u64 = 202;

pub(crate) struct Hubspot {
    token: String,
    /// The contact properties that this account has added.
    custom: BTreeSet<String>,
    objects: Vec<Object>,
    refusals: u64,
}

/// A refusal in HubSpot's error shape, its `correlationId` to be given.
struct Refused {
    status: StatusCode,
    category: &'static str,
    message: String,
    errors: Vec<Value>,
}

type Answer = Result<Reply, Refused>;

impl Hubspot {
    pub(crate) fn new(token: String, custom: BTreeSet<String>) -> Hubspot {
        Hubspot { token, custom, objects: Vec::new(), refusals: 0 }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if credential(request, "Bearer") != Some(self.token.as_str()) {
            let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "INVALID_AUTHENTICATION", message));
        }
        let segments: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let ["crm", "v3", "objects", kind, rest @ ..] = segments.as_slice() else { return Err(Refused::not_found()) };
        let kind = Kind::named(kind).ok_or_else(Refused::not_found)?;
        match (request.method(), rest) {
            (&Method::POST, []) => self.create(kind, &body(request)?, now_ms),
            (&Method::POST, ["search"]) => {
                let objects: Vec<&Object> = self.objects.iter().filter(|object| object.kind == kind).collect();
                search::search(kind, &objects, &body(request)?)
            }
            (&Method::POST, ["batch", "upsert"]) => self.upsert(kind, &body(request)?, now_ms),
            (&Method::GET, [id]) => self.read(kind, &percent_decode_str(id).decode_utf8_lossy(), request),
            _ => Err(Refused::not_found()),
        }
    }

    fn create(&mut self, kind: Kind, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let properties = self.checked(kind, body.get("properties"))?;
        if let Some(twin) = properties.get("email").and_then(|email| self.contact_by_email(email)) {
            let message = format!("Contact already exists. Existing ID: {}", self.objects[twin].id);
            return Err(Refused::new(StatusCode::CONFLICT, "CONFLICT", &message));
        }
        if kind == Kind::Notes && !properties.contains_key("hs_timestamp") {
            let missing = json!({
                "message": "Error creating NOTE. Some required properties were not set.",
                "context": { "properties": ["hs_timestamp"] },
                "code": "REQUIRED_FIELDS_MISSING",
            });
            return Err(Refused {
                errors: vec![missing],
                ..Refused::invalid("Error creating NOTE. Some required properties were not set.")
            });
        }
        let contacts = self.associated(kind, body.get("associations"))?;
        let at = self.insert(kind, properties, contacts, now_ms);
        Ok(Reply::json(StatusCode::CREATED, &self.objects[at].written()))
    }

    fn upsert(&mut self, kind: Kind, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let inputs = body.get("inputs").and_then(Value::as_array).ok_or_else(|| Refused::json("inputs is required"))?;
        if inputs.is_empty() || inputs.len() > BATCH_INPUTS_MAX {
            return Err(Refused::invalid(&format!("The batch must hold 1 to {BATCH_INPUTS_MAX} inputs.")));
        }
        let mut checked = Vec::new();
        for input in inputs {
            let id = input["id"].as_str().ok_or_else(|| Refused::json("id is required and a string"))?.to_lowercase();
            if kind != Kind::Contacts || input["idProperty"] != "email" {
                return Err(Refused::invalid(
                    "idProperty must name a unique property of the object, such as a contact's email.",
                ));
            }
            if checked.iter().any(|(known, _)| *known == id) {
                return Err(Refused::invalid(&format!(
                    "Duplicate IDs found in batch input: [{id}]. IDs must be unique"
                )));
            }
            let mut properties = self.checked(kind, input.get("properties"))?;
            if *properties.entry("email".to_owned()).or_insert_with(|| id.clone()) != id {
                return Err(Refused::not_played("an upsert that changes the email it goes by"));
            }
            properties::check(kind, &self.custom, &properties)?;
            checked.push((id, properties));
        }
        let mut results = Vec::new();
        for (email, properties) in checked {
            let (at, new) = match self.contact_by_email(&email) {
                Some(at) => {
                    self.objects[at].properties.extend(properties);
                    self.objects[at].updated_ms = now_ms;
                    (at, false)
                }
                None => (self.insert(kind, properties, Vec::new(), now_ms), true),
            };
            let mut result = self.objects[at].written();
            result["new"] = new.into();
            results.push(result);
        }
        let now = iso(now_ms);
        let answer = json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    fn read(&self, kind: Kind, id: &str, request: &Request) -> Answer {
        let query: Vec<_> = form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes()).collect();
        let list = |name: &str| -> Vec<String> {
            let values = query.iter().filter(|(key, _)| key == name);
            values.flat_map(|(_, value)| value.split(',')).map(|item| item.trim().to_owned()).collect()
        };
        let by_email = query.iter().any(|(key, value)| key == "idProperty" && value == "email");
        let found = self.objects.iter().find(|object| {
            object.kind == kind
                && if by_email {
                    object.get("email").as_deref() == Some(&id.to_lowercase())
                } else {
                    object.id.to_string() == id
                }
        });
        let object = found.ok_or_else(Refused::not_found)?;
        let mut answer = object.shown(&list("properties"));
        if list("associations").iter().any(|name| name == kind.other().name()) {
            let (name, link) = (kind.other().name(), format!("{}_to_{}", kind.singular(), kind.other().singular()));
            let results: Vec<Value> =
                self.linked(object).into_iter().map(|id| json!({ "id": id.to_string(), "type": link })).collect();
            if !results.is_empty() {
                answer["associations"] = json!({ name: { "results": results } });
            }
        }
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// The objects of the other kind that this one is associated with.
    fn linked(&self, object: &Object) -> Vec<u64> {
        match object.kind {
            Kind::Notes => object.contacts.clone(),
            Kind::Contacts => {
                self.objects.iter().filter(|note| note.contacts.contains(&object.id)).map(|note| note.id).collect()
            }
        }
    }

    fn checked(&self, kind: Kind, given: Option<&Value>) -> Result<BTreeMap<String, String>, Refused> {
        let given =
            given.and_then(Value::as_object).ok_or_else(|| Refused::json("properties is required and an object"))?;
        let mut properties = BTreeMap::new();
        for (name, value) in given {
            let value = value.as_str().ok_or_else(|| Refused::json(&format!("properties.{name} must be a string")))?;
            let value = if name == "email" { value.trim().to_lowercase() } else { value.to_owned() };
            properties.insert(name.clone(), value);
        }
        properties::check(kind, &self.custom, &properties)?;
        Ok(properties)
    }

    /// The contacts named in `associations`, each of which must exist.
    fn associated(&self, kind: Kind, associations: Option<&Value>) -> Result<Vec<u64>, Refused> {
        let Some(associations) = associations else { return Ok(Vec::new()) };
        let given = associations.as_array().ok_or_else(|| Refused::json("associations must be an array"))?;
        if kind == Kind::Contacts && !given.is_empty() {
            return Err(Refused::not_played("associations of a new contact"));
        }
        given.iter().map(|association| self.associated_contact(association)).collect()
    }

    fn associated_contact(&self, association: &Value) -> Result<u64, Refused> {
        let types = association["types"].as_array().map_or(&[][..], Vec::as_slice);
        let defined = |kind: &Value| {
            kind["associationCategory"] == "HUBSPOT_DEFINED" && kind["associationTypeId"] == NOTE_TO_CONTACT
        };
        if types.is_empty() || !types.iter().all(defined) {
            return Err(Refused::invalid("One or more association types are invalid from NOTE to CONTACT"));
        }
        let id = association["to"]["id"].as_str().ok_or_else(|| Refused::json("to.id is required and a string"))?;
        let contact = self.objects.iter().find(|object| object.kind == Kind::Contacts && object.id.to_string() == id);
        contact.map(|contact| contact.id).ok_or_else(|| Refused::invalid(&format!("No CONTACT with ID {id} exists")))
    }

    fn contact_by_email(&self, email: &str) -> Option<usize> {
        self.objects
            .iter()
            .position(|object| object.kind == Kind::Contacts && object.get("email").as_deref() == Some(email))
    }

    fn insert(&mut self, kind: Kind, properties: BTreeMap<String, String>, contacts: Vec<u64>, now_ms: u64) -> usize {
        let at = self.objects.len();
        let id = self.objects.last().map_or(FIRST_ID, |newest| newest.id + 1);
        self.objects.push(Object { id, kind, properties, contacts, created_ms: now_ms, updated_ms: now_ms });
        at
    }
}

impl Endpoint for Hubspot {
    fn classify(&self, request: &Request) -> Class {
        let reads = request.method() == Method::GET || request.uri().path().ends_with("/search");
        Class { access: if reads { Access::Read } else { Access::Write }, turn: None }
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        match self.route(request, now_ms) {
            Ok(reply) => reply,
            Err(refused) => {
                self.refusals += 1;
                refused.into_reply(self.refusals)
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (category, message) = match refusal {
            Refusal::TooLarge => ("VALIDATION_ERROR", "The request body is too large."),
            Refusal::TooMany => ("RATE_LIMITS", "You have reached your secondly limit."),
            Refusal::Internal => ("INTERNAL_ERROR", "internal error"),
        };
        self.refusals += 1;
        Refused::new(refusal.status(), category, message).into_reply(self.refusals)
    }

    fn records(&self) -> Value {
        let of = |kind: Kind| -> Vec<Value> {
            let all = self.objects.iter().filter(|object| object.kind == kind);
            all.map(|object| {
                let mut record = object.written();
                if kind == Kind::Notes {
                    let contacts: Vec<String> = object.contacts.iter().map(u64::to_string).collect();
                    record["contacts"] = contacts.into();
                }
                record
            })
            .collect()
        };
        json!({ "contacts": of(Kind::Contacts), "notes": of(Kind::Notes) })
    }
}

impl Refused {
    fn new(status: StatusCode, category: &'static str, message: &str) -> Refused {
        Refused { status, category, message: message.to_owned(), errors: Vec::new() }
    }

    fn invalid(message: &str) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message)
    }

    fn json(message: &str) -> Refused {
        Refused::invalid(&format!("Invalid input JSON: {message}"))
    }

    fn not_found() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "OBJECT_NOT_FOUND", "resource not found")
    }

    /// The real HubSpot would do it.
    fn not_played(what: &str) -> Refused {
        Refused::new(StatusCode::NOT_IMPLEMENTED, "NOT_PLAYED", &format!("the sandbox does not play {what}"))
    }

    fn into_reply(self, ordinal: u64) -> Reply {
        let mut body = json!({
            "status": "error",
            "message": self.message,
            "correlationId": format!("00000000-0000-4000-8000-{ordinal:012x}"),
            "category": self.category,
        });
        if !self.errors.is_empty() {
            body["errors"] = self.errors.into();
        }
        Reply::json(self.status, &body).noted(self.message)
    }
}

fn body(request: &Request) -> Result<Map<String, Value>, Refused> {
    if !has_content_type(request, "application/json") {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "VALIDATION_ERROR",
            "Content-Type must be application/json",
        ));
    }
    serde_json::from_slice(request.body()).map_err(|error| Refused::json(&error.to_string()))
}
