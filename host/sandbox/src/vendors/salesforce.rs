//! Salesforce's REST API: queries of SOQL, records upserted by an external id, updated by their id, and people put in cadences
//! by an action. An upsert by a key is idempotent; there is no idempotency header. Unlike the real one, it has no triggers, no
//! rules that find duplicates, and one external id with unique values on each object, the custom field `Aftercall_Key__c`.
//! Other fields and objects of an org's own are declared where it begins.
//! Shapes: <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/>; codes:
//! <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm>.

mod actions;
mod objects;
mod org;
mod records;
mod refused;
mod soql;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::endpoint::{Endpoint, Refusal, Reply, Request, credential, has_content_type, parameter, query, segments};
use objects::Kind;
use org::Org;
use records::{Record, Records};
use refused::Refused;

const DATA: &str = "/services/data/v62.0";
/// The custom field by which records are upserted.
const KEY_FIELD: &str = "Aftercall_Key__c";
const KEY_CHARS_MAX: usize = 255;
/// In what an org begins with: the fields and objects that it has added.
const DECLARED: &str = "custom";

#[derive(Clone)]
pub(crate) struct Salesforce {
    token: String,
    records: Records,
}

type Answer = Result<Reply, Refused>;

impl Salesforce {
    pub(crate) fn new(token: String) -> Salesforce {
        Salesforce { token, records: Records::default() }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if credential(request, "Bearer") != Some(self.token.as_str()) {
            let message = "Session expired or invalid";
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", message));
        }
        let segments = segments(request);
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["services", "data", "v62.0", rest @ ..] = path.as_slice() else { return Err(Refused::not_found()) };
        match (request.method(), rest) {
            (&Method::GET, ["query"]) => {
                let query = query(request);
                let soql = parameter(&query, "q").unwrap_or_default();
                self.query(soql)
            }
            (&Method::POST, ["actions", "standard", actions::ASSIGN]) => {
                actions::assign(&mut self.records, &body(request)?, now_ms)
            }
            (method, ["sobjects", object, rest @ ..]) => {
                let kind = &self.records.org.object(object).ok_or_else(Refused::not_found)?;
                if method != Method::GET && !kind.is_written() {
                    return Err(Refused::operation(kind));
                }
                match (method, rest) {
                    (&Method::GET, [id]) => {
                        let record = self.records.of(kind, id).ok_or_else(Refused::not_found)?;
                        Ok(Reply::json(StatusCode::OK, &record.shown()))
                    }
                    (&Method::GET, [field, key]) => {
                        check_key(field, key)?;
                        let record = self.records.keyed(kind, key).ok_or_else(Refused::not_found)?;
                        Ok(Reply::json(StatusCode::OK, &record.shown()))
                    }
                    (&Method::PATCH, [id]) => self.update(kind, id, &body(request)?, now_ms),
                    (&Method::PATCH, [field, key]) => {
                        check_key(field, key)?;
                        self.upsert(kind, key, &body(request)?, now_ms)
                    }
                    (&Method::POST, []) => {
                        let id = self.records.insert(kind, &body(request)?, now_ms)?;
                        Ok(saved(StatusCode::CREATED, &id, None))
                    }
                    _ => Err(Refused::method()),
                }
            }
            _ => Err(Refused::not_found()),
        }
    }

    fn query(&self, soql: &str) -> Answer {
        let query = soql::parse(soql, &self.records.org)?;
        let records: Vec<Value> = query.run(&self.records)?;
        let answer = json!({ "totalSize": records.len(), "done": true, "records": records });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    fn update(&mut self, kind: &Kind, id: &str, fields: &Map<String, Value>, now_ms: u64) -> Answer {
        if self.records.of(kind, id).is_none() {
            return Err(Refused::not_found());
        }
        self.records.update(kind, id, fields, now_ms)?;
        Ok(Reply { body: Default::default(), ..Reply::json(StatusCode::NO_CONTENT, &Value::Null) })
    }

    fn upsert(&mut self, kind: &Kind, key: &str, fields: &Map<String, Value>, now_ms: u64) -> Answer {
        if fields.contains_key(KEY_FIELD) {
            let message = format!("The {KEY_FIELD} field should not be specified in the sobject data.");
            return Err(Refused::new(StatusCode::BAD_REQUEST, "INVALID_FIELD", &message));
        }
        if let Some(id) = self.records.keyed(kind, key).map(|record| record.id.clone()) {
            self.records.update(kind, &id, fields, now_ms)?;
            return Ok(saved(StatusCode::OK, &id, Some(false)));
        }
        let mut fields = fields.clone();
        fields.insert(KEY_FIELD.to_owned(), key.into());
        let id = self.records.insert(kind, &fields, now_ms)?;
        Ok(saved(StatusCode::CREATED, &id, Some(true)))
    }
}

impl Endpoint for Salesforce {
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (status, code, message) = match refusal {
            Refusal::TooLarge => (refusal.status(), "EXCEEDED_MAX_SIZE_REQUEST", "The request is too large"),
            // It is no 429 there.
            Refusal::TooMany => (StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            Refusal::Internal => (refusal.status(), "UNKNOWN_EXCEPTION", "An unexpected error occurred"),
        };
        Refused::new(status, code, message).into_reply()
    }

    fn records(&self) -> Value {
        let of = |kind: &Kind| self.records.all(kind).map(Record::shown).collect::<Vec<_>>();
        let all = self.records.org.objects().map(|kind| (kind.name().to_owned(), of(&kind).into()));
        all.collect::<Map<_, _>>().into()
    }

    /// Lists of records by object, each with its fields; an `Id` is kept. `custom` declares the org's own fields by object,
    /// with what each holds: `text`, `text-area`, `number`, `date`, `{ picklist = [..] }`, `{ lookup = OBJECT }`.
    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        let lists = seed.as_object().ok_or("give lists of records, by object")?;
        if let Some(declared) = lists.get(DECLARED) {
            self.records.org = Org::read(declared).map_err(|why| format!("{DECLARED}: {why}"))?;
        }
        for (object, list) in lists.iter().filter(|(name, _)| *name != DECLARED) {
            let kind = self.records.org.object(object).ok_or_else(|| format!("there is no object {object}"))?;
            for (at, fields) in list.as_array().ok_or("give lists of records")?.iter().enumerate() {
                let fields = fields.as_object().ok_or_else(|| format!("{object}[{at}]: give its fields"))?;
                self.records
                    .insert(&kind, fields, 0)
                    .map_err(|refused| format!("{object}[{at}]: {}", refused.message))?;
            }
        }
        Ok(())
    }
}

/// Refuses another field than the key field, and a key that can't be one.
fn check_key(field: &str, key: &str) -> Result<(), Refused> {
    if field != KEY_FIELD {
        let message = format!("Provided external ID field does not exist or is not accessible: {field}");
        return Err(Refused::new(StatusCode::NOT_FOUND, "NOT_FOUND", &message));
    }
    if key.chars().count() > KEY_CHARS_MAX {
        return Err(Refused::new(StatusCode::BAD_REQUEST, "STRING_TOO_LONG", "the key is too long"));
    }
    Ok(())
}

fn saved(status: StatusCode, id: &str, created: Option<bool>) -> Reply {
    let mut answer = json!({ "id": id, "success": true, "errors": [] });
    if let Some(created) = created {
        answer["created"] = created.into();
    }
    Reply::json(status, &answer)
}

fn body(request: &Request) -> Result<Map<String, Value>, Refused> {
    if !has_content_type(request, "application/json") {
        let message = "Content-Type not supported";
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    serde_json::from_slice(request.body())
        .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR", &error.to_string()))
}
