//! Searches: <https://hl7.org/fhir/R4/search.html>.

use std::cmp::Reverse;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::criterion::{Criterion, span};
use super::dates::Span;
use super::kind::Kind;
use super::refused::Refused;
use super::resource::Resource;
use super::{FHIR_JSON, base, hapi};

const COUNT_DEFAULT: usize = 20;
const COUNT_MAX: usize = 100;
/// What `_elements` never leaves out: the resource's type, and what is mandatory.
const ALWAYS: [&str; 5] = ["resourceType", "id", "meta", "status", "participant"];

#[derive(Default)]
struct Search {
    criteria: Vec<Criterion>,
    /// By date: ascending, or descending.
    descending: Option<bool>,
    elements: Option<Vec<String>>,
    count: Option<usize>,
    offset: usize,
    /// The parameters, without those of paging.
    given: Vec<(String, String)>,
}

/// The resources that a query is about.
pub(super) fn matches<'a>(kind: Kind, resources: &'a [Resource], query: &str) -> Result<Vec<&'a Resource>, Refused> {
    Ok(Search::parse(kind, query)?.matches(kind, resources))
}

/// Answers a search with a bundle. `hapi_most` is how many resources HAPI gives on a page at most, if it is HAPI that answers.
pub(super) fn search(
    kind: Kind,
    resources: &[Resource],
    query: &str,
    hapi_most: Option<usize>,
) -> Result<Value, Refused> {
    let search = Search::parse(kind, query)?;
    let mut matches = search.matches(kind, resources);
    let date = |resource: &&Resource| span(&resource.body, "start").map(Span::start);
    match search.descending {
        Some(false) => matches.sort_by_key(date),
        Some(true) => matches.sort_by_key(|resource| Reverse(date(resource))),
        None => {}
    }
    let count = search.count().min(hapi_most.unwrap_or(COUNT_MAX));
    let entries: Vec<Value> =
        matches.iter().skip(search.offset).take(count).map(|resource| search.entry(resource)).collect();
    let mut links = vec![json!({ "relation": "self", "url": search.url(kind, search.offset) })];
    let next = search.offset.saturating_add(count);
    if count > 0 && next < matches.len() {
        let url = match hapi_most {
            Some(_) => hapi::url(kind, &search.query(), count, next),
            None => search.url(kind, next),
        };
        links.push(json!({ "relation": "next", "url": url }));
    }
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": matches.len(), "link": links });
    // FHIR's JSON has no empty arrays.
    if !entries.is_empty() {
        bundle["entry"] = entries.into();
    }
    Ok(bundle)
}

impl Search {
    fn parse(kind: Kind, query: &str) -> Result<Search, Refused> {
        let mut search = Search::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let wrong = || Refused::bad_request(format!("The parameter '{name}' can't have the value '{value}'"));
            match (kind, name.as_ref()) {
                (_, "_count") => search.count = Some(value.parse::<usize>().map_err(|_| wrong())?.min(COUNT_MAX)),
                (_, "_offset") => search.offset = value.parse().map_err(|_| wrong())?,
                (_, "_elements") => search.elements = Some(value.split(',').map(str::to_owned).collect()),
                (_, "_format") if [FHIR_JSON, "application/json", "json"].contains(&value.as_ref()) => {}
                (Kind::Appointment, "_sort") if value == "date" => search.descending = Some(false),
                (Kind::Appointment, "_sort") if value == "-date" => search.descending = Some(true),
                (Kind::Slot, "_sort") if value == "start" => search.descending = Some(false),
                (Kind::Slot, "_sort") if value == "-start" => search.descending = Some(true),
                (_, "_format" | "_sort") => return Err(wrong()),
                (_, full) => {
                    let criterion = Criterion::parse(kind, full, &value)?;
                    search.criteria.push(criterion.ok_or_else(wrong)?);
                }
            }
            if !["_count", "_offset"].contains(&name.as_ref()) {
                search.given.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(search)
    }

    fn matches<'a>(&self, kind: Kind, resources: &'a [Resource]) -> Vec<&'a Resource> {
        let fits = |resource: &&Resource| {
            resource.kind == kind && self.criteria.iter().all(|criterion| criterion.holds(&resource.body))
        };
        resources.iter().filter(fits).collect()
    }

    fn count(&self) -> usize {
        self.count.unwrap_or(COUNT_DEFAULT)
    }

    /// The parameters, without those of paging.
    fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.given).finish()
    }

    fn url(&self, kind: Kind, offset: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(self.query());
        query.append_pair("_count", &self.count().to_string());
        if offset > 0 {
            query.append_pair("_offset", &offset.to_string());
        }
        format!("{}/{}?{}", base(), kind.name(), query.finish())
    }

    fn entry(&self, resource: &Resource) -> Value {
        let mut body = resource.body.clone();
        if let Some(elements) = &self.elements {
            body.retain(|name, _| ALWAYS.contains(&name.as_str()) || elements.contains(name));
            let subsetted =
                json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED" });
            body["meta"]["tag"] = json!([subsetted]);
        }
        let url = format!("{}/{}/{}", base(), resource.kind.name(), resource.id);
        json!({ "fullUrl": url, "resource": body, "search": { "mode": "match" } })
    }
}
