//! A resource of the server.

use http::StatusCode;
use http::header::{ETAG, HeaderValue, LAST_MODIFIED};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::{base, checks, fhir_json};
use crate::endpoint::Reply;
use crate::time::iso;

/// <https://hl7.org/fhir/R4/datatypes.html#id>
const ID_CHARS_MAX: usize = 64;

/// A resource in its newest version; older ones are not kept.
#[derive(Clone)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) version: u64,
    /// With the `id` and `meta` that say the same.
    pub(super) body: Map<String, Value>,
}

impl Resource {
    pub(super) fn from_seed(seed: &Value) -> Result<Resource, String> {
        let mut body = object(seed.clone()).ok_or("it must be an object")?;
        let kind = body.get("resourceType").and_then(Value::as_str).and_then(Kind::named);
        let kind = kind.ok_or("its resourceType must be one that the server knows, such as Patient")?;
        let id = body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if !(1..=ID_CHARS_MAX).contains(&id.len()) || !id.bytes().all(allowed) {
            return Err(format!("its id must be a text of up to {ID_CHARS_MAX} letters, digits, `-` and `.`"));
        }
        if let Some(issue) = checks::check(kind, &body).into_iter().next() {
            return Err(format!("{kind:?}/{id}: {}", issue.diagnostics));
        }
        let meta = body.entry("meta").or_insert_with(|| json!({})).as_object_mut();
        let meta = meta.ok_or_else(|| format!("{kind:?}/{id}: meta must be an object"))?;
        let version = meta.entry("versionId").or_insert_with(|| "1".into());
        let version = version.as_str().and_then(|version| version.parse().ok());
        let version = version.ok_or_else(|| format!("{kind:?}/{id}: meta.versionId must be a number, as text"))?;
        Ok(Resource { kind, id, version, body })
    }

    pub(super) fn shown(&self, status: StatusCode) -> Reply {
        let reply = fhir_json(status, &Value::Object(self.body.clone()));
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

    /// A new resource, whatever id the client gave it.
    pub(super) fn new(kind: Kind, id: String, mut body: Map<String, Value>, now_ms: u64) -> Resource {
        body.insert("id".to_owned(), id.as_str().into());
        let mut resource = Resource { kind, id, version: 0, body: Map::new() };
        resource.change(body, now_ms);
        resource
    }

    /// Takes a new version. What a client says of the version and its time is the server's to say.
    pub(super) fn change(&mut self, mut body: Map<String, Value>, now_ms: u64) {
        self.version += 1;
        let mut meta = body.remove("meta").and_then(object).unwrap_or_default();
        meta.insert("versionId".to_owned(), self.version.to_string().into());
        meta.insert("lastUpdated".to_owned(), iso(now_ms).into());
        body.insert("meta".to_owned(), meta.into());
        self.body = body;
    }

    /// Its URL, of this version.
    pub(super) fn location(&self) -> String {
        format!("{}/{}/{}/_history/{}", base(), self.kind.name(), self.id, self.version)
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
