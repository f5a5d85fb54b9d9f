use serde_json::{Value, json};

use super::*;
use crate::manifest::Manifest;

/// An ask: `write POST https://a.com/x`, and behind it the credential if there is one (else `-`), and `in-body`.
type Asks = &'static [&'static str];

fn request(asks: &[&str]) -> Request {
    let ask = |text: &&str| {
        let mut words = text.split(' ');
        let mut word = || words.next();
        let (access, method, address) = (word(), word().expect("a method"), word().expect("an address"));
        let (credential, believed) = (word().filter(|slot| *slot != "-"), word() == Some("in-body"));
        json!({
            "access": access,
            "rule": format!("{method} {address}"),
            "credential": credential,
            "refuses_in_body": believed,
        })
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
const CASES: [(Asks, Asks, &[&str]); 38] = [
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
    // What the grant says.
    (
        &["read POST https://a.com/x"],
        &["as-granted POST https://a.com/x"],
        &["may now write with POST https://a.com/x, which was a read"],
    ),
    (
        &["write POST https://a.com/x"],
        &["as-granted POST https://a.com/x"],
        &[
            "now counts POST https://a.com/x as a read, which was a write: tools that only read may send it, and a rehearsal does",
        ],
    ),
    (
        &["as-granted POST https://a.com/x"],
        &["write POST https://a.com/x"],
        &["may now write with POST https://a.com/x, which was a read"],
    ),
    (&["as-granted POST https://a.com/x"], &["read POST https://a.com/x"], &[]),
    (&[], &["as-granted GET https://a.com/x"], &["may now also send GET https://a.com/x (as granted)"]),
    // Refusals in bodies.
    (
        &["write POST https://a.com/x"],
        &["write POST https://a.com/x - in-body"],
        &[
            "is now to be believed that POST https://a.com/x was refused where it was answered with success: what failed so \
           is tried again",
        ],
    ),
    (
        &["write POST https://a.com/x"],
        &["write POST https://a.com/x api in-body"],
        &[
            "now puts the credential `api` on POST https://a.com/x",
            "is now to be believed that POST https://a.com/x was refused where it was answered with success: what failed so \
           is tried again",
        ],
    ),
    (
        &[],
        &["write POST https://a.com/x - in-body"],
        &[
            "may now also send POST https://a.com/x (write)",
            "is now to be believed that POST https://a.com/x was refused where it was answered with success: what failed so \
           is tried again",
        ],
    ),
    (
        &["read POST https://a.com/x - in-body"],
        &["write POST https://a.com/x - in-body"],
        &[
            "may now write with POST https://a.com/x, which was a read",
            "is now to be believed that POST https://a.com/x was refused where it was answered with success: what failed so \
           is tried again",
        ],
    ),
    (
        &["write POST https://a.com/x other in-body"],
        &["write POST https://a.com/x api in-body"],
        &["now puts the credential `api` on POST https://a.com/x"],
    ),
    (
        &["write POST https://a.com/x other in-body", "write POST https://a.com/x api"],
        &["write POST https://a.com/x api in-body"],
        &[
            "is now to be believed that POST https://a.com/x was refused where it was answered with success: what failed so \
           is tried again",
        ],
    ),
    (
        &["write POST https://a.com/x - in-body"],
        &["write PUT,POST https://a.com/** - in-body"],
        &[
            "may now also send PUT,POST https://a.com/** (write)",
            "is now to be believed that PUT,POST https://a.com/** was refused where it was answered with success: what \
             failed so is tried again",
        ],
    ),
    (&["write POST https://a.com/x api in-body"], &["write POST https://a.com/x"], &[]),
    (&["write POST https://a.com/x api in-body"], &["write POST https://a.com/x api in-body"], &[]),
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
    const ASKS: [&str; 10] = [
        "read POST https://a.com/**",
        "read POST https://a.com/*",
        "read POST https://a.com/x",
        "read POST https://a.com/x/",
        "write POST https://a.com/**",
        "write POST https://a.com/*",
        "write POST https://a.com/x",
        "write POST https://a.com/x/",
        "as-granted POST https://a.com/**",
        "as-granted POST https://a.com/x",
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
        [Access::Read, Access::Write].map(|access| {
            let author =
                request.egress.iter().map(|ask| MarkedRule { rule: ask.rule.clone(), access: ask.access.at_least() });
            let tenant = vec![MarkedRule { rule: all.clone(), access }];
            let policy = Policy { author: author.collect(), operator: None, tenant };
            let access = |target| policy.decide(target, Sends::Anything).ok().map(|allowed| allowed.access);
            targets.each_ref().map(access)
        })
    };
    let pairs = ASKS.into_iter().flat_map(|one| ASKS.map(|other| request(&[one, other])));
    let requests: Vec<Request> = pairs.chain([Request::default()]).collect();
    for (before, now) in requests.iter().flat_map(|before| requests.iter().map(move |now| (before, now))) {
        let could = decided(before);
        let can = decided(now);
        let gains = can.iter().flatten().zip(could.iter().flatten()).any(|(can, could)| can.is_some() && can != could);
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
    let moved =
        "now puts the credential `api` into the field `key` of the JSON body, no longer into the header authorization";
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
    check(&none, &token, &["now asks for the credential `api`, which goes into the query parameter `k`", asked_for]);
    check(&made(json!("secret")), &token, &[asked_for]);
    check(&token, &token, &[]);
    check(&token, &made(json!("secret")), &["the credential `api` is now a secret of the tenant's own"]);
    let anywhere = "the credential `api` is now a token (oauth2-refresh), asked for where the grant says";
    check(&token, &made(json!({"oauth2-refresh": {}})), &[anywhere]);
    let scoped = made(json!({"oauth2-refresh": {"token_url": "https://a.com/token", "scope": "all"}}));
    check(&token, &scoped, &[format!("{asked_for}, with the scope `all`").as_str()]);
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
