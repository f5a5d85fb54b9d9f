//! Searches: <https://hl7.org/fhir/R4/search.html>, with the parameters of Patient and Appointment that an assistant's
//! tools use. Text is compared without regard to capitals; accents count, unlike at most servers.

use std::cmp::Reverse;

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::dates::{Sought, Span};
use super::refused::Refused;
use super::{FHIR_JSON, Kind, Resource, base};

const COUNT_DEFAULT: usize = 20;
const COUNT_MAX: usize = 100;
/// What `_elements` never leaves out: the resource's type, and what is mandatory.
const ALWAYS: [&str; 5] = ["resourceType", "id", "meta", "status", "participant"];

/// What a resource must pass; one of the texts is enough.
enum Criterion {
    Id(Vec<String>),
    Name {
        part: &'static str,
        how: Comparison,
        any: Vec<String>,
    },
    /// Values with their systems, where one is given.
    Telecom(Vec<(Option<String>, String)>),
    Status(Vec<String>),
    Date {
        element: &'static str,
        any: Vec<Sought>,
    },
    /// References as they may stand in a participant.
    Actor(Vec<Actor>),
}

#[derive(Clone, Copy)]
enum Comparison {
    StartsWith,
    Contains,
    Exact,
}

/// `Patient/1`, or `1` of any kind.
struct Actor {
    kind: Option<String>,
    id: String,
}

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

