//! Twilio's side: its account, its messages, its times, its codes.
//! Shapes: <https://www.twilio.com/docs/messaging/api/message-resource>; codes: <https://www.twilio.com/docs/api/errors>.

use aftercall::{Context, Failure, Finding, PhoneNumber, path_segment};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Deserialize;

use crate::delivery::{self, Blame, Delivery, Report};
use crate::message::{self, Sent, list_lag_ms};
use crate::refusal::{self, Why};

/// What Twilio puts before each message of a trial account.
const TRIAL_PREFIX: &str = "Sent from your Twilio trial account - ";
/// The id of a message that was rehearsed, as the manifest answers.
pub(crate) const REHEARSED_SID: &str = "SM00000000000000000000000000000000";
/// How many messages are looked at: all that one recipient ever got, as a rule, and no more than the SDK reads of a
/// response.
const PAGE_SIZE: &str = "500";

/// The plugin's settings for Twilio.
#[derive(Deserialize)]
pub(crate) struct Twilio {
    account_sid: String,
    from: PhoneNumber,
    /// How long a message that was taken may be missing from the list.
    #[serde(default = "list_lag_ms")]
    list_lag_ms: u64,
}

/// A message, as far as it is read.
#[derive(Deserialize)]
struct Message {
    sid: String,
    status: String,
    body: Option<String>,
    /// RFC 2822, in GMT, to the second.
    date_created: Option<String>,
    /// The same. Null before it is sent.
    date_sent: Option<String>,
    error_code: Option<i64>,
    error_message: Option<String>,
}

/// The newest messages of a list.
#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    next_page_uri: Option<String>,
}

impl Twilio {
    pub(crate) async fn send(&self, to: &PhoneNumber, text: &str, cx: &Context) -> Result<Sent, Failure> {
        let fields = [("To", to.as_str()), ("From", self.from.as_str()), ("Body", text)];
        let answer = cx.post(self.url("Messages.json")).form(&fields).send().await?;
        let message: Message = refusal::told(answer, why).map_err(of_account)?.json()?;
        Ok(self.sent(message))
    }

    pub(crate) async fn find(&self, to: &PhoneNumber, text: &str, cx: &Context) -> Result<Finding, Failure> {
        let since = message::search_start(cx)?;
        // Twilio can filter by the day on which messages were sent. One that waits in its queue has none.
        let query = [("To", to.as_str()), ("From", self.from.as_str()), ("PageSize", PAGE_SIZE)];
        let answer = cx.get(self.url("Messages.json")).query(&query).send().await?;
        let page: Page = refusal::told(answer, why).map_err(of_account)?.json()?;
        let mut untold = page.ends_since(since);
        for message in page.messages {
            match message.is(text, since) {
                Some(true) => return Finding::happened(self.sent(message)),
                Some(false) => {}
                None => untold = true,
            }
        }
        Ok(message::missing(cx, self.list_lag_ms, untold))
    }

    pub(crate) async fn status(&self, message_id: &str, cx: &Context) -> Result<Report, Failure> {
        if !is_sid(message_id) {
            return Err(delivery::no_id(message_id, "such as SM and 32 digits from 0 to f"));
        }
        let answer = cx.get(self.url(&format!("Messages/{message_id}.json"))).send().await?;
        let message: Message = refusal::told(answer, why)?.json()?;
        let delivery = match message.status.as_str() {
            "accepted" | "scheduled" | "queued" | "sending" => Delivery::Queued,
            "sent" => Delivery::Sent,
            "delivered" | "read" => Delivery::Delivered,
            "undelivered" | "failed" | "canceled" => Delivery::Failed,
            "receiving" | "received" => return Err(delivery::came_in(message_id)),
            _ => Delivery::Unknown,
        };
        let code = message.error_code.map(|code| code.to_string());
        let why = code.as_deref().and_then(why);
        let blame = Blame { code, words: message.error_message, why };
        Ok(Report::new(message_id, delivery, &message.status).because(blame))
    }

    fn url(&self, path: &str) -> String {
        format!("https://api.twilio.com/2010-04-01/Accounts/{}/{path}", path_segment(&self.account_sid))
    }

    fn sent(&self, message: Message) -> Sent {
        let Message { sid, status, .. } = message;
        let url = format!("https://www.twilio.com/console/sms/logs/{}/{sid}", self.account_sid);
        Sent { id: sid, status, url: Some(url) }
    }
}

impl Page {
    /// Whether messages that were sent since then may stand behind it. They are sorted by when they were sent, the newest
    /// first. Where one stands that still waits, Twilio doesn't say; it is taken to be the newest.
    fn ends_since(&self, since: Timestamp) -> bool {
        let last_sent = self.messages.last().and_then(|last| instant(last.date_sent.as_deref()));
        self.next_page_uri.is_some() && last_sent.is_none_or(|sent| sent >= since)
    }
}

impl Message {
    /// Whether it has this text and was made since then. None: it may be so.
    fn is(&self, text: &str, since: Timestamp) -> Option<bool> {
        let body = self.body.as_deref().map(|body| body.strip_prefix(TRIAL_PREFIX).unwrap_or(body));
        message::is_it(body, instant(self.date_created.as_deref()), text, since)
    }
}

/// Where there is nothing at the account's address, there is no such account.
fn of_account(failure: Failure) -> Failure {
    refusal::of_settings(failure, &["account_sid"])
}

fn instant(text: Option<&str>) -> Option<Timestamp> {
    Some(rfc2822::parse(text?).ok()?.timestamp())
}

/// `SM` or `MM`, and 32 hexadecimal digits.
fn is_sid(text: &str) -> bool {
    let digits = text.strip_prefix("SM").or_else(|| text.strip_prefix("MM"));
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What a code of Twilio's means, of a refusal or of a message that wasn't delivered.
fn why(code: &str) -> Option<Why> {
    Some(match code {
        "21610" => Why::OptedOut,
        "21211" | "30005" => Why::NoNumber,
        "21614" | "21635" | "30006" => Why::NoTexts,
        "30003" => Why::Unreachable,
        "21408" => Why::Country,
        "21612" => Why::Pair,
        "21212" | "21603" | "21606" | "21659" | "21660" | "21661" => Why::Sender,
        "30032" | "30034" => Why::Unregistered,
        "21608" | "30002" => Why::Account,
        "30007" => Why::Filtered,
        "21617" => Why::TooLong,
        "21611" => Why::Busy,
        _ => return None,
    })
}
