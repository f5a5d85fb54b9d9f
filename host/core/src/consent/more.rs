//! What one request asks for beyond another, in words that a tenant understands.

use std::fmt;

use super::{Ask, Request};
use crate::{
    credential::{Kind, Placement},
    egress::{Access, Rule},
    facts::Fact,
    manifest::ConversationLevel,
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
        access: Access,
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
            More::Puts { credential, rule } => write!(f, "now puts the credential `{credential}` on {rule}"),
            More::Credential { slot, placement } => {
                write!(f, "now asks for the credential `{slot}`, which goes into {placement}")
            }
            More::Moves { slot, from, to } => {
                write!(f, "now puts the credential `{slot}` into {to}, no longer into {from}")
            }
            More::Obtains { slot, kind } => match kind.token_request().map(|ask| &ask.token_url) {
                None => write!(f, "the credential `{slot}` is now a secret of the tenant's own"),
                Some(Some(url)) => write!(f, "the credential `{slot}` is now a token ({kind}), asked for at {url}"),
                Some(None) => {
                    write!(f, "the credential `{slot}` is now a token ({kind}), asked for where the grant says")
                }
            },
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
        let Some(more) = of_rule(rule, ask, consented) else { continue };
        match all.iter_mut().find_map(|known| known.rule_of_kind(&more)) {
            Some((known, more)) => *known = known.joined(more),
            None => all.push(more),
        }
    }
    all
}

