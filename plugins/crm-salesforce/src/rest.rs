//! Records over Salesforce's REST API: queried, found by their key, upserted by it, updated by their id.

use aftercall::{Context, Failure, Request, path_segment};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::org::{Object, Org, QUERY_PATH};
use crate::{refusal, soql};

/// How many pages of a query are read. Protects the org's limit of requests.
const PAGES_MAX: usize = 10;

/// A record of any object, as far as it was asked for.
#[derive(Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct Record {
    pub(crate) id: String,
    fields: Map<String, Value>,
}

/// A record that was upserted.
pub(crate) struct Saved {
    pub(crate) id: String,
    pub(crate) created: bool,
}

/// What was queried (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query.htm).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    records: Vec<Record>,
    next_records_url: Option<String>,
}

/// The answer to an upsert (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_upsert.htm).
#[derive(Deserialize)]
struct Upserted {
    id: String,
    #[serde(default)]
    created: bool,
}

impl TryFrom<Map<String, Value>> for Record {
    type Error = &'static str;

    fn try_from(fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let id = fields.get("Id").and_then(Value::as_str).ok_or("a record has no Id")?.to_owned();
        Ok(Self { id, fields })
    }
}

impl Record {
    /// A field, where it is a text and not empty. `Account.Name` is that of the account it refers to.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.value(field)?.as_str().filter(|text| !text.is_empty())
    }

    /// A field, where it is set.
    pub(crate) fn value(&self, field: &str) -> Option<&Value> {
        let mut path = field.split('.');
        let first = self.fields.get(path.next()?)?;
        path.try_fold(first, |value, name| value.get(name)).filter(|value| !value.is_null())
    }

    /// Whether it has these values, which are texts and numbers. Salesforce keeps a text with other ends of lines.
    pub(crate) fn says(&self, asked: &Map<String, Value>) -> bool {
        asked.iter().all(|(field, asked)| match (self.value(field), asked) {
            (Some(Value::String(told)), Value::String(asked)) => told.split_whitespace().eq(asked.split_whitespace()),
            (Some(told), Value::Number(asked)) => told.as_f64() == asked.as_f64(),
            _ => false,
        })
    }
}

impl Org {
    /// The records that a query finds, so many at most.
    pub(crate) async fn query(&self, cx: &Context, soql: &str, most: usize) -> Result<Vec<Record>, Failure> {
        self.query_some(cx, soql, most).await.map(|(records, _)| records)
    }

    /// The same, and whether there may be more.
    pub(crate) async fn query_some(
        &self,
        cx: &Context,
        soql: &str,
        most: usize,
    ) -> Result<(Vec<Record>, bool), Failure> {
        let soql = format!("{soql} LIMIT {most}");
        let mut request = cx.get(self.api("query")).query(&[("q", &soql)]);
        let mut records = Vec::new();
        let mut more = true;
        for _ in 0..PAGES_MAX {
            let page: Page = refusal::told(request.send().await?)?.json()?;
            records.extend(page.records);
            more = page.next_records_url.is_some() || records.len() >= most;
            let Some(next) = page.next_records_url.filter(|_| records.len() < most) else { break };
            // The vendor's word for the rest of a path, never for another host or resource.
            let locator = next
                .strip_prefix(QUERY_PATH)
                .ok_or_else(|| Failure::other("Salesforce's query goes on at an unexpected address"))?;
            request = cx.get(self.api(&format!("query/{}", path_segment(locator))));
        }
        records.truncate(most);
        Ok((records, more))
    }

    /// The record with this key, if there is one, with its id and these fields. It is queried, since the resource of a key
    /// answers the same 404 where the record isn't there and where the user may not see the object.
    pub(crate) async fn with_key<'a>(
        &self,
        cx: &Context,
        object: Object,
        key: &str,
        fields: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Record>, Failure> {
        self.the_one(cx, object, &self.key_field, key, fields).await
    }

    /// The record with this id, if there is one, with its id and these fields.
    pub(crate) async fn with_id<'a>(
        &self,
        cx: &Context,
        object: Object,
        id: &str,
        fields: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Record>, Failure> {
        self.the_one(cx, object, "Id", id, fields).await
    }

    async fn the_one<'a>(
        &self,
        cx: &Context,
        object: Object,
        field: &str,
        value: &str,
        fields: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Record>, Failure> {
        let fields: Vec<&str> = std::iter::once("Id").chain(fields).collect();
        let (fields, value) = (fields.join(", "), soql::quoted(value));
        let soql = format!("SELECT {fields} FROM {} WHERE {field} = {value}", object.name());
        // One more than there may be.
        let mut found = self.query(cx, &soql, 2).await?;
        if found.len() > 1 {
            return Err(refusal::several(found.into_iter().map(|record| record.id)));
        }
        Ok(found.pop())
    }

    /// Makes the record with this key, or updates it.
    pub(crate) async fn upsert(
        &self,
        cx: &Context,
        object: Object,
        key: &str,
        fields: &Map<String, Value>,
    ) -> Result<Saved, Failure> {
        let answer = refusal::told(cx.patch(self.record_of(object, key)).json(fields).send().await?)?;
        if answer.status() != 204 {
            let Upserted { id, created } = answer.json()?;
            return Ok(Saved { id, created });
        }
        // An update may be answered without a body, so without the id; it has happened nonetheless.
        match self.with_key(cx, object, key, std::iter::empty()).await {
            Ok(Some(record)) => Ok(Saved { id: record.id, created: false }),
            Ok(None) => Err(Failure::outcome_unknown("the record was updated, and isn't to be found")),
            Err(failure) => Err(Failure::outcome_unknown(format!("the record was updated; {}", failure.message))),
        }
    }

    /// Updates the record with this id.
    pub(crate) fn update<'a>(
        &self,
        cx: &'a Context,
        object: Object,
        id: &str,
        fields: &Map<String, Value>,
    ) -> Request<'a> {
        cx.patch(self.record(object, id)).json(fields)
    }
}
