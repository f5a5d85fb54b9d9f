//! The server's side: its base, its requests, its searches, its references.

use aftercall::{Context, Failure, FailureKind, Request, path_segment};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::arguments::ResourceId;
use crate::refusal;
use crate::settings::Settings;

/// The media type of resources as JSON (<https://hl7.org/fhir/R4/http.html#mime-type>).
const FHIR_JSON: &str = "application/fhir+json";
/// How many pages of a search are looked through. Protects the server, and the call's time.
const PAGES_MAX: usize = 5;

/// The server of this tenant, in one attempt.
pub(crate) struct Server<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) settings: Settings,
}

/// What is searched for.
pub(crate) struct Search<'a> {
    /// The type of the resources.
    pub(crate) kind: &'a str,
    pub(crate) parameters: &'a [(&'a str, String)],
    /// How many are wanted.
    pub(crate) limit: usize,
}

/// The first matches of a search.
pub(crate) struct Page<T> {
    pub(crate) found: Vec<T>,
    /// Whether the server has more of them.
    pub(crate) more: bool,
}

/// A reference to another resource (<https://hl7.org/fhir/R4/references.html>).
#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) reference: Option<String>,
    pub(crate) display: Option<String>,
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
    resource: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    resource_type: String,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    #[serde(default)]
    url: String,
}

impl<'a> Server<'a> {
    pub(crate) fn of(cx: &'a Context) -> Result<Self, Failure> {
        Ok(Self { cx, settings: cx.settings()? })
    }

    /// A resource's URL.
    pub(crate) fn url(&self, kind: &str, id: &ResourceId) -> String {
        format!("{}/{kind}/{}", self.base(), path_segment(id.as_str()))
    }

