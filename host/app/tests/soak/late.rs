//! Answers that come when nobody waits for them any more.

use aftercall_sandbox::{Point, Service, When};

use crate::{
    account::Account,
    calls::{Call, Kind},
    platform::Platform,
    world::World,
};

/// How long the server waits for a vendor, in milliseconds.
const REQUEST_MS_MAX: u64 = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_does_the_work_and_answers_after_it_was_given_up() {
    let points = [
        (Kind::Sales, Point::write(Service::Twilio)),
        (Kind::Sales, Point::write(Service::Hubspot).path("contacts")),
        (Kind::Sales, Point::write(Service::Hubspot).path("notes")),
        (Kind::Sales, Point::write(Service::Sendgrid)),
        (Kind::Clinic, Point::write(Service::Fhir)),
        (Kind::Support, Point::write(Service::Zendesk).path("users")),
        (Kind::Support, Point::write(Service::Zendesk).path("tickets")),
        (Kind::Support, Point::write(Service::Pagerduty)),
    ];
    let calls = Call::some_of(points.iter().map(|(kind, _)| *kind));
    let world = World::set(Call::after(&calls), |config| {
        let grants = config.tenants.values_mut().flat_map(|tenant| tenant.plugins.values_mut());
        grants.for_each(|grant| grant.limits.request_ms_max = REQUEST_MS_MAX);
    })
    .await;
    let server = world.start().await;
    let platform = Platform::new(&world);
    for (call, (_, point)) in calls.into_iter().zip(points) {
        let held = world.sandbox.hold(point, When::After);
        platform.deliver(call).await;
        held.arrived().await;
        // It ends although the answer hasn't come, which comes then.
        world.wait_until_ended().await;
        held.release().await;
    }
    server.stop().await.expect("it ends well");
    Account::of(&world, &platform.accepted()).await.expect_exact(&world, "late vendors");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_answers_a_server_that_was_killed_meanwhile() {
    let calls = Call::some_of(Kind::ALL);
    let world = World::set(Call::after(&calls), |_| {}).await;
    let platform = Platform::new(&world);
    let mut server = world.start().await;
    for (turn, call) in calls.into_iter().enumerate() {
        let first = world.sandbox.hold(Point::turn(turn), When::Before);
        platform.deliver(call).await;
        first.arrived().await;
        server.kill().await.expect("it takes a SIGKILL");
        let second = world.sandbox.hold(Point::turn(turn), When::Before);
        server = world.start().await;
        second.arrived().await;
        // The late answer is nobody's, while the next one is waited for.
        first.release().await;
        second.release().await;
        world.wait_until_ended().await;
        let number = format!("{:06}", call.0);
        let asked = world.sandbox.requests().into_iter().filter(|request| {
            request.service == Service::Model && request.turn == Some(turn) && request.body.contains(&number)
        });
        assert_eq!(asked.count(), 2, "turn {turn}: once by each server");
    }
    server.stop().await.expect("it ends well");
    Account::of(&world, &platform.accepted()).await.expect_exact(&world, "late replies");
}
