//! `tests/cases/NAME/`: whole runs as data. What came of each is compared with `expected.json`, and how it
//! is told with `timeline.txt`; `AFTERCALL_UPDATE_CASES=1` writes the latter anew.

use std::{fs, sync::Arc};

use aftercall_app::{demo::play, progress::Silence, story};
use regex::Regex;

use crate::support::{case, case_names, cases, plugins};

#[tokio::test]
async fn every_case_ends_and_reads_as_it_says() {
    let names = case_names();
    assert!(names.len() >= 20, "{names:?}");
    let mut wrong = Vec::new();
    for name in &names {
        wrong.extend(check(name).await.into_iter().map(|deviation| format!("{name}: {deviation}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn check(name: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let played = play(&case(name), plugins(), &folder.path().join("records.db"), Arc::new(Silence)).await;
    let played = played.expect("it can be played");
    let mut deviations = played.deviations;
    let told = steady(&story::tell(&played.run).expect("its journal tells a story"));
    let file = cases().join(name).join("timeline.txt");
    if std::env::var_os("AFTERCALL_UPDATE_CASES").is_some() {
        fs::write(&file, &told).expect("it can be written");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    if told != expected {
        deviations.push(format!("told otherwise than in timeline.txt:\n{told}"));
    }
    deviations
}

/// The story without what differs from one telling to the next: times of day and durations.
fn steady(story: &str) -> String {
    let changing = [(r"\b\d\d:\d\d:\d\dZ", "--:--:--Z"), (r"\bin \d+(\.\d)? m?s\b", "in N ms")];
    changing.iter().fold(story.to_owned(), |story, (pattern, with)| {
        Regex::new(pattern).expect("a pattern").replace_all(&story, *with).into_owned()
    })
}
