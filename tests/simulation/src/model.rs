//! A model that says what its script has, if it says anything.

use aftercall_core::{
    conversation::{Dialect, Opaque},
    json::Json,
    model::{Failure, FailureKind, Finish, Reply, TurnRequest, Usage},
    ports::Model,
};
use async_trait::async_trait;

use crate::{process::Process, workload::Call};

/// How long a reply takes, in milliseconds.
const REPLIES_MS_MAX: u64 = 10_000;

/// The same, once in a while.
const SLOW_REPLY_MS_MAX: u64 = 600_000;

#[async_trait]
impl Model for Process {
    async fn turn(&self, request: &TurnRequest<'_>) -> Result<Reply, Failure> {
        self.point().await;
        let number: usize = request.model.route.parse().expect("the route is the call's number");
        let call = &self.world.workload.calls[number];
        let turn = request.exchanges.len();
        self.world.asks(self.id, call, turn);
        let (failure, ms) = {
            let model = self.world.workload.faults.model;
            let state = &mut *self.world.state();
            let failure =
                state.goes_wrong(model).then(|| failure(state.dice.between(0..=19), state.dice.up_to(60_000)));
            let slow = state.goes_wrong(model / 3);
            (failure, state.dice.up_to(if slow { SLOW_REPLY_MS_MAX } else { REPLIES_MS_MAX }))
        };
        self.pause(ms).await;
        self.point().await;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(reply(call, turn)),
        }
    }
}

fn failure(drawn: u64, retry_after_ms: u64) -> Failure {
    let failure = |kind, retry_after_ms| Failure { kind, message: "it went wrong".to_owned(), retry_after_ms };
    match drawn {
        0 => failure(FailureKind::Rejected, None),
        1 => failure(FailureKind::Nonsense, None),
        2..=10 => failure(FailureKind::RateLimited, Some(retry_after_ms)),
        _ => failure(FailureKind::Unavailable, None),
    }
}

/// What the model says in the turn after so many.
fn reply(call: &Call, turns: usize) -> Reply {
    let line = call.script.get(turns);
    Reply {
        text: Some("I have done what there was to do.".to_owned()),
        calls: line.map(|line| line.calls.clone()).unwrap_or_default(),
        finish: line.map_or(Finish::Stop, |line| line.finish),
        usage: Usage { input_tokens: 100, cached_tokens: 0, output_tokens: 20 },
        message: Opaque { dialect: Dialect::OpenaiChat, data: Json::parse("{}").expect("JSON") },
    }
}
