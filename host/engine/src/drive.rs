//! One run, driven: what its machine wants done is started, what happened is journaled, and again.

use std::{future::Future, pin::pin, sync::Arc};

use aftercall_core::{
    id::RunId,
    ports::{Append, Asked, InterventionNumber},
    run::{Command, Event, Intervention, Kind, Run, Said, Timer},
    time::Timestamp,
};
use tokio::sync::Notify;

use crate::{
    Driven, Embedded, Error, Park,
    clock::{self, RunClock},
    step::{Step, Steps, Subject},
};

/// Shortest wait that isn't spent in memory, in milliseconds: a run that waits for longer gives its place to another.
/// Protects the host's memory and the other runs; a shorter one costs less than reading the run again.
pub const PARKED_MS_MIN: u64 = 10_000;

/// A run in memory.
pub(crate) struct Drive<'a> {
    engine: &'a Embedded,
    id: &'a RunId,
    run: Arc<Run>,
    /// The next place in its journal.
    seq: u64,
    /// When its newest event happened.
    at: Timestamp,
    clock: RunClock,
    /// Whether this drive has added to the journal.
    appended: bool,
    subject: Arc<Subject>,
    steps: Steps,
}

/// What comes next.
enum Next {
    Event(Event),
    /// Somebody asked for something.
    Asked,
}

impl<'a> Drive<'a> {
    pub(crate) async fn load(engine: &'a Embedded, id: &'a RunId) -> Result<Self, Error> {
        let stored = engine.ports.journal.read(id).await?;
        let subject = Arc::new(Subject { identity: stored.identity, conversation: Arc::new(stored.conversation) });
        let (mut run, mut seq, mut at) = (Run::default(), 0, stored.accepted_at);
        for event in stored.journal {
            at = event.at;
            run.apply(event).map_err(|why| Error::Journal { entry: seq, why })?;
            seq += 1;
        }
        let clock = RunClock::new(Arc::clone(&engine.ports.clock), at);
        Ok(Self { engine, id, run: Arc::new(run), seq, at, clock, appended: false, subject, steps: Steps::default() })
    }

    pub(crate) async fn go_on(
        mut self,
        park: Park,
        asked: &Notify,
        cancel: impl Future<Output = String>,
    ) -> Result<Driven, Error> {
        let mut cancel = pin!(cancel);
        let mut cancellable = true;
        self.do_what_was_asked().await?;
        loop {
            if let Some(ending) = self.run.ending() {
                return Ok(Driven::Ended(ending.clone()));
            }
            let now = self.clock.now();
            let timer = first_timer(&self.run);
            if let Some((timer, until)) = timer
                && until <= now
            {
                // Before anything begins: once the run's time is over, nothing does.
                self.append(Event { at: now, kind: Kind::Woke { timer } }, None).await?;
                continue;
            }
            self.start_steps();
            if self.steps.is_empty() && self.is_to_park(park) {
                self.stand().await?;
                return Ok(Driven::Parked(self.run.standing()));
            }
            // In this order, not in any: the same world must be the same story.
            let next = tokio::select! {
                biased;
                reason = &mut cancel, if cancellable => {
                    cancellable = false;
                    Next::Event(Event { at: self.clock.now(), kind: Kind::CancelRequested { reason } })
                }
                () = asked.notified() => Next::Asked,
                event = self.steps.join() => Next::Event(event?),
                at = ring(&self.clock, timer) => Next::Event(at),
            };
            match next {
                Next::Asked => self.do_what_was_asked().await?,
                // A run that stops already takes no second reason to.
                Next::Event(event @ Event { kind: Kind::CancelRequested { .. }, .. }) => {
                    self.append_if_it_fits(event, None).await?;
                }
                Next::Event(event) => self.append(event, None).await?,
            }
        }
    }

    /// Journals what happened.
    async fn append(&mut self, event: Event, does: Option<InterventionNumber>) -> Result<(), Error> {
        let mut after = Run::clone(&self.run);
        after.apply(event.clone()).map_err(|why| Error::Journal { entry: self.seq, why })?;
        self.take(event, after, does).await
    }

