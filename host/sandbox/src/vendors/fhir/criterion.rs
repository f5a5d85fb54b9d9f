//! What a search asks of a resource, by the parameters that an assistant's tools use. Text is compared without regard to
//! capitals; accents count, unlike at most servers.

use serde_json::{Map, Value};

use super::base;
use super::dates::{Sought, Span};
use super::kind::Kind;
use super::refused::Refused;

/// What a resource must pass; one of the texts is enough.
pub(super) enum Criterion {
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
    Actor(Vec<Target>),
    /// References as they may stand in an element.
    Reference {
        element: &'static str,
        any: Vec<Target>,
    },
    /// Business identifiers with their systems, where one is given.
    Identifier(Vec<(Option<String>, String)>),
    /// Codes with their systems, where one is given, in a list of concepts.
    Concept {
        element: &'static str,
        any: Vec<(Option<String>, String)>,
    },
}

#[derive(Clone, Copy)]
pub(super) enum Comparison {
    StartsWith,
    Contains,
    Exact,
}

/// `Patient/1`, or `1` of any kind.
pub(super) struct Target {
    kind: Option<String>,
    pub(super) id: String,
}

impl Criterion {
    /// None where the value is no value of this parameter.
    pub(super) fn parse(kind: Kind, full: &str, value: &str) -> Result<Option<Criterion>, Refused> {
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
                Some(Criterion::Actor(values().iter().map(|it| Target::parse(it)).collect()))
            }
            (Kind::Appointment, "patient") => patients(&values()).map(Criterion::Actor),
            (Kind::Communication | Kind::DocumentReference, "patient") => {
                patients(&values()).map(|any| Criterion::Reference { element: "subject", any })
            }
            (Kind::Task, "patient") => patients(&values()).map(|any| Criterion::Reference { element: "for", any }),
            (Kind::Slot, "status") => Some(Criterion::Status(tokens().into_iter().map(|(_, code)| code).collect())),
            (Kind::Slot, "start") => dates("start"),
            (Kind::Slot, "schedule") => {
                let any = values().iter().map(|it| Target::parse(it)).collect();
                Some(Criterion::Reference { element: "schedule", any })
            }
            (Kind::Slot, "service-type") => Some(Criterion::Concept { element: "serviceType", any: tokens() }),
            (
                Kind::Appointment | Kind::Slot | Kind::Communication | Kind::DocumentReference | Kind::Task,
                "identifier",
            ) => Some(Criterion::Identifier(tokens())),
            _ => {
                let kind = kind.name();
                return Err(Refused::bad_request(format!("The search parameter '{name}' of {kind} is not supported")));
            }
        })
    }

    pub(super) fn holds(&self, body: &Map<String, Value>) -> bool {
        match self {
            Criterion::Id(any) => any.iter().any(|id| body["id"] == **id),
            Criterion::Name { part, how, any } => {
                let names = list(body, "name").iter().flat_map(|name| match &name[*part] {
                    Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect(),
                    one => Vec::from_iter(one.as_str()),
                });
                names.into_iter().any(|name| any.iter().any(|sought| how.holds(name, sought)))
            }
            Criterion::Telecom(any) => list(body, "telecom").iter().any(|point| is_one_of(point, "value", any)),
            Criterion::Reference { element, any } => {
                let reference = body.get(*element).and_then(|it| it["reference"].as_str());
                reference.is_some_and(|reference| any.iter().any(|target| target.is(reference)))
            }
            Criterion::Identifier(any) => list(body, "identifier").iter().any(|known| is_one_of(known, "value", any)),
            Criterion::Concept { element, any } => list(body, element).iter().any(|concept| {
                let codings = concept["coding"].as_array().map_or(&[][..], Vec::as_slice);
                codings.iter().any(|coding| is_one_of(coding, "code", any))
            }),
            Criterion::Status(any) => any.iter().any(|status| body.get("status") == Some(&Value::from(&**status))),
            Criterion::Date { element, any } => {
                span(body, element).is_some_and(|span| any.iter().any(|sought| sought.holds(span)))
            }
            Criterion::Actor(any) => list(body, "participant").iter().any(|participant| {
                let reference = participant["actor"]["reference"].as_str();
                reference.is_some_and(|reference| any.iter().any(|target| target.is(reference)))
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

impl Target {
    pub(super) fn parse(value: &str) -> Target {
        let relative = value.strip_prefix(&format!("{}/", base())).unwrap_or(value);
        match relative.split_once('/') {
            Some((kind, id)) => Target { kind: Some(kind.to_owned()), id: id.to_owned() },
            None => Target { kind: None, id: relative.to_owned() },
        }
    }

    fn may_be_patient(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "Patient")
    }

    fn patient(self) -> Target {
        Target { kind: Some("Patient".to_owned()), ..self }
    }

    fn is(&self, reference: &str) -> bool {
        let found = Target::parse(reference);
        found.id == self.id && (self.kind.is_none() || found.kind == self.kind)
    }
}

/// None where one of them can't be a patient.
fn patients(values: &[String]) -> Option<Vec<Target>> {
    let targets = values.iter().map(|value| Target::parse(value));
    targets.map(|target| Some(target).filter(Target::may_be_patient).map(Target::patient)).collect()
}

/// Whether an object has one of these values, and its system.
fn is_one_of(object: &Value, element: &str, any: &[(Option<String>, String)]) -> bool {
    any.iter().any(|(system, value)| {
        object[element] == **value && system.as_ref().is_none_or(|system| object["system"] == **system)
    })
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

pub(super) fn span(body: &Map<String, Value>, element: &str) -> Option<Span> {
    Span::parse(body.get(element)?.as_str()?)
}
