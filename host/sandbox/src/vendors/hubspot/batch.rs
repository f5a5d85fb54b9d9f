//! Batches: upserts by a property with unique values, and reads by id.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Answer, Hubspot, Kind, Refused, properties};
use crate::endpoint::Reply;
use crate::time::iso;

const BATCH_INPUTS_MAX: usize = 100;

impl Hubspot {
    pub(super) fn upsert(&mut self, kind: Kind, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let inputs = body.get("inputs").and_then(Value::as_array).ok_or_else(|| Refused::json("inputs is required"))?;
        if inputs.is_empty() || inputs.len() > BATCH_INPUTS_MAX {
            return Err(Refused::invalid(&format!("The batch must hold 1 to {BATCH_INPUTS_MAX} inputs.")));
        }
        let mut checked: Vec<(&str, String, BTreeMap<String, String>)> = Vec::new();
        for input in inputs {
            let id = input["id"].as_str().ok_or_else(|| Refused::json("id is required and a string"))?;
            let unique = input["idProperty"].as_str().filter(|name| self.portal.is_unique(kind, name));
            let unique = unique.ok_or_else(|| {
                Refused::invalid("idProperty must name a unique property of the object, such as a contact's email.")
            })?;
            let id = properties::normal(unique, id);
            if checked.iter().any(|(_, known, _)| *known == id) {
                return Err(Refused::invalid(&format!(
                    "Duplicate IDs found in batch input: [{id}]. IDs must be unique"
                )));
            }
            let mut properties = self.checked(kind, input.get("properties"))?;
            if *properties.entry(unique.to_owned()).or_insert_with(|| id.clone()) != id {
                return Err(Refused::not_played(&format!("an upsert that changes the {unique} it goes by")));
            }
            properties::check(kind, &self.portal, &properties)?;
            let held = self.holder(kind, unique, &id);
            self.unclaimed(kind, &properties, held)?;
            if kind == Kind::Contacts && held.is_some_and(|at| self.objects[at].has_beside(&properties)) {
                return Err(Refused::not_played(
                    "a partial upsert of a contact by its email, which HubSpot doesn't support: update it with PATCH",
                ));
            }
            checked.push((unique, id, properties));
        }
        let mut results = Vec::new();
        for (unique, id, properties) in checked {
            let (at, new) = match self.holder(kind, unique, &id) {
                Some(at) => {
                    self.objects[at].properties.extend(properties);
                    self.objects[at].updated_ms = now_ms;
                    (at, false)
                }
                None => (self.insert(kind, properties, now_ms), true),
            };
            let mut result = self.objects[at].written();
            result["new"] = new.into();
            results.push(result);
        }
        let now = iso(now_ms);
        let answer = json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// The objects of these ids. Of those that aren't there, an error says so in an answer that is a success.
    pub(super) fn read_batch(&self, kind: Kind, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let inputs = body.get("inputs").and_then(Value::as_array).ok_or_else(|| Refused::json("inputs is required"))?;
        if inputs.is_empty() || inputs.len() > BATCH_INPUTS_MAX {
            return Err(Refused::invalid(&format!("The batch must hold 1 to {BATCH_INPUTS_MAX} inputs.")));
        }
        let names: Vec<String> = match body.get("properties") {
            None => Vec::new(),
            Some(names) => serde_json::from_value(names.clone()).map_err(|error| Refused::json(&error.to_string()))?,
        };
        let (mut results, mut missing) = (Vec::new(), Vec::new());
        for input in inputs {
            let id = input["id"].as_str().ok_or_else(|| Refused::json("id is required and a string"))?;
            let found = self.objects.iter().find(|object| object.kind == kind && object.id.to_string() == id);
            match found {
                Some(object) => results.push(object.shown(&names)),
                None => missing.push(id),
            }
        }
        let now = iso(now_ms);
        let mut answer = json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now });
        if missing.is_empty() {
            return Ok(Reply::json(StatusCode::OK, &answer));
        }
        let message = format!("Could not get some {} objects, they may be deleted or not exist.", kind.name());
        let context = json!({ "ids": missing });
        answer["numErrors"] = 1.into();
        answer["errors"] =
            json!([{ "status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": context }]);
        Ok(Reply::json(StatusCode::MULTI_STATUS, &answer))
    }
}
