//! Records, as far as they were asked for.

use aftercall::{Amount, Failure, Trace};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

/// A record of any object.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Record {
    /// Its id, of 18 characters.
    pub id: String,
    fields: Map<String, Value>,
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
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value(field)?.as_str().filter(|text| !text.is_empty())
    }

    /// A field as its own text, where it is set: a text, or a number as Salesforce writes it.
    pub fn owned(&self, field: &str) -> Option<String> {
        match self.value(field)? {
            Value::Number(number) => Some(number.to_string()),
            value => value.as_str().filter(|text| !text.is_empty()).map(str::to_owned),
        }
    }

    /// A field, where it is set.
    pub fn value(&self, field: &str) -> Option<&Value> {
        let mut path = field.split('.');
        let first = self.fields.get(path.next()?)?;
        path.try_fold(first, |value, name| value.get(name)).filter(|value| !value.is_null())
    }

    /// Whether it has these values, which are texts, numbers and nulls. Salesforce keeps a text with other ends of lines.
    pub fn says(&self, asked: &Map<String, Value>) -> bool {
        asked.iter().all(|(field, asked)| match (self.value(field), asked) {
            (Some(Value::String(told)), Value::String(asked)) => told.split_whitespace().eq(asked.split_whitespace()),
            (Some(told), Value::Number(asked)) => told.as_f64() == asked.as_f64(),
            (told, Value::Null) => told.is_none(),
            _ => false,
        })
    }

    /// What a look by the effect's own key has shown: this record, and whether it is as it was asked for.
    ///
    /// # Errors
    /// As [`Trace::of`].
    pub fn trace(found: Result<Option<Self>, Failure>, is_it: impl FnOnce(&Self) -> bool) -> Result<Trace, Failure> {
        Trace::of(found.map(|found| {
            found.map(|record| {
                let is_it = is_it(&record);
                (record.id, is_it)
            })
        }))
    }
}

/// An amount as a number of JSON, which holds as many digits as an amount has.
pub fn number(amount: &Amount) -> Number {
    amount.as_str().parse().expect("an amount is a number of JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_may_have_another_form() {
        fn check(told: Value, asked: Value, same: bool) {
            let record: Record = serde_json::from_value(json!({ "Id": "1", "A": told })).expect("a record");
            let asked = Map::from_iter([("A".to_owned(), asked)]);
            assert_eq!(record.says(&asked), same, "{record:?} {asked:?}");
        }
        check(json!("a\r\nb "), json!("a\nb"), true);
        check(json!("a"), json!("b"), false);
        check(json!(1.2e7), json!(12_000_000), true);
        check(json!(150.1), json!(150), false);
        check(json!("150"), json!(150), false);
        check(json!(null), json!("a"), false);
        check(json!(null), json!(null), true);
        check(json!(1), json!(null), false);
    }

    #[test]
    fn a_field_of_another_record_is_found() {
        let told = json!({ "Id": "1", "Owner": { "Name": "Ann", "Alias": "" }, "Amount": 420.5, "Other": null });
        let record: Record = serde_json::from_value(told).expect("a record");
        assert_eq!(record.text("Owner.Name"), Some("Ann"));
        assert_eq!((record.text("Owner.Alias"), record.text("Other.Name"), record.text("Amount")), (None, None, None));
        assert_eq!(record.owned("Amount").as_deref(), Some("420.5"));
        assert!(serde_json::from_value::<Record>(json!({ "Name": "Ann" })).is_err());
    }
}
