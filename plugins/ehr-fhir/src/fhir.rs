//! The server's side: its base, its searches, its references.

use aftercall::{Context, Failure, Request, path_segment};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arguments::ResourceId;

/// The media type of resources as JSON (<https://hl7.org/fhir/R4/http.html#mime-type>).
const FHIR_JSON: &str = "application/fhir+json";

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Server {
    base_url: String,
}

/// The first matches of a search.
pub(crate) struct Page<T> {
    pub(crate) found: Vec<T>,
    /// Whether the server has more of them.
    pub(crate) more: bool,
}

/// <https://hl7.org/fhir/R4/bundle.html#searchset>
#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "resourceType")]
    _type: OfBundle,
    /// Left out where there is none.
    #[serde(default)]
    entry: Vec<Entry>,
    #[serde(default)]
    link: Vec<Link>,
}

#[derive(Deserialize)]
enum OfBundle {
    Bundle,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    resource: Value,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
}

impl Server {
    /// A resource's URL.
    pub(crate) fn url(&self, kind: &str, id: &ResourceId) -> String {
        format!("{}/{kind}/{}", self.base(), path_segment(id.as_str()))
    }

    /// A GET of anything on the server.
    pub(crate) fn get<'a>(&self, cx: &'a Context, url: impl Into<String>) -> Request<'a> {
        cx.get(url).header("accept", FHIR_JSON)
    }

    /// A PUT of a resource.
    pub(crate) fn put<'a>(&self, cx: &'a Context, url: &str, resource: &impl Serialize) -> Request<'a> {
        cx.put(url).json(resource).header("content-type", FHIR_JSON).header("accept", FHIR_JSON)
    }

    /// Searches resources of one kind, and gives `limit` of them at most, whatever the server makes of it.
    pub(crate) async fn search<T: DeserializeOwned>(
        &self,
        cx: &Context,
        kind: &str,
        parameters: &[(&str, String)],
        limit: usize,
    ) -> Result<Page<T>, Failure> {
        let request = self.get(cx, format!("{}/{kind}", self.base())).query(parameters);
        let request = request.query(&[("_count", limit.to_string())]);
        let bundle: Bundle = request.send().await?.ok()?.json()?;
        let next = bundle.link.iter().any(|link| link.relation == "next");
        // A server may add resources that match nothing, such as an OperationOutcome with a warning.
        let of_kind = bundle.entry.into_iter().map(|entry| entry.resource).filter(|it| it["resourceType"] == kind);
        let mut found = of_kind
            .map(serde_json::from_value)
            .collect::<Result<Vec<T>, _>>()
            .map_err(|error| Failure::other(format!("one {kind} of the answer is not as expected: {error}")))?;
        let more = next || found.len() > limit;
        found.truncate(limit);
        Ok(Page { found, more })
    }

    /// Whether a reference is to this resource of this server: relative or absolute, of any version
    /// (<https://hl7.org/fhir/R4/references.html#literal>).
    pub(crate) fn refers(&self, reference: &str, kind: &str, id: &ResourceId) -> bool {
        let relative = reference.strip_prefix(self.base()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(reference);
        let (resource, _version) = relative.split_once("/_history/").unwrap_or((relative, ""));
        resource.split_once('/') == Some((kind, id.as_str()))
    }

    fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }
}

/// Text as the value of a search parameter, in which it is text and no syntax
/// (<https://hl7.org/fhir/R4/search.html#escaping>).
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | ',' | '$' | '|') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
