use serde_json::{Value, json};

use super::*;
use crate::{conversation::Item, json::Json, time::Timestamp};

fn call(change: impl FnOnce(&mut Conversation)) -> Conversation {
    let mut call = Conversation::new("native".parse().expect("a name"), "c1");
    call.started_at = Some(Timestamp::from_millis(1_000));
    call.ended_at = Some(Timestamp::from_millis(31_000));
    call.items = vec![Item::message(Role::Assistant, "Hello?"), Item::message(Role::User, "Hi")];
    change(&mut call);
    call
}

fn with(variables: &Value) -> Conversation {
    call(|call| call.variables = Some(Json::from(variables)))
}

fn gates(written: Value) -> Gates {
    serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{written}: {error}"))
}

fn variable(name: &str) -> Variable {
    name.to_owned().try_into().expect("a variable")
}

#[test]
fn each_gate_holds_back_what_it_says() {
    let open = || Gates { user_turns_min: 0, voicemail_passes: true, test_calls_pass: true, ..Gates::default() };
    let usual = Gates::default;
    let long = |duration_ms_min| Gates { duration_ms_min, ..usual() };
    let text = |text: &str| Some(text.to_owned());
    let few = |turns, user_turns_min| Err(Skip::FewUserTurns { turns, user_turns_min });
    let cases = [
        (usual(), call(|_| {}), Ok(())),
        (usual(), call(|call| call.is_test = true), Err(Skip::TestCall)),
        (open(), call(|call| call.is_test = true), Ok(())),
        (usual(), call(|call| call.answered_by = text("voicemail")), Err(Skip::Voicemail)),
        (usual(), call(|call| call.answered_by = text("machine_end_beep")), Err(Skip::Voicemail)),
        (usual(), call(|call| call.answered_by = text("human")), Ok(())),
        (usual(), call(|call| call.end_reason = text("Voicemail_reached")), Err(Skip::Voicemail)),
        (usual(), call(|call| call.end_reason = text("the caller asked for Bob's voicemail")), Ok(())),
        (open(), call(|call| call.answered_by = text("voicemail")), Ok(())),
        (long(30_000), call(|_| {}), Ok(())),
        (long(30_001), call(|_| {}), Err(Skip::TooShort { lasted_ms: 30_000, duration_ms_min: 30_001 })),
        (long(30_001), call(|call| call.ended_at = None), Ok(())),
        (Gates { user_turns_min: 2, ..usual() }, call(|_| {}), few(1, 2)),
        (usual(), call(|call| call.items.truncate(1)), few(0, 1)),
        (usual(), call(|call| call.items[1] = Item::message(Role::User, " ")), few(0, 1)),
        (open(), call(|call| call.items.clear()), Ok(())),
    ];
    for (gates, call, expected) in cases {
        assert_eq!(gates.check(&call), expected, "{gates:?} on {call:?}");
    }
}

#[test]
fn ends_of_calls_are_told_by_the_platforms_words() {
    let skipped = |found: &str| Err(Listed::Skipped { found: found.to_owned() });
    let not_listed = |found: &str| Err(Listed::NotListed { found: found.to_owned() });
    let long = "e".repeat(300);
    for (ends, reason, expected) in [
        (json!({ "skip": ["silence-timed-out"] }), Some("silence-timed-out"), skipped("silence-timed-out")),
        (json!({ "skip": ["Silence-Timed-Out "] }), Some("SILENCE-timed-out"), skipped("SILENCE-timed-out")),
        (json!({ "skip": ["silence"] }), Some("silence-timed-out"), Ok(())),
        (
            json!({ "skip": ["call.start.error-*"] }),
            Some("call.start.error-get-org"),
            skipped("call.start.error-get-org"),
        ),
        (json!({ "skip": ["dial_*"] }), Some("dial_"), skipped("dial_")),
        (json!({ "skip": ["dial_*"] }), Some("redial_busy"), Ok(())),
        (json!({ "skip": ["*"] }), Some("anything"), skipped("anything")),
        (json!({ "skip": ["*"] }), None, Ok(())),
        (json!({ "skip": ["e*"] }), Some(long.as_str()), skipped(&format!("{}…", "e".repeat(64)))),
        (json!({ "skip": ["a*"] }), Some("a\u{1b}b"), skipped("a\u{fffd}b")),
        (json!({ "only": ["user_hangup", "agent_hangup"] }), Some("agent_hangup"), Ok(())),
        (json!({ "only": ["user_hangup"] }), Some("inactivity"), not_listed("inactivity")),
        (json!({ "only": ["user_hangup"] }), None, Ok(())),
        (json!({ "only": ["user_hangup"], "missing": "skip" }), None, Err(Listed::Missing)),
        (json!({ "only": ["user_hangup"], "missing": "skip" }), Some(" "), Err(Listed::Missing)),
        (json!({ "only": ["user*"], "skip": ["user_hangup"] }), Some("user_hangup"), skipped("user_hangup")),
    ] {
        let call = call(|call| call.end_reason = reason.map(str::to_owned));
        let got = gates(json!({ "end_reasons": ends })).check(&call);
        assert_eq!(got, expected.map_err(|why| Skip::EndReason { why }), "{ends} on {reason:?}");
    }
}

