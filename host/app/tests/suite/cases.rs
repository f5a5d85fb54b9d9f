//! `tests/cases/NAME/`: whole runs as data. What came of each is compared with `expected.json`, and how it
//! is told with `timeline.txt`; `AFTERCALL_UPDATE_CASES=1` writes the latter anew. So of each of its variants.

use std::{fs, sync::Arc};

use aftercall_app::{
    app::{App, Surroundings},
    demo::{SCENARIOS, configure, play, secret, start},
    prepare::Call,
    progress::Silence,
    report::Report,
    story,
};
use aftercall_core::run::{Kind, Run};
use aftercall_sandbox::{Access, Service};
use regex_lite::Regex;

use crate::support::{case, case_names, cases, plugins, with_variants};

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
    let told = steady(&story::tell(&played.run, story::Limits::Near).expect("its journal tells a story"));
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

#[tokio::test]
async fn what_the_demo_plays_can_be_rehearsed_and_nothing_is_written() {
    for name in SCENARIOS.iter().flat_map(|name| with_variants(&cases().join(name))) {
        let scenario = case(&name);
        let (sandbox, credentials) = start(&scenario).await.expect("the world starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = configure(&scenario, plugins(), &sandbox, &folder.path().join("records.db"));
        let env = |name: &str| secret(&credentials, name);
        let around = Surroundings { rehearsal: true, ..Surroundings::new(&env, Arc::new(Silence)) };
        let app = App::build(config.expect("it is configured"), around).await.expect("it is built");
        let parsed = aftercall_intake::parse(&scenario.call).expect("it reads");
        let call = Call { raw: &scenario.call, parsed, tenant: None, assistant: None, revision: 0 };
        let accept = app.prepare(call).expect("somebody takes it");
        let run = app.accept(&accept).await.expect("it is accepted").run;
        app.drive(&run, std::future::pending()).await.expect("it is driven");

        let journal = app.read(&run).await.expect("it reads").journal;
        let captured: usize = journal
            .iter()
            .map(|event| match &event.kind {
                Kind::Attempted { outcome, .. } => outcome.captured.len(),
                _ => 0,
            })
            .sum();
        let report = Report::of(&name, &run, &Run::replay(journal).expect("a possible story"));
        let expected = if name == "voicemail" { "skipped" } else { "completed" };
        assert_eq!(report.outcome, expected, "{name}: {report:?}");
        assert!(captured >= report.effects.len(), "{name}: {report:?}");
        assert_eq!(captured == 0, name == "voicemail", "{name}");
        let written = sandbox
            .requests()
            .into_iter()
            .filter(|request| request.access == Access::Write && request.service != Service::Model);
        assert_eq!(written.map(|request| request.target).collect::<Vec<_>>(), [""; 0], "{name}");
    }
}
