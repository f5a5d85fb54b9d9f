use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    timestamp(text.parse().expect(text))
}

fn timing(timing: Value) -> Timing {
    let timing: Timing = serde_json::from_value(timing).expect("a timing");
    timing.check().expect("it can hold");
    timing
}

fn call(time_zone: &str) -> Conversation {
    let time_zone = (!time_zone.is_empty()).then(|| time_zone.to_owned());
    Conversation { time_zone, ..Conversation::new("native".parse().expect("a name"), "c") }
}

/// Asks in a call that ended at 14:00 and whose run began a minute later. What is expected: nothing, an instant and
/// why, or the words of a refusal.
fn check(held: &Value, zone: &str, due: Value, now: &str, expected: Result<Option<(&str, &str)>, &str>) {
    let call = Conversation { ended_at: Some(at("2026-03-04T14:00:00Z")), ..call(zone) };
    let arguments = Map::from_iter([("due".to_owned(), due)]);
    let got = timing(held.clone()).not_before(&call, &arguments, at("2026-03-04T14:01:00Z"), at(now));
    match (got, expected) {
        (Ok(None), Ok(None)) => {}
        (Ok(Some(later)), Ok(Some((until, words)))) => {
            assert_eq!(instant(later.until), instant(at(until)), "{held} at {now} in {zone}: {}", later.why);
            assert!(later.why.to_string().contains(words), "{}", later.why);
            let again: Later = serde_json::from_value(json!(later)).expect("it can be kept");
            assert_eq!(again, later);
        }
        (Err(refused), Err(words)) => assert!(refused.to_string().contains(words), "{refused}"),
        (got, expected) => panic!("{held} on {arguments:?} at {now} in {zone}: {got:?} instead of {expected:?}"),
    }
}

#[test]
fn a_tool_waits_for_what_comes_last() {
    let now = "2026-03-04T14:01:00Z";
    let check = |held: Value, due: &str, expected| check(&held, "Europe/Berlin", json!(due), now, expected);
    let night = json!({"from": "20:00", "to": "09:00"});
    let hour = 3_600_000;
    check(json!({}), "", Ok(None));
    check(json!({"after_call_ms": hour}), "", Ok(Some(("2026-03-04T15:00:00Z", "not sooner than 1h after the call"))));
    check(json!({"after_call_ms": 60_000}), "", Ok(None));
    check(json!({"quiet": night}), "", Ok(None));
    let evening = json!({"after_call_ms": 5 * hour, "quiet": night});
    check(evening, "", Ok(Some(("2026-03-05T08:00:00Z", "quiet from 20:00 to 09:00 (Europe/Berlin)"))));
    check(json!({"after_call_ms": 18 * hour, "quiet": night}), "", Ok(Some(("2026-03-05T08:00:00Z", "18h"))));

    let due = json!({"at_argument": "due"});
    check(due.clone(), "2026-03-20", Ok(Some(("2026-03-19T23:00:00Z", "not before what `due` says"))));
    check(due.clone(), "2026-03-20T10:00:00-05:00", Ok(Some(("2026-03-20T15:00:00Z", "`due`"))));
    check(due.clone(), "2026-03-04", Ok(None));
    check(due.clone(), "1969-12-31T23:00:00Z", Ok(None));
    let all = json!({"at_argument": "due", "quiet": night, "after_call_ms": hour});
    check(all.clone(), "2026-03-20", Ok(Some(("2026-03-20T08:00:00Z", "quiet"))));
    check(all.clone(), "2026-03-20T10:00:00Z", Ok(Some(("2026-03-20T10:00:00Z", "`due`"))));
    check(all, "2026-03-01", Ok(Some(("2026-03-04T15:00:00Z", "1h"))));
}

#[test]
fn an_argument_that_says_no_instant_is_told_what_would() {
    let now = "2026-03-04T14:01:00Z";
    let due = json!({"at_argument": "due"});
    for (written, words) in [
        (json!("05/06/2026"), "`due` is `\"05/06/2026\"`, and it must say when: write a date as in `2026-06-05`"),
        (json!("2026-06-05T15:00:00"), "an instant with its offset from UTC"),
        (json!("2026-02-30"), "`\"2026-02-30\"`"),
        (json!("2026-W18-1"), "must say when"),
        (json!("tomorrow"), "must say when"),
        (json!(""), "`\"\"`"),
        (json!(null), "`null`"),
        (json!(1_772_633_000), "`1772633000`"),
        (json!("ä".repeat(200)), &"ä".repeat(ECHO_CHARS_MAX - 1)),
        (json!("2027-05-01"), "`due` is more than 400 days ahead"),
        (json!("9999-12-31"), "name a nearer date"),
        (json!("9999-12-30T22:00:00Z"), "name a nearer date"),
    ] {
        check(&due, "Europe/Berlin", written, now, Err(words));
    }
    check(&json!({"at_argument": "other"}), "Europe/Berlin", json!(""), now, Err("`other` is missing"));
}

