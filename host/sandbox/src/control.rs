//! The sandbox's own door, for whoever watches from another process: `GET /_sandbox/state`, `POST /_sandbox/faults`
//! (a [`Rule`]; answers its number), and for a hold `GET /_sandbox/faults/{id}/arrived`, which answers when a request is
//! held, `POST …/release` and `POST …/discard`, which answer when it is gone.

use http::StatusCode;
use serde_json::json;

use crate::endpoint::{Reply, Request};
use crate::fault::{ARMED_MAX, Rule, Verdict};
use crate::world::World;

pub(crate) async fn answer(world: &World, request: Request) -> Reply {
    let segments: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    match (request.method().as_str(), segments.as_slice()) {
        ("GET", ["_sandbox", "state"]) => state(world),
        ("POST", ["_sandbox", "faults"]) => arm(world, &request),
        (method, ["_sandbox", "faults", id, what]) => {
            let Some(gate) = id.parse().ok().and_then(|id| world.gate(id)) else {
                return problem(StatusCode::NOT_FOUND, "no such rule is armed");
            };
            match (method, *what) {
                ("GET", "arrived") => gate.arrived().await,
                ("POST", "release") => gate.settle(Verdict::Release).await,
                ("POST", "discard") => gate.settle(Verdict::Discard).await,
                _ => return problem(StatusCode::NOT_FOUND, "GET arrived, POST release or POST discard"),
            }
            Reply::json(StatusCode::OK, &json!({}))
        }
        _ => problem(StatusCode::NOT_FOUND, "ask for /_sandbox/state or /_sandbox/faults"),
    }
}

pub(crate) fn too_large() -> Reply {
    problem(StatusCode::PAYLOAD_TOO_LARGE, "send a smaller body")
}

fn state(world: &World) -> Reply {
    let state = serde_json::to_value(world.state()).expect("the state has string keys");
    Reply::json(StatusCode::OK, &state)
}

fn arm(world: &World, request: &Request) -> Reply {
    let rule: Rule = match serde_json::from_slice(request.body()) {
        Ok(rule) => rule,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match world.arm_within(rule, ARMED_MAX) {
        Some(id) => Reply::json(StatusCode::CREATED, &json!({ "id": id })),
        None => problem(StatusCode::CONFLICT, "use up the rules that are armed first"),
    }
}

fn problem(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": message }))
}
