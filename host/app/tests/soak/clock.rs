//! The clock is stepped back while the host is down. The program's clock is the system's, so that this is played in
//! the test's own process, where the clock is given.

use std::{future::pending, sync::Arc, time::Duration};

use aftercall_app::{
    app::{App, Surroundings},
    clock::SystemClock,
    demo::secret,
    prepare,
    progress::Silence,
};
use aftercall_core::{
    id::RunId,
    ports::Clock,
    run::{AttemptResult, Ending, Event, Kind as Happened, Run},
    time::Timestamp,
};
use aftercall_engine::{Driven, Observer};
use aftercall_sandbox::{Fault, Point, Service, When};
use tokio::sync::Notify;

use crate::{
    account::Account,
    calls::Call,
    world::{LOOK_AGAIN, World},
};

/// How far the clock is stepped back, in milliseconds.
const STEP_MS: u64 = 60 * 60 * 1000;

/// Longest time for a run whose pauses are far shorter, and than which the step is far longer.
const ENDED_MAX: Duration = Duration::from_secs(60);

/// A clock that is ahead.
struct Ahead(u64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_ms(self.0)
    }
}

/// Tells when an attempt has failed, so that a pause begins.
#[derive(Default)]
struct Pauses(Notify);

impl Observer for Pauses {
    fn happened(&self, _: &RunId, event: &Event, _: &Run) {
        if let Happened::Attempted { outcome, .. } = &event.kind
            && matches!(outcome.result, AttemptResult::Failed(_))
        {
            self.0.notify_one();
        }
    }
}

/// Builds the app, as soon as nothing of the one before has the records any more.
async fn build(world: &World, ahead_ms: u64, observer: Arc<dyn Observer>) -> App {
    let env = |name: &str| secret(&world.credentials, name);
    let clock = Arc::new(Ahead(ahead_ms));
    let around = || Surroundings { clock: clock.clone(), ..Surroundings::new(&env, observer.clone()) };
    let built = async {
        loop {
            match App::build(world.config.clone(), around()).await {
                Ok(app) => return app,
                Err(error) if format!("{error:#}").contains("another engine") => tokio::time::sleep(LOOK_AGAIN).await,
                Err(error) => panic!("it is built: {error:#}"),
            }
        }
    };
    tokio::time::timeout(ENDED_MAX, built).await.expect("the records are let go of")
}

/// Drives a call under a clock that is ahead until `crash` resolves, and then to its end under one that isn't.
async fn step_back(world: &World, observer: Arc<dyn Observer>, crash: impl Future<Output = ()>) {
    let app = build(world, STEP_MS, observer).await;
    let body = world.body(Call(0));
    let parsed = aftercall_intake::parse(body.as_bytes()).expect("it is a call");
    let tenant = "meridian".parse().expect("a name");
    let call = prepare::Call { raw: body.as_bytes(), parsed, tenant: Some(&tenant), assistant: None, revision: 0 };
    let run = app.accept(&app.prepare(call).expect("somebody takes it")).await.expect("it is accepted").run;
    tokio::select! {
        ended = app.drive(&run, pending()) => panic!("it ended before the crash: {ended:?}"),
        () = crash => {}
    }
    app.settled().await;
    drop(app);

    let app = build(world, 0, Arc::new(Silence)).await;
    let ended = tokio::time::timeout(ENDED_MAX, app.drive(&run, pending())).await.expect("it ends in time");
    assert!(matches!(ended.expect("it is driven"), Driven::Ended(Ending::Completed { .. })));
    drop(app);
    Account::of(world, &[(Call(0), run)].into()).await.expect_exact(world, "the clock's step");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_no_longer_by_a_clock_that_is_stepped_back() {
    let world = World::set(1, |_| {}).await;
    world.sandbox.fault(Point::write(Service::Twilio), Fault::RateLimit { retry_after_seconds: 1 }, 1);
    let pauses = Arc::new(Pauses::default());
    let begun = Arc::clone(&pauses);
    step_back(&world, pauses, async move { begun.0.notified().await }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_in_doubt_is_found_by_a_clock_that_is_stepped_back() {
    // However long the vendor's list may lag, that time passes too.
    let world = World::set(1, |config| {
        let grants = config.tenants.values_mut().flat_map(|tenant| &mut tenant.plugins);
        for (_, grant) in grants.filter(|(plugin, _)| plugin.as_str() == "sms") {
            grant.settings.as_mut().expect("it has settings")["list_lag_ms"] = 0.into();
        }
    })
    .await;
    let held = world.sandbox.hold(Point::write(Service::Twilio), When::After);
    step_back(&world, Arc::new(Silence), held.arrived()).await;
    held.discard().await;
}