#[test]
fn the_zone_is_the_calls_or_else_the_grants_and_never_a_guess() {
    let now = "2026-03-04T04:00:00Z";
    let quiet = json!({"quiet": {"from": "22:00", "to": "06:00"}});
    let known = json!({"quiet": {"from": "22:00", "to": "06:00"}, "time_zone": "Europe/Berlin"});
    let check = |held, zone, due: &str, expected| check(held, zone, json!(due), now, expected);
    check(&quiet, "", "", Err("send `time_zone` with the call, or add `time_zone = \"AREA/CITY\"`"));
    check(&known, "", "", Ok(Some(("2026-03-04T05:00:00Z", "(Europe/Berlin)"))));
    check(&known, "America/New_York", "", Ok(Some(("2026-03-04T11:00:00Z", "(America/New_York)"))));
    check(&known, " asia/kathmandu ", "", Ok(None));
    for unknown in ["Mars/Olympus", "+02:00", "../etc/passwd", "Etc/Unknown", " ", "W. Europe Standard Time"] {
        check(&known, unknown, "", Err("is none that IANA names"));
    }
    let due = json!({"at_argument": "due"});
    check(&due, "", "2026-03-20", Err("time zone"));
    check(&due, "", "2026-03-20T10:00:00Z", Ok(Some(("2026-03-20T10:00:00Z", "`due`"))));
}

#[test]
fn a_call_counts_from_its_end_or_else_from_its_run() {
    let held = timing(json!({"after_call_ms": 1_000}));
    for (ended, began, now, until) in [
        (Some(5_000), 9_000, 9_000, None),
        (Some(8_500), 9_000, 9_000, Some(9_500)),
        (None, 9_000, 9_500, Some(10_000)),
        (None, 9_000, 10_000, None),
        (Some(u64::MAX), 9_000, 9_000, Some(10_000)),
    ] {
        let call = Conversation { ended_at: ended.map(Timestamp::from_millis), ..call("") };
        let [began, now] = [began, now].map(Timestamp::from_millis);
        let later = held.not_before(&call, &Map::new(), began, now).expect("it needs nothing else");
        assert_eq!(later.map(|later| later.until.as_millis()), until, "{ended:?}");
    }
}

#[test]
fn clocks_that_change_leave_no_quiet_hour_out() {
    for (zone, from, to, now, until) in [
        // Berlin skips 02:00 to 03:00, and shows it twice in autumn.
        ("Europe/Berlin", "22:00", "02:30", "2026-03-29T00:59:59Z", Some("2026-03-29T01:00:00Z")),
        ("Europe/Berlin", "22:00", "02:30", "2026-03-29T01:00:00Z", None),
        ("Europe/Berlin", "02:30", "09:00", "2026-03-29T00:59:59Z", None),
        ("Europe/Berlin", "02:30", "09:00", "2026-03-29T01:00:00Z", Some("2026-03-29T07:00:00Z")),
        ("Europe/Berlin", "02:10", "02:40", "2026-03-29T00:50:00Z", None),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T00:40:00Z", Some("2026-10-25T01:30:00Z")),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T01:30:00Z", None),
        ("Europe/Berlin", "02:30", "09:00", "2026-10-25T00:29:59Z", None),
        ("Europe/Berlin", "02:30", "09:00", "2026-10-25T01:10:00Z", Some("2026-10-25T08:00:00Z")),
        ("Europe/Berlin", "22:00", "09:00", "2026-03-28T21:00:00Z", Some("2026-03-29T07:00:00Z")),
        // Half an hour.
        ("Australia/Lord_Howe", "22:00", "02:15", "2026-10-03T15:29:00Z", Some("2026-10-03T15:30:00Z")),
        ("Australia/Lord_Howe", "22:00", "01:45", "2026-04-04T14:50:00Z", Some("2026-04-04T15:15:00Z")),
        // Havana goes back from 01:00 to midnight, and forward at midnight.
        ("America/Havana", "20:00", "00:30", "2025-11-02T04:40:00Z", Some("2025-11-02T05:30:00Z")),
        ("America/Havana", "20:00", "00:30", "2026-03-08T04:59:00Z", Some("2026-03-08T05:00:00Z")),
        // Samoa went from the 29th to the 31st.
        ("Pacific/Apia", "20:00", "09:00", "2011-12-30T09:00:00Z", Some("2011-12-30T19:00:00Z")),
    ] {
        let held = json!({"quiet": {"from": from, "to": to}});
        check(&held, zone, json!(""), now, Ok(until.map(|until| (until, "quiet"))));
    }
    let due = json!({"at_argument": "due"});
    let begins = "2026-03-08T05:00:00Z";
    check(&due, "America/Havana", json!("2026-03-08"), "2026-03-04T14:01:00Z", Ok(Some((begins, "`due`"))));
}

#[test]
fn weekends_are_quiet_where_the_tenant_says_so() {
    let held = json!({"quiet": {"from": "20:00", "to": "09:00", "weekends": true}});
    let monday = "2026-03-09T03:15:00Z";
    for (now, until) in [
        ("2026-03-06T14:14:00Z", None),
        ("2026-03-06T14:15:00Z", Some(monday)),
        ("2026-03-07T10:00:00Z", Some(monday)),
        ("2026-03-08T18:00:00Z", Some(monday)),
        (monday, None),
    ] {
        let words = "quiet from 20:00 to 09:00 and on weekends (Asia/Kathmandu)";
        check(&held, "Asia/Kathmandu", json!(""), now, Ok(until.map(|until| (until, words))));
    }
}

