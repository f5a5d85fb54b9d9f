//! One slot's tokens: kept while they hold, asked for once however many calls want one.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aftercall_core::{
    ports::{Clock, RefreshTokenOf},
    secret::Secret,
    time::Timestamp,
};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio::time::timeout;

use super::{
    answer,
    ask::Asking,
    endpoint::{Answered, Endpoint},
    hidden::Hidden,
    no_token::{NoToken, Why},
    place::{Place, Placed},
    sealed::SealedTokens,
};
use crate::door::Client;

/// Longest time before its end at which a token is replaced, in milliseconds: a request that carries it has to arrive.
const EARLY_MS_MAX: u64 = 60_000;

/// Shortest time between two requests for a token of one slot, in milliseconds. A failure is repeated until then, and
/// a token that a vendor refuses is kept until then: protects the tenant's account at the vendor from a component
/// that provokes one request after the other.
pub(super) const PAUSE_MS: u64 = 2_000;

/// Longest pause that a vendor can ask for before it is asked for a token again, in milliseconds.
const PAUSE_MS_MAX: u64 = 60_000;

/// How much longer than it may take the use of a refresh token is claimed, in milliseconds: for the records' own part.
const CLAIM_SPARE_MS: u64 = 5_000;

/// A token in its place. It has no `Debug`, since it is one.
pub(crate) struct Token {
    pub(super) placed: Placed,
}

type Obtained = Result<Arc<Token>, NoToken>;
type UnderWay = Shared<BoxFuture<'static, Obtained>>;

/// The tokens of one slot of one grant.
pub(super) struct Tokens {
    pub(super) slot: String,
    pub(super) place: Place,
    pub(super) asking: Asking,
    pub(super) endpoint: Endpoint,
    pub(super) refresh: Option<Refresh>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hidden: Arc<Hidden>,
    pub(super) token_ms_max: u64,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    last: Option<Last>,
    under_way: Option<UnderWay>,
}

/// What the last request came to.
struct Last {
    obtained: Obtained,
    asked_at: Timestamp,
    good_until: Timestamp,
}

/// A refresh token, which a vendor may replace with each use.
pub(super) struct Refresh {
    pub(super) of: RefreshTokenOf,
    pub(super) granted: Secret,
    pub(super) kept: Arc<SealedTokens>,
    /// The newest one, if it could not be kept.
    pub(super) unkept: Mutex<Option<Secret>>,
}

impl Tokens {
    /// A token that holds, if there is one in that time. Asking for one goes on though whoever wanted it is gone: a
    /// rotated refresh token must not be lost.
    pub(super) async fn get(self: &Arc<Self>, client: &Client, patience: Duration) -> Obtained {
        let under_way = {
            let mut state = self.state();
            let now = self.clock.now();
            match (&state.under_way, &state.last) {
                (Some(under_way), _) => under_way.clone(),
                (None, Some(last)) if now < last.good_until => return last.obtained.clone(),
                _ => state.under_way.insert(self.begin(client.clone(), now)).clone(),
            }
        };
        let too_late = |_| Err(self.no_token(Why::TimedOut { host: self.endpoint.host.clone() }));
        timeout(patience, under_way).await.unwrap_or_else(too_late)
    }

    /// Drops a token that a vendor has refused, unless another is there already.
    pub(super) fn refused(&self, token: &Arc<Token>) {
        if let Some(last) = &mut self.state().last
            && matches!(&last.obtained, Ok(held) if Arc::ptr_eq(held, token))
        {
            last.good_until = last.good_until.min(last.asked_at.plus_ms(PAUSE_MS));
        }
    }

