//! `POST /crm/v3/objects/{kind}/search`: groups of filters, of which one must fit whole.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Answer, Kind, Object, Refused};
use crate::endpoint::Reply;

const GROUPS_MAX: usize = 5;
const FILTERS_PER_GROUP_MAX: usize = 6;
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 200;

/// A search on this property asks for the objects that are associated with a contact.
const ASSOCIATED_CONTACT: &str = "associations.contact";

/// What HubSpot searches contacts' telephone numbers by, in place of each: the area code and the local number alone.
const NUMBERS: [(&str, &str); 2] =
    [("phone", "hs_searchable_calculated_phone_number"), ("mobilephone", "hs_searchable_calculated_mobile_number")];
/// The longest country code (ITU-T E.164).
const COUNTRY_CODE_DIGITS_MAX: usize = 3;

enum Filter<'a> {
    HasNumber { property: &'static str, digits: String },
    Equals { property: &'a str, value: &'a str },
    ContainsToken { property: &'a str, value: &'a str },
}

pub(super) fn search(kind: Kind, objects: &[&Object], body: &Map<String, Value>) -> Answer {
    for played_empty in ["sorts", "query"] {
        let given = body.get(played_empty).unwrap_or(&Value::Null);
        let empty = given.is_null() || given.as_array().is_some_and(Vec::is_empty) || given == "";
        if !empty {
            return Err(Refused::not_played(&format!("a search with {played_empty}")));
        }
    }
    let groups = groups(kind, body)?;
    let limit = match body.get("limit") {
        None => LIMIT_DEFAULT,
        Some(limit) => limit
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=LIMIT_MAX).contains(limit))
            .ok_or_else(|| Refused::invalid(&format!("limit must be from 1 to {LIMIT_MAX}")))?,
    };
    let start = match body.get("after") {
        None => 0,
        Some(after) => match after.as_str() {
            Some("") => 0,
            Some(text) => {
                text.parse::<usize>().map_err(|_| Refused::invalid("after is not a cursor of this search"))?
            }
            None => return Err(Refused::json("after must be a string")),
        },
    };
    let properties = match body.get("properties") {
        None => Vec::new(),
        Some(names) => serde_json::from_value(names.clone()).map_err(|error| Refused::json(&error.to_string()))?,
    };
    let fitting: Vec<&&Object> = objects
        .iter()
        .filter(|object| groups.is_empty() || groups.iter().any(|group| group.iter().all(|filter| filter.fits(object))))
        .collect();
    let page: Vec<Value> = fitting.iter().skip(start).take(limit).map(|object| object.shown(&properties)).collect();
    let mut answer = json!({ "total": fitting.len(), "results": page });
    let next = start.saturating_add(limit);
    if next < fitting.len() {
        answer["paging"] = json!({ "next": { "after": next.to_string() } });
    }
    Ok(Reply::json(StatusCode::OK, &answer))
}

fn groups<'a>(kind: Kind, body: &'a Map<String, Value>) -> Result<Vec<Vec<Filter<'a>>>, Refused> {
    let Some(groups) = body.get("filterGroups") else { return Ok(Vec::new()) };
    let groups = groups.as_array().ok_or_else(|| Refused::json("filterGroups must be an array"))?;
    if groups.len() > GROUPS_MAX {
        return Err(Refused::invalid(&format!("too many filterGroups (max of {GROUPS_MAX})")));
    }
    groups
        .iter()
        .map(|group| {
            let filters =
                group["filters"].as_array().ok_or_else(|| Refused::json("filters is required and an array"))?;
            if filters.is_empty() || filters.len() > FILTERS_PER_GROUP_MAX {
                return Err(Refused::invalid(&format!("a filterGroup holds 1 to {FILTERS_PER_GROUP_MAX} filters")));
            }
            filters.iter().map(|filter| Filter::read(kind, filter)).collect()
        })
        .collect()
}

impl<'a> Filter<'a> {
    fn read(kind: Kind, filter: &'a Value) -> Result<Filter<'a>, Refused> {
        let field = |name: &str| {
            filter[name].as_str().ok_or_else(|| Refused::json(&format!("{name} is required and a string")))
        };
        let (property, operator) = (field("propertyName")?, field("operator")?);
        if kind == Kind::Contacts && property == ASSOCIATED_CONTACT {
            return Err(Refused::not_played("a search of contacts by their contacts"));
        }
        match operator {
            "EQ" if let Some((property, _)) = numbers(kind, property) => {
                Ok(Filter::HasNumber { property, digits: digits(field("value")?) })
            }
            "EQ" => Ok(Filter::Equals { property, value: field("value")? }),
            "CONTAINS_TOKEN" => Ok(Filter::ContainsToken { property, value: token(field("value")?)? }),
            other => Err(Refused::not_played(&format!("the operator {other}"))),
        }
    }

    fn fits(&self, object: &Object) -> bool {
        match self {
            Filter::HasNumber { property, digits } => {
                object.get(property).is_some_and(|held| is_searched_by(&held, digits))
            }
            Filter::Equals { property: ASSOCIATED_CONTACT, value } => {
                object.contacts.iter().any(|contact| contact.to_string() == *value)
            }
            Filter::Equals { property, value } => {
                object.get(property).is_some_and(|held| held.to_lowercase() == value.to_lowercase())
            }
            Filter::ContainsToken { property, value } => {
                let held = object.get(property).unwrap_or_default().to_lowercase();
                let wanted = value.to_lowercase();
                held.split_whitespace().any(|candidate| token_fits(&wanted, candidate))
            }
        }
    }
}

/// The property with a telephone number that a filter on this one asks for.
fn numbers(kind: Kind, property: &str) -> Option<(&'static str, &'static str)> {
    let asked = |(own, searched): &(&str, &str)| property == *own || property == *searched;
    NUMBERS.into_iter().find(|names| kind == Kind::Contacts && asked(names))
}

/// Whether these digits are the area code and the local number of a number: with the country code, nothing is found.
fn is_searched_by(held: &str, wanted: &str) -> bool {
    let all = digits(held);
    let code = all.strip_suffix(wanted).filter(|_| !wanted.is_empty());
    match code {
        Some(code) if held.trim_start().starts_with('+') => (1..=COUNTRY_CODE_DIGITS_MAX).contains(&code.len()),
        Some(code) => code.is_empty() || code == "0",
        None => false,
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A value that is one token, whatever parts tokens, which HubSpot's page doesn't say: letters and digits, and what the page's own
/// `*@hubspot.com` has. In a text, what stands between spaces is one.
fn token(value: &str) -> Result<&str, Refused> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '*' | '@' | '.');
    match !value.is_empty() && value.chars().all(is_part) {
        true => Ok(value),
        false => Err(Refused::not_played(&format!("a search for '{value}', which may be one token or several"))),
    }
}

/// `*` stands for any letters at the start or the end of a word.
fn token_fits(wanted: &str, candidate: &str) -> bool {
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(_), Some(_)) => candidate.contains(wanted.trim_matches('*')),
        (Some(end), None) => candidate.ends_with(end),
        (None, Some(start)) => candidate.starts_with(start),
        (None, None) => candidate == wanted,
    }
}
