//! Refusals of what the tenant says: no argument can put it right.

use aftercall::FailureKind;
use aftercall_salesforce::{Meaning, Refusal};

/// Fields whose values no argument can put right, and where they come from.
const OF_THE_TENANT: [(&str, &str); 7] = [
    ("LeadSource", "the plugin's setting `lead_source`"),
    ("StageName", "the plugin's setting `stages`"),
    ("CurrencyIsoCode", "the plugin's setting `currencies`"),
    ("Status", "the plugin's setting `completed_status`"),
    ("OwnerId", "the plugin's setting `task_owner_id`"),
    ("Priority", "the priorities of tasks, among which High, Normal and Low have to be"),
    ("TaskSubtype", "the subtypes of tasks, among which Call has to be"),
];

/// Where a value that is refused comes from, if that is no argument. A rule of the org, which may want another
/// stage, is for the model.
pub(crate) fn of_the_tenant(refusal: &Refusal<'_>) -> Option<Meaning> {
    let of_a_value = matches!(
        refusal.code(),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            | "INVALID_CROSS_REFERENCE_KEY"
            | "MALFORMED_ID"
            | "STRING_TOO_LONG"
            | "REQUIRED_FIELD_MISSING"
            | "FIELD_INTEGRITY_EXCEPTION"
    );
    let place = |field: &&str| OF_THE_TENANT.iter().find(|(name, _)| name == field).map(|(_, place)| *place);
    let place = refusal.fields().iter().find_map(place).filter(|_| of_a_value)?;
    Some(Meaning { kind: FailureKind::Misconfigured, advice: format!("an administrator has to look at {place}") })
}
