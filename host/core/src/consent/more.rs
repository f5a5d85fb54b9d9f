//! What one request asks for beyond another, in words that a tenant understands.

use std::fmt;

use super::{Ask, Request};
use crate::{
    credential::{Kind, Placement},
    egress::{Access, Rule},
    facts::Fact,
    manifest::{AskedAccess, ConversationLevel},
    signing::Algorithm,
    tool::Effect,
};

/// One thing that is asked for beyond what was consented to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    /// Requests that could not be sent at all.
    Sends {
        /// Which.
        rule: Rule,
        /// What they do.
        access: AskedAccess,
        /// The credential that goes on them.
        credential: Option<String>,
    },
    /// Requests that were reads and are writes.
    Writes {
        /// Which.
        rule: Rule,
        /// The credential that goes on them.
        credential: Option<String>,
    },
    /// Requests that were writes and are reads: read tools may send them, and a rehearsal does.
    Reads {
        /// Which.
        rule: Rule,
    },
    /// Writes of which the component is to be believed that they were refused, where they were answered with success.
    Believed {
        /// Which.
        rule: Rule,
    },
    /// A credential on requests that went without it, or with another.
    Puts {
        /// The slot.
        credential: String,
        /// On which requests.
        rule: Rule,
    },
    /// Another credential of the tenant's.
    Credential {
        /// The slot.
        slot: String,
        /// Where on a request it goes.
        placement: Placement,
    },
    /// A known credential at another place on the requests.
    Moves {
        /// The slot.
        slot: String,
        /// Where it went.
        from: Placement,
        /// Where it goes.
        to: Placement,
    },
    /// A credential that comes about in another way.
    Obtains {
        /// The slot.
        slot: String,
        /// The way.
        kind: Kind,
    },
    /// Another key of the tenant's, or a known one for other signatures.
    Signs {
        /// The key's name.
        key: String,
        /// How.
        algorithm: Algorithm,
    },
    /// Another fact of the call.
    Fact(Fact),
    /// More of what was said.
    Conversation(ConversationLevel),
    /// A space in which it keeps things between calls.
    State,
    /// A tool whose repetition can do more than it could.
    Repeats {
        /// Which tool.
        tool: String,
        /// What it was.
        from: Effect,
        /// What it is.
        to: Effect,
    },
}

impl More {
    /// The kind of it, for programs.
    pub const fn kind(&self) -> &'static str {
        match self {
            More::Sends { .. } => "sends",
            More::Writes { .. } => "writes",
            More::Reads { .. } => "reads",
            More::Believed { .. } => "believed",
            More::Puts { .. } => "puts-credential",
            More::Credential { .. } => "credential",
            More::Moves { .. } => "moves-credential",
            More::Obtains { .. } => "obtains-credential",
            More::Signs { .. } => "signs",
            More::Fact(_) => "fact",
            More::Conversation(_) => "conversation",
            More::State => "state",
            More::Repeats { .. } => "repeats",
        }
    }

    /// The same in words where it is asked for no longer. None: it was never more than what took its place.
    pub fn no_longer(&self) -> Option<String> {
        Some(match self {
            More::Sends { rule, access, credential } => {
                format!("no longer sends {rule} ({access}){}", with(credential.as_ref()))
            }
            More::Puts { credential, rule } => format!("no longer puts the credential `{credential}` on {rule}"),
            More::Credential { slot, .. } => format!("no longer asks for the credential `{slot}`"),
            More::Signs { key, algorithm } => format!("no longer signs with the key `{key}` ({algorithm})"),
            More::Fact(fact) => format!("no longer sees the fact {fact}"),
            More::Conversation(level) => format!("no longer sees {}", of_conversation(*level)),
            More::State => "no longer keeps anything between calls".to_owned(),
            More::Writes { .. }
            | More::Reads { .. }
            | More::Believed { .. }
            | More::Moves { .. }
            | More::Obtains { .. }
            | More::Repeats { .. } => return None,
        })
    }
}

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            More::Sends { rule, access, credential } => {
                write!(f, "may now also send {rule} ({access}){}", with(credential.as_ref()))
            }
            More::Writes { rule, credential } => {
                write!(f, "may now write with {rule}, which was a read{}", with(credential.as_ref()))
            }
            More::Reads { rule } => write!(
                f,
                "now counts {rule} as a read, which was a write: tools that only read may send it, and a rehearsal does"
            ),
            More::Believed { rule } => write!(
                f,
                "is now to be believed that {rule} was refused where it was answered with success: what failed so is \
                 tried again"
            ),
            More::Puts { credential, rule } => write!(f, "now puts the credential `{credential}` on {rule}"),
            More::Credential { slot, placement } => {
                write!(f, "now asks for the credential `{slot}`, which goes into {placement}")
            }
            More::Moves { slot, from, to } => {
                write!(f, "now puts the credential `{slot}` into {to}, no longer into {from}")
            }
            More::Obtains { slot, kind } => write!(f, "the credential `{slot}` is now {}", obtained(kind)),
            More::Signs { key, algorithm } => write!(f, "may now also sign with the key `{key}` ({algorithm})"),
            More::Fact(fact) => write!(f, "may now also see the fact {fact} of a call"),
            More::Conversation(level) => write!(f, "may now also see {}", of_conversation(*level)),
            More::State => f.write_str("may now keep things between calls"),
            More::Repeats { tool, from, to } => match to {
                Effect::Idempotent if *from == Effect::Once => {
                    write!(f, "its tool `{tool}` is now repeated while in doubt, which was never done")
                }
                _ => write!(f, "its tool `{tool}`, which changed nothing, may now change something"),
            },
        }
    }
}