    /// The same, if it can follow here. Says whether it could.
    async fn append_if_it_fits(&mut self, event: Event, does: Option<InterventionNumber>) -> Result<bool, Error> {
        let mut after = Run::clone(&self.run);
        if after.apply(event.clone()).is_err() {
            return Ok(false);
        }
        self.take(event, after, does).await.map(|()| true)
    }

    async fn take(&mut self, event: Event, after: Run, does: Option<InterventionNumber>) -> Result<(), Error> {
        let (standing, ending, spent) = (after.standing(), after.ending(), after.spent_in(&event));
        let append = Append { run: self.id, seq: self.seq, event: &event, standing, ending, does, spent };
        self.engine.ports.journal.append(self.engine.fence, &append).await?;
        self.seq += 1;
        self.appended = true;
        self.at = event.at;
        self.engine.ports.observer.happened(self.id, &event, &after);
        self.run = Arc::new(after);
        Ok(())
    }

    /// Does what people asked of the run in the records. What can't follow where it stands is declined.
    async fn do_what_was_asked(&mut self) -> Result<(), Error> {
        for Asked { number, at, what } in self.engine.ports.journal.asked(self.id).await? {
            if self.run.ending().is_none() && !self.is_out_of_time(&what, at) {
                let event = Event { at: self.clock.now(), kind: what.clone().into() };
                if self.append_if_it_fits(event, Some(number)).await? {
                    continue;
                }
            }
            tracing::warn!(run = %self.id, "what was asked of this run can't be done where it stands: {what:?}");
            self.engine.ports.journal.decline(self.engine.fence, number).await?;
        }
        Ok(())
    }

    /// Whether somebody approved what had expired by then, or spoke of an attempt before the one that it would be taken for.
    fn is_out_of_time(&self, what: &Intervention, at: Timestamp) -> bool {
        match what {
            Intervention::Decide { said: Said::Approve(ask), .. } => at >= ask.expires_at,
            Intervention::Decide { call, said: Said::Resolve(_), .. } => {
                self.run.call(*call).is_some_and(|(_, call, _)| at < call.told_at)
            }
            Intervention::Decide { .. } | Intervention::Cancel { .. } => false,
        }
    }

    /// The records must know when to go on with it. They do, if an event of this drive told them; an older version told
    /// nothing.
    async fn stand(&self) -> Result<(), Error> {
        if self.appended {
            return Ok(());
        }
        let (journal, fence) = (&self.engine.ports.journal, self.engine.fence);
        Ok(journal.stand(fence, self.id, self.run.standing()).await?)
    }

    /// Its newest event decides, not the clock, so that whoever has the journal knows it too.
    fn is_to_park(&self, park: Park) -> bool {
        let standing = self.run.standing();
        let waits_long = standing.wake_at().is_none_or(|until| until.ms_since(self.at) >= PARKED_MS_MIN);
        waits_long && (park == Park::Anywhere || standing.is_for_a_person())
    }

    fn start_steps(&mut self) {
        let Self { engine, run, subject, steps, clock, .. } = self;
        steps.align(run, |command| Step {
            ports: engine.ports.clone(),
            fence: engine.fence,
            trying: Arc::clone(&engine.trying),
            schemas: Arc::clone(&engine.schemas),
            subject: Arc::clone(subject),
            run: Arc::clone(run),
            clock: clock.clone(),
            command,
        });
    }
}

/// The timer that rings first; of two at the same instant, the run's own end.
fn first_timer(run: &Run) -> Option<(Timer, Timestamp)> {
    let timers = run.next().into_iter().filter_map(|command| match command {
        Command::Wait { timer, until } => Some((timer, until)),
        _ => None,
    });
    timers.min_by_key(|(timer, until)| (*until, *timer))
}

/// Waits for a timer, and tells of it.
async fn ring(clock: &RunClock, timer: Option<(Timer, Timestamp)>) -> Event {
    let Some((timer, until)) = timer else { return std::future::pending().await };
    Event { at: clock::sleep_until(|| clock.now(), until).await, kind: Kind::Woke { timer } }
}
