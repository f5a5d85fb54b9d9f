//! Queries: `SELECT fields FROM object WHERE condition ORDER BY fields LIMIT n`, with `=`, `>=` of instants, `LIKE`, `IN (SELECT …)`, `AND`,
//! `OR` and brackets.
//! <https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm>

mod parser;

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::objects::Kind;
use super::records::{Record, Records};
use super::refused::Refused;

pub(super) use parser::parse;

/// The roles that contacts have in an opportunity.
const ROLES: &str = "OpportunityContactRoles";

pub(super) struct Query {
    kind: Kind,
    fields: Vec<String>,
    /// What is wanted of what belongs to each record: of an opportunity's roles.
    children: Vec<Query>,
    condition: Option<Condition>,
    order: Vec<Order>,
    limit: Option<usize>,
}

enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Is { field: String, value: Value },
    Since { field: String, from: Timestamp },
    Like { field: String, pattern: String },
    In { field: String, among: Box<Query> },
}

struct Order {
    field: String,
    descending: bool,
    nulls_last: bool,
}

impl Query {
    /// The records that fit, as they are shown.
    pub(super) fn run(&self, records: &Records) -> Result<Vec<Value>, Refused> {
        self.found(records)?.into_iter().map(|record| self.show(record, records)).collect()
    }

    fn found<'a>(&self, records: &'a Records) -> Result<Vec<&'a Record>, Refused> {
        let mut found = Vec::new();
        for record in records.all(&self.kind) {
            if self.condition.as_ref().map_or(Ok(true), |condition| condition.fits(record, records))? {
                found.push(record);
            }
        }
        // Of equals, the newest comes first.
        found.reverse();
        found.sort_by(|left, right| {
            let by = |order: &Order| order.compare(&left.get(&order.field), &right.get(&order.field));
            self.order.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
        });
        found.truncate(self.limit.unwrap_or(found.len()));
        Ok(found)
    }

    fn show(&self, record: &Record, records: &Records) -> Result<Value, Refused> {
        let mut shown = Map::from_iter([("attributes".to_owned(), record.attributes())]);
        for field in &self.fields {
            match field.split_once('.') {
                None => shown.insert(field.clone(), record.get(field)),
                Some((relation, field)) => {
                    let id = record.get(&format!("{relation}Id"));
                    let other = id.as_str().and_then(|id| records.of(&Kind::Account, id));
                    let value = other.map_or(Value::Null, |other| {
                        let fields = [("attributes", other.attributes()), (field, other.get(field))];
                        Value::Object(fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
                    });
                    shown.insert(relation.to_owned(), value)
                }
            };
        }
        for child in &self.children {
            let found = child.found(records)?.into_iter().filter(|role| role.get("OpportunityId") == record.get("Id"));
            let found = found.map(|role| child.show(role, records)).collect::<Result<Vec<_>, _>>()?;
            let page = json!({ "totalSize": found.len(), "done": true, "records": found });
            shown.insert(ROLES.to_owned(), if found.is_empty() { Value::Null } else { page });
        }
        Ok(shown.into())
    }
}

impl Condition {
    fn fits(&self, record: &Record, records: &Records) -> Result<bool, Refused> {
        Ok(match self {
            Condition::All(conditions) => {
                for condition in conditions {
                    if !condition.fits(record, records)? {
                        return Ok(false);
                    }
                }
                true
            }
            Condition::Any(conditions) => {
                for condition in conditions {
                    if condition.fits(record, records)? {
                        return Ok(true);
                    }
                }
                false
            }
            // Texts are compared in capital and small letters alike.
            Condition::Is { field, value } => match (record.get(field), value) {
                (Value::String(held), Value::String(value)) => held.eq_ignore_ascii_case(value),
                (held, value) => held == *value,
            },
            Condition::Since { field, from } => {
                let held = record.get(field).as_str().and_then(|held| held.parse::<Timestamp>().ok());
                held.is_some_and(|held| held >= *from)
            }
            Condition::Like { field, pattern } => {
                record.get(field).as_str().is_some_and(|text| like(&text.to_lowercase(), &pattern.to_lowercase()))
            }
            Condition::In { field, among } => {
                let [column] = among.fields.as_slice() else {
                    return Err(Refused::query("a nested query has one field"));
                };
                let held = record.get(field);
                among.found(records)?.iter().any(|other| other.get(column) == held)
            }
        })
    }
}

impl Order {
    fn compare(&self, left: &Value, right: &Value) -> Ordering {
        match (left.is_null(), right.is_null()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if self.nulls_last { Ordering::Greater } else { Ordering::Less },
            (false, true) => return if self.nulls_last { Ordering::Less } else { Ordering::Greater },
            (false, false) => {}
        }
        let ordering = match (left, right) {
            (Value::String(left), Value::String(right)) => left.cmp(right),
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        };
        if self.descending { ordering.reverse() } else { ordering }
    }
}

/// Whether a text fits a pattern, in which `%` stands for any letters and `_` for one.
fn like(text: &str, pattern: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = letters.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(&text[at..], rest))
        }
        Some(wanted) => {
            let mut given = text.chars();
            given.next().is_some_and(|letter| wanted == '_' || letter == wanted)
                && like(given.as_str(), letters.as_str())
        }
    }
}