fn obtained(kind: &Kind) -> String {
    let Some(ask) = kind.token_request() else { return "a secret of the tenant's own".to_owned() };
    let place = ask.token_url.as_ref().map_or_else(|| "where the grant says".to_owned(), |url| format!("at {url}"));
    let scope = ask.scope.as_ref().map(|scope| format!(", with the scope `{scope}`")).unwrap_or_default();
    format!("a token ({kind}), asked for {place}{scope}")
}

fn with(credential: Option<&String>) -> String {
    credential.map(|slot| format!(", with the credential `{slot}`")).unwrap_or_default()
}

const fn of_conversation(level: ConversationLevel) -> &'static str {
    match level {
        ConversationLevel::None => "nothing of the conversation",
        ConversationLevel::Summary => "the conversation's summary and what the platform extracted from it",
        ConversationLevel::Transcript => "the whole transcript of the conversation",
    }
}

pub(super) fn beyond(asked: &Request, consented: &Request) -> Vec<More> {
    let mut all: Vec<More> = asked.egress.iter().flat_map(|ask| of_ask(ask, &consented.egress)).collect();
    all.extend(no_longer_writes(&asked.egress, &consented.egress));
    for (slot, now) in &asked.credentials {
        let before = consented.credentials.get(slot);
        match before {
            None => all.push(More::Credential { slot: slot.clone(), placement: now.placement.clone() }),
            Some(before) if !same_place(&before.placement, &now.placement) => {
                all.push(More::Moves { slot: slot.clone(), from: before.placement.clone(), to: now.placement.clone() })
            }
            Some(_) => {}
        }
        // Of a new credential, that it is a token is told with it.
        let known = before.map_or(&Kind::Secret, |before| &before.kind);
        all.extend((*known != now.kind).then(|| More::Obtains { slot: slot.clone(), kind: now.kind.clone() }));
    }
    let signs = asked.signing.iter().filter(|(key, algorithm)| consented.signing.get(*key) != Some(*algorithm));
    all.extend(signs.map(|(key, algorithm)| More::Signs { key: key.clone(), algorithm: *algorithm }));
    all.extend(asked.facts.difference(&consented.facts).map(|fact| More::Fact(*fact)));
    all.extend((asked.conversation > consented.conversation).then_some(More::Conversation(asked.conversation)));
    all.extend((asked.state && !consented.state).then_some(More::State));
    for (tool, to) in &asked.tools {
        // A tool that is new is offered to nobody before the tenant's assistant names it.
        let Some(from) = consented.tools.get(tool) else { continue };
        let more = matches!(
            (from, to),
            (Effect::Read, Effect::Idempotent | Effect::Once) | (Effect::Once, Effect::Idempotent)
        );
        all.extend(more.then(|| More::Repeats { tool: tool.clone(), from: *from, to: *to }));
    }
    all
}

