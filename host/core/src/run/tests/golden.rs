//! Journals that earlier versions wrote. None of these files is ever edited: a new form of events gets a file of its own.

use super::*;

fn check(journal: &str, ending: &str, effects: &[&str]) {
    let events: Vec<Event> =
        journal.lines().map(|line| serde_json::from_str(line).expect("what was written is read")).collect();
    for (event, line) in events.iter().zip(journal.lines()) {
        assert_eq!(serde_json::to_string(event).expect("it serialises"), line, "nothing of it is lost");
    }
    let run = Run::replay(events).expect("it fits");
    assert_eq!(run.ending().map(Ending::as_str), Some(ending));
    assert_eq!(run.effects().iter().map(|effect| effect.tool).collect::<Vec<_>>(), effects);
    assert_eq!(run.standing(), Standing::Ended);
    assert_eq!(run.insights().is_some(), journal.contains("\"insights\":{\"fits\":"));
}

#[test]
fn journals_of_earlier_versions_tell_the_same() {
    let sold = ["upsert_lead", "log_call_summary", "start_sequence", "send_sms"];
    check(include_str!("golden/v1-sales.jsonl"), "completed", &sold);
    check(include_str!("golden/v1-skipped.jsonl"), "skipped", &[]);
    check(include_str!("golden/v1-usage.jsonl"), "completed", &sold);
    check(include_str!("golden/v1-insights.jsonl"), "completed", &sold);
}