fn of_rule(rule: Rule, ask: &Ask, consented: &[Ask]) -> Option<More> {
    let covering: Vec<&Ask> = consented.iter().filter(|known| known.rule.covers(&rule)).collect();
    let writes = |known: &&&Ask| ask.access == Access::Read || known.access == Access::Write;
    let carries = |known: &&Ask| ask.credential.is_none() || known.credential == ask.credential;
    if covering.iter().filter(writes).any(carries) {
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

/// Writes that were consented to, of which some are reads now: a request is what the strictest of its rules says.
fn no_longer_writes(asked: &[Ask], consented: &[Ask]) -> Vec<More> {
    let of = |asks: &[Ask], access| -> Vec<Rule> {
        asks.iter().filter(|ask| ask.access == access).flat_map(|ask| ask.rule.each_method()).collect()
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
            | (More::Puts { rule, .. }, More::Puts { rule: other, .. }) => Some((rule, other)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::manifest::Manifest;

    /// An ask: `write POST https://a.com/x`, and behind it the credential if there is one.
    type Asks = &'static [&'static str];

    fn request(asks: &[&str]) -> Request {
        let ask = |text: &&str| {
            let mut words = text.split(' ');
            let mut word = || words.next();
            let (access, method, address) = (word(), word().expect("a method"), word().expect("an address"));
            json!({"access": access, "rule": format!("{method} {address}"), "credential": word()})
        };
        with_manifest(&json!({ "egress": asks.iter().map(ask).collect::<Vec<_>>() }))
    }

    fn with_manifest(part: &Value) -> Request {
        let mut manifest = json!({"name": "sms", "version": "1", "description": "Texts."});
        manifest.as_object_mut().expect("an object").extend(part.as_object().expect("an object").clone());
        let manifest: Manifest = serde_json::from_value(manifest).expect("a manifest");
        Request::of(&manifest)
    }

    fn check(before: &Request, now: &Request, expected: &[&str]) {
        let more: Vec<String> = now.beyond(before).iter().map(More::to_string).collect();
        assert_eq!(more, expected, "{now:?} after {before:?}");
    }

    /// What is asked for before and now, and what of it is more.
    const CASES: [(Asks, Asks, &[&str]); 24] = [
        (&[], &[], &[]),
        (&["read GET https://a.com/x"], &["read GET https://a.com/x"], &[]),
        (&["read GET https://a.com/x"], &[], &[]),
        (&[], &["read GET https://a.com/x"], &["may now also send GET https://a.com/x (read)"]),
        (
            &["read GET https://api.x.com/contacts api"],
            &["read GET https://api.x.com/contacts api", "write DELETE https://api.x.com/contacts/* api"],
            &["may now also send DELETE https://api.x.com/contacts/* (write), with the credential `api`"],
        ),
        (&["read GET https://a.com/**"], &["read GET https://a.com/x/*"], &[]),
        (&["read GET https://*.a.com/x"], &["read GET https://b.a.com/x"], &[]),
        (
            &["read GET https://b.a.com/x"],
            &["read GET https://*.a.com/x"],
            &["may now also send GET https://*.a.com/x (read)"],
        ),
        (
            &["read GET https://a.com/x/*"],
            &["read GET https://a.com/x/**"],
            &["may now also send GET https://a.com/x/** (read)"],
        ),
        (&["read GET https://a.com/x"], &["read GET http://a.com/x"], &["may now also send GET http://a.com/x (read)"]),
        (
            &["read GET https://a.com/x"],
            &["read GET https://a.com:8443/x"],
            &["may now also send GET https://a.com:8443/x (read)"],
        ),
        // Each method by itself; what is new of one rule is told together.
        (&["read GET https://a.com/x", "read POST https://a.com/x"], &["read GET,POST https://a.com/x"], &[]),
        (
            &["read GET https://a.com/x"],
            &["read GET,POST,PUT https://a.com/x"],
            &["may now also send POST,PUT https://a.com/x (read)"],
        ),
        // A write where there was a read.
        (
            &["read POST https://a.com/x"],
            &["write POST https://a.com/x"],
            &["may now write with POST https://a.com/x, which was a read"],
        ),
        (
            &["read GET,POST https://a.com/x api"],
            &["write PUT,POST https://a.com/x api"],
            &[
                "may now also send PUT https://a.com/x (write), with the credential `api`",
                "may now write with POST https://a.com/x, which was a read, with the credential `api`",
            ],
        ),
        // A read where there was a write: rehearsals would send it.
        (
            &["write POST https://a.com/x"],
            &["read POST https://a.com/x"],
            &["now counts POST https://a.com/x as a read, which was a write: tools that only read may send it, \
               and a rehearsal does"],
        ),
        (
            &["read POST https://a.com/**", "write POST https://a.com/x"],
            &["read POST https://a.com/**"],
            &["now counts POST https://a.com/x as a read, which was a write: tools that only read may send it, \
               and a rehearsal does"],
        ),
        (&["write POST https://a.com/**"], &["write POST https://a.com/**", "read POST https://a.com/search"], &[]),
        (
            &["write POST https://a.com/**"],
            &["write POST https://a.com/x", "read POST https://a.com/search", "read POST https://a.com/x"],
            &["now counts POST https://a.com/search as a read, which was a write: tools that only read may send \
               it, and a rehearsal does"],
        ),
        // Credentials.
        (
            &["read GET https://a.com/x"],
            &["read GET https://a.com/x api"],
            &["now puts the credential `api` on GET https://a.com/x"],
        ),
        (
            &["read GET https://a.com/x api", "read GET https://b.com/x"],
            &["read GET https://a.com/x api", "read GET https://b.com/x api"],
            &["now puts the credential `api` on GET https://b.com/x"],
        ),
        (&["read GET https://a.com/x api"], &["read GET https://a.com/x"], &[]),
        (
            &["write POST https://a.com/x", "read POST https://a.com/x api"],
            &["write POST https://a.com/x api"],
            &["now puts the credential `api` on POST https://a.com/x"],
        ),
        (&["write POST https://a.com/** api"], &["write POST https://a.com/x api"], &[]),
    ];

    #[test]
    fn requests_ask_for_what_no_known_rule_covers() {
        for (before, now, expected) in CASES {
            check(&request(before), &request(now), expected);
        }
    }

    /// Every pair of small requests: where nothing more is asked for, whatever the door would let out for the one it
    /// lets out for the other, as the same.
    #[test]
    fn what_asks_for_no_more_can_do_no_more() {
        use crate::egress::{MarkedRule, Policy, Scheme, Sends, Target};
        const ASKS: [&str; 8] = [
            "read POST https://a.com/**",
            "read POST https://a.com/*",
            "read POST https://a.com/x",
            "read POST https://a.com/x/",
            "write POST https://a.com/**",
            "write POST https://a.com/*",
            "write POST https://a.com/x",
            "write POST https://a.com/x/",
        ];
        let targets = ["/", "/x", "/x/", "/y", "/y/", "/x/y", "/x/y/"].map(|path| Target {
            method: "POST".into(),
            scheme: Scheme::Https,
            host: "a.com".into(),
            port: 443,
            path: path.into(),
        });
        let all: Rule = "POST https://a.com/**".parse().expect("a rule");
        let decided = |request: &Request| {
            let author = request.egress.iter().map(|ask| MarkedRule { rule: ask.rule.clone(), access: ask.access });
            let tenant = vec![MarkedRule { rule: all.clone(), access: Access::Read }];
            let policy = Policy { author: author.collect(), operator: None, tenant };
            let access = |target| policy.decide(target, Sends::Anything).ok().map(|allowed| allowed.access);
            targets.each_ref().map(access)
        };
        let pairs = ASKS.into_iter().flat_map(|one| ASKS.map(|other| request(&[one, other])));
        let requests: Vec<Request> = pairs.chain([Request::default()]).collect();
        for (before, now) in requests.iter().flat_map(|before| requests.iter().map(move |now| (before, now))) {
            let could = decided(before);
            let gains = decided(now).iter().zip(could).any(|(can, could)| can.is_some() && *can != could);
            let more = now.beyond(before);
            assert!(!(gains && more.is_empty()), "{now:?} after {before:?}");
        }
    }

    #[test]
    fn credentials_facts_and_what_is_kept_are_asked_for_by_name() {
        let slot = |placement: Value| {
            with_manifest(&json!({"credentials": {"api": {"description": "a key", "placement": placement}}}))
        };
        let header = |name: &str, prefix: &str| slot(json!({"header": {"name": name, "prefix": prefix}}));
        let (bearer, body) = (header("authorization", "Bearer "), slot(json!({"json": {"field": "key"}})));
        let facts = |facts: &[&str]| with_manifest(&json!({ "facts": facts }));
        let sees = |level: &str| with_manifest(&json!({ "conversation": level }));
        let keeps = with_manifest(&json!({"state": true}));
        let none = Request::default();
        check(&none, &bearer, &["now asks for the credential `api`, which goes into the header authorization"]);
        check(&bearer, &none, &[]);
        check(&bearer, &header("authorization", "Token "), &[]);
        let moved = "now puts the credential `api` into the field `key` of the JSON body, no longer into the header authorization";
        check(&bearer, &body, &[moved]);
        check(
            &slot(json!("basic")),
            &header("x-key", ""),
            &["now puts the credential `api` into the header x-key, no longer into basic authorization"],
        );
        let made = |kind: Value| {
            let slot = json!({"description": "a key", "placement": {"query": {"name": "k"}}, "kind": kind});
            with_manifest(&json!({"credentials": {"api": slot}}))
        };
        let token = made(json!({"oauth2-refresh": {"token_url": "https://a.com/token"}}));
        let asked_for = "the credential `api` is now a token (oauth2-refresh), asked for at https://a.com/token";
        check(
            &none,
            &token,
            &["now asks for the credential `api`, which goes into the query parameter `k`", asked_for],
        );
        check(&made(json!("secret")), &token, &[asked_for]);
        check(&token, &token, &[]);
        check(&token, &made(json!("secret")), &["the credential `api` is now a secret of the tenant's own"]);
        let anywhere = "the credential `api` is now a token (oauth2-refresh), asked for where the grant says";
        check(&token, &made(json!({"oauth2-refresh": {}})), &[anywhere]);
        let signs = |algorithm: &str| {
            with_manifest(&json!({"signing": {"hook": {"description": "a key", "algorithm": algorithm}}}))
        };
        check(&none, &signs("hs256"), &["may now also sign with the key `hook` (hs256)"]);
        check(&signs("hs256"), &signs("hmac-sha256"), &["may now also sign with the key `hook` (hmac-sha256)"]);
        check(&signs("hs256"), &none, &[]);
        check(
            &facts(&["call.from"]),
            &facts(&["call.from", "call.contact"]),
            &["may now also see the fact call.contact of a call"],
        );
        check(&facts(&["call.from"]), &facts(&[]), &[]);
        let transcript = "may now also see the whole transcript of the conversation";
        check(&sees("none"), &sees("transcript"), &[transcript]);
        check(&sees("summary"), &sees("transcript"), &[transcript]);
        check(&sees("transcript"), &sees("summary"), &[]);
        check(
            &none,
            &sees("summary"),
            &["may now also see the conversation's summary and what the platform extracted from it"],
        );
        check(&none, &keeps, &["may now keep things between calls"]);
        check(&keeps, &none, &[]);
    }

    #[test]
    fn a_tool_asks_for_more_where_repeating_it_can_do_more() {
        let tools = |effect| Request { tools: [("act".to_owned(), effect)].into(), ..Request::default() };
        let changes = "its tool `act`, which changed nothing, may now change something";
        let repeated = "its tool `act` is now repeated while in doubt, which was never done";
        for (before, now, expected) in [
            (Effect::Read, Effect::Read, None),
            (Effect::Read, Effect::Idempotent, Some(changes)),
            (Effect::Read, Effect::Once, Some(changes)),
            (Effect::Idempotent, Effect::Read, None),
            (Effect::Idempotent, Effect::Once, None),
            (Effect::Once, Effect::Read, None),
            (Effect::Once, Effect::Idempotent, Some(repeated)),
        ] {
            check(&tools(before), &tools(now), expected.as_slice());
            check(&Request::default(), &tools(now), &[]);
        }
    }

    #[test]
    fn what_is_asked_for_no_longer_is_told_once() {
        let before = request(&["write POST https://a.com/x api"]);
        let words: Vec<String> = before.beyond(&Request::default()).iter().filter_map(More::no_longer).collect();
        assert_eq!(words, ["no longer sends POST https://a.com/x (write), with the credential `api`"]);
        let was_read = request(&["read POST https://a.com/x"]);
        assert_eq!(was_read.beyond(&request(&["write POST https://a.com/x"])).iter().find_map(More::no_longer), None);
    }
}