    fn begin(self: &Arc<Self>, client: Client, now: Timestamp) -> UnderWay {
        let tokens = Arc::clone(self);
        let held = self.refresh.as_ref().and_then(|refresh| refresh.kept.hold());
        let task = tokio::spawn(async move {
            let _held = held;
            let host = tokens.endpoint.host.clone();
            let asked = timeout(Duration::from_millis(tokens.token_ms_max), tokens.ask(&client, now)).await;
            let (obtained, good_ms) = match asked.unwrap_or(Err(Why::TimedOut { host })) {
                Ok((token, life_ms)) => (Ok(token), life_ms - EARLY_MS_MAX.min(life_ms / 10)),
                Err(why) => {
                    let no_token = tokens.no_token(why);
                    let pause = no_token.retry_after_ms().unwrap_or_default().min(PAUSE_MS_MAX);
                    (Err(no_token), pause)
                }
            };
            tokens.settle(now, good_ms, obtained.clone());
            obtained
        });
        let tokens = Arc::clone(self);
        let whole = async move {
            match task.await {
                Ok(obtained) => obtained,
                // Its runtime is gone.
                Err(_) => {
                    let ended = Err(tokens.no_token(Why::Ended));
                    tokens.settle(now, 0, ended.clone());
                    ended
                }
            }
        };
        whole.boxed().shared()
    }

    fn settle(&self, asked_at: Timestamp, good_ms: u64, obtained: Obtained) {
        let good_until = asked_at.plus_ms(good_ms.max(PAUSE_MS));
        let mut state = self.state();
        state.last = Some(Last { obtained, asked_at, good_until });
        state.under_way = None;
    }

    async fn ask(&self, client: &Client, now: Timestamp) -> Result<(Arc<Token>, u64), Why> {
        let Some(refresh) = &self.refresh else { return self.ask_with(None, client, now).await };
        // Another process, a rehearsal, may have the same grant.
        let until = now.plus_ms(self.token_ms_max.saturating_add(CLAIM_SPARE_MS));
        if !refresh.kept.claim(&refresh.of, now, until).await.map_err(Why::Records)? {
            return Err(Why::Claimed);
        }
        let asked = async { self.ask_with(Some(&refresh.newest().await?), client, now).await }.await;
        refresh.kept.release(&refresh.of, until).await;
        asked
    }

    async fn ask_with(
        &self,
        refresh_token: Option<&Secret>,
        client: &Client,
        now: Timestamp,
    ) -> Result<(Arc<Token>, u64), Why> {
        let form = self.asking.form(refresh_token, now)?;
        self.hidden.add(&self.slot, refresh_token.into_iter().chain(&form.assertions));
        let signed = !form.assertions.is_empty();
        let Answered { status, retry_after_ms, body } = self.endpoint.post(client, form).await?;
        let host = || self.endpoint.host.clone();
        let given = answer::read(status, &body).map_err(|fault| Why::of(fault, host(), signed, retry_after_ms))?;
        self.hidden.add(&self.slot, given.refresh_token.iter().chain([&given.token]));
        if let (Some(refresh), Some(token)) = (&self.refresh, given.refresh_token) {
            refresh.keep(token).await;
        }
        let unusable = |_| Why::Nonsense { host: host(), what: "with an `access_token` that can't go on a request" };
        let placed = self.place.with(&given.token).map_err(unusable)?;
        Ok((Arc::new(Token { placed }), given.life_ms))
    }

    fn no_token(&self, why: Why) -> NoToken {
        NoToken { slot: self.slot.clone(), why }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refresh {
    async fn newest(&self) -> Result<Secret, Why> {
        let unkept = self.unkept().clone();
        if let Some(token) = unkept {
            self.keep(token.clone()).await;
            return Ok(token);
        }
        // Where it can't be read, the granted one is no way out: vendors take the use of an old one for theft.
        let kept = self.kept.newest(&self.of).await.map_err(Why::Records)?;
        Ok(kept.unwrap_or_else(|| self.granted.clone()))
    }

    async fn keep(&self, token: Secret) {
        *self.unkept() = Some(token.clone());
        if let Err(error) = self.kept.keep(&self.of, &token).await {
            let RefreshTokenOf { tenant, plugin, slot, .. } = &self.of;
            tracing::warn!(
                "the newest refresh token of tenant {tenant}, plugin {plugin}, credential `{slot}` is in memory alone, \
                 and lost when this process ends: {error}"
            );
            return;
        }
        *self.unkept() = None;
    }

    fn unkept(&self) -> MutexGuard<'_, Option<Secret>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
