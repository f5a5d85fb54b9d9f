//! Models that play their lines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aftercall_core::{
    conversation::{Dialect, Opaque, ToolCall},
    id::RunId,
    json::Json,
    model::{Failure, Finish, Reply, ToolAnswer, TurnRequest, Usage},
    ports::Model,
    time::Timestamp,
};
use async_trait::async_trait;

use super::{Life, State, arguments_of};

/// What models say, and what they were asked.
#[derive(Default)]
pub(super) struct Models {
    /// The lines of each run, by its route.
    scripts: BTreeMap<String, Script>,
    failures: VecDeque<Failure>,
    asks: Vec<Ask>,
    pub(super) takes_ms: u64,
}

/// What the model of a run says.
struct Script {
    run: RunId,
    /// The calls of each turn. After the last, it closes.
    lines: Vec<Vec<String>>,
    /// Turns whose calls have begun.
    acted: usize,
}

/// A question to a model.
pub(super) struct Ask {
    pub(super) run: RunId,
    pub(super) at: Timestamp,
    /// What it was told of its calls, turn by turn.
    pub(super) results: Vec<Vec<String>>,
}

impl Models {
    pub(super) fn add(&mut self, route: String, run: RunId, lines: Vec<Vec<String>>) {
        self.scripts.insert(route, Script { run, lines, acted: 0 });
    }

    pub(super) fn fail(&mut self, failures: impl IntoIterator<Item = Failure>) {
        self.failures.extend(failures);
    }

    pub(super) fn asks(&self) -> &[Ask] {
        &self.asks
    }

    /// The runs whose model was asked, in the order of the first question.
    pub(super) fn begun(&self) -> Vec<RunId> {
        let mut seen = BTreeSet::new();
        self.asks.iter().filter(|ask| seen.insert(&ask.run)).map(|ask| ask.run.clone()).collect()
    }

    /// A call of the newest turn of a run has begun.
    pub(super) fn acts(&mut self, run: &RunId) {
        let turns = self.asks.iter().filter(|ask| ask.run == *run).map(|ask| ask.results.len() + 1).max();
        if let Some(script) = self.scripts.values_mut().find(|script| script.run == *run) {
            script.acted = turns.unwrap_or(0);
        }
    }

    fn reply(&mut self, route: &str, turns: usize) -> Result<Reply, Failure> {
        if let Some(failure) = self.failures.pop_front() {
            return Err(failure);
        }
        let line = self.scripts[route].lines.get(turns).cloned().unwrap_or_default();
        let call = |(index, line): (usize, &String)| {
            let (name, arguments) = arguments_of(line);
            ToolCall { id: format!("c{index}"), name: name.to_owned(), arguments }
        };
        Ok(Reply {
            text: line.is_empty().then(|| "What there was to do has been looked after.".to_owned()),
            calls: line.iter().enumerate().map(call).collect(),
            finish: Finish::Stop,
            usage: Usage { input_tokens: 100, cached_tokens: 0, output_tokens: 20 },
            message: Opaque { dialect: Dialect::OpenaiChat, data: Json::parse("{}").expect("JSON") },
        })
    }
}

impl State {
    /// A model is asked, perhaps by a process that doesn't know yet that another has replaced it. Gives which run it is of.
    fn ask(&mut self, request: &TurnRequest<'_>, at: Timestamp, replaced: bool) -> RunId {
        let script = &self.models.scripts[&request.model.route];
        let (run, acted) = (script.run.clone(), script.acted);
        let turn = request.exchanges.len() + 1;
        if acted >= turn && !replaced {
            self.break_law(format!("turn {turn} was asked for again after its calls had begun"));
        }
        let texts = |told: &[ToolAnswer]| told.iter().map(|told| told.text.clone()).collect();
        let results = request.exchanges.iter().map(|exchange| texts(&exchange.results)).collect();
        self.models.asks.push(Ask { run: run.clone(), at, results });
        run
    }
}

#[async_trait]
impl Model for Life {
    async fn turn(&self, request: &TurnRequest<'_>) -> Result<Reply, Failure> {
        self.point().await;
        let replaced = self.is_replaced();
        let (run, takes_ms) = {
            let mut state = self.world.state();
            let run = state.ask(request, self.world.now(), replaced);
            state.enter(&run, &self.world.house);
            (run, state.models.takes_ms)
        };
        let _inside = self.inside(run);
        self.world.pass(takes_ms).await;
        self.live().await;
        let reply = self.world.state().models.reply(&request.model.route, request.exchanges.len());
        self.point().await;
        reply
    }
}
