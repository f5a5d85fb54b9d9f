//! SendGrid's side, over its API v3.

pub(crate) mod activity;
pub(crate) mod batches;
pub(crate) mod contacts;
pub(crate) mod mail;
pub(crate) mod suppressions;

use aftercall::{Context, Failure, FailureKind, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::settings::Settings;

/// The shortest wait after a refusal for too many requests, where SendGrid says a time that has passed.
const WAIT_MS_MIN: u64 = 1_000;

/// Where SendGrid keeps an account. Each page of its API names the hosts; Marketing Campaigns and the activity are at the
/// global one alone: <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>,
/// <https://www.twilio.com/docs/sendgrid/api-reference/contacts/add-or-update-a-contact>,
/// <https://www.twilio.com/docs/sendgrid/api-reference/email-activity/filter-all-messages>
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Region {
    #[default]
    Global,
    /// A subuser of the EU's.
    Eu,
}

impl Region {
    const fn origin(self) -> &'static str {
        match self {
            Self::Global => "https://api.sendgrid.com",
            Self::Eu => "https://api.eu.sendgrid.com",
        }
    }
}

/// The address of a path, where the tenant's account is.
pub(crate) fn url(path: &str, cx: &Context) -> Result<String, Failure> {
    Ok(format!("{}{path}", Settings::of(cx)?.region.origin()))
}

/// A refusal, beyond its words.
#[derive(Default, Deserialize)]
pub(crate) struct Refusal {
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    field: Option<String>,
}

impl Refusal {
    /// The fields that it names.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().filter_map(|fault| fault.field.as_deref())
    }
}

/// The response if its status is 2xx, else the failure that it stands for.
pub(crate) fn checked(answer: Response, cx: &Context) -> Result<Response, Failure> {
    checked_or(answer, cx, |failure, _, (): ()| failure)
}

/// The same, and `explain` says more of the failure. SendGrid says when to ask again as an instant, in seconds:
/// <https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits>
pub(crate) fn checked_or<T: DeserializeOwned + Default>(
    answer: Response,
    cx: &Context,
    explain: impl FnOnce(Failure, u16, T) -> Failure,
) -> Result<Response, Failure> {
    let reset_at_s = answer.header("x-ratelimit-reset").and_then(|at| at.trim().parse::<u64>().ok());
    answer.ok_or(explain).map_err(|failure| match reset_at_s {
        Some(at_s) if failure.kind == FailureKind::RateLimited && failure.retry_after_ms.is_none() => {
            let wait_ms = at_s.saturating_mul(1_000).saturating_sub(cx.now());
            failure.with_retry_after_ms(wait_ms.max(WAIT_MS_MIN))
        }
        _ => failure,
    })
}
