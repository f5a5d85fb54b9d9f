//! The Email Activity API, which an account has to have bought.
//! <https://www.twilio.com/docs/sendgrid/api-reference/email-activity/filter-all-messages>; the words of a query:
//! <https://www.twilio.com/docs/sendgrid/for-developers/sending-email/getting-started-email-activity-api>

use aftercall::{Context, Failure};
use serde::Deserialize;

use super::checked;

const MESSAGES_URL: &str = "https://api.sendgrid.com/v3/messages";
/// One effect is one email; a second one that has its key would be told by a person.
const LIMIT: &str = "1";

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Message>,
}

/// An email that SendGrid has.
#[derive(Deserialize)]
pub(crate) struct Message {
    pub(crate) msg_id: String,
    /// `processed`, `delivered` or `not_delivered`.
    pub(crate) status: String,
}

/// The email of this effect, by the key that it carries.
pub(crate) async fn find(cx: &Context) -> Result<Option<Message>, Failure> {
    let query = format!("(unique_args['aftercall_key']=\"{}\")", cx.key());
    let answer = cx.get(MESSAGES_URL).query(&[("query", query.as_str()), ("limit", LIMIT)]).send().await?;
    let found: Messages = checked(answer, cx)?.json()?;
    Ok(found.messages.into_iter().next())
}
