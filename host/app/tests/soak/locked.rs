//! The records are locked by another program, for longer than the server waits for a lock.

use aftercall_sandbox::{Point, Service, When};
use futures::future::join_all;
use rusqlite::Connection;

use crate::{account::Account, calls::Call, platform::Platform, world::World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_records_are_locked_while_calls_come_in() {
    let world = World::set(3, |_| {}).await;
    let server = world.start().await;
    let platform = Platform::new(&world);
    let held = world.sandbox.hold(Point::write(Service::Twilio), When::After);
    platform.deliver(Call(0)).await;
    held.arrived().await;
    let other = Connection::open(world.config.store()).expect("it can be opened");
    other.execute_batch("PRAGMA busy_timeout = 60000; BEGIN EXCLUSIVE").expect("it can be locked");
    // What the vendor answers can't be written down, and neither can a call.
    held.release().await;
    let refused = join_all([Call(1), Call(2)].map(|call| platform.take(call))).await;
    assert_eq!(refused, [Err(Some(503)); 2], "{}", world.log());
    other.execute_batch("ROLLBACK").expect("it can be unlocked");
    for call in [Call(1), Call(2)] {
        platform.deliver(call).await;
    }
    world.wait_until_ended().await;
    server.stop().await.expect("it ends well");
    Account::of(&world, &platform.accepted()).await.expect_exact(&world, "the lock");
}
