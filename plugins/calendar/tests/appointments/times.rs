//! What has passed when the call ended is booked by nobody.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{GET, PUT, REPORT, appointment, fake, kept, taken, to};

/// 2026-03-03T13:30:00Z, when the appointment begins.
const BEGINS_AT: u64 = 1_772_544_600_000;

#[test]
fn a_time_lies_after_the_end_of_the_call() {
    let check = |tool: &str, arguments: Value, ended: Option<Value>, expected: Result<(), &str>| {
        let mut fake = fake();
        if let Some(ended) = &ended {
            fake = fake.fact("call.ended-at", ended);
        }
        if tool == "move_appointment" {
            fake = fake.expect(GET, kept("DTSTART:20260303T080000Z\r\nDURATION:PT30M"));
        }
        if expected.is_ok() {
            fake = match tool {
                "book_appointment" => fake.expect(GET, Reply::text(404, "")).expect(REPORT, taken(&[])),
                "move_appointment" => fake.expect(REPORT, taken(&[])),
                _ => fake,
            };
            fake = fake.expect(PUT, Reply::text(201, ""));
        }
        match (fake.call::<Plugin>(tool, arguments), expected) {
            (Ok(_), Ok(())) => {}
            (Err(failure), Err(words)) => {
                assert_eq!(failure.kind, FailureKind::InvalidArguments);
                assert!(failure.message.contains(words), "{}", failure.message);
            }
            (outcome, expected) => panic!("{tool}: {outcome:?} instead of {expected:?}"),
        }
    };
    let passed = "Tuesday 2026-03-03 at 14:30 (Europe/Berlin) had passed when the call ended, on Tuesday 2026-03-03 at \
        14:30 (Europe/Berlin): work the date out from that day";
    let callback = || json!({ "phone": "+14155550123", "date": "2026-03-03", "time": "14:30", "about": "A quote" });
    let moved = || to(json!({ "time": "14:30" }));
    for (tool, arguments) in
        [("book_appointment", appointment(json!({}))), ("book_callback", callback()), ("move_appointment", moved())]
    {
        check(tool, arguments.clone(), Some(json!(BEGINS_AT)), Err(passed));
        check(tool, arguments.clone(), Some(json!(BEGINS_AT - 1000)), Ok(()));
        // What isn't known is no reason to refuse.
        check(tool, arguments.clone(), None, Ok(()));
        check(tool, arguments, Some(json!("soon")), Ok(()));
    }
}
