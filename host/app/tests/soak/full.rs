//! The disk is full: files can't grow any further, by a limit of the process, which needs no file system of its own.

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
const SIGXFSZ: i32 = 25;

/// Posts calls until the disk is full: how many were posted, and how the last was answered.
async fn fill(platform: &Platform<'_>) -> (u32, Option<u16>) {
    for number in 0..CALLS {
        loop {
            match platform.take(Call(number)).await {
                Ok(()) => break,
                // There is room on the disk, and too much waits.
                Err(Some(429)) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(status) => return (number + 1, status),
            }
        }
    }
    panic!("{CALLS} calls fit, and the limit has no effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing() {
    // The system tells it by an error, or by a signal that ends whoever doesn't listen to it.
    for (ignored, ends_by) in [("trap '' XFSZ;", &[SIGKILL][..]), ("", &[SIGKILL, SIGXFSZ])] {
        let world = World::set(CALLS, |_| {}).await;
        // The records are there, and so is compiled code, which isn't what the limit is for.
        world.start().await.stop().await.expect("it ends well");
        let platform = Platform::new(&world);
        let mut server = world.start_within(&format!("{ignored} ulimit -f {FILE_BLOCKS_MAX};")).await;
        let (posted, status) = fill(&platform).await;
        assert!(matches!(status, Some(503) | None), "{status:?}");
        let ended = server.kill().await.expect("it ends");
        assert!(ended.signal().is_some_and(|signal| ends_by.contains(&signal)), "{ended}: {}", world.log());

        let server = world.start().await;
        world.wait_until_ended().await;
        if status.is_some() {
            // What was refused was not kept, not even in part.
            Account::of(&world, &platform.accepted()).await.expect_exact(&world, "the disk was full");
        }
        for number in 0..posted {
            platform.deliver(Call(number)).await;
        }
        world.wait_until_ended().await;
        server.stop().await.expect("it ends well");
        let accepted = platform.accepted();
        assert_eq!(accepted.len(), posted as usize);
        Account::of(&world, &accepted).await.expect_exact(&world, "the disk was full");
    }
}