#[test]
fn a_timing_that_cannot_hold_is_told_the_remedy() {
    let schema = json!({"type": "object", "properties": {"to": {}, "when": {}}});
    for (written, words) in [
        (json!({"quiet": {"from": "8 pm", "to": "09:00"}}), "`8 pm` is no time of day: write hours and minutes"),
        (json!({"quiet": {"from": "24:00", "to": "09:00"}}), "`24:00` is no time of day"),
        (json!({"quiet": {"from": "20:00"}}), "missing field `to`"),
        (json!({"quiet": {"from": "09:00", "to": "09:00"}}), "begins and ends at 09:00, which is all day or never"),
        (json!({"quiet_hours": {}}), "unknown field `quiet_hours`"),
        (json!({"after_call_ms": LATER_MS_MAX + 1}), "(400 days): name a shorter time"),
        (json!({"time_zone": "Berlin"}), "`Berlin` is none that IANA names: write it as in `Europe/Berlin`"),
        (json!({"at_argument": "due"}), "no such argument; it has: to, when"),
    ] {
        let error = match serde_json::from_value::<Timing>(written) {
            Ok(timing) => timing.check().and_then(|()| timing.check_argument(&schema)).expect_err(words).to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(words), "{error}");
    }
    let sound = json!({
        "after_call_ms": LATER_MS_MAX, "at_argument": "when",
        "quiet": {"from": "20:00", "to": "09:00", "weekends": false}, "time_zone": "Europe/Berlin",
    });
    let held = timing(sound.clone());
    assert_eq!(held.check_argument(&schema), Ok(()));
    assert_eq!(json!(held), sound);
}

#[test]
fn numbers_that_no_calendar_reaches_break_nothing() {
    let quiet = Some(serde_json::from_value(json!({"from": "09:00", "to": "09:00"})).expect("hours"));
    let held = Timing { after_call_ms: Some(u64::MAX), quiet, ..Timing::default() };
    for now in [0, 253_402_207_200_000, u64::MAX].map(Timestamp::from_millis) {
        let later = held.not_before(&call("Pacific/Apia"), &Map::new(), now, now).expect("it has a zone");
        assert!(later.is_none_or(|later| later.until > now));
    }
}

/// Over a year of instants, closer together where clocks change: an answer stays what it was until it is none; nobody
/// acts while a clock shows a quiet hour, nor waits longer than that.
#[test]
fn an_answer_stands_until_its_instant() {
    const MINUTE_MS: u64 = 60 * 1000;
    let (year, end) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let hours = [("20:00", "09:00"), ("00:00", "06:00"), ("02:00", "01:59"), ("02:10", "02:50"), ("12:00", "02:30")];
    for name in [
        "Europe/Berlin",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "America/Havana",
        "Africa/Cairo",
        "Pacific/Chatham",
        "UTC",
    ] {
        let tz = zone(name).expect(name);
        let changes = tz.following(instant(year)).map(|change| timestamp(change.timestamp()));
        let changes: Vec<Timestamp> = changes.take_while(|at| *at < end).collect();
        let far = (0..).map(|step| year.plus_ms(step * 797 * MINUTE_MS)).take_while(|at| *at < end);
        let begin = |change: &Timestamp| Timestamp::from_millis(change.as_millis() - 25 * 60 * MINUTE_MS);
        let near =
            changes.iter().flat_map(|change| (0..200).map(move |step| begin(change).plus_ms(step * 15 * MINUTE_MS)));
        let instants: Vec<Timestamp> = far.chain(near).collect();
        for (from, to) in hours {
            let held = timing(json!({"quiet": {"from": from, "to": to}}));
            let ask = |at: Timestamp| {
                let later = held.not_before(&call(name), &Map::new(), at, at).expect("it has a zone");
                later.map(|later| later.until)
            };
            let shows_quiet = |at: Timestamp| {
                let time = tz.to_datetime(instant(at)).strftime("%H:%M").to_string();
                let (begun, over) = (*from <= *time, *to <= *time);
                if from < to { begun && !over } else { begun || !over }
            };
            for now in &instants {
                let Some(until) = ask(*now) else {
                    assert!(!shows_quiet(*now), "{name} {from} {to}: acts at {}", instant(*now));
                    continue;
                };
                let place = format!("{name} {from} {to}: {} until {}", instant(*now), instant(until));
                assert!(until > *now && ask(until).is_none() && !shows_quiet(until), "{place}");
                let half = now.plus_ms(until.ms_since(*now) / 2);
                for between in [half, Timestamp::from_millis(until.as_millis() - 1)] {
                    assert_eq!(ask(between), Some(until), "{place}");
                }
                let twice = tz.to_ambiguous_timestamp(tz.to_datetime(instant(*now))).is_ambiguous();
                assert!(shows_quiet(*now) || twice, "{place}: waits for nothing");
            }
        }
    }
}
