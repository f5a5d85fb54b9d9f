//! `kill -9` at random moments, at load.

use std::{
    collections::BTreeMap,
    io::{Write as _, stderr},
    os::unix::process::ExitStatusExt as _,
    time::{Duration, Instant},
};

use aftercall_app::demo::Process;
use aftercall_core::id::RunId;
use fastrand::Rng;
use tokio::sync::Semaphore;

use crate::{account::Account, calls::Call, platform::Platform, world::World};

/// Kills, unless the environment says otherwise: enough to see that the soak itself works.
const KILLS: u32 = 15;

/// Webhooks under way at once.
const LINES: u64 = 12;

/// Calls that end for each life of the server.
const CALLS_PER_LIFE: u32 = 6;

/// How long the server may live, in milliseconds: from before its first step to well into its work.
const LIFE_MS: (u64, u64) = (20, 300);

/// One of that many lives ends in the first part of that time, while all that was interrupted is taken up again.
const SHORT_ONE_OF: u32 = 3;
const SHORT_MS_MAX: u64 = 80;

const SIGKILL: i32 = 9;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

fn life(rng: &mut Rng) -> Duration {
    let (least, most) = LIFE_MS;
    let most = if rng.u32(..SHORT_ONE_OF) == 0 { SHORT_MS_MAX } else { most };
    Duration::from_millis(rng.u64(least..=most))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_at_load() {
    let kills = number("AFTERCALL_KILLS").map_or(KILLS, |kills| u32::try_from(kills).expect("it fits"));
    let seed = number("AFTERCALL_SEED").unwrap_or_else(|| fastrand::u64(..));
    // Where a test that hangs is seen too.
    writeln!(stderr(), "soak: {kills} kills, AFTERCALL_SEED={seed}").expect("it can be written");
    let world = World::set(CALLS_PER_LIFE * (kills + 1), |_| {}).await;
    let platform = Platform::new(&world);
    let permits = Semaphore::new(0);
    let begun = Instant::now();
    let ((last, starting), ()) =
        tokio::join!(kill_again_and_again(&world, kills, seed, &permits), platform.ring(&permits, LINES, seed),);
    let killing = begun.elapsed();
    world.wait_until_ended().await;
    last.stop().await.expect("it ends well");
    let accepted = platform.accepted();
    let account = Account::of(&world, &accepted).await;
    let summary = summary(kills, &accepted, &platform, &account);
    writeln!(
        stderr(),
        "soak: {summary}; {:.1} s, {:.1} s of it killing, {:.2} s to start",
        begun.elapsed().as_secs_f32(),
        killing.as_secs_f32(),
        starting.as_secs_f32() / (kills + 1) as f32,
    )
    .expect("it can be written");
    account.expect_exact(&world, "the kills");
}

fn summary(kills: u32, accepted: &BTreeMap<Call, RunId>, platform: &Platform<'_>, account: &Account) -> String {
    let Account { ended, wanted, found, doubled, happened, did_not_happen, .. } = account;
    format!(
        "{kills} kills; {} calls accepted, {} deliveries repeated, {ended} runs ended; {wanted} effects wanted, {found} \
         found, {doubled} doubled; {} doubts settled, {happened} of what had happened",
        accepted.len(),
        platform.repeated(),
        happened + did_not_happen,
    )
}

/// Kills the server, and starts the next one on the same records. Gives the last, and the time that starts took.
async fn kill_again_and_again(world: &World, kills: u32, seed: u64, permits: &Semaphore) -> (Process, Duration) {
    let mut rng = Rng::with_seed(seed);
    let begun = Instant::now();
    let mut server = world.start().await;
    let mut starting = begun.elapsed();
    for _ in 0..kills {
        permits.add_permits(CALLS_PER_LIFE as usize);
        // The kill's moment is chance itself: no event of the server's is to stand for it.
        tokio::time::sleep(life(&mut rng)).await;
        let ended = server.kill().await.expect("it takes a SIGKILL");
        assert_eq!(ended.signal(), Some(SIGKILL), "it lived until it was killed: {ended}\n{}", world.log());
        let begun = Instant::now();
        server = world.start().await;
        starting += begun.elapsed();
    }
    permits.close();
    (server, starting)
}
