//! HubSpot CRM v3: contacts, notes, tasks and deals; the default associations of v4; and enrolment in sequences. Upsert is idempotent by email, with
//! all that the contact has, or by a property of deals with unique values; a second create with the same email is a conflict; the vendor has no
//! idempotency header. Unlike the real one, its search sees a write at once.
//! Shapes: HubSpot's public API specs for CRM v3; error bodies as its API answers them.

mod associations;
mod batch;
mod object;
mod portal;
mod properties;
mod refused;
mod search;
mod sequences;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, credential, has_content_type, query};
use crate::service::Access;
use object::{Kind, Object};
use portal::{Portal, Seed};
use refused::Refused;
use sequences::Enrolment;

const FIRST_ID: u64 = 70_001;

#[derive(Clone)]
pub(crate) struct Hubspot {
    token: String,
    portal: Portal,
    objects: Vec<Object>,
    enrolments: Vec<Enrolment>,
    refusals: u64,
}

type Answer = Result<Reply, Refused>;

impl Hubspot {
    pub(crate) fn new(token: String) -> Hubspot {
        Hubspot { token, portal: Portal::default(), objects: Vec::new(), enrolments: Vec::new(), refusals: 0 }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if credential(request, "Bearer") != Some(self.token.as_str()) {
            let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "INVALID_AUTHENTICATION", message));
        }
        let segments: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        if let ["automation", "v4", "sequences", "enrollments", rest @ ..] = segments.as_slice() {
            return self.enrolments(rest, request, now_ms);
        }
        let ["crm", version, "objects", kind, rest @ ..] = segments.as_slice() else {
            return Err(Refused::not_found());
        };
        let kind = Kind::named(kind).ok_or_else(Refused::not_found)?;
        match (request.method(), *version, rest) {
            (&Method::POST, "v3", []) => self.create(kind, &body(request)?, now_ms),
            (&Method::POST, "v3", ["search"]) => {
                let objects: Vec<&Object> = self.objects.iter().filter(|object| object.kind == kind).collect();
                search::search(kind, &objects, &body(request)?)
            }
            (&Method::POST, "v3", ["batch", "upsert"]) => self.upsert(kind, &body(request)?, now_ms),
            (&Method::POST, "v3", ["batch", "read"]) => self.read_batch(kind, &body(request)?, now_ms),
            (&Method::GET, "v3", [id]) => self.read(kind, &percent_decode_str(id).decode_utf8_lossy(), request),
            (&Method::PATCH, "v3", [id]) => {
                self.update(kind, &percent_decode_str(id).decode_utf8_lossy(), &body(request)?, request, now_ms)
            }
            (&Method::PUT, "v4", [id, "associations", "default", to, to_id]) => {
                let to = Kind::named(to).ok_or_else(Refused::not_found)?;
                self.associate((kind, id), (to, to_id), now_ms)
            }
            _ => Err(Refused::not_found()),
        }
    }

    fn create(&mut self, kind: Kind, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let properties = self.checked(kind, body.get("properties"))?;
        self.unclaimed(kind, &properties, None)?;
        if matches!(kind, Kind::Notes | Kind::Tasks) && !properties.contains_key("hs_timestamp") {
            let name = kind.singular().to_uppercase();
            let message = format!("Error creating {name}. Some required properties were not set.");
            let missing = json!({
                "message": message,
                "context": { "properties": ["hs_timestamp"] },
                "code": "REQUIRED_FIELDS_MISSING",
            });
            return Err(Refused { errors: vec![missing], ..Refused::invalid(&message) });
        }
        let on = self.associated(kind, body.get("associations"))?;
        let at = self.insert(kind, properties, now_ms);
        self.objects[at].contacts = on.contacts;
        self.objects[at].deals = on.deals;
        Ok(Reply::json(StatusCode::CREATED, &self.objects[at].written()))
    }

    fn update(&mut self, kind: Kind, id: &str, body: &Map<String, Value>, request: &Request, now_ms: u64) -> Answer {
        let at = self.position(kind, id, request)?;
        let properties = self.checked(kind, body.get("properties"))?;
        self.unclaimed(kind, &properties, Some(at))?;
        self.objects[at].properties.extend(properties);
        self.objects[at].updated_ms = now_ms;
        Ok(Reply::json(StatusCode::OK, &self.objects[at].written()))
    }

    fn read(&self, kind: Kind, id: &str, request: &Request) -> Answer {
        let object = &self.objects[self.position(kind, id, request)?];
        let list = |name: &str| -> Vec<String> {
            let values = query(request).into_iter().filter(|(key, _)| key == name);
            values
                .flat_map(|(_, value)| value.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>())
                .collect()
        };
        let mut answer = object.shown(&list("properties"));
        for other in list("associations").iter().filter_map(|name| Kind::named(name)) {
            let link = format!("{}_to_{}", kind.singular(), other.singular());
            let linked = self.linked(object, other).into_iter();
            let results: Vec<Value> = linked.map(|id| json!({ "id": id.to_string(), "type": link })).collect();
            if !results.is_empty() {
                answer["associations"][other.name()] = json!({ "results": results });
            }
        }
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// Where the object is that a path names, by its id or by its email.
    fn position(&self, kind: Kind, id: &str, request: &Request) -> Result<usize, Refused> {
        let by_email = query(request).iter().any(|(key, value)| key == "idProperty" && value == "email");
        let found = self.objects.iter().position(|object| {
            object.kind == kind
                && if by_email {
                    object.get("email").as_deref() == Some(&id.to_lowercase())
                } else {
                    object.id.to_string() == id
                }
        });
        found.ok_or_else(Refused::not_found)
    }

    fn checked(&self, kind: Kind, given: Option<&Value>) -> Result<BTreeMap<String, String>, Refused> {
        let given =
            given.and_then(Value::as_object).ok_or_else(|| Refused::json("properties is required and an object"))?;
        let mut properties = BTreeMap::new();
        for (name, value) in given {
            let value = value.as_str().ok_or_else(|| Refused::json(&format!("properties.{name} must be a string")))?;
            properties.insert(name.clone(), properties::normal(name, value));
        }
        properties::check(kind, &self.portal, &properties)?;
        Ok(properties)
    }

    /// Where the object is that holds this value of a property.
    fn holder(&self, kind: Kind, property: &str, value: &str) -> Option<usize> {
        self.objects.iter().position(|object| object.kind == kind && object.holds(property, value))
    }

    /// Refuses a value that must be unique and that another object holds.
    fn unclaimed(&self, kind: Kind, given: &BTreeMap<String, String>, but: Option<usize>) -> Result<(), Refused> {
        for (name, value) in given.iter().filter(|(name, _)| self.portal.is_unique(kind, name)) {
            let Some(twin) = self.holder(kind, name, value).filter(|twin| Some(*twin) != but) else { continue };
            let id = self.objects[twin].id;
            return Err(match kind {
                Kind::Contacts => {
                    let message = format!("Contact already exists. Existing ID: {id}");
                    Refused::new(StatusCode::CONFLICT, "CONFLICT", &message)
                }
                _ => properties::not_unique(name, value, id),
            });
        }
        Ok(())
    }

    fn insert(&mut self, kind: Kind, properties: BTreeMap<String, String>, now_ms: u64) -> usize {
        let at = self.objects.len();
        let id = self.objects.last().map_or(FIRST_ID, |newest| newest.id + 1);
        let (contacts, deals) = (Vec::new(), Vec::new());
        self.objects.push(Object { id, kind, properties, contacts, deals, created_ms: now_ms, updated_ms: now_ms });
        at
    }
}

