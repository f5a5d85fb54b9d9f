//! What a platform's API may answer, and which events may come of one call: an error, or a payload that reads. The first
//! byte says which platform; a zero byte parts the answers.
#![no_main]

use aftercall_core::time::Timestamp;
use aftercall_intake::{Form, Span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((which, answers)) = input.split_first() else { return };
    let form = Form::ALL[usize::from(*which) % Form::ALL.len()];
    let answers: Vec<&[u8]> = answers.split(|byte| *byte == 0).collect();
    for answer in &answers {
        let _ = form.notice(answer);
    }
    if let Ok(payload) = form.together(&answers, None) {
        let _ = form.parse(&payload);
    }
    let span = Span { since: Timestamp::from_millis(0), until: Timestamp::from_millis(u64::MAX) };
    if let Some(mut listing) = form.list(span) {
        for answer in &answers {
            if listing.next().is_none() || listing.answered(answer).is_err() {
                break;
            }
        }
    }
    let Some(mut gathering) = form.gather("c1") else { return };
    for answer in &answers {
        if gathering.next().is_none() || gathering.answered(answer).is_err() {
            return;
        }
    }
    if gathering.next().is_none() {
        let record = gathering.finish();
        if let Ok(payload) = form.together(&[], Some(&record)) {
            form.parse(&payload).expect("what was gathered and put together reads");
        }
    }
});
