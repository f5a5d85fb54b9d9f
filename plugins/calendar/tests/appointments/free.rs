//! Free times: what is asked, and what is made of the answers.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{REPORT, check, fake, taken, told, with};

#[test]
fn free_times_are_told_by_the_day() {
    let ask = |more: Value, answer: Option<Reply>, expected: Result<&str, (FailureKind, &str)>| {
        let arguments = with(json!({ "first_date": "2026-03-03", "days": 3, "minutes": 60 }), more);
        check("find_free_times", arguments, answer.into_iter().map(|reply| (REPORT, reply)).collect(), expected);
    };
    let busy =
        || taken(&["DTSTART:20260303T080000Z\r\nDTEND:20260303T103000Z", "DTSTART:20260305T120000Z\r\nDURATION:PT3H"]);
    // Nobody works on the Wednesday in between.
    let free = "60 minutes are free:\nTuesday 2026-03-03: begin from 11:30 to 16:00\nThursday 2026-03-05: begin from 09:00 to 12:00, from 16:00 to 16:00";
    ask(json!({}), Some(busy()), Ok(free));
    ask(
        json!({ "days": 1, "minutes": 480 }),
        Some(busy()),
        Ok("no 480 minutes are free in these days: look at later ones"),
    );
    let invalid = |words| Err((FailureKind::InvalidArguments, words));
    ask(json!({ "first_date": "2026-03-04", "days": 1 }), None, invalid("nobody works from 2026-03-04 on"));
    ask(json!({ "first_date": "2025-03-03" }), None, invalid("or they have passed; today is Sunday 2026-03-01"));
    ask(json!({ "first_date": "3 March" }), None, invalid("\"3 March\" is no day: write the year first"));
    ask(json!({ "days": 0 }), None, invalid("days is 0: give 1 to 31"));
    ask(json!({ "days": 32 }), None, invalid("days is 32"));
    ask(json!({ "minutes": 4 }), None, invalid("minutes is 4: an appointment takes 5 to 480"));
    ask(json!({ "minutes": -30 }), None, invalid("the arguments don't fit"));
    for status in [403, 409] {
        let too_many = Reply::text(status, "<number-of-matches-within-limits/>");
        ask(json!({ "days": 31 }), Some(too_many), invalid("ask for fewer"));
    }
    let part = "<multistatus><response><status>HTTP/1.1 507 Full</status></response></multistatus>";
    ask(json!({}), Some(Reply::text(207, part)), invalid("ask for fewer"));
    let refused = "<multistatus><response><status>HTTP/1.1 403 No</status></response></multistatus>";
    ask(json!({}), Some(Reply::text(207, refused)), Err((FailureKind::Other, "tells of an event, 403")));
    let gone = "<multistatus><response><status>HTTP/1.1 404 Gone</status></response></multistatus>";
    ask(
        json!({ "days": 1 }),
        Some(Reply::text(207, gone)),
        Ok("60 minutes are free:\nTuesday 2026-03-03: begin from 09:00 to 16:00"),
    );
    // What isn't told isn't free.
    let told = |data: &str| Some(told(&[data.to_owned()]));
    for data in ["", " ", "BEGIN:VCALENDAR\r\nEND:VCALENDAR", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\n"] {
        ask(json!({}), told(data), Err((FailureKind::Other, "tells of an event without its data, or with half of it")));
    }
    let untold = "<multistatus><response><propstat><prop><calendar-data/></prop><status>HTTP/1.1 404 No</status></propstat></response></multistatus>";
    ask(json!({}), Some(Reply::text(207, untold)), Err((FailureKind::Other, "tells of an event, 404")));
    ask(json!({}), Some(Reply::stray(207, "<html>")), Err((FailureKind::Other, "no multistatus")));
    ask(json!({}), Some(Reply::text(200, "")), Err((FailureKind::Misconfigured, "no calendar is there (200)")));
    ask(
        json!({}),
        Some(Reply::text(401, "")),
        Err((FailureKind::Denied, "REPORT https://dav.example.com/office/ was answered with 401")),
    );
    ask(json!({}), Some(Reply::text(405, "")), Err((FailureKind::Misconfigured, "no calendar is there (405)")));
    ask(json!({}), Some(Reply::text(429, "").with_header("retry-after", "9")), Err((FailureKind::RateLimited, "429")));
    ask(json!({}), Some(Reply::text(503, "")), Err((FailureKind::Unavailable, "503")));
    ask(json!({}), Some(Reply::cut()), Err((FailureKind::Unavailable, "no whole answer")));
    ask(json!({}), Some(Reply::denied()), Err((FailureKind::Denied, "the grant doesn't allow")));
}

#[test]
fn a_server_says_when_to_ask_again() {
    let fake = fake().expect(REPORT, Reply::text(429, "").with_header("retry-after", "9"));
    let asked = json!({ "first_date": "2026-03-03", "days": 3, "minutes": 60 });
    assert_eq!(fake.call::<Plugin>("find_free_times", asked).unwrap_err().retry_after_ms, Some(9000));
}

#[test]
fn much_free_time_is_cut_short() {
    let hours = |day: u32| (8..16).map(move |hour| format!("DTSTART:202603{day:02}T{hour:02}0000Z\r\nDURATION:PT30M"));
    let events: Vec<String> = (2..28).flat_map(hours).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let fake = fake().expect(REPORT, taken(&events));
    let asked = json!({ "first_date": "2026-03-02", "days": 28, "minutes": 20 });
    let outcome = fake.call::<Plugin>("find_free_times", asked).unwrap();
    assert!(outcome.text.starts_with("20 minutes are free, and later on too:\nMonday 2026-03-02: begin from 09:30"));
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    assert_eq!((data["free"].as_array().unwrap().len(), &data["more"]), (40, &json!(true)));
}
