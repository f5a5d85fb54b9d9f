//! Telnyx's side: its messages, its detail records, its codes.
//! Shapes: <https://developers.telnyx.com/api-reference/messages/send-a-message> and
//! <https://developers.telnyx.com/api-reference/detail-records/search-detail-records>; codes:
//! <https://developers.telnyx.com/docs/messaging/messages/error-codes>.
//!
//! There is no list of messages. There are detail records, without the texts, and each message can be read by the id that
//! its record has; so a message in doubt is found by its text all the same.

use aftercall::{Context, Failure, FailureKind, Finding, PhoneNumber, Response, path_segment};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::{self, Blame, Delivery, Report};
use crate::message::{self, Sent, list_lag_ms};
use crate::refusal::{self, Why};

const MESSAGES_URL: &str = "https://api.telnyx.com/v2/messages";
const RECORDS_URL: &str = "https://api.telnyx.com/v2/detail_records";
/// The id of a message that was rehearsed, as the manifest answers.
pub(crate) const REHEARSED_ID: &str = "00000000-0000-0000-0000-000000000000";
/// How many records a search gives; Telnyx's own limit.
const PAGE_SIZE: &str = "50";
/// How many messages are read to compare their texts. Keeps a call within its requests.
const CANDIDATES_MAX: usize = 10;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long after the first attempt a second request would be answered as the first one was. Telnyx says 24 hours
/// (<https://developers.telnyx.com/docs/development/api-fundamentals/idempotency>); an hour less, for the host to send it.
const KEY_HOLDS_MS: u64 = 23 * 60 * 60 * 1000;

/// The plugin's settings for Telnyx: a sender, or a profile with a pool of them, or both.
#[derive(Deserialize)]
pub(crate) struct Telnyx {
    from: Option<PhoneNumber>,
    messaging_profile_id: Option<String>,
    /// How long a message that was taken may be missing from the detail records.
    #[serde(default = "list_lag_ms")]
    list_lag_ms: u64,
}

/// A request for a message. The same message is the same bytes, or the idempotency key would be refused.
#[derive(Serialize)]
struct NewMessage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messaging_profile_id: Option<&'a str>,
    to: &'a str,
    text: &'a str,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

/// A message, as far as it is read.
#[derive(Deserialize)]
struct Message {
    id: String,
    direction: Option<String>,
    #[serde(default)]
    to: Vec<Recipient>,
    /// Wiped after ten days.
    text: Option<String>,
    errors: Option<Vec<Error>>,
}

#[derive(Deserialize)]
struct Recipient {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Error {
    code: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

/// The record of a message: of what it says, this is read.
#[derive(Deserialize)]
struct Record {
    uuid: Option<String>,
    created_at: Option<String>,
}

impl Telnyx {
    pub(crate) async fn send(&self, to: &PhoneNumber, text: &str, cx: &Context) -> Result<Sent, Failure> {
        let from = self.from.as_ref().map(PhoneNumber::as_str);
        let messaging_profile_id = self.messaging_profile_id.as_deref();
        let message = NewMessage { from, messaging_profile_id, to: to.as_str(), text };
        let answer = told(cx.post(MESSAGES_URL).json(&message).send().await?)
            .map_err(|failure| refusal::of_settings(failure, &["from", "messaging_profile_id"]))?;
        let Answer::<Message> { data } = answer.json()?;
        Ok(data.sent())
    }

    pub(crate) async fn find(&self, to: &PhoneNumber, text: &str, cx: &Context) -> Result<Finding, Failure> {
        let since = message::search_start(cx)?;
        let records = self.records(to, since, cx).await?;
        let mut untold = records.len() > CANDIDATES_MAX;
        for record in records.into_iter().take(CANDIDATES_MAX) {
            let created = record.created();
            let message = match record.uuid {
                Some(uuid) => read(&uuid, cx).await,
                None => Err(Failure::not_found("the record has no id")),
            };
            match message {
                Ok(message) => match message::is_it(message.text.as_deref(), created, text, since) {
                    Some(true) => return Finding::happened(message.sent()),
                    Some(false) => {}
                    None => untold = true,
                },
                Err(failure) if failure.kind == FailureKind::NotFound => untold = true,
                Err(failure) => return Err(failure),
            }
        }
        let key_holds = cx.now().saturating_sub(cx.first_attempt_at()) < KEY_HOLDS_MS;
        // How late a record may come, Telnyx doesn't say. While the key holds, a message that was sent isn't sent again.
        Ok(message::missing(cx, self.list_lag_ms, untold || !key_holds))
    }

    pub(crate) async fn status(&self, message_id: &str, cx: &Context) -> Result<Report, Failure> {
        if !is_uuid(message_id) {
            return Err(delivery::no_id(message_id, "such as 40385f64-5717-4562-b3fc-2c963f66afa6"));
        }
        let message = read(message_id, cx).await.map_err(|mut failure| {
            if failure.kind == FailureKind::NotFound {
                failure.message.push_str("; Telnyx keeps messages for ten days");
            }
            failure
        })?;
        if message.direction.as_deref() == Some("inbound") {
            return Err(delivery::came_in(message_id));
        }
        let status = message.status();
        let delivery = match status {
            "queued" | "sending" => Delivery::Queued,
            "sent" | "delivery_unconfirmed" => Delivery::Sent,
            "delivered" | "read" => Delivery::Delivered,
            "sending_failed" | "delivery_failed" | "expired" => Delivery::Failed,
            _ => Delivery::Unknown,
        };
        let report = Report::new(message_id, delivery, status);
        let error = message.errors.into_iter().flatten().next();
        Ok(report.because(error.map(Error::blame).unwrap_or_default()))
    }