/// Answers a search with a bundle.
pub(super) fn search(kind: Kind, resources: Vec<&Resource>, query: &str) -> Result<Value, Refused> {
    let search = Search::parse(kind, query)?;
    let fits = |resource: &&Resource| search.criteria.iter().all(|criterion| criterion.holds(&resource.body));
    let mut matches: Vec<&Resource> = resources.into_iter().filter(fits).collect();
    let date = |resource: &&Resource| span(&resource.body, "start").map(Span::start);
    match search.descending {
        Some(false) => matches.sort_by_key(date),
        Some(true) => matches.sort_by_key(|resource| Reverse(date(resource))),
        None => {}
    }
    let count = search.count.unwrap_or(COUNT_DEFAULT);
    let entries: Vec<Value> =
        matches.iter().skip(search.offset).take(count).map(|resource| search.entry(resource)).collect();
    let mut links = vec![json!({ "relation": "self", "url": search.url(kind, search.offset) })];
    let next = search.offset.saturating_add(count);
    if count > 0 && next < matches.len() {
        links.push(json!({ "relation": "next", "url": search.url(kind, next) }));
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

    fn url(&self, kind: Kind, offset: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.given);
        query.append_pair("_count", &self.count.unwrap_or(COUNT_DEFAULT).to_string());
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

impl Criterion {
    /// None where the value is no value of this parameter.
    fn parse(kind: Kind, full: &str, value: &str) -> Result<Option<Criterion>, Refused> {
        let (name, modifier) = match full.split_once(':') {
            Some((name, modifier)) => (name, Some(modifier)),
            None => (full, None),
        };
        let how = match (name, modifier) {
            (_, None) => Comparison::StartsWith,
            ("family" | "given", Some("exact")) => Comparison::Exact,
            ("family" | "given", Some("contains")) => Comparison::Contains,
            (_, Some(modifier)) => {
                return Err(Refused::bad_request(format!("The modifier ':{modifier}' is not supported on '{name}'")));
            }
        };
        let values = || split(value, ',').iter().map(|value| unescape(value)).collect::<Vec<String>>();
        let tokens = || split(value, ',').iter().map(|value| token(value)).collect::<Vec<_>>();
        let dates = |element| {
            let any = values().iter().map(|value| Sought::parse(value)).collect::<Option<_>>();
            any.map(|any| Criterion::Date { element, any })
        };
        if values().iter().any(String::is_empty) {
            return Ok(None);
        }
        Ok(match (kind, name) {
            (_, "_id") => Some(Criterion::Id(values())),
            (Kind::Patient, "family") => Some(Criterion::Name { part: "family", how, any: values() }),
            (Kind::Patient, "given") => Some(Criterion::Name { part: "given", how, any: values() }),
            (Kind::Patient, "phone") => {
                Some(Criterion::Telecom(values().into_iter().map(|value| (Some("phone".to_owned()), value)).collect()))
            }
            (Kind::Patient, "telecom") => Some(Criterion::Telecom(tokens())),
            (Kind::Patient, "birthdate") => dates("birthDate"),
            (Kind::Appointment, "date") => dates("start"),
            (Kind::Appointment, "status") => {
                Some(Criterion::Status(tokens().into_iter().map(|(_, code)| code).collect()))
            }
            (Kind::Appointment, "actor") => {
                Some(Criterion::Actor(values().iter().map(|it| Actor::parse(it)).collect()))
            }
            (Kind::Appointment, "patient") => values()
                .iter()
                .map(|value| Some(Actor::parse(value)).filter(Actor::may_be_patient).map(Actor::patient))
                .collect::<Option<_>>()
                .map(Criterion::Actor),
            _ => {
                let kind = kind.name();
                return Err(Refused::bad_request(format!("The search parameter '{name}' of {kind} is not supported")));
            }
        })
    }

    fn holds(&self, body: &Map<String, Value>) -> bool {
        match self {
            Criterion::Id(any) => any.iter().any(|id| body["id"] == **id),
            Criterion::Name { part, how, any } => {
                let names = list(body, "name").iter().flat_map(|name| match &name[*part] {
                    Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect(),
                    one => Vec::from_iter(one.as_str()),
                });
                names.into_iter().any(|name| any.iter().any(|sought| how.holds(name, sought)))
            }
            Criterion::Telecom(any) => list(body, "telecom").iter().any(|point| {
                any.iter().any(|(system, value)| {
                    point["value"] == **value && system.as_ref().is_none_or(|system| point["system"] == **system)
                })
            }),
            Criterion::Status(any) => any.iter().any(|status| body.get("status") == Some(&Value::from(&**status))),
            Criterion::Date { element, any } => {
                span(body, element).is_some_and(|span| any.iter().any(|sought| sought.holds(span)))
            }
            Criterion::Actor(any) => list(body, "participant").iter().any(|participant| {
                let reference = participant["actor"]["reference"].as_str();
                reference.is_some_and(|reference| any.iter().any(|actor| actor.is(reference)))
            }),
        }
    }
}

impl Comparison {
    fn holds(self, name: &str, sought: &str) -> bool {
        let (small, small_sought) = (name.to_lowercase(), sought.to_lowercase());
        match self {
            Comparison::StartsWith => small.starts_with(&small_sought),
            Comparison::Contains => small.contains(&small_sought),
            Comparison::Exact => name == sought,
        }
    }
}

impl Actor {
    fn parse(value: &str) -> Actor {
        let relative = value.strip_prefix(&format!("{}/", base())).unwrap_or(value);
        match relative.split_once('/') {
            Some((kind, id)) => Actor { kind: Some(kind.to_owned()), id: id.to_owned() },
            None => Actor { kind: None, id: relative.to_owned() },
        }
    }

    fn may_be_patient(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "Patient")
    }

    fn patient(self) -> Actor {
        Actor { kind: Some("Patient".to_owned()), ..self }
    }

    fn is(&self, reference: &str) -> bool {
        let found = Actor::parse(reference);
        found.id == self.id && (self.kind.is_none() || found.kind == self.kind)
    }
}

/// `system|code`, or a code of any system.
fn token(value: &str) -> (Option<String>, String) {
    match &split(value, '|')[..] {
        [system, code] => (Some(unescape(system)).filter(|system| !system.is_empty()), unescape(code)),
        _ => (None, unescape(value)),
    }
}

/// The parts between separators that no backslash stands before.
fn split(value: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for character in value.chars() {
        if character == separator && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
        escaped = character == '\\' && !escaped;
    }
    parts
}

fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

fn list<'a>(body: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    body.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn span(body: &Map<String, Value>, element: &str) -> Option<Span> {
    Span::parse(body.get(element)?.as_str()?)
}
