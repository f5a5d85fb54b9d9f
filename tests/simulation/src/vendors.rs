//! Vendors that keep state, and the tools that ask them. A request that has left goes its own way: whoever sent it
//! may be dead when it arrives.

mod call;
mod reconcile;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aftercall_core::{
    effect::EffectKey,
    id::RunId,
    time::Timestamp,
    tool::{Effect, Outcome, Receipt},
};
use tokio::{sync::oneshot, time::sleep};

pub(crate) use self::reconcile::CERTAIN_MS;

use crate::{
    laws::Law,
    process::{ProcessId, short},
    world::World,
};

/// How long a request is on its way, in milliseconds.
const ARRIVES_MS_MAX: u64 = 20_000;

/// How long a vendor's answer takes, in milliseconds: longer than a tool waits for it.
const ANSWERS_MS_MAX: u64 = 20_000;

/// How long a vendor's index lags behind what it has done, in milliseconds.
const INDEX_LAG_MS_MAX: u64 = 30_000;

/// What vendors have done.
#[derive(Default)]
pub(crate) struct Vendors {
    made: BTreeMap<EffectKey, Made>,
    /// Every request that arrived, in order.
    log: Vec<(Timestamp, Letter)>,
}

/// An effect that came about.
struct Made {
    times: u32,
    /// When the vendor's index has it.
    visible_at: Timestamp,
}

/// A write on its way.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) key: EffectKey,
    pub(crate) effect: Effect,
    pub(crate) run: RunId,
    pub(crate) process: ProcessId,
    pub(crate) attempt: u32,
}

/// What a vendor answers.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Done,
    /// 429.
    TooMany {
        retry_after_ms: Option<u64>,
    },
    /// 403.
    Forbidden,
    /// 503, whether or not the work was done.
    Broken,
}

impl Vendors {
    /// Whether an effect came about.
    pub(crate) fn made(&self, key: &EffectKey) -> bool {
        self.made.contains_key(key)
    }

    /// Did it before anything else happened: on the live call.
    pub(crate) fn made_live(&mut self, key: EffectKey) {
        self.made.insert(key, Made { times: 1, visible_at: Timestamp::default() });
    }

    fn is_visible(&self, key: &EffectKey, now: Timestamp) -> bool {
        self.made.get(key).is_some_and(|made| made.visible_at <= now)
    }

    /// Does the work. Gives how often it has been done by now.
    fn make(&mut self, letter: &Letter, visible_at: Timestamp) -> u32 {
        let made = self.made.entry(letter.key.clone()).or_insert(Made { times: 0, visible_at });
        if letter.effect != Effect::Idempotent || made.times == 0 {
            made.times += 1;
        }
        made.times
    }

    /// How often a request for an effect arrived.
    fn arrivals(&self, key: &EffectKey) -> usize {
        self.log.iter().filter(|(_, letter)| letter.key == *key).count()
    }
}

/// Sends a write on its way. Nothing answers where the request or its answer is lost.
fn send(world: &Arc<World>, letter: Letter) -> oneshot::Receiver<Answer> {
    let (answer, answered) = oneshot::channel();
    let world = Arc::clone(world);
    let vendor = world.workload.faults.vendor;
    let (lost, arrives, answer_lost, answers) = {
        let state = &mut *world.state();
        let slow = state.goes_wrong(vendor / 2);
        let most = |most| if slow { most } else { 1_000 };
        (
            state.goes_wrong(vendor / 4),
            state.dice.up_to(most(ARRIVES_MS_MAX)),
            state.goes_wrong(vendor / 4),
            state.dice.up_to(most(ANSWERS_MS_MAX)),
        )
    };
    tokio::spawn(async move {
        sleep(Duration::from_millis(arrives)).await;
        if lost {
            world.tell(|| format!("vendor {}: request of {} lost", short(&letter.key), letter.process));
            return;
        }
        let said = arrive(&world, &letter);
        sleep(Duration::from_millis(answers)).await;
        if !answer_lost {
            // Whoever asked may be gone.
            let _ = answer.send(said);
        }
    });
    answered
}

/// A write arrives.
fn arrive(world: &World, letter: &Letter) -> Answer {
    let (now, vendor) = (world.now(), world.workload.faults.vendor);
    let said = {
        let state = &mut *world.state();
        state.vendors.log.push((now, letter.clone()));
        let wrong = state.goes_wrong(vendor).then(|| state.dice.between(0..=5));
        let said = match wrong {
            Some(0 | 1) => Answer::TooMany { retry_after_ms: state.dice.percent(50).then(|| state.dice.up_to(60_000)) },
            Some(2) => Answer::Forbidden,
            Some(3..) => Answer::Broken,
            None => Answer::Done,
        };
        if matches!(said, Answer::Done) || wrong == Some(5) {
            let visible_at = now.plus_ms(state.dice.up_to(INDEX_LAG_MS_MAX));
            let times = state.vendors.make(letter, visible_at);
            if times > 1 {
                let words = format!("{} came about {times} times", letter.key);
                state.laws.broken(Law::OnceOnly, words);
            }
        }
        said
    };
    world.tell(|| {
        let arrivals = world.state().vendors.arrivals(&letter.key);
        let Letter { key, process, attempt, effect, .. } = letter;
        format!("vendor {}: {effect} of {process}, attempt {attempt}, arrival {arrivals}: {said:?}", short(key))
    });
    said
}

fn outcome(key: &EffectKey) -> Outcome {
    let receipt = Receipt { id: format!("receipt of {key}"), kind: "thing".into(), url: None };
    Outcome { text: "done".into(), data: None, receipts: vec![receipt] }
}
