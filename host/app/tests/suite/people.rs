//! People in the loop: runs that wait for them, and what they say at the command line beside a running engine.

use std::{future::pending, sync::Arc};

use aftercall_app::{
    app::{App, Surroundings},
    demo::{Scenario, configure, secret, start},
    prepare::Call,
    progress::Silence,
};
use aftercall_core::{
    id::RunId,
    run::{Ending, Standing},
    terms::Approval,
};
use aftercall_engine::Driven;
use aftercall_sandbox::{Access, Sandbox, Service};

use crate::{
    commands::check,
    support::{case, plugins},
};

/// A run that waits for a person.
struct Waiting {
    app: App,
    run: RunId,
    standing: Standing,
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Waiting {
    async fn of(scenario: &Scenario) -> Self {
        let (sandbox, credentials) = start(scenario).await.expect("the world starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = configure(scenario, plugins(), &sandbox, &folder.path().join("records.db"));
        let env = |name: &str| secret(&credentials, name);
        let around = Surroundings::new(&env, Arc::new(Silence));
        let app = App::build(config.expect("it is configured"), around).await.expect("it is built");
        let parsed = aftercall_intake::parse(&scenario.call).expect("it reads");
        let call = Call { raw: &scenario.call, parsed, tenant: None, assistant: None, revision: 0 };
        let run = app.accept(&app.prepare(call).expect("somebody takes it")).await.expect("it is accepted").run;
        match app.drive(&run, pending()).await.expect("it is driven") {
            Driven::Parked(standing) => Self { app, run, standing, sandbox, folder },
            Driven::Ended(ending) => panic!("it has ended: {ending:?}"),
        }
    }

    /// What somebody types, and what must be said.
    fn says(&self, words: &[&str], status: i32, out: &[&str], err: &[&str]) {
        let arguments = [words, &["--store", "records.db"]].concat();
        check(self.folder.path(), &arguments, status, out, err);
    }

    async fn goes_on(&self) -> Ending {
        match self.app.drive(&self.run, pending()).await.expect("it is driven") {
            Driven::Ended(ending) => ending,
            Driven::Parked(standing) => panic!("it waits: {standing:?}"),
        }
    }

    fn texts(&self) -> usize {
        let written = |service, access| service == Service::Twilio && access == Access::Write;
        self.sandbox.requests().iter().filter(|request| written(request.service, request.access)).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_made_when_a_person_approves_it_and_not_before() {
    for (word, more, ending, texts) in
        [("approve", &[][..], "completed", 1), ("refuse", &["--reason", "wrong person"], "failed", 0)]
    {
        let mut scenario = case("answer-lost");
        scenario.faults.clear();
        let tenant = scenario.config.tenants.values_mut().next().expect("it has a tenant");
        let grant = tenant.plugins.values_mut().next().expect("it grants a plugin");
        grant.approve.insert("send_sms".to_owned(), Approval::default());
        let waiting = Waiting::of(&scenario).await;
        assert!(matches!(waiting.standing, Standing::AwaitsApproval { .. }), "{:?}", waiting.standing);
        assert_eq!(waiting.texts(), 0);
        let run = waiting.run.as_str();
        waiting.says(&["runs", "--waiting"], 0, &[run, "awaits-approval"], &[]);
        waiting.says(&["logs", run], 0, &["send_sms waits for a person's approval", "+15550100"], &[]);
        waiting.says(&["runs", "resolve", run, "--redo"], 2, &[], &["has no effect that a person must settle"]);
        waiting.says(&[&["runs", word, run, "--by", "dana"], more].concat(), 0, &["said of send_sms"], &[]);
        assert_eq!(waiting.goes_on().await.as_str(), ending);
        assert_eq!(waiting.texts(), texts, "{word}");
        waiting.says(&["logs", run], 0, &["dana says of send_sms"], &[]);
        waiting.says(&["replay", run], 0, &[ending, "as the records say"], &[]);
        waiting.says(&["runs", "--waiting"], 0, &["No run waits for a person."], &[]);
        waiting.says(&["runs", word, run, more.first().unwrap_or(&"--by"), "dana"], 2, &[], &["waits for approval"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_program_can_tell_of_is_settled_at_the_command_line() {
    for (word, ending, words) in [
        (&["--done", "70001"][..], "completed", "dana says of upsert_lead: it happened"),
        (&["--drop"], "failed", "upsert_lead may or may not have happened, and a person left it at that"),
    ] {
        let waiting = Waiting::of(&case("vendor-unreachable")).await;
        assert_eq!(waiting.standing, Standing::NeedsAttention);
        let run = waiting.run.as_str();
        waiting.says(&["replay", run], 0, &["needs-attention, as the records say"], &[]);
        waiting.says(&["runs", "resolve", run, "--call", "9/call/9", "--drop"], 2, &[], &["those that do: 2/call/0"]);
        waiting.says(&[&["runs", "resolve", run, "--by", "dana"], word].concat(), 0, &["said of upsert_lead"], &[]);
        assert_eq!(waiting.goes_on().await.as_str(), ending);
        waiting.says(&["logs", run], 0, &[words, &format!("Ended: {ending}")], &[]);
        waiting.says(&["replay", run], 0, &["as the records say"], &[]);
    }
}
