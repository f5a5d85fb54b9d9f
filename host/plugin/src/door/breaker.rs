//! Whether a vendor is asked at all. After so many failures in a row it is left alone for a while; then one request
//! finds out how it is, and the others go on waiting for what that one finds.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{BREAKER_FAILURES_MAX, BREAKER_PAUSE_MS_MAX, BREAKER_PAUSE_MS_MIN};

const PAUSE_MIN: Duration = Duration::from_millis(BREAKER_PAUSE_MS_MIN);
const PAUSE_MAX: Duration = Duration::from_millis(BREAKER_PAUSE_MS_MAX);

/// What requests to one vendor have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Breaker {
    /// In a row.
    failures: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Whoever wants to asks.
    #[default]
    Closed,
    /// Nobody asks until then, after that pause.
    Open { until: Instant, pause: Duration },
    /// One asks, after that pause.
    Trying { pause: Duration },
}

/// A request that may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// One of many.
    Usual,
    /// The one that finds out.
    Trial,
}

/// What a request says of the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It answers.
    Well,
    /// It can't be reached, or can't answer.
    Failing,
}

/// The vendor is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// How often it has failed in a row.
    pub(super) failures: u32,
    /// How long it is until it is asked again.
    pub(super) left: Duration,
}

impl Breaker {
    /// Whether a request may leave now. What it came to has to be told.
    pub(super) fn pass(&mut self, now: Instant) -> Result<Pass, Refused> {
        let left = match self.state {
            State::Closed => return Ok(Pass::Usual),
            State::Open { until, pause } if until <= now => {
                self.state = State::Trying { pause };
                return Ok(Pass::Trial);
            }
            State::Open { until, .. } => until.duration_since(now),
            // What the one that is under way finds is known by then.
            State::Trying { .. } => PAUSE_MIN,
        };
        Err(Refused { failures: self.failures, left })
    }

    /// Takes note of what a request came to. None: it says nothing of the vendor.
    pub(super) fn came_to(&mut self, pass: Pass, health: Option<Health>, now: Instant) {
        let open = |pause| State::Open { until: now + pause, pause };
        match health {
            // Whoever heard it, and however long ago it asked: the vendor answers.
            Some(Health::Well) => *self = Self::default(),
            Some(Health::Failing) => {
                self.failures = self.failures.saturating_add(1);
                match (self.state, pass) {
                    (State::Closed, _) if self.failures >= BREAKER_FAILURES_MAX => self.state = open(PAUSE_MIN),
                    (State::Trying { pause }, Pass::Trial) => self.state = open((pause * 2).min(PAUSE_MAX)),
                    // It had left before, and is no reason to wait any longer.
                    _ => {}
                }
            }
            None => {
                if let (State::Trying { pause }, Pass::Trial) = (self.state, pass) {
                    self.state = State::Open { until: now, pause };
                }
            }
        }
    }

