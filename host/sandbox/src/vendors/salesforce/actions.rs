//! Standard actions: `assignTargetToSalesCadence`. Each input has a result; where one failed, the status is 400. Of the codes that
//! Salesforce gives there nothing is documented.
//! <https://developer.salesforce.com/docs/atlas.en-us.api_action.meta/api_action/actions_obj_high_velocity_sales.htm>

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::objects::{ACTIVE, Kind, RUNNING};
use super::records::{Record, Records};
use super::refused::Refused;
use crate::endpoint::Reply;

/// The one that is played.
pub(super) const ASSIGN: &str = "assignTargetToSalesCadence";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Assign {
    sales_cadence_name_or_id: String,
    target_id: String,
    user_id: Option<String>,
}

/// Puts each target of the inputs in its cadence.
pub(super) fn assign(records: &mut Records, body: &Map<String, Value>, now_ms: u64) -> Result<Reply, Refused> {
    let inputs = body.get("inputs").and_then(Value::as_array).filter(|_| body.len() == 1);
    let inputs =
        inputs.ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR", "give inputs alone"))?;
    let done: Vec<Result<(), String>> = inputs.iter().map(|input| assign_one(records, input, now_ms)).collect();
    let status = if done.iter().all(Result::is_ok) { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let results: Vec<Value> = done.into_iter().map(result).collect();
    Ok(Reply::json(status, &results.into()))
}

fn result(done: Result<(), String>) -> Value {
    let errors = done
        .as_ref()
        .err()
        .map(|message| json!([{ "statusCode": "INVALID_API_INPUT", "message": message, "fields": [] }]));
    json!({ "actionName": ASSIGN, "errors": errors, "isSuccess": done.is_ok(), "outputValues": null })
}

fn assign_one(records: &mut Records, input: &Value, now_ms: u64) -> Result<(), String> {
    let input = Assign::deserialize(input).map_err(|error| error.to_string())?;
    let cadence_id =
        active(records, &input.sales_cadence_name_or_id).ok_or("The cadence isn't there or isn't active.")?;
    if ![Kind::Contact, Kind::Lead].iter().any(|kind| records.of(kind, &input.target_id).is_some()) {
        return Err("The target isn't there.".to_owned());
    }
    let is_in = records.all(&Kind::Tracker).any(|tracker| {
        tracker.get("TargetId") == input.target_id.as_str()
            && tracker.get("ActionCadenceId") == cadence_id.as_str()
            && tracker.get("IsTrackerActive") == true
    });
    if is_in {
        return Err("The target is in this cadence already.".to_owned());
    }
    let texts = [
        ("TargetId", Some(input.target_id)),
        ("ActionCadenceId", Some(cadence_id)),
        ("OwnerId", input.user_id),
        ("State", Some(RUNNING.to_owned())),
    ];
    let fields = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))).collect();
    records.insert(&Kind::Tracker, &fields, now_ms).map(drop).map_err(|refused| refused.message)
}

/// The id of the active cadence of this name or id.
fn active(records: &Records, name_or_id: &str) -> Option<String> {
    let is_it = |cadence: &&Record| ["Id", "Name"].iter().any(|field| cadence.get(field) == name_or_id);
    let cadence = records.all(&Kind::Cadence).find(is_it)?;
    (cadence.get("State") == ACTIVE).then(|| cadence.id.clone())
}
