//! Records over Salesforce's REST API: queried, and upserted by the effect's key.

use aftercall::{Amount, Context, Failure, path_segment};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Salesforce, refusal};
use crate::decimal;

/// A record of any object, as far as it was asked for.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Record(Map<String, Value>);

/// What was queried (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query.htm). So few records are
/// asked for that there is one page.
#[derive(Deserialize)]
struct Page {
    records: Vec<Record>,
}

/// The answer to an upsert (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_upsert.htm).
#[derive(Deserialize)]
struct Upserted {
    id: String,
}

/// The text as a literal of SOQL, with its quotes: text in it, and no syntax
/// (developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm).
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// An amount as Salesforce keeps it. One has 15 digits at most, which its numbers know.
pub(super) fn number(amount: &Amount) -> Value {
    serde_json::from_str(amount.as_str()).unwrap_or_else(|_| amount.as_str().into())
}

fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Record {
    /// A field as text, where it is set. `Contact__r.Name` is that of the record it refers to.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        let mut path = field.split('.');
        let first = self.0.get(path.next()?)?;
        written(path.try_fold(first, |value, name| value.get(name))?)
    }

    /// Whether it has these values.
    pub(super) fn says(&self, fields: &Map<String, Value>) -> bool {
        fields.iter().all(|(name, set)| {
            let (told, set) = (self.text(name).unwrap_or_default(), written(set).unwrap_or_default());
            decimal::is_same(&told, &set)
        })
    }
}

impl Salesforce {
    /// The address of a part of the API.
    pub(super) fn api(&self, path: &str) -> String {
        format!("https://{}.my.salesforce.com/services/data/v62.0/{path}", self.0.of("my_domain"))
    }

    /// The records that fit, so many at most, with their ids and these fields. Names of objects and fields are the
    /// settings', whose schema lets no syntax pass.
    pub(super) async fn query(
        &self,
        object: &str,
        fields: &[&str],
        filter: &str,
        most: usize,
        cx: &Context,
    ) -> Result<Vec<Record>, Failure> {
        let fields: Vec<&str> = std::iter::once("Id").chain(fields.iter().copied()).collect();
        let soql = format!("SELECT {} FROM {object} WHERE {filter} ORDER BY Id LIMIT {most}", fields.join(", "));
        let answer = cx.get(self.api("query")).query(&[("q", soql)]).send().await?;
        Ok(refusal::told(answer)?.json::<Page>()?.records)
    }

    /// The record with the effect's key, if there is one.
    pub(super) async fn with_key(
        &self,
        object: &str,
        fields: &[&str],
        cx: &Context,
    ) -> Result<Option<Record>, Failure> {
        let filter = format!("{} = {}", self.0.of("key_field"), quoted(cx.key()));
        Ok(self.query(object, fields, &filter, 1, cx).await?.into_iter().next())
    }

    /// Makes the record with the effect's key, or updates it; gives its id.
    pub(super) async fn upsert(
        &self,
        object: &str,
        fields: &Map<String, Value>,
        cx: &Context,
    ) -> Result<String, Failure> {
        let segments = [object, self.0.of("key_field"), cx.key()].map(path_segment).join("/");
        let answer = cx.patch(self.api(&format!("sobjects/{segments}"))).json(fields).send().await?;
        let answer = refusal::told_of_upsert(answer)?;
        if answer.status() != 204 {
            return answer.json::<Upserted>().map(|upserted| upserted.id);
        }
        // An update may be answered without a body, so without the id; it has happened nonetheless.
        let found = self.with_key(object, &[], cx).await.map_err(|it| it.after_write("the record was updated"))?;
        found
            .and_then(|record| record.text("Id"))
            .ok_or_else(|| Failure::outcome_unknown("the record was updated, and isn't to be found"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_syntax() {
        fn check(text: &str, literal: &str) {
            assert_eq!(quoted(text), literal);
        }
        check("ann@example.com", "'ann@example.com'");
        check("o'neil@example.com", r"'o\'neil@example.com'");
        check(r"a\' OR Name != '", r"'a\\\' OR Name != \''");
        check("a\nb\r", r"'a\nb\r'");
    }
}