    /// The records of messages to this number, newest first, since then. Telnyx doesn't say whose midnight a day begins at,
    /// so it is asked for a day more, and the records' own times decide. One without a time that can be read may be of then.
    async fn records(&self, to: &PhoneNumber, since: Timestamp, cx: &Context) -> Result<Vec<Record>, Failure> {
        let day_before = message::day(since.saturating_sub(DAY).expect("a duration has no calendar units"));
        let mut query = vec![
            ("filter[record_type]", "messaging"),
            ("filter[direction]", "outbound"),
            ("filter[cld]", to.as_str()),
            ("filter[created_at][gte]", &day_before),
            ("sort", "-created_at"),
            ("page[size]", PAGE_SIZE),
        ];
        match (&self.from, &self.messaging_profile_id) {
            (Some(from), _) => query.push(("filter[cli]", from.as_str())),
            (None, Some(profile)) => query.push(("filter[profile_id]", profile)),
            (None, None) => {}
        }
        let answer = answered(cx.get(RECORDS_URL).query(&query).send().await?)?;
        let Answer::<Vec<Record>> { mut data } = answer.json()?;
        data.retain(|record| record.created().is_none_or(|created| created >= since));
        Ok(data)
    }
}

async fn read(message_id: &str, cx: &Context) -> Result<Message, Failure> {
    let answer = cx.get(format!("{MESSAGES_URL}/{}", path_segment(message_id))).send().await?;
    let Answer::<Message> { data } = answered(answer)?.json()?;
    Ok(data)
}

impl Message {
    /// Of its one recipient.
    fn status(&self) -> &str {
        self.to.first().and_then(|recipient| recipient.status.as_deref()).unwrap_or("accepted")
    }

    fn sent(self) -> Sent {
        Sent { status: self.status().to_owned(), id: self.id, url: None }
    }
}

impl Error {
    /// What became of a message that was taken. Of such, the code of an opt-out may mean a number that can't be reached, and only
    /// the words tell: `telnyx-kit-debugging` in <https://github.com/team-telnyx/ai>.
    fn blame(self) -> Blame {
        let is_told = [&self.title, &self.detail].into_iter().flatten().any(|words| words.contains("STOP"));
        let why = self.code.as_deref().and_then(why).filter(|why| !matches!(why, Why::OptedOut) || is_told);
        Blame { code: self.code, words: self.detail.or(self.title), why }
    }
}

impl Record {
    fn created(&self) -> Option<Timestamp> {
        self.created_at.as_deref()?.parse().ok()
    }
}

/// The response to a request for a message, or its failure. A key that Telnyx knows of another request, or of one that
/// it works on, tells that there was one; whether it was this message has to be found out.
fn told(response: Response) -> Result<Response, Failure> {
    let key_is_known = match response.status() {
        409 => true,
        422 => response.text().to_ascii_lowercase().contains("idempoten"),
        _ => false,
    };
    answered(response).map_err(|failure| match key_is_known {
        true => Failure { kind: FailureKind::OutcomeUnknown, ..failure },
        false => failure,
    })
}

/// The response, or its failure. How long its limit lasts, Telnyx says in seconds
/// (<https://developers.telnyx.com/development/api-fundamentals/reliability/rate-limiting>).
fn answered(response: Response) -> Result<Response, Failure> {
    let reset_s = response.header("x-ratelimit-reset").and_then(|seconds| seconds.trim().parse::<u64>().ok());
    let is_limit = response.status() == 429;
    refusal::told(response, why).map_err(|mut failure| {
        let wait_ms = reset_s.filter(|_| is_limit).map(|seconds| seconds.saturating_mul(1_000));
        failure.retry_after_ms = failure.retry_after_ms.or(wait_ms);
        failure
    })
}

/// Five groups of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What a code of Telnyx's means, of a refusal or of a message that wasn't delivered.
fn why(code: &str) -> Option<Why> {
    Some(match code {
        "40300" => Why::OptedOut,
        "40310" | "40012" => Why::NoNumber,
        "40001" | "40301" => Why::NoTexts,
        "40006" => Why::Unreachable,
        "40309" => Why::Country,
        "40319" => Why::Pair,
        "40013" | "40100" | "40305" | "40306" | "40315" | "40320" | "40321" => Why::Sender,
        "40010" | "40329" => Why::Unregistered,
        "10039" | "20012" | "20013" | "20014" | "20015" | "20016" | "20017" | "20100" | "40312" | "40314" => {
            Why::Account
        }
        "40002" | "40003" | "40015" | "40322" => Why::Filtered,
        "40302" | "40328" => Why::TooLong,
        "40011" | "40018" | "40318" => Why::Busy,
        _ => return None,
    })
}
