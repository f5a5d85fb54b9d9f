//! People who look after runs: they see what waits for them, look at what vendors have, and say what they want. Some say it
//! twice, too late, or of something else.

use std::{sync::Arc, time::Duration};

use aftercall_core::{
    effect::EffectKey,
    id::{RunId, Sha256Hex},
    ledger::State,
    run::{ApprovalAsk, CallEnd, CallId, Intervention, Resolution, Run, Said, Wait},
    tool::Receipt,
};
use tokio::time::sleep;

use crate::{
    disk::Disk, laws::Law, process::short, records::attempts_of, vendors::CERTAIN_MS, workload::People, world::World,
};

/// Most that one person remembers of what they were asked to approve.
const REMEMBERED_MAX: usize = 8;

/// Comes by again and again.
pub(crate) async fn look_after(world: Arc<World>, people: People) {
    let mut remembered = Vec::new();
    loop {
        let comes_ms = {
            let state = &mut *world.state();
            state.dice.between(1_000..=people.come_ms_max)
        };
        sleep(Duration::from_millis(comes_ms)).await;
        Visit { world: &world, people, remembered: &mut remembered }.look();
    }
}

/// What somebody was asked to approve, and of which call.
type Remembered = (RunId, CallId, ApprovalAsk);

struct Visit<'a> {
    world: &'a World,
    people: People,
    remembered: &'a mut Vec<Remembered>,
}

impl Visit<'_> {
    fn look(&mut self) {
        let (listed, unended) = {
            let state = self.world.state();
            let disk = state.records.disk();
            let unended: Vec<RunId> = disk.runs().keys().filter(|run| !disk.has_ended(run)).cloned().collect();
            (disk.for_people(), unended)
        };
        for run in &unended {
            self.check_listed(run, listed.contains(run));
        }
        for run in &listed {
            self.answer(run);
        }
        let careless = !self.world.state().calm && self.draws(self.people.careless);
        if careless && !unended.is_empty() {
            let run = self.world.state().dice.pick(&unended).clone();
            self.say_anything(&run);
        }
    }

    fn draws(&self, percent: u64) -> bool {
        self.world.state().dice.percent(percent)
    }

    fn run(&self, run: &RunId) -> Option<Run> {
        let state = self.world.state();
        let stored = state.records.disk().runs().get(run)?;
        Run::replay(stored.journal.iter().cloned()).ok()
    }

    fn check_listed(&self, id: &RunId, listed: bool) {
        let waits = self.run(id).is_some_and(|run| run.standing().is_for_a_person());
        if waits && !listed {
            self.world.broken(Law::Listed, format!("{id} waits for a person, and is not listed"));
        }
    }

    /// Answers all that a run asks.
    fn answer(&mut self, id: &RunId) {
        let Some(run) = self.run(id) else { return };
        let calm = self.world.state().calm;
        for call in run.places().collect::<Vec<_>>() {
            if !calm && self.draws(30) {
                continue;
            }
            let Some((_, called, _)) = run.call(call) else { continue };
            match called.as_open().and_then(|open| open.wait.as_ref()) {
                Some(Wait::Approval(ask)) => self.decide(id, call, ask),
                _ if called.end() == Some(&CallEnd::Unknowable) && run.attending().is_some() => {
                    self.resolve(id, call, called.key.as_ref())
                }
                _ => {}
            }
        }
    }

    fn decide(&mut self, run: &RunId, call: CallId, ask: &ApprovalAsk) {
        self.remembered.push((run.clone(), call, ask.clone()));
        self.remembered.truncate(REMEMBERED_MAX);
        let said = match self.world.state().dice.between(0..=9) {
            0 | 1 => Said::Refuse { reason: "not this one".to_owned() },
            _ => Said::Approve(ask.clone()),
        };
        self.say(run, call, said);
    }

    /// Says what became of an effect, having looked at what the vendor has.
    fn resolve(&mut self, run: &RunId, call: CallId, key: Option<&EffectKey>) {
        let Some(key) = key else { return };
        let resolution = {
            let now = self.world.now();
            let state = &mut *self.world.state();
            let drop = state.dice.percent(20);
            let certain = now >= state.laws.effects.began_at(key).plus_ms(CERTAIN_MS);
            match (drop, state.vendors.made(key)) {
                (true, _) => Resolution::Drop,
                (_, true) => {
                    Resolution::Done { receipt: Receipt { id: "seen".into(), kind: "thing".into(), url: None } }
                }
                _ if certain => Resolution::Redo,
                _ => return,
            }
        };
        self.say(run, call, Said::Resolve(resolution));
    }

    /// What fits nothing, or no longer, or ends the run.
    fn say_anything(&mut self, run: &RunId) {
        let call = {
            let dice = &mut self.world.state().dice;
            CallId { turn: dice.count(1..=3), index: dice.count(0..=3) }
        };
        // What is left to them, they don't settle without having looked.
        let is_left = left_to_person(self.world.state().records.disk(), run, call).is_some();
        let drawn = if is_left { 0 } else { self.world.state().dice.between(0..=5) };
        match (drawn, self.remembered.is_empty()) {
            (0, _) => self.leave(run, &Intervention::Cancel { reason: "somebody asked for it".to_owned() }),
            (1, _) => self.say(run, call, Said::Resolve(Resolution::Redo)),
            (2, _) => self.say(run, call, Said::Resolve(Resolution::Drop)),
            (3, _) | (_, true) => self.say(run, call, Said::Refuse { reason: "not that one".to_owned() }),
            (drawn, false) => {
                let (run, call, mut ask) = self.world.state().dice.pick(self.remembered).clone();
                if drawn == 4 {
                    ask.component = Sha256Hex::of(b"another component");
                }
                self.say(&run, call, Said::Approve(ask));
            }
        }
    }

    /// Says it, at times twice.
    fn say(&self, run: &RunId, call: CallId, said: Said) {
        let what = Intervention::Decide { call, by: "dana".to_owned(), said };
        self.leave(run, &what);
        if self.draws(10) {
            self.leave(run, &what);
        }
    }

    fn leave(&self, run: &RunId, what: &Intervention) {
        let at = self.world.wall();
        let said = {
            let state = &mut *self.world.state();
            let Ok(number) = state.records.ask(run, at, what) else { return };
            let disk = state.records.disk();
            let (attempts, of) = match what {
                Intervention::Decide { call, .. } => (attempts_of(disk, run, *call), left_to_person(disk, run, *call)),
                Intervention::Cancel { .. } => (0, None),
            };
            state.laws.people.said(run, number, at, what, attempts, of);
            state.reached("a person said something");
            number
        };
        self.world.tell(|| format!("word {} on {}: {what:?}", said.0, short(run)));
    }
}

/// The effect of a call that is left to a person, and the number of its newest attempt.
fn left_to_person(disk: &Disk, run: &RunId, call: CallId) -> Option<(EffectKey, u32)> {
    let run = Run::replay(disk.runs().get(run)?.journal.iter().cloned()).ok()?;
    let key = run.call(call)?.1.key.clone()?;
    let entry = disk.entry(&key).filter(|entry| entry.state == State::Unknowable)?;
    let attempt = entry.attempts;
    Some((key, attempt))
}
