//! Resources that are read, changed, and put back only if nobody changed them meanwhile
//! (<https://hl7.org/fhir/R4/http.html#concurrency>).

use std::fmt;

use aftercall::{Failure, Response};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::arguments::ResourceId;
use crate::fhir::Server;
use crate::refusal;

/// How often a resource is read and put back. It changes rarely; whatever changes it twice at that moment is at work on it.
pub(crate) const TRIES_MAX: usize = 2;

/// A whole resource on its way back to the server, or a part of one: its elements byte for byte and in their order, known
/// ones and others, since decimals of FHIR have a precision that reading them as floats would lose.
#[derive(Default)]
pub(crate) struct Elements(Vec<(String, Box<RawValue>)>);

/// A resource in the version that was read.
pub(crate) struct Versioned<T> {
    /// As far as it is read.
    pub(crate) resource: T,
    pub(crate) elements: Elements,
    /// Such as `Slot s-1`.
    name: String,
    url: String,
    entity_tag: Option<String>,
}

/// What each resource says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    resource_type: String,
    id: String,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    pub(crate) version_id: Option<String>,
}

impl<T: DeserializeOwned> Versioned<T> {
    pub(crate) async fn read(server: &Server<'_>, kind: &str, id: &ResourceId) -> Result<Self, Failure> {
        let url = server.url(kind, id);
        let read = refusal::read(server.get(url.as_str()).send().await?)?;
        let Identity { resource_type, id: given, meta, .. } = read.json()?;
        let name = format!("{kind} {id}");
        if resource_type != kind || given != id.as_str() {
            return Err(Failure::other(format!("the server gave {resource_type} {given} for {name}")));
        }
        let resource = read.json()?;
        let in_body = meta.and_then(|meta| meta.version_id).map(|version| format!("W/\"{version}\""));
        let entity_tag = read.header("etag").map(str::to_owned).or(in_body);
        Ok(Self { resource, elements: read.json()?, name, url, entity_tag })
    }

    /// Puts it back as its elements are now. A conflict (412, and 409 of some servers) is that somebody was faster.
    pub(crate) async fn put(&self, server: &Server<'_>) -> Result<Response, Failure> {
        let Some(entity_tag) = &self.entity_tag else {
            let name = &self.name;
            return Err(Failure::other(format!("the server gives no version of {name}, so nothing was changed")));
        };
        let update = server.put(&self.url, &self.elements).header("if-match", entity_tag);
        refusal::wrote(update.send().await?)
    }
}

impl Elements {
    pub(crate) fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        let value = to_raw_value(value).expect("text, and elements that were read, are JSON");
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The parts of an element that repeats; none, where it isn't there.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<Elements>, Failure> {
        let list = self.0.iter().find(|(known, _)| known == name).map_or("[]", |(_, list)| list.get());
        serde_json::from_slice(list.as_bytes())
            .map_err(|error| Failure::other(format!("`{name}` of the resource is not as expected: {error}")))
    }
}

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Elements;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("elements")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Elements, A::Error> {
                let mut all = Vec::new();
                while let Some(element) = map.next_entry()? {
                    all.push(element);
                }
                Ok(Elements(all))
            }
        }

        deserializer.deserialize_map(All)
    }
}

impl Serialize for Elements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
