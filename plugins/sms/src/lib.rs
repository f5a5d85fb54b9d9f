//! Text messages over Twilio's Messages API, 2010-04-01.
//!
//! Twilio takes no idempotency key, so a message in doubt is looked up by recipient, sender, time and text
//! before it is sent again. The plugin refuses to say that a message wasn't sent while Twilio's list may lag,
//! and while there is more of the list than one page.

mod twilio;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Context, Failure, Finding, Outcome, PhoneNumber};

    use crate::twilio::{self, Account, Message, Page};

    /// When to look again, while it may lag.
    const LOOK_AGAIN_MS: u64 = 10_000;

    /// Sends a text message (SMS). Use it for what the caller agreed to get by text: a confirmation, an address,
    /// a link. One message for each recipient in a conversation, so put all of it in one text.
    #[tool(effect = once, identity = [to], reconcile = find_sms, title = "Send a text message")]
    async fn send_sms(
        to: PhoneNumber,
        /// The whole message as plain text, without placeholders. Short is better: 160 characters are one SMS.
        #[schemars(length(min = 1, max = 1600))]
        text: String,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let account: Account = cx.settings()?;
        let fields = [("To", to.as_str()), ("From", account.from.as_str()), ("Body", &text)];
        let message: Message = cx.post(account.messages_url()).form(&fields).send().await?.ok()?.json()?;
        Ok(account.sent(message))
    }

    async fn find_sms(to: PhoneNumber, text: String, cx: &Context) -> Result<Finding, Failure> {
        let account: Account = cx.settings()?;
        let since = twilio::search_start(cx.first_attempt_at(), cx.now())?;
        // Twilio filters by day, whatever the time; the messages' own times decide.
        let day = since.strftime("%Y-%m-%dT00:00:00Z").to_string();
        let query = [("To", to.as_str()), ("From", account.from.as_str()), ("DateSent>", &day), ("PageSize", "200")];
        let page: Page = cx.get(account.messages_url()).query(&query).send().await?.ok()?.json()?;
        let more = page.next_page_uri.is_some();
        if let Some(message) = page.messages.into_iter().find(|message| message.is(&text, since)) {
            return Finding::happened(account.sent(message));
        }
        Ok(if more {
            Finding::Unknown(None)
        } else if cx.now().saturating_sub(cx.attempt_at()) < account.list_lag_ms {
            Finding::ask_again_after(LOOK_AGAIN_MS)
        } else {
            Finding::DidNotHappen
        })
    }
}
