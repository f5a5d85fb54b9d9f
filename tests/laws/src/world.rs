//! The world around an engine: what models are asked, what vendors have done, and at which point a process stops.

mod call;
mod life;
mod model;
mod records;
mod tools;
mod vendors;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use aftercall_core::{
    id::{RunId, Tenant},
    model::Failure,
    terms::Terms,
    time::Timestamp,
};
use tokio::sync::Notify;

pub(crate) use call::{arguments_of, pins};
pub use life::Life;
use model::Models;
pub(crate) use vendors::Fault;
use vendors::Vendors;

use crate::{Engines, House, Time};

/// The world of one engine. It outlives every process.
pub struct World {
    time: Arc<dyn Time>,
    moment_ms: u64,
    house: House,
    reached: Notify,
    state: Mutex<State>,
}

/// What changes in it.
#[derive(Default)]
struct State {
    /// How many points processes have passed.
    points: u64,
    /// How many events engines have told of.
    events: u64,
    /// At which one its process stops.
    stop_at: Option<u64>,
    /// How many processes there have been.
    lives: u64,
    /// The tenant of each run.
    tenants: BTreeMap<RunId, Tenant>,
    models: Models,
    vendors: Vendors,
    /// What the tenant's grant says of a tool. Nothing: it may be used as it is.
    terms: BTreeMap<String, Terms>,
    /// How often each run is inside of a model or a tool.
    inside: BTreeMap<RunId, u32>,
    /// The most runs that were inside at once.
    most_inside: usize,
    /// What happened that no law allows.
    broken: Vec<String>,
}

impl World {
    pub(crate) fn new(engines: &dyn Engines, house: House) -> Arc<Self> {
        let (time, moment_ms) = (engines.time(), engines.moment_ms());
        Arc::new(Self { time, moment_ms, house, reached: Notify::new(), state: Mutex::default() })
    }

    /// How many runs may go on at once in it.
    pub fn house(&self) -> &House {
        &self.house
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// So many moments, in milliseconds.
    pub(crate) fn moments(&self, count: u64) -> u64 {
        self.moment_ms * count
    }

    /// A part of a moment, in milliseconds.
    pub(crate) fn part_of_a_moment(&self, parts: u64) -> u64 {
        self.moment_ms / parts
    }

    pub(crate) async fn pass(&self, ms: u64) {
        if ms > 0 {
            self.time.pass(ms).await;
        }
    }

    /// The process that comes to that point, counted from 0, stops there.
    pub(crate) fn stop_at(&self, point: u64) {
        self.state().stop_at = Some(point);
    }

    /// A process has come to that point, and stands there.
    pub(crate) async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(crate) fn points(&self) -> u64 {
        self.state().points
    }

    /// How many events engines have told of.
    pub(crate) fn events(&self) -> u64 {
        self.state().events
    }

    /// How each next attempt of a tool goes wrong.
    pub(crate) fn fault(&self, tool: &str, faults: &[Fault]) {
        self.state().vendors.fault(tool, faults);
    }

    /// How each next question to the model goes wrong.
    pub(crate) fn model_fails(&self, failures: impl IntoIterator<Item = Failure>) {
        self.state().models.fail(failures);
    }

    /// How long a model takes for a reply, in milliseconds.
    pub(crate) fn model_takes(&self, ms: u64) {
        self.state().models.takes_ms = ms;
    }

    /// How long a tool works before it writes, in milliseconds.
    pub(crate) fn tools_take(&self, ms: u64) {
        self.state().vendors.takes_ms = ms;
    }

    /// What the tenant's grant says of a tool from now on.
    pub(crate) fn grant(&self, tool: &str, terms: Terms) {
        self.state().terms.insert(tool.to_owned(), terms);
    }

    /// What the vendors have, in the order in which it was done: `send 1`.
    pub(crate) fn made(&self) -> Vec<String> {
        self.state().vendors.made()
    }

    /// When a request of that tool arrived at its vendor, each time.
    pub(crate) fn arrivals(&self, tool: &str) -> Vec<Timestamp> {
        self.state().vendors.arrivals(tool)
    }

    /// A person has seen that these effects did not happen.
    pub(crate) fn nothing_is_in_doubt(&self) {
        self.state().vendors.nothing_is_in_doubt();
    }

    /// When the model was asked, each time.
    pub(crate) fn asks(&self) -> Vec<Timestamp> {
        self.state().models.asks().iter().map(|ask| ask.at).collect()
    }

    /// What the model of a run was told of its calls, turn by turn, when it was asked last.
    pub(crate) fn told(&self, run: &RunId) -> Vec<Vec<String>> {
        let state = self.state();
        let last = state.models.asks().iter().rev().find(|ask| ask.run == *run);
        last.map(|ask| ask.results.clone()).unwrap_or_default()
    }

    /// The tenants of the runs that began, in the order of their first questions to the model.
    pub(crate) fn begun(&self) -> Vec<Tenant> {
        let state = self.state();
        state.models.begun().iter().map(|run| state.tenants[run].clone()).collect()
    }

    /// The most runs that went on at once.
    pub(crate) fn most_inside(&self) -> usize {
        self.state().most_inside
    }

    pub(crate) fn broken(&self) -> Vec<String> {
        self.state().broken.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the lock")
    }
}

impl State {
    /// Something happened that no law allows.
    fn break_law(&mut self, words: String) {
        if !self.broken.contains(&words) {
            self.broken.push(words);
        }
    }

    fn enter(&mut self, run: &RunId, house: &House) {
        *self.inside.entry(run.clone()).or_default() += 1;
        self.most_inside = self.most_inside.max(self.inside.len());
        let Some(tenant) = self.tenants.get(run).cloned() else {
            return self.break_law(format!("{run} goes on, which nobody submitted"));
        };
        let of_tenant = self.inside.keys().filter(|run| self.tenants.get(*run) == Some(&tenant)).count();
        for (whose, count, most) in [
            (tenant.as_str(), of_tenant, house.tenants[&tenant].runs_max),
            ("all tenants", self.inside.len(), house.runs_max),
        ] {
            if u32::try_from(count).is_ok_and(|count| count > most) {
                self.break_law(format!("{count} runs of {whose} went on at once, of {most} that may"));
            }
        }
    }

    fn leave(&mut self, run: &RunId) {
        if let Some(count) = self.inside.get_mut(run) {
            *count -= 1;
            if *count == 0 {
                self.inside.remove(run);
            }
        }
    }
}