    /// A GET of anything on the server.
    pub(crate) fn get(&self, url: impl Into<String>) -> Request<'a> {
        self.cx.get(url).header("accept", FHIR_JSON)
    }

    /// A PUT of a resource.
    pub(crate) fn put(&self, url: &str, resource: &impl Serialize) -> Request<'a> {
        self.cx.put(url).json(resource).header("content-type", FHIR_JSON).header("accept", FHIR_JSON)
    }

    /// A POST of a new resource.
    pub(crate) fn post(&self, kind: &str, resource: &impl Serialize) -> Request<'a> {
        let url = format!("{}/{kind}", self.base());
        self.cx.post(url).json(resource).header("content-type", FHIR_JSON).header("accept", FHIR_JSON)
    }

    /// Searches resources, page after page, until there are as many that fit as are wanted: no more are given, whatever
    /// the server makes of the limit. A server that doesn't know a parameter is asked to say so
    /// (<https://hl7.org/fhir/R4/search.html#errors>); one that leaves it out of account all the same gives others too, so
    /// that `fits` compares what it can.
    pub(crate) async fn search<T: DeserializeOwned>(
        &self,
        search: &Search<'_>,
        fits: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, Failure> {
        let mut found = Vec::new();
        let mut add = |resource: &RawValue| {
            let resource = serde_json::from_slice(resource.get().as_bytes()).map_err(|error| {
                Failure::other(format!("one {} of the answer is not as expected: {error}", search.kind))
            })?;
            if fits(&resource) {
                found.push(resource);
            }
            Ok(found.len())
        };
        let more = self.pages(search, &mut add).await?;
        found.truncate(search.limit);
        Ok(Page { found, more })
    }

    /// Hands over each resource of a search, until there are as many as are wanted; tells whether there are more.
    async fn pages(
        &self,
        search: &Search<'_>,
        add: &mut dyn FnMut(&RawValue) -> Result<usize, Failure>,
    ) -> Result<bool, Failure> {
        let Search { kind, limit, .. } = *search;
        let mut request = self.get(format!("{}/{kind}", self.base())).query(search.parameters);
        request = request.query(&[("_count", limit.to_string())]);
        let mut found = 0;
        let mut pages = 1;
        loop {
            let answer = match request.header("prefer", "handling=strict").send().await {
                // What lies behind the first page is told as more, where the grant has it not.
                Err(failure) if pages > 1 && failure.kind == FailureKind::Denied => return Ok(true),
                answer => answer?,
            };
            let has_no_endpoint = pages == 1 && refusal::has_no_endpoint(&answer);
            let answer = refusal::read(answer).map_err(|failure| match has_no_endpoint {
                true => refusal::of_address(failure, kind, self.base()),
                false => failure,
            })?;
            let bundle: Bundle = answer.json()?;
            for resource in bundle.entry.iter().filter_map(|entry| entry.resource.as_deref()) {
                // A server may add resources that match nothing, such as an OperationOutcome with a warning.
                let typed: Result<Typed, _> = serde_json::from_slice(resource.get().as_bytes());
                if typed.is_ok_and(|typed| typed.resource_type == kind) {
                    found = add(resource)?;
                }
            }
            let Some(next) = bundle.link.into_iter().find(|link| link.relation == "next") else {
                return Ok(found > limit);
            };
            if found >= limit || pages == PAGES_MAX || !self.is_page(&next.url, kind) {
                return Ok(true);
            }
            pages += 1;
            request = self.get(next.url);
        }
    }

    /// Whether a reference is to this resource of this server: relative or absolute, of any version
    /// (<https://hl7.org/fhir/R4/references.html#literal>).
    pub(crate) fn refers(&self, reference: &str, kind: &str, id: &ResourceId) -> bool {
        self.referred(reference, kind) == Some(id.as_str())
    }

    /// The id of the resource of this kind on this server that a reference is to.
    pub(crate) fn referred<'r>(&self, reference: &'r str, kind: &str) -> Option<&'r str> {
        let relative = reference.strip_prefix(self.base()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(reference);
        let (resource, _version) = relative.split_once("/_history/").unwrap_or((relative, ""));
        resource.strip_prefix(kind)?.strip_prefix('/')
    }

    /// Whether a URL is of a page of a search of this type: at the type, or, of HAPI, at the base itself
    /// (<https://hapifhir.io/hapi-fhir/docs/server_plain/paging.html>). No other is followed, whoever names it: the plugin asks for
    /// no other.
    fn is_page(&self, url: &str, kind: &str) -> bool {
        let Some(rest) = url.strip_prefix(self.base()) else { return false };
        let of_type = rest.strip_prefix('/').and_then(|rest| rest.strip_prefix(kind));
        of_type.unwrap_or(rest).starts_with('?')
    }

    pub(crate) fn base(&self) -> &str {
        self.settings.base_url.trim_end_matches('/')
    }
}

impl Reference {
    /// Whether it is to a resource of one of these kinds, which its URL says.
    pub(crate) fn is_of(&self, kinds: &[&str]) -> bool {
        let reference = self.reference.as_deref().unwrap_or_default();
        reference.split('/').any(|segment| kinds.contains(&segment))
    }

    /// The id of the resource of this kind on this server that it is to.
    pub(crate) fn id(&self, server: &Server<'_>, kind: &str) -> Option<ResourceId> {
        let id = server.referred(self.reference.as_deref()?, kind)?;
        id.parse().ok()
    }
}

/// A time, for the model: as the server has it, which need not be as a clock at the clinic shows it.
pub(crate) fn told(time: &str) -> String {
    if is_in_utc(time) { format!("{time} (in UTC)") } else { time.to_owned() }
}

/// What is said of times that are told as data.
pub(crate) fn in_utc<'t>(mut times: impl Iterator<Item = &'t String>) -> &'static str {
    if times.any(|time| is_in_utc(time)) { "; times are in UTC, so say them in the clinic's own" } else { "" }
}

fn is_in_utc(time: &str) -> bool {
    time.ends_with('Z') || time.ends_with("+00:00")
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
