//! The tail of the write-ahead log is torn, as after a power cut in the middle of a write.

use std::{fs::OpenOptions, io::Write as _};

use aftercall_sandbox::{Point, Service, When};

use crate::{
    account::Account,
    calls::{Call, Kind},
    platform::Platform,
    world::World,
};

/// A frame of the log begins with a header of that many bytes, and goes on with a page.
const FRAME_HEADER_BYTES: usize = 24;

/// What stands at the end of the log beyond what was committed.
type Tail = fn(last_frame: &[u8]) -> Vec<u8>;

const TAILS: [(&str, Tail); 6] = [
    ("a byte", |_| vec![0xA5]),
    ("half a header", |last| last[..FRAME_HEADER_BYTES / 2].to_vec()),
    ("half a frame", |last| last[..last.len() / 2].to_vec()),
    ("a frame of which a part never reached the disk", |last| {
        let mut frame = last.to_vec();
        let half = frame.len() / 2;
        frame[half..].fill(0);
        frame
    }),
    ("frames of nothing", |last| vec![0; last.len() * 3]),
    ("frames of noise", |last| last.iter().cycle().take(last.len() * 2).map(|byte| byte ^ 0x5A).collect()),
];

/// Tears the log of the world's records.
fn tear(world: &World, tail: Tail) {
    let mut log = world.config.store().into_os_string();
    log.push("-wal");
    let bytes = std::fs::read(&log).expect("a server that was killed leaves its log");
    let page = u32::from_be_bytes(bytes[8..12].try_into().expect("four bytes"));
    let frame = FRAME_HEADER_BYTES + usize::try_from(page).expect("pages are small");
    let torn = tail(&bytes[bytes.len() - frame..]);
    let mut file = OpenOptions::new().append(true).open(&log).expect("it can be opened");
    file.write_all(&torn).expect("it can be written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_tail_of_the_log_loses_nothing_that_was_acknowledged() {
    let calls = Call::some_of(TAILS.iter().map(|_| Kind::Sales));
    let world = World::set(Call::after(&calls), |_| {}).await;
    let platform = Platform::new(&world);
    for (call, (name, tail)) in calls.into_iter().zip(TAILS) {
        let mut server = world.start().await;
        let held = world.sandbox.hold(Point::write(Service::Hubspot).path("notes"), When::After);
        platform.deliver(call).await;
        held.arrived().await;
        server.kill().await.expect("it takes a SIGKILL");
        held.discard().await;
        tear(&world, tail);
        let mut server = world.start().await;
        world.wait_until_ended().await;
        // Killed once more, so that there is a log for the next.
        server.kill().await.expect("it takes a SIGKILL");
        Account::of(&world, &platform.accepted()).await.expect_exact(&world, name);
    }
}
