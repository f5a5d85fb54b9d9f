//! The plugin against a fake of Salesforce: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod contacts;
mod leads;
mod opportunities;
mod people;
mod refusals;
mod sequences;
mod tasks;
mod tools;

use aftercall::testing::{Fake, Reply};
use serde_json::{Map, Value, json};

pub(crate) const API: &str = "https://acme.my.salesforce.com/services/data/v62.0";
pub(crate) const QUERY: &str = "GET https://acme.my.salesforce.com/services/data/v62.0/query";
pub(crate) const KEY: &str = "ac_0123abcd";
/// 2026-03-01T00:01:00Z.
pub(crate) const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;

/// How long a request whose answer was lost may be at work.
pub(crate) const AT_WORK_MS: u64 = 600_000;

pub(crate) const CONTACT: &str = "003RO0000035WQgYAM";
pub(crate) const LEAD: &str = "00Qxx0000001aBcEAI";
pub(crate) const ACCOUNT: &str = "001D000000IqhSLIAZ";
pub(crate) const OPPORTUNITY: &str = "006xx0000001AbcAAE";
pub(crate) const TASK: &str = "00Txx0000001xYzEAI";

pub(crate) fn fake() -> Fake {
    with(json!({}))
}

/// A fake whose settings have these beside what they need.
pub(crate) fn with(settings: Value) -> Fake {
    Fake::new()
        .settings(merged(json!({ "my_domain": "acme" }), settings))
        .key(KEY)
        .first_attempt_at(FIRST_ATTEMPT_AT)
        .attempt_at(FIRST_ATTEMPT_AT)
        .now(FIRST_ATTEMPT_AT)
}

/// The one object with what the other changes; null leaves a field out.
pub(crate) fn merged(mut object: Value, changes: Value) -> Value {
    let fields: &mut Map<String, Value> = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap().clone() {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
    object
}

/// That two records have one key, which isn't unique.
pub(crate) fn several() -> Reply {
    page(&[json!({ "Id": LEAD }), json!({ "Id": "00Q000000000000EAA" })])
}

/// A page of a query that is whole.
pub(crate) fn page(records: &[Value]) -> Reply {
    Reply::json(200, json!({ "totalSize": records.len(), "done": true, "records": records }))
}

/// What Salesforce answers to an upsert of this record.
pub(crate) fn saved(id: &str, created: bool) -> Reply {
    let status = if created { 201 } else { 200 };
    Reply::json(status, json!({ "id": id, "success": true, "errors": [], "created": created }))
}

/// The query for the record with a key.
pub(crate) fn query_by_key(fields: &str, object: &str, key: &str) -> String {
    format!("SELECT {fields} FROM {object} WHERE Aftercall_Key__c = '{key}' LIMIT 2")
}

/// An example of Salesforce's reference, whose page it names.
pub(crate) fn example(text: &str) -> (Reply, Value) {
    let example: Value = serde_json::from_str(text).unwrap();
    assert!(example["page"].as_str().unwrap().starts_with("https://developer.salesforce.com/docs/"));
    let status = u16::try_from(example["status"].as_u64().unwrap()).unwrap();
    (Reply::json(status, example["body"].clone()), example["body"].clone())
}

/// The query of a request that was sent.
pub(crate) fn soql(sent: &aftercall::testing::Sent) -> String {
    let [(name, soql)] = &sent.query()[..] else { panic!("one parameter") };
    assert_eq!(name, "q");
    soql.clone()
}

pub(crate) fn url(id: &str) -> String {
    format!("https://acme.my.salesforce.com/{id}")
}
