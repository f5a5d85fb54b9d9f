//! Who wants no email: from all of the account, or of one unsubscribe group.
//! <https://www.twilio.com/docs/sendgrid/api-reference/suppressions-global-suppressions/retrieve-a-global-suppression>,
//! <https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions/retrieve-all-suppression-groups-for-an-email-address>
//!
//! SendGrid takes an email to somebody who is on these lists, and drops it without a word. So they are looked at first.

use aftercall::{Context, Failure, path_segment};
use serde::Deserialize;
use serde_json::json;

use super::{checked, url};
use crate::arguments::Recipient;

const SUPPRESSIONS_PATH: &str = "/v3/asm/suppressions";
const GROUPS_PATH: &str = "/v3/asm/groups";

/// Empty where the address isn't on the list.
#[derive(Deserialize)]
struct Global {
    recipient_email: Option<String>,
}

#[derive(Deserialize)]
struct Groups {
    suppressions: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    id: u64,
    suppressed: bool,
}

/// Refuses an address whose owner wants no email, or none of this group.
pub(crate) async fn check(email: &Recipient, group_id: Option<u64>, cx: &Context) -> Result<(), Failure> {
    refuse(email, find(email, group_id, cx).await?)
}

/// Refuses an address whose owner has unsubscribed from something that it would get.
pub(crate) fn refuse(email: &Recipient, unsubscribed_from: Option<&str>) -> Result<(), Failure> {
    match unsubscribed_from {
        None => Ok(()),
        Some(what) => Err(Failure::denied(format!(
            "{email} has unsubscribed from {what} of this sender: nothing was sent. Don't try again, and don't try another way \
             round it; only the person can lift it"
        ))),
    }
}

/// What the owner of an address has unsubscribed from: from everything, or from this group.
pub(crate) async fn find(
    email: &Recipient,
    group_id: Option<u64>,
    cx: &Context,
) -> Result<Option<&'static str>, Failure> {
    let global =
        cx.get(url(&format!("{SUPPRESSIONS_PATH}/global/{}", path_segment(email.as_str())), cx)?).send().await?;
    // Where there is none, SendGrid says an empty object; that there is nothing says the same.
    if global.status() != 404 && checked(global, cx)?.json::<Global>()?.recipient_email.is_some() {
        return Ok(Some("all email"));
    }
    match group_id {
        Some(group_id) if is_in_group(email, group_id, cx).await? => Ok(Some("follow-up emails")),
        _ => Ok(None),
    }
}

/// Whether an address is on the list of a group.
pub(crate) async fn is_in_group(email: &Recipient, group_id: u64, cx: &Context) -> Result<bool, Failure> {
    let groups = cx.get(url(&format!("{SUPPRESSIONS_PATH}/{}", path_segment(email.as_str())), cx)?).send().await?;
    let groups: Groups = checked(groups, cx)?.json()?;
    Ok(groups.suppressions.iter().any(|group| group.id == group_id && group.suppressed))
}

/// Puts an address on the list of a group. Again, it is there once.
pub(crate) async fn add(email: &Recipient, group_id: u64, cx: &Context) -> Result<(), Failure> {
    let path = format!("{GROUPS_PATH}/{group_id}/suppressions");
    let answer = cx.post(url(&path, cx)?).json(&json!({ "recipient_emails": [email] })).send().await?;
    checked(answer, cx).map(drop)
}