/// What stands before a secret in its header shows it to nobody else.
fn same_place(one: &Placement, other: &Placement) -> bool {
    match (one, other) {
        (Placement::Header { name, .. }, Placement::Header { name: other, .. }) => name == other,
        _ => one == other,
    }
}

/// What one ask has beyond all others, a method at a time: another rule may cover one of them and not the other.
fn of_ask(ask: &Ask, consented: &[Ask]) -> Vec<More> {
    let mut all: Vec<More> = Vec::new();
    for rule in ask.rule.each_method() {
        let sent = of_rule(rule.clone(), ask, consented);
        for more in sent.into_iter().chain(believed(rule, ask, consented)) {
            match all.iter_mut().find_map(|known| known.rule_of_kind(&more)) {
                Some((known, more)) => *known = known.joined(more),
                None => all.push(more),
            }
        }
    }
    all
}

fn of_rule(rule: Rule, ask: &Ask, consented: &[Ask]) -> Option<More> {
    let covering: Vec<&Ask> = consented.iter().filter(|known| known.rule.covers(&rule)).collect();
    let writes = |known: &&&Ask| known.access >= ask.access;
    if covering.iter().filter(writes).any(|known| carries(known, ask)) {
        return None;
    }
    let credential = ask.credential.clone();
    Some(match (covering.is_empty(), covering.iter().any(|known| writes(&known)), credential) {
        (true, _, credential) => More::Sends { rule, access: ask.access, credential },
        (false, false, credential) => More::Writes { rule, credential },
        (false, true, Some(credential)) => More::Puts { credential, rule },
        (false, true, None) => unreachable!("without a credential, whatever covers it carries it"),
    })
}

/// Whether the component is to be believed where it was not, whatever else is more. What went with the same credential
/// says best whether it was.
fn believed(rule: Rule, ask: &Ask, consented: &[Ask]) -> Option<More> {
    let covering = || consented.iter().filter(|known| known.access >= ask.access && known.rule.covers(&rule));
    let is_known = covering().any(|known| carries(known, ask));
    let was = covering().any(|known| known.refuses_in_body && (!is_known || carries(known, ask)));
    (ask.refuses_in_body && !was).then_some(More::Believed { rule })
}

fn carries(known: &Ask, ask: &Ask) -> bool {
    ask.credential.is_none() || known.credential == ask.credential
}

/// Writes that were consented to, of which some are reads now: a request is what the strictest of its rules says.
fn no_longer_writes(asked: &[Ask], consented: &[Ask]) -> Vec<More> {
    let of = |asks: &[Ask], access| -> Vec<Rule> {
        asks.iter().filter(|ask| ask.access.at_least() == access).flat_map(|ask| ask.rule.each_method()).collect()
    };
    let (reads, writes) = (of(asked, Access::Read), of(asked, Access::Write));
    let mut all: Vec<Rule> = Vec::new();
    for was in of(consented, Access::Write) {
        let still = writes.iter().any(|rule| rule.covers(&was));
        if still {
            continue;
        }
        // The narrower of the two says best what has changed.
        let now = reads.iter().filter(|rule| rule.meets(&was)).map(|rule| if was.covers(rule) { rule } else { &was });
        for rule in now {
            if !all.iter().any(|known| known.covers(rule)) && !writes.iter().any(|write| write.covers(rule)) {
                all.push(rule.clone());
            }
        }
    }
    all.into_iter().map(|rule| More::Reads { rule }).collect()
}

impl More {
    /// The rules of both, where they differ in their rules alone.
    fn rule_of_kind<'a, 'b>(&'a mut self, other: &'b More) -> Option<(&'a mut Rule, &'b Rule)> {
        match (self, other) {
            (More::Sends { rule, .. }, More::Sends { rule: other, .. })
            | (More::Writes { rule, .. }, More::Writes { rule: other, .. })
            | (More::Believed { rule }, More::Believed { rule: other })
            | (More::Puts { rule, .. }, More::Puts { rule: other, .. }) => Some((rule, other)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
