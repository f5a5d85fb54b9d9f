//! A voice platform: it sends a webhook again until it is taken, and some a second time.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aftercall_app::{clock::SystemClock, demo::client};
use aftercall_core::{id::RunId, ports::Clock as _};
use fastrand::Rng;
use futures::future::join_all;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::{calls::Call, world::World};

/// The first pause before a webhook is sent again that wasn't taken. It doubles. A platform waits for seconds, since a
/// server is away for longer there.
const PAUSE: Duration = Duration::from_millis(5);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(160);

/// Longest time for a webhook to be taken. A failure of the server, not a wait for it.
const TAKEN_MAX: Duration = Duration::from_secs(120);

/// One of that many calls is sent again though it was taken.
const AGAIN_ONE_OF: u32 = 4;

/// What the server says.
#[derive(Debug, Deserialize)]
struct Answer {
    run: RunId,
}

/// The platforms of all tenants.
pub(crate) struct Platform<'a> {
    world: &'a World,
    client: reqwest::Client,
    accepted: Mutex<BTreeMap<Call, RunId>>,
    next: AtomicU32,
    repeated: AtomicU32,
}

impl<'a> Platform<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let client = client().expect("a client");
        Self { world, client, accepted: Mutex::default(), next: AtomicU32::new(0), repeated: AtomicU32::new(0) }
    }

    /// The calls that were taken, and their runs.
    pub(crate) fn accepted(&self) -> BTreeMap<Call, RunId> {
        self.accepted.lock().expect("nobody panics").clone()
    }

    /// How many webhooks were sent again though they had been taken.
    pub(crate) fn repeated(&self) -> u32 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Calls end one after another, as many at once as there are `lines`, each for a permit, until no more are given.
    pub(crate) async fn ring(&self, permits: &Semaphore, lines: u64, seed: u64) {
        join_all((0..lines).map(|line| self.line(permits, Rng::with_seed(seed.wrapping_add(line))))).await;
    }

    async fn line(&self, permits: &Semaphore, mut rng: Rng) {
        while let Ok(permit) = permits.acquire().await {
            permit.forget();
            let call = Call(self.next.fetch_add(1, Ordering::Relaxed));
            self.deliver(call).await;
            if rng.u32(..AGAIN_ONE_OF) == 0 {
                // This one, or one that was taken long ago.
                let again = if rng.bool() { call } else { self.taken_before(rng.u32(..)) };
                self.deliver(again).await;
                self.repeated.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn taken_before(&self, chance: u32) -> Call {
        let accepted = self.accepted.lock().expect("nobody panics");
        let index = chance as usize % accepted.len();
        *accepted.keys().nth(index).expect("at least the last one was taken")
    }

    /// Sends a call's webhook until it is taken.
    pub(crate) async fn deliver(&self, call: Call) {
        let taken = async {
            let mut pause = PAUSE;
            loop {
                match self.take(call).await {
                    Ok(()) => return,
                    Err(Some(status)) => assert!(matches!(status, 429 | 503), "{call:?} was answered {status}"),
                    // Nobody listens, or whoever did was killed.
                    Err(None) => {}
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        };
        if tokio::time::timeout(TAKEN_MAX, taken).await.is_err() {
            panic!("{call:?} was not taken in {TAKEN_MAX:?}\n{}", self.world.log());
        }
    }

    /// Sends a call's webhook once. If it isn't taken, it was answered otherwise, or not at all.
    pub(crate) async fn take(&self, call: Call) -> Result<(), Option<u16>> {
        let run = self.post(call).await?;
        let before = self.accepted.lock().expect("nobody panics").insert(call, run.clone());
        assert!(before.is_none_or(|before| before == run), "{call:?} has two runs");
        Ok(())
    }

    async fn post(&self, call: Call) -> Result<RunId, Option<u16>> {
        let (body, webhook) = (self.world.body(call), self.world.webhook(call));
        let id = format!("msg_{}", call.0);
        let headers = webhook.headers(&id, SystemClock.now(), body.as_bytes()).expect("it can be signed");
        let request = self.client.post(format!("{}{}", self.world.address(), webhook.path));
        let response = request.headers(headers).body(body).send().await.map_err(|_| None)?;
        let status = response.status().as_u16();
        if !matches!(status, 200 | 202) {
            return Err(Some(status));
        }
        // Without its body, the answer hasn't come.
        let text = response.text().await.map_err(|_| None)?;
        let answer: Answer = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{call:?} was answered {text}"));
        Ok(answer.run)
    }
}
