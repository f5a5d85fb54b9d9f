//! One seed, from its first call to the last law.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    runtime::Builder,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    laws::Broken,
    life::Living,
    mutations::Mutation,
    people::look_after,
    workload::{Death, Life},
    world::World,
};

/// How long a platform waits for an answer to its webhook.
const WEBHOOK: Duration = Duration::from_secs(10);

/// How long it waits before it sends the same again, in milliseconds.
const AGAIN_MS_MAX: u64 = 60_000;

/// How long things go on going wrong after the last engine has taken over, in milliseconds.
const UNREST_MS_MAX: u64 = 600_000;

/// How long a world that was left alone takes at most until all has ended: a weekend may lie in between, and clocks may be
/// set back.
const REST: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How soon it is looked at meanwhile, for the first time.
const LOOK: Duration = Duration::from_secs(30);

/// The longest time between two looks.
const LOOK_MAX: Duration = Duration::from_secs(10 * 60);

/// What came of a seed.
#[derive(Debug)]
pub struct Report {
    /// The laws that did not hold.
    pub broken: Vec<Broken>,
    /// What was reached, and how often.
    pub reached: BTreeMap<&'static str, u64>,
    /// What happened, line by line, if somebody wanted to read it.
    pub trace: Vec<String>,
}

/// The engine that takes calls at this moment, if there is one.
type Door = Arc<Mutex<Option<Arc<Living>>>>;

/// Lets a seed's world happen. `mutation`: with this deliberate fault in it. `traced`: somebody reads the trace.
pub fn simulate(seed: u64, mutation: Option<Mutation>, traced: bool) -> Report {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let world = World::new(seed, mutation, traced);
        happen(&world).await;
        world.check_end();
        let (broken, reached) = {
            let state = &mut *world.state();
            (state.laws.newly_broken(0), std::mem::take(&mut state.reached))
        };
        Report { broken, reached, trace: world.trace() }
    })
}

async fn happen(world: &Arc<World>) {
    world.tell(|| format!("{:?}, {:?}", world.workload.clocks, world.workload.people));
    if world.workload.clocks.are_stepped() {
        world.reached("a clock was stepped");
    }
    let door = Door::default();
    let mut webhooks = JoinSet::new();
    for call in 0..world.workload.calls.len() {
        for arrives_ms in world.workload.calls[call].arrives_ms.clone() {
            webhooks.spawn(webhook(Arc::clone(world), Arc::clone(&door), call, arrives_ms));
        }
    }
    let mut process = 1;
    let mut looking_after = JoinSet::new();
    if let Some(people) = world.workload.people {
        looking_after.spawn(look_after(Arc::clone(world), people));
    }
    for life in &world.workload.lives {
        live(world, &door, process, life).await;
        process += 1;
    }
    let last = Arc::new(Living::begin(world, process, None));
    open(&door, Some(&last));
    let unrest = world.state().dice.up_to(UNREST_MS_MAX);
    sleep(Duration::from_millis(unrest)).await;
    world.state().calm = true;
    world.tell(|| "nothing goes wrong any more".to_owned());
    let rest = async {
        while webhooks.join_next().await.is_some() {}
        let mut look = LOOK;
        while !world.is_decided() {
            sleep(look).await;
            look = (look * 5 / 4).min(LOOK_MAX);
        }
    };
    // That it took too long is told by the laws.
    let _ = timeout(REST, rest).await;
}

/// One engine's life, and the time without one after it.
async fn live(world: &Arc<World>, door: &Door, id: u64, life: &Life) {
    let living = Arc::new(Living::begin(world, id, Some(life)));
    open(door, Some(&living));
    let at_last = timeout(Duration::from_millis(life.ms), living.process.at_last.notified()).await;
    world.reached(if at_last.is_ok() { "died at a point" } else { "died between two points" });
    if let Death::Replaced { goes_on_ms } = life.death {
        tokio::spawn(async move {
            sleep(Duration::from_millis(goes_on_ms)).await;
            living.kill();
        });
        return;
    }
    open(door, None);
    match life.death {
        Death::Stopped { grace_ms } => living.stop(grace_ms).await,
        _ => living.kill(),
    }
    world.tell(|| format!("{id} is dead"));
    world.state().records.crashed();
    sleep(Duration::from_millis(life.down_ms)).await;
}

fn open(door: &Door, living: Option<&Arc<Living>>) {
    *door.lock().expect("nothing panics while it holds the lock") = living.cloned();
}

/// A platform sends a call until somebody takes it.
async fn webhook(world: Arc<World>, door: Door, call: usize, arrives_ms: u64) {
    sleep(Duration::from_millis(arrives_ms)).await;
    loop {
        let living = door.lock().expect("nothing panics while it holds the lock").clone();
        if let Some(living) = living
            && let Ok(Ok(())) = timeout(WEBHOOK, living.take(&world.workload.calls[call])).await
        {
            return;
        }
        let again = world.state().dice.between(1_000..=AGAIN_MS_MAX);
        sleep(Duration::from_millis(again)).await;
    }
}
