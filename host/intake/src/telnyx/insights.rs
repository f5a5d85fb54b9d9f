//! What Telnyx made of a call: texts for people, objects by the customer's own schemas.

use aftercall_core::json::Json;
use serde_json::{Map, Value, json};

use super::event::{self, Insight};

/// The results of several insights, as they are kept: each insight once, the later result in the place of the earlier.
#[derive(Debug, Default)]
pub(super) struct Results(Vec<Insight>);

impl Results {
    pub(super) fn add(&mut self, made: Insight) {
        let same = |known: &&mut Insight| known.id.is_some() && known.id == made.id || **known == made;
        match self.0.iter_mut().find(same) {
            Some(known) => *known = made,
            None => self.0.push(made),
        }
    }

    /// As a webhook has them.
    pub(super) fn kept(&self) -> Vec<Value> {
        self.0.iter().map(|made| json!({ "insight_id": made.id, "result": made.result.value() })).collect()
    }
}

/// The texts as one summary, and the rest by the insights' identifiers. Telnyx' API writes every result as a text: one that
/// is a JSON object is an object.
pub(super) fn read(results: &[Value]) -> (Option<String>, Option<Json>) {
    let (mut texts, mut objects) = (Vec::new(), Map::new());
    for (place, Insight { id, result }) in (1..).zip(results.iter().filter_map(event::insight)) {
        let value = match result.value() {
            Value::String(text) if text.trim().is_empty() => continue,
            Value::String(text) => match serde_json::from_str(&text).map(Value::Object) {
                Ok(object) => object,
                Err(_) => {
                    texts.push(text);
                    continue;
                }
            },
            other => other,
        };
        objects.insert(id.unwrap_or_else(|| format!("insight_{place}")), value);
    }
    let summary = (!texts.is_empty()).then(|| texts.join("\n\n"));
    (summary, (!objects.is_empty()).then(|| Json::of(&objects)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_a_summary_and_objects_are_variables() {
        for (results, summary, variables) in [
            (json!([]), None, None),
            (json!([{ "insight_id": "a", "result": "All well." }]), Some("All well."), None),
            (
                json!([{ "insight_id": "a", "result": "Well." }, { "insight_id": "b", "result": "Booked." }]),
                Some("Well.\n\nBooked."),
                None,
            ),
            (json!([{ "insight_id": "a", "result": { "mood": 1 } }]), None, Some(r#"{"a":{"mood":1}}"#)),
            (json!([{ "insight_id": "a", "result": "{\"mood\": 1}" }]), None, Some(r#"{"a":{"mood":1}}"#)),
            (json!([{ "result": "x" }, { "result": { "mood": 1 } }]), Some("x"), Some(r#"{"insight_2":{"mood":1}}"#)),
            (json!([{ "insight_id": "a", "result": " " }, { "insight_id": "b", "result": null }, 7]), None, None),
        ] {
            let (told, objects) = read(results.as_array().expect("a list"));
            assert_eq!((told.as_deref(), objects.as_ref().map(Json::as_str)), (summary, variables), "{results}");
        }
    }

    #[test]
    fn each_insight_is_kept_once() {
        let mut results = Results::default();
        for (id, result) in [(Some("a"), "1"), (None, "2"), (Some("a"), "3"), (None, "2"), (None, "4")] {
            results.add(Insight { id: id.map(str::to_owned), result: Json::parse(result).expect("JSON") });
        }
        let told: Vec<String> = results.kept().iter().map(|kept| kept["result"].to_string()).collect();
        assert_eq!(told.join(" "), "3 2 4");
    }
}
