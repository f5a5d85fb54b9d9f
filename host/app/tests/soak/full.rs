//! The disk is full: files can't grow any further, by a limit of the process, which needs no file system of its own; and
//! the log is on a device on which there is no room.

use std::os::unix::process::ExitStatusExt as _;

use crate::{
    account::Account,
    calls::Call,
    platform::Platform,
    world::{LOOK_AGAIN, World},
};

/// The largest file, in blocks of 512 bytes: the records with a few calls.
const FILE_BLOCKS_MAX: u32 = 2048;

/// More calls than fit.
const CALLS: u32 = 300;

const SIGKILL: i32 = 9;

/// Posts calls until one is refused, since it can't be kept. Gives how many were posted.
async fn fill(platform: &Platform<'_>) -> u32 {
    for number in 0..CALLS {
        loop {
            match platform.take(Call(number)).await {
                Ok(()) => break,
                // There is room on the disk, and too much waits.
                Err(Some(429)) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(status) => {
                    assert_eq!(status, Some(503));
                    return number + 1;
                }
            }
        }
    }
    panic!("{CALLS} calls fit, and the limit has no effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing() {
    let world = World::set(CALLS, |_| {}).await;
    // The records are there, and so is compiled code, which isn't what the limit is for.
    world.start().await.stop().await.expect("it ends well");
    let platform = Platform::new(&world);
    let mut server = world.start_within(&format!("ulimit -f {FILE_BLOCKS_MAX}; SERVER_LOG=/dev/full;")).await;
    let posted = fill(&platform).await;
    let ended = server.kill().await.expect("it takes a SIGKILL");
    assert_eq!(ended.signal(), Some(SIGKILL), "it lived until it was killed: {ended}\n{}", world.log());

    let server = world.start().await;
    world.wait_until_ended().await;
    // What was refused was not kept, not even in part.
    Account::of(&world, &platform.accepted()).await.expect_exact(&world, "the disk was full");
    for number in 0..posted {
        platform.deliver(Call(number)).await;
    }
    world.wait_until_ended().await;
    server.stop().await.expect("it ends well");
    let accepted = platform.accepted();
    assert_eq!(accepted.len(), posted as usize);
    Account::of(&world, &accepted).await.expect_exact(&world, "there was room again");
}
