//! Why a vendor refuses a message, or fails to deliver it. Each vendor has its codes for the same few reasons.

use aftercall::{Failure, FailureKind, Response};
use serde::de::IgnoredAny;

/// A reason that is known by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The recipient wrote STOP.
    OptedOut,
    /// The recipient's number is none.
    NoNumber,
    /// The recipient's number gets no texts.
    NoTexts,
    /// The phone is off, or out of reach.
    Unreachable,
    /// The account may not send to the recipient's country.
    Country,
    /// The sender can't send to this recipient.
    Pair,
    /// The sender can't send at all.
    Sender,
    /// The carriers want the sender registered.
    Unregistered,
    /// The account may not send.
    Account,
    /// A filter took the text for spam.
    Filtered,
    /// The text has too many characters.
    TooLong,
    /// The sender's queue is full.
    Busy,
}

impl Why {
    /// What it means for the call: only what the model can correct is an invalid argument.
    const fn kind(self) -> FailureKind {
        match self {
            Self::NoNumber | Self::NoTexts | Self::TooLong => FailureKind::InvalidArguments,
            Self::Busy => FailureKind::RateLimited,
            Self::Sender => FailureKind::Misconfigured,
            Self::OptedOut
            | Self::Unreachable
            | Self::Country
            | Self::Pair
            | Self::Unregistered
            | Self::Account
            | Self::Filtered => FailureKind::Denied,
        }
    }

    /// What it means, for the model.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::OptedOut => {
                "this person has opted out of texts from this sender by writing STOP: don't try again, and don't try \
                 another way round it; texts arrive again once the person has written START to the sender"
            }
            Self::NoNumber => {
                "no phone can be reached under this number: give `to` as the person said it, with the country code, such as \
                 +14155550123"
            }
            Self::NoTexts => {
                "this number gets no texts, it may be a landline: give the number of a mobile phone as `to`"
            }
            Self::Unreachable => "the phone was off or out of reach",
            Self::Country => "the account may not send to this country until a person allows it at the vendor",
            Self::Pair => "this number can't be reached from the sender in the plugin's settings",
            Self::Sender => "the sender in the plugin's settings can't send: a person has to correct it",
            Self::Unregistered => {
                "the carriers want the sender registered first: a person has to do that at the vendor"
            }
            Self::Account => "the account at the vendor may not send this: a person has to look at it",
            Self::Filtered => "a spam filter stopped the text: don't send it again",
            Self::TooLong => "give a shorter `text`",
            Self::Busy => "the sender has too many messages waiting",
        }
    }
}

/// The response if its status is 2xx, else the failure with what the vendor's code means.
pub(crate) fn told(response: Response, why: fn(&str) -> Option<Why>) -> Result<Response, Failure> {
    response.ok_or(|failure, status, _: IgnoredAny| explained(failure, status, why))
}

/// The failure of a request that names nothing of the vendor's but what these settings say: where that isn't there, no
/// argument helps.
pub(crate) fn of_settings(failure: Failure, names: &[&str]) -> Failure {
    match failure.kind {
        FailureKind::NotFound => failure.by_settings(names),
        _ => failure,
    }
}

fn explained(mut failure: Failure, status: u16, why: fn(&str) -> Option<Why>) -> Failure {
    // After any other status the vendor may have sent the message, whatever it says.
    let is_refusal = (400..500).contains(&status) && status != 408;
    let known = failure.code.as_deref().filter(|_| is_refusal).and_then(why);
    if let Some(why) = known {
        failure.kind = why.kind();
        failure.message = format!("{}; {}", failure.message, why.words());
    }
    failure
}
