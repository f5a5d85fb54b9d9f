//! Which calls have nothing to be done after them: decided before anything begins, from what the platform
//! recorded, never from what was said.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::conversation::{Content, Conversation, Role};

/// An assistant's gates. A call that one of them holds back is skipped, and its run says by which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// Times that the person on the line must have spoken.
    pub user_turns_min: u32,
    /// How long the call must have lasted, in milliseconds. A call of which the platform gives no times passes.
    pub duration_ms_min: u64,
    /// Whether calls that a voicemail answered pass.
    pub voicemail_passes: bool,
    /// Whether calls that the platform marks as tests pass.
    pub test_calls_pass: bool,
}

impl Default for Gates {
    fn default() -> Self {
        Self { user_turns_min: 1, duration_ms_min: 0, voicemail_passes: false, test_calls_pass: false }
    }
}

/// Why nothing is done after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// The platform marks it as a test.
    TestCall,
    /// A voicemail answered.
    Voicemail,
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
    /// Neither side said or did anything. Before there were gates, journals had these words for it.
    #[serde(alias = "nobody said anything on this call, so there is nothing to continue")]
    NothingSaid,
}

impl Skip {
    /// The one word that lists and programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Skip::TestCall => "test-call",
            Skip::Voicemail => "voicemail",
            Skip::TooShort { .. } => "too-short",
            Skip::FewUserTurns { .. } => "few-user-turns",
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
            Skip::TooShort { lasted_ms, duration_ms_min } => {
                write!(f, "it lasted {lasted_ms} ms, less than `gates.duration_ms_min` = {duration_ms_min}")
            }
            Skip::FewUserTurns { turns: 0, .. } => f.write_str("nobody spoke on the other side"),
            Skip::FewUserTurns { turns, user_turns_min } => {
                let times = if *turns == 1 { "once".to_owned() } else { format!("{turns} times") };
                write!(f, "the caller spoke {times}, less than `gates.user_turns_min` = {user_turns_min}")
            }
            Skip::NothingSaid => f.write_str("nobody said anything"),
        }
    }
}

impl Gates {
    /// Lets a conversation pass, or says which gate holds it back: the first of test call, voicemail, duration,
    /// user turns.
    ///
    /// # Errors
    /// The gate that holds it back.
    pub fn check(&self, call: &Conversation) -> Result<(), Skip> {
        if call.is_test && !self.test_calls_pass {
            return Err(Skip::TestCall);
        }
        if is_voicemail(call) && !self.voicemail_passes {
            return Err(Skip::Voicemail);
        }
        if let (Some(start), Some(end)) = (call.started_at, call.ended_at) {
            let (lasted_ms, duration_ms_min) = (end.ms_since(start), self.duration_ms_min);
            if lasted_ms < duration_ms_min {
                return Err(Skip::TooShort { lasted_ms, duration_ms_min });
            }
        }
        let (turns, user_turns_min) = (user_turns(call), self.user_turns_min);
        if turns < user_turns_min { Err(Skip::FewUserTurns { turns, user_turns_min }) } else { Ok(()) }
    }
}

/// By the platform's own marks: who answered (`voicemail`, or a `machine…` of an answering machine detection),
/// or why the call ended (Vapi: `voicemail`; Retell: `voicemail_reached`). Such marks are one word; in a sentence somebody
/// may speak of a voicemail.
fn is_voicemail(call: &Conversation) -> bool {
    let says = |field: &Option<String>, mark| {
        field.as_deref().is_some_and(|text| !text.trim().contains(' ') && text.to_ascii_lowercase().contains(mark))
    };
    says(&call.answered_by, "voicemail") || says(&call.answered_by, "machine") || says(&call.end_reason, "voicemail")
}

fn user_turns(call: &Conversation) -> u32 {
    let spoke = |content: &Content| matches!(content, Content::Message { role: Role::User, text, .. } if !text.trim().is_empty());
    let turns = call.items.iter().filter(|item| spoke(&item.content)).count();
    u32::try_from(turns).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{conversation::Item, time::Timestamp};

    fn call(change: impl FnOnce(&mut Conversation)) -> Conversation {
        let mut call = Conversation::new("native".parse().expect("a name"), "c1");
        call.started_at = Some(Timestamp::from_millis(1_000));
        call.ended_at = Some(Timestamp::from_millis(31_000));
        call.items = vec![Item::message(Role::Assistant, "Hello?"), Item::message(Role::User, "Hi")];
        change(&mut call);
        call
    }

    #[test]
    fn each_gate_holds_back_what_it_says() {
        let open = Gates { user_turns_min: 0, duration_ms_min: 0, voicemail_passes: true, test_calls_pass: true };
        let usual = Gates::default();
        let text = |text: &str| Some(text.to_owned());
        let few = |turns, user_turns_min| Err(Skip::FewUserTurns { turns, user_turns_min });
        let cases = [
            (usual, call(|_| {}), Ok(())),
            (usual, call(|call| call.is_test = true), Err(Skip::TestCall)),
            (open, call(|call| call.is_test = true), Ok(())),
            (usual, call(|call| call.answered_by = text("voicemail")), Err(Skip::Voicemail)),
            (usual, call(|call| call.answered_by = text("machine_end_beep")), Err(Skip::Voicemail)),
            (usual, call(|call| call.answered_by = text("human")), Ok(())),
            (usual, call(|call| call.end_reason = text("Voicemail_reached")), Err(Skip::Voicemail)),
            (usual, call(|call| call.end_reason = text("the caller asked for Bob's voicemail")), Ok(())),
            (open, call(|call| call.answered_by = text("voicemail")), Ok(())),
            (Gates { duration_ms_min: 30_000, ..usual }, call(|_| {}), Ok(())),
            (
                Gates { duration_ms_min: 30_001, ..usual },
                call(|_| {}),
                Err(Skip::TooShort { lasted_ms: 30_000, duration_ms_min: 30_001 }),
            ),
            (Gates { duration_ms_min: 30_001, ..usual }, call(|call| call.ended_at = None), Ok(())),
            (Gates { user_turns_min: 2, ..usual }, call(|_| {}), few(1, 2)),
            (usual, call(|call| call.items.truncate(1)), few(0, 1)),
            (usual, call(|call| call.items[1] = Item::message(Role::User, " ")), few(0, 1)),
            (open, call(|call| call.items.clear()), Ok(())),
        ];
        for (gates, call, expected) in cases {
            assert_eq!(gates.check(&call), expected, "{gates:?} on {call:?}");
        }
    }

    #[test]
    fn what_journals_have_is_read() {
        for (written, expected) in [
            (r#""voicemail""#, Skip::Voicemail),
            (
                r#"{"few-user-turns":{"turns":1,"user_turns_min":2}}"#,
                Skip::FewUserTurns { turns: 1, user_turns_min: 2 },
            ),
            (r#""nothing-said""#, Skip::NothingSaid),
            (r#""nobody said anything on this call, so there is nothing to continue""#, Skip::NothingSaid),
        ] {
            assert_eq!(serde_json::from_str::<Skip>(written).expect(written), expected);
        }
    }
}
