//! HubSpot as these tools use it: whose doing it is where a value is refused, and when what isn't found may yet be there.

use aftercall::{Context, Day, Failure, Finding, IntoOutcome, Trace};
use aftercall_hubspot::{Blame, HubSpot, RecordId, Whose};

use crate::settings::Settings;

/// Properties whose values come from elsewhere than a text that was said.
const REFUSED: [(&str, Whose); 6] = [
    ("dealstage", Whose::Settings),
    ("pipeline", Whose::Settings),
    ("hubspot_owner_id", Whose::Settings),
    (
        "lifecyclestage",
        Whose::Account(
            "HubSpot doesn't take the lifecycle stage `lead`: an administrator has to look at the account's stages",
        ),
    ),
    (
        "deal_currency_code",
        Whose::Model(
            "the account doesn't have this currency: leave out `amount` and `currency`, and say the amount in words elsewhere",
        ),
    ),
    ("hs_lead_status", Whose::Model("the account doesn't have this status: leave out `lead_status`")),
];
/// The id of what a rehearsal makes, by the manifest. It is nowhere to be found.
const REHEARSED_ID: &str = "0";

/// HubSpot, in this call of a tool.
pub(crate) fn hubspot(cx: &Context) -> HubSpot<'_> {
    HubSpot::new(cx, Blame { properties: REFUSED.to_vec(), words: Vec::new() })
}

/// What a look for an effect in doubt says of it.
pub(crate) fn settled<O: IntoOutcome>(
    trace: Trace,
    settings: &Settings,
    cx: &Context,
    outcome: impl FnOnce(&str) -> O,
) -> Result<Finding, Failure> {
    hubspot(cx).settled(trace, settings.search_lag_ms, outcome)
}

/// The day as HubSpot keeps it: an instant, shown in each reader's time zone. Noon in UTC is the same day in nearly all.
pub(crate) fn noon(day: Day) -> String {
    format!("{day}T12:00:00Z")
}

/// Whether an earlier call of a rehearsal would have made the record of this id.
pub(crate) fn is_rehearsed(id: &RecordId, cx: &Context) -> bool {
    cx.dry_run() && id.as_str() == REHEARSED_ID
}
