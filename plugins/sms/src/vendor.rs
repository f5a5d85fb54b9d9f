//! Which vendor the tenant chose.

use aftercall::{Context, Failure, Finding, PhoneNumber};
use serde::Deserialize;

use crate::delivery::{Delivery, Report};
use crate::message::Sent;
use crate::telnyx::{self, Telnyx};
use crate::twilio::{self, Twilio};

/// The vendor, with its own settings.
pub(crate) enum Vendor {
    Twilio(Twilio),
    Telnyx(Telnyx),
}

/// The part of the settings that is read first.
#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    vendor: Name,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    #[default]
    Twilio,
    Telnyx,
}

impl Vendor {
    /// The vendor that the settings name.
    pub(crate) fn chosen(cx: &Context) -> Result<Self, Failure> {
        let Choice { vendor } = cx.settings()?;
        Ok(match vendor {
            Name::Twilio => Self::Twilio(cx.settings()?),
            Name::Telnyx => Self::Telnyx(cx.settings()?),
        })
    }

    /// Sends a message.
    pub(crate) async fn send(&self, to: &PhoneNumber, text: &str, cx: &Context) -> Result<Sent, Failure> {
        match self {
            Self::Twilio(twilio) => twilio.send(to, text, cx).await,
            Self::Telnyx(telnyx) => telnyx.send(to, text, cx).await,
        }
    }

    /// Finds out whether a message was sent since the effect was first tried.
    pub(crate) async fn find(&self, to: &PhoneNumber, text: &str, cx: &Context) -> Result<Finding, Failure> {
        match self {
            Self::Twilio(twilio) => twilio.find(to, text, cx).await,
            Self::Telnyx(telnyx) => telnyx.find(to, text, cx).await,
        }
    }

    /// What became of a message.
    pub(crate) async fn status(&self, message_id: &str, cx: &Context) -> Result<Report, Failure> {
        let rehearsed = match self {
            Self::Twilio(_) => twilio::REHEARSED_SID,
            Self::Telnyx(_) => telnyx::REHEARSED_ID,
        };
        // The vendor has no such message, and a read would ask it.
        if cx.dry_run() && message_id == rehearsed {
            return Ok(Report::new(message_id, Delivery::Queued, "queued"));
        }
        match self {
            Self::Twilio(twilio) => twilio.status(message_id, cx).await,
            Self::Telnyx(telnyx) => telnyx.status(message_id, cx).await,
        }
    }
}
