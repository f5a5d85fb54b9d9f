//! Why nothing is done after a call, for journals and for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Listed, Variable};

/// Why nothing is done after a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// The platform marks it as a test.
    TestCall,
    /// A voicemail answered.
    Voicemail,
    /// It ended in a way after which nothing is to be done.
    EndReason {
        /// Which, and by which list.
        why: Listed,
    },
    /// It was too short.
    TooShort {
        /// How long it lasted, in milliseconds.
        lasted_ms: u64,
        /// How long it must last.
        duration_ms_min: u64,
    },
    /// The person on the line spoke too seldom.
    FewUserTurns {
        /// How often.
        turns: u32,
        /// How often it must be.
        user_turns_min: u32,
    },
    /// Nobody is known to have consented.
    NoConsent {
        /// The variable that would say so.
        variable: Variable,
        /// What it is, as JSON, shortened. None: the call doesn't have it.
        found: Option<String>,
    },
    /// Something came of it after which nothing is to be done.
    Disposition {
        /// The variable that says what.
        variable: Variable,
        /// What, and by which list.
        why: Listed,
    },
    /// A condition doesn't hold.
    Condition {
        /// Its variable.
        variable: Variable,
        /// What the variable would have to be, in words: `is at least 5`.
        wanted: String,
        /// What it is, as JSON, shortened. None: the call doesn't have it.
        found: Option<String>,
    },
    /// Neither side said or did anything. Before there were gates, journals had these words for it.
    #[serde(alias = "nobody said anything on this call, so there is nothing to continue")]
    NothingSaid,
}

impl Skip {
    /// The one word that lists and programs use.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Skip::TestCall => "test-call",
            Skip::Voicemail => "voicemail",
            Skip::EndReason { .. } => "end-reason",
            Skip::TooShort { .. } => "too-short",
            Skip::FewUserTurns { .. } => "few-user-turns",
            Skip::NoConsent { .. } => "no-consent",
            Skip::Disposition { .. } => "disposition",
            Skip::Condition { .. } => "condition",
            Skip::NothingSaid => "nothing-said",
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Skip::TestCall => {
                f.write_str("the platform marks it as a test (`gates.test_calls_pass` lets such calls pass)")
            }
            Skip::Voicemail => f.write_str("a voicemail answered (`gates.voicemail_passes` lets such calls pass)"),
            Skip::EndReason { why } => write_listed(f, "gates.end_reasons", "the reason for its end", why),
            Skip::TooShort { lasted_ms, duration_ms_min } => {
                write!(f, "it lasted {lasted_ms} ms, less than `gates.duration_ms_min` = {duration_ms_min}")
            }
            Skip::FewUserTurns { turns: 0, .. } => f.write_str("nobody spoke on the other side"),
            Skip::FewUserTurns { turns, user_turns_min } => {
                let times = if *turns == 1 { "once".to_owned() } else { format!("{turns} times") };
                write!(f, "the caller spoke {times}, less than `gates.user_turns_min` = {user_turns_min}")
            }
            Skip::NoConsent { variable, found } => {
                write!(f, "`gates.consent` wants that `{variable}` is true, and ")?;
                write_found(f, found.as_deref())
            }
            Skip::Disposition { variable, why } => write_listed(f, "gates.disposition", &format!("`{variable}`"), why),
            Skip::Condition { variable, wanted, found } => {
                write!(f, "`gates.when` wants that `{variable}` {wanted}, and ")?;
                write_found(f, found.as_deref())
            }
            Skip::NothingSaid => f.write_str("nobody said anything"),
        }
    }
}

fn write_found(f: &mut fmt::Formatter<'_>, found: Option<&str>) -> fmt::Result {
    match found {
        Some(found) => write!(f, "it is {found}"),
        None => f.write_str("the platform doesn't say it"),
    }
}

fn write_listed(f: &mut fmt::Formatter<'_>, gate: &str, what: &str, why: &Listed) -> fmt::Result {
    match why {
        Listed::Missing => write!(f, "the platform doesn't say {what} (`{gate}.missing` lets such calls pass)"),
        Listed::Skipped { found } => write!(f, "{what} is `{found}`, which is among `{gate}.skip`"),
        Listed::NotListed { found } => write!(f, "{what} is `{found}`, which is not among `{gate}.only`"),
    }
}