    /// Whether nothing is to be remembered.
    pub(super) fn is_quiet(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = BREAKER_FAILURES_MAX;
    const S: Duration = Duration::from_secs(1);

    fn closed(failures: u32) -> Breaker {
        Breaker { failures, state: State::Closed }
    }

    fn open(failures: u32, until: Instant, pause: Duration) -> Breaker {
        Breaker { failures, state: State::Open { until, pause } }
    }

    fn trying(failures: u32, pause: Duration) -> Breaker {
        Breaker { failures, state: State::Trying { pause } }
    }

    #[test]
    fn each_state_lets_out_whom_it_may() {
        let now = Instant::now();
        let refused = |left| Err(Refused { failures: MAX, left });
        for (before, expected, after) in [
            (closed(0), Ok(Pass::Usual), closed(0)),
            (closed(MAX - 1), Ok(Pass::Usual), closed(MAX - 1)),
            (open(MAX, now + S, 8 * S), refused(S), open(MAX, now + S, 8 * S)),
            (open(MAX, now, 8 * S), Ok(Pass::Trial), trying(MAX, 8 * S)),
            (open(MAX, now - S, 8 * S), Ok(Pass::Trial), trying(MAX, 8 * S)),
            (trying(MAX, 8 * S), refused(PAUSE_MIN), trying(MAX, 8 * S)),
        ] {
            let mut breaker = before;
            assert_eq!((breaker.pass(now), breaker), (expected, after), "{before:?}");
        }
    }

    #[test]
    fn each_state_takes_note_of_each_outcome() {
        use Health::{Failing, Well};
        use Pass::{Trial, Usual};
        let now = Instant::now();
        let later = now + S;
        for (before, pass, health, after) in [
            (closed(0), Usual, Some(Well), closed(0)),
            (closed(MAX - 1), Usual, Some(Well), closed(0)),
            (closed(MAX - 1), Trial, Some(Well), closed(0)),
            (closed(0), Usual, Some(Failing), closed(1)),
            (closed(0), Trial, Some(Failing), closed(1)),
            (closed(MAX - 2), Usual, Some(Failing), closed(MAX - 1)),
            (closed(MAX - 1), Usual, Some(Failing), open(MAX, now + PAUSE_MIN, PAUSE_MIN)),
            (closed(MAX - 1), Trial, Some(Failing), open(MAX, now + PAUSE_MIN, PAUSE_MIN)),
            (closed(1), Usual, None, closed(1)),
            (closed(1), Trial, None, closed(1)),
            (open(MAX, later, 8 * S), Usual, Some(Well), closed(0)),
            (open(MAX, later, 8 * S), Trial, Some(Well), closed(0)),
            (open(MAX, later, 8 * S), Usual, Some(Failing), open(MAX + 1, later, 8 * S)),
            (open(MAX, later, 8 * S), Trial, Some(Failing), open(MAX + 1, later, 8 * S)),
            (open(MAX, later, 8 * S), Usual, None, open(MAX, later, 8 * S)),
            (open(MAX, later, 8 * S), Trial, None, open(MAX, later, 8 * S)),
            (trying(MAX, 8 * S), Usual, Some(Well), closed(0)),
            (trying(MAX, 8 * S), Trial, Some(Well), closed(0)),
            (trying(MAX, 8 * S), Usual, Some(Failing), trying(MAX + 1, 8 * S)),
            (trying(MAX, 8 * S), Trial, Some(Failing), open(MAX + 1, now + 16 * S, 16 * S)),
            (trying(MAX, PAUSE_MAX - S), Trial, Some(Failing), open(MAX + 1, now + PAUSE_MAX, PAUSE_MAX)),
            (trying(u32::MAX, PAUSE_MAX), Trial, Some(Failing), open(u32::MAX, now + PAUSE_MAX, PAUSE_MAX)),
            (trying(MAX, 8 * S), Usual, None, trying(MAX, 8 * S)),
            (trying(MAX, 8 * S), Trial, None, open(MAX, now, 8 * S)),
        ] {
            let mut breaker = before;
            breaker.came_to(pass, health, now);
            assert_eq!(breaker, after, "{before:?}, {pass:?}, {health:?}");
        }
    }

    #[test]
    fn pauses_double_until_one_request_is_answered() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..MAX {
            let pass = breaker.pass(now).expect("it is asked");
            breaker.came_to(pass, Some(Health::Failing), now);
        }
        for pause in [5, 10, 20, 40, 80, 120, 120] {
            let left = breaker.pass(now).expect_err("it is left alone").left;
            assert_eq!(left, pause * S);
            now += left;
            let trial = breaker.pass(now).expect("one finds out");
            assert_eq!((trial, breaker.pass(now).is_err()), (Pass::Trial, true), "and no other");
            breaker.came_to(trial, Some(Health::Failing), now);
        }
        now += PAUSE_MAX;
        let trial = breaker.pass(now).expect("one finds out");
        breaker.came_to(trial, Some(Health::Well), now);
        assert!(breaker.is_quiet() && breaker.pass(now) == Ok(Pass::Usual));
    }
}