impl Endpoint for Hubspot {
    fn classify(&self, request: &Request) -> Class {
        let reads = request.method() == Method::GET
            || ["/search", "/batch/read"].iter().any(|end| request.uri().path().ends_with(end));
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
                if kind != Kind::Contacts {
                    let contacts: Vec<String> = object.contacts.iter().map(u64::to_string).collect();
                    record["contacts"] = contacts.into();
                }
                if matches!(kind, Kind::Notes | Kind::Tasks) {
                    let deals: Vec<String> = object.deals.iter().map(u64::to_string).collect();
                    record["deals"] = deals.into();
                }
                record
            })
            .collect()
        };
        let mut records: Map<_, _> =
            Kind::ALL.into_iter().map(|kind| (kind.name().to_owned(), of(kind).into())).collect();
        let enrolments = self.enrolments.iter().map(Enrolment::shown).collect::<Vec<_>>();
        records.insert("enrollments".to_owned(), enrolments.into());
        records.into()
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        let Seed { portal, contacts } = Seed::read(seed)?;
        self.portal = portal;
        for (at, contact) in contacts.iter().enumerate() {
            let insert = || {
                let properties = self.checked(Kind::Contacts, Some(contact))?;
                self.unclaimed(Kind::Contacts, &properties, None)?;
                Ok(properties)
            };
            let properties = insert().map_err(|refused: Refused| format!("contacts[{at}]: {}", refused.message))?;
            self.insert(Kind::Contacts, properties, 0);
        }
        Ok(())
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