#[test]
fn dispositions_are_values_of_a_variable() {
    let skipped = |found: &str| Err(Listed::Skipped { found: found.to_owned() });
    let not_listed = |found: &str| Err(Listed::NotListed { found: found.to_owned() });
    for (lists, outcome, expected) in [
        (json!({ "only": ["interested"] }), json!("Interested "), Ok(())),
        (json!({ "only": ["interested"] }), json!("not interested"), not_listed("not interested")),
        (json!({ "skip": ["wrong *"] }), json!("wrong number"), skipped("wrong number")),
        (json!({ "skip": ["wrong *"] }), json!("booked"), Ok(())),
        (json!({ "only": ["true", "2"] }), json!(true), Ok(())),
        (json!({ "only": ["true", "2"] }), json!(2), Ok(())),
        (json!({ "only": ["true", "2"] }), json!({ "a": 1 }), not_listed(r#"{"a":1}"#)),
        (json!({ "skip": ["a"] }), json!(["a"]), Ok(())),
        (json!({ "only": ["interested"] }), Value::Null, Ok(())),
        (json!({ "only": ["interested"] }), json!(""), Ok(())),
        (json!({ "only": ["interested"], "missing": "pass" }), Value::Null, Ok(())),
        (json!({ "only": ["interested"], "missing": "skip" }), Value::Null, Err(Listed::Missing)),
        (json!({ "skip": ["interested"], "missing": "skip" }), json!(" "), Err(Listed::Missing)),
    ] {
        let mut disposition = lists.clone();
        disposition["variable"] = json!("call/outcome");
        let got = gates(json!({ "disposition": disposition })).check(&with(&json!({ "call": { "outcome": outcome } })));
        let expected = expected.map_err(|why| Skip::Disposition { variable: variable("call/outcome"), why });
        assert_eq!(got, expected, "{lists} on {outcome}");
    }
}

#[test]
fn consent_is_yes_and_nothing_else() {
    let asked = json!({ "variable": "consent/post_call" });
    let lenient = json!({ "variable": "consent/post_call", "missing": "pass" });
    let no = |found: &str| Err(Some(found.to_owned()));
    for (consent, variables, expected) in [
        (&asked, json!({ "consent": { "post_call": true } }), Ok(())),
        (&asked, json!({ "consent": { "post_call": " True" } }), Ok(())),
        (&asked, json!({ "consent": { "post_call": false } }), no("false")),
        (&asked, json!({ "consent": { "post_call": "false" } }), no(r#""false""#)),
        (&asked, json!({ "consent": { "post_call": "yes" } }), no(r#""yes""#)),
        (&asked, json!({ "consent": { "post_call": 1 } }), no("1")),
        (&asked, json!({ "consent": { "post_call": ["true"] } }), no(r#"["true"]"#)),
        (&asked, json!({ "consent": { "post_call": null } }), Err(None)),
        (&asked, json!({ "consent": true }), Err(None)),
        (&asked, json!({ "consent/post_call": true }), Err(None)),
        (&asked, json!([]), Err(None)),
        (&lenient, json!({}), Ok(())),
        (&lenient, json!({ "consent": { "post_call": "no" } }), no(r#""no""#)),
    ] {
        let got = gates(json!({ "consent": consent })).check(&with(&variables));
        let expected = expected.map_err(|found| Skip::NoConsent { variable: variable("consent/post_call"), found });
        assert_eq!(got, expected, "{consent} on {variables}");
    }
    let got = gates(json!({ "consent": asked })).check(&call(|_| {}));
    assert_eq!(got.expect_err("there are no variables").as_str(), "no-consent");
}

/// Whether a condition with these comparisons holds of a variable.
fn holds(comparisons: &Value, found: &Value) -> bool {
    let mut condition = comparisons.clone();
    condition["variable"] = json!("x");
    gates(json!({ "when": [condition] })).check(&with(&json!({ "x": found }))).is_ok()
}

#[test]
fn conditions_read_what_platforms_write() {
    let (one, next) = (json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_993_u64));
    for (comparisons, yes, no) in [
        (
            json!({ "is": true }),
            vec![json!(true), json!("true"), json!(" TRUE ")],
            vec![json!(false), json!("false"), json!("yes"), json!(1), json!([true]), json!({}), Value::Null],
        ),
        (
            json!({ "is": false }),
            vec![json!(false), json!("False")],
            vec![json!(true), json!("no"), json!(0), json!("")],
        ),
        (
            json!({ "is": 5 }),
            vec![json!(5), json!(5.0), json!("5"), json!("5.0 ")],
            vec![json!(6), json!("five"), json!("5%")],
        ),
        (json!({ "is": one }), vec![one.clone(), json!("9007199254740992")], vec![next]),
        (json!({ "is": "gold" }), vec![json!("gold"), json!("Gold ")], vec![json!("golden"), json!(["gold"])]),
        (json!({ "is": "5" }), vec![json!("5"), json!(5)], vec![json!("5.0"), json!("05")]),
        (json!({ "is": "true" }), vec![json!("true"), json!(true)], vec![json!(1)]),
        (
            json!({ "is_not": true }),
            vec![json!(false), json!("false")],
            vec![json!(true), json!("true"), json!("maybe"), json!(0), json!([]), Value::Null],
        ),
        (json!({ "is_not": "gold" }), vec![json!("iron"), json!(1)], vec![json!("GOLD"), json!({}), json!(" ")]),
        (
            json!({ "one_of": ["gold", 7, true] }),
            vec![json!("Gold"), json!("7"), json!("true")],
            vec![json!("8"), json!([7])],
        ),
        (
            json!({ "at_least": 5 }),
            vec![json!(5), json!("5"), json!(5.5), json!("1e2")],
            vec![json!(4.9), json!("4"), json!("high")],
        ),
        (
            json!({ "at_most": 5.5 }),
            vec![json!(-1), json!("5.5")],
            vec![json!(6), json!(true), json!([5]), json!("NaN")],
        ),
        (json!({ "at_least": 2, "at_most": 3 }), vec![json!(2), json!("3")], vec![json!(1), json!(4)]),
        (json!({ "is_not": 3, "at_least": 2 }), vec![json!(2), json!(4)], vec![json!(3), json!(1)]),
        (json!({ "exists": true }), vec![json!(false), json!(0), json!([])], vec![Value::Null, json!(" ")]),
        (json!({ "exists": false }), vec![Value::Null, json!("")], vec![json!(false), json!("no")]),
        (json!({ "is": 5, "missing": "pass" }), vec![json!(5), Value::Null, json!("")], vec![json!(4), json!("x")]),
    ] {
        for (found, expected) in yes.iter().map(|found| (found, true)).chain(no.iter().map(|found| (found, false))) {
            assert_eq!(holds(&comparisons, found), expected, "{comparisons} on {found}");
        }
    }
}

#[test]
fn variables_are_found_by_their_way() {
    let there = json!({ "lead": { "score": 5, "a/b": [{ "~": 6 }] }, "": 7 });
    for (way, value) in [("lead/score", 5), ("lead/a~1b/0/~0", 6)] {
        let got = gates(json!({ "when": [{ "variable": way, "is": value }] })).check(&with(&there));
        assert_eq!(got, Ok(()), "{way}");
    }
    for way in ["lead/none", "lead/score/more", "lead/a~1b/1", "lead/a~1b/x"] {
        assert!(gates(json!({ "when": [{ "variable": way, "exists": true }] })).check(&with(&there)).is_err(), "{way}");
        assert_eq!(gates(json!({ "when": [{ "variable": way, "exists": false }] })).check(&with(&there)), Ok(()));
    }
}

/// A call that every gate holds back is let pass by one after another.
#[test]
fn the_order_of_gates_is_stable() {
    let written = json!({
        "duration_ms_min": 60_000,
        "end_reasons": { "skip": ["busy"] },
        "consent": { "variable": "consent" },
        "disposition": { "variable": "outcome", "only": ["won"], "missing": "skip" },
        "when": [{ "variable": "score", "at_least": 5 }, { "variable": "vip", "is": true }],
    });
    let mut gates = gates(written);
    let call = call(|call| {
        call.is_test = true;
        call.answered_by = Some("voicemail".to_owned());
        call.end_reason = Some("busy".to_owned());
        call.items.clear();
    });
    type Open = fn(&mut Gates);
    let in_order: [(&str, Open); 9] = [
        ("test-call", |gates| gates.test_calls_pass = true),
        ("voicemail", |gates| gates.voicemail_passes = true),
        ("end-reason", |gates| gates.end_reasons = None),
        ("too-short", |gates| gates.duration_ms_min = 0),
        ("few-user-turns", |gates| gates.user_turns_min = 0),
        ("no-consent", |gates| gates.consent = None),
        ("disposition", |gates| gates.disposition = None),
        ("condition", |gates| drop(gates.when.remove(0))),
        ("condition", |gates| gates.when.clear()),
    ];
    for (expected, open) in in_order {
        assert_eq!(gates.check(&call).expect_err(expected).as_str(), expected);
        open(&mut gates);
    }
    assert_eq!(gates.check(&call), Ok(()));
}

#[test]
fn skips_name_the_setting_and_what_was_found() {
    let variables = json!({ "outcome": "lost", "score": "3", "deep": { "er": [1] } });
    for (written, words) in [
        (
            json!({ "end_reasons": { "skip": ["customer-*"] } }),
            "the reason for its end is `customer-busy`, which is among `gates.end_reasons.skip`",
        ),
        (
            json!({ "end_reasons": { "only": ["hangup"] } }),
            "the reason for its end is `customer-busy`, which is not among `gates.end_reasons.only`",
        ),
        (
            json!({ "disposition": { "variable": "outcome", "skip": ["lost"] } }),
            "`outcome` is `lost`, which is among `gates.disposition.skip`",
        ),
        (
            json!({ "disposition": { "variable": "o", "only": ["won"], "missing": "skip" } }),
            "the platform doesn't say `o` (`gates.disposition.missing` lets such calls pass)",
        ),
        (
            json!({ "consent": { "variable": "consent/sms" } }),
            "`gates.consent` wants that `consent/sms` is true, and the platform doesn't say it",
        ),
        (
            json!({ "consent": { "variable": "outcome" } }),
            r#"`gates.consent` wants that `outcome` is true, and it is "lost""#,
        ),
        (
            json!({ "when": [{ "variable": "score", "at_least": 5, "at_most": 9.5 }] }),
            r#"`gates.when` wants that `score` is at least 5 and is at most 9.5, and it is "3""#,
        ),
        (
            json!({ "when": [{ "variable": "deep/er", "one_of": ["a", 1], "is_not": true }] }),
            r#"`gates.when` wants that `deep/er` is not true and is one of "a", 1, and it is [1]"#,
        ),
        (
            json!({ "when": [{ "variable": "vip", "exists": true }] }),
            "`gates.when` wants that `vip` is there, and the platform doesn't say it",
        ),
    ] {
        let mut call = with(&variables);
        call.end_reason = Some("customer-busy".to_owned());
        let skip = gates(written.clone()).check(&call).expect_err("it is held back");
        assert_eq!(skip.to_string(), words, "{written}");
    }
}

#[test]
fn what_cannot_be_meant_is_told() {
    for (written, expected) in [
        (json!({ "end_reasons": { "only": ["a"] }, "when": [{ "variable": "a", "is": 1 }] }), vec![]),
        (
            json!({ "end_reasons": {}, "disposition": { "variable": "a", "missing": "skip" } }),
            vec![("end_reasons", Error::NoList), ("disposition", Error::NoList)],
        ),
        (
            json!({ "when": [{ "variable": "a" }, { "variable": "a", "one_of": [] }, { "variable": "a", "is": [1] }] }),
            vec![("when[0]", Error::NoComparison), ("when[1]", Error::NoneOf), ("when[2]", Error::NoScalar("is"))],
        ),
        (
            json!({ "when": [{ "variable": "a", "is_not": " " }, { "variable": "a", "one_of": [1, {}] }] }),
            vec![("when[0]", Error::NoScalar("is_not")), ("when[1]", Error::NoScalar("one_of"))],
        ),
        (
            json!({ "when": [
                { "variable": "a", "exists": true, "is": 1 },
                { "variable": "a", "exists": false, "missing": "pass" },
                { "variable": "a", "missing": "pass" },
            ] }),
            vec![
                ("when[0]", Error::ExistsAndMore),
                ("when[1]", Error::ExistsAndMore),
                ("when[2]", Error::NoComparison),
            ],
        ),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(place, error)| (place.to_owned(), error)).collect();
        assert_eq!(gates(written.clone()).errors(), expected, "{written}");
    }
}

#[test]
fn what_cannot_be_read_says_what_would_be_right() {
    for (written, words) in [
        (json!({ "consent": { "variable": "" } }), "`` is no variable"),
        (json!({ "consent": { "variable": "/consent" } }), "`/consent` is no variable: write its name"),
        (json!({ "consent": { "variable": "a//b" } }), "is no variable"),
        (json!({ "consent": { "variable": "a~b" } }), "`~0` for a `~`"),
        (json!({ "consent": {} }), "missing field `variable`"),
        (json!({ "consent": { "variable": "a", "missing": "no" } }), "unknown variant `no`, expected `skip` or `pass`"),
        (json!({ "end_reasons": { "skip": ["*-busy"] } }), "`*-busy` can't be matched"),
        (json!({ "end_reasons": { "skip": ["a**"] } }), "`*` as its last character"),
        (json!({ "end_reasons": { "skip": [" "] } }), "can't be matched"),
        (json!({ "end_reasons": { "skips": [] } }), "unknown field `skips`"),
        (json!({ "when": [{ "variable": "a", "at_lest": 5 }] }), "unknown field `at_lest`"),
        (json!({ "when": [{ "variable": "a", "at_least": "5" }] }), "invalid type"),
    ] {
        let error = serde_json::from_value::<Gates>(written.clone()).expect_err("it is refused").to_string();
        assert!(error.contains(words), "{written}: {error}");
    }
}

/// The digest of a configuration stands in journals: what isn't used is not in it.
#[test]
fn gates_that_are_not_used_are_not_written() {
    let usual = json!(Gates::default());
    assert_eq!(usual.as_object().expect("an object").len(), 4, "{usual}");
    let all = json!({
        "user_turns_min": 1, "duration_ms_min": 0, "voicemail_passes": false, "test_calls_pass": false,
        "end_reasons": { "only": ["a"], "skip": ["b*"], "missing": "skip" },
        "consent": { "variable": "c", "missing": "skip" },
        "disposition": { "variable": "d", "only": ["e"] },
        "when": [{ "variable": "f/g", "one_of": [1, "a"], "missing": "pass" }],
    });
    assert_eq!(json!(gates(all.clone())), all);
}

#[test]
fn what_journals_have_is_read() {
    let found = || "busy".to_owned();
    for (written, expected) in [
        (r#""voicemail""#, Skip::Voicemail),
        (r#"{"few-user-turns":{"turns":1,"user_turns_min":2}}"#, Skip::FewUserTurns { turns: 1, user_turns_min: 2 }),
        (r#""nothing-said""#, Skip::NothingSaid),
        (r#""nobody said anything on this call, so there is nothing to continue""#, Skip::NothingSaid),
        (
            r#"{"end-reason":{"why":{"skipped":{"found":"busy"}}}}"#,
            Skip::EndReason { why: Listed::Skipped { found: found() } },
        ),
        (
            r#"{"disposition":{"variable":"o","why":"missing"}}"#,
            Skip::Disposition { variable: variable("o"), why: Listed::Missing },
        ),
        (r#"{"no-consent":{"variable":"c","found":null}}"#, Skip::NoConsent { variable: variable("c"), found: None }),
        (
            r#"{"condition":{"variable":"s","wanted":"is 5","found":"busy"}}"#,
            Skip::Condition { variable: variable("s"), wanted: "is 5".to_owned(), found: Some(found()) },
        ),
    ] {
        assert_eq!(serde_json::from_str::<Skip>(written).expect(written), expected);
    }
}
