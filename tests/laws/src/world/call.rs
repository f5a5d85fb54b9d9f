//! Calls that come in, with what their models will say of them.

use aftercall_core::{
    assistant::{Budgets, PostCallSteps, Retries},
    conversation::{Conversation, Dialect},
    id::{RunIdentity, Sha256Hex},
    json::Json,
    model::ModelPin,
    ports::Accept,
    run::{Event, Kind, PinnedTool, Pins},
    tool::Effect,
};

use super::World;

const SCHEMA: &str =
    r#"{"type":"object","properties":{"n":{"type":"integer"},"text":{"type":"string"}},"required":["n"]}"#;

impl World {
    /// A call whose model makes these tool calls, turn by turn: the tool, its `n` and perhaps a text.
    pub(crate) fn call(&self, tenant: &str, conversation: &str, revision: u32, lines: &[&[&str]]) -> Accept {
        let identity = RunIdentity {
            tenant: tenant.parse().expect("a name"),
            platform: "native".parse().expect("a name"),
            conversation: conversation.to_owned(),
            revision,
        };
        let route = identity.run().to_string();
        {
            let mut state = self.state();
            let script = lines.iter().map(|line| line.iter().map(|&call| call.to_owned()).collect());
            state.models.add(route.clone(), identity.run(), script.collect());
            state.tenants.insert(identity.run(), identity.tenant.clone());
        }
        let at = self.now();
        Accept {
            conversation: Conversation::new(identity.platform.clone(), conversation),
            identity,
            at,
            raw: Vec::new(),
            first: Event { at, kind: Kind::Started(Box::new(self.pins(route, lines))) },
            ending: None,
            seeds: Vec::new(),
        }
    }

    fn pins(&self, route: String, lines: &[&[&str]]) -> Pins {
        let calls = || lines.iter().flat_map(|line| line.iter());
        let is_called = |tool: &PinnedTool| calls().any(|call| arguments_of(call).0 == tool.name);
        let steps = PostCallSteps::of_instructions("# Post-conversation steps\nDo it.").expect("steps");
        let model = ModelPin { route, ..ModelPin::new("m", Dialect::OpenaiChat) };
        let tools = tools().into_iter().filter(is_called);
        Pins {
            budgets: Budgets { wall_ms_max: self.moments(1_000), ..Budgets::default() },
            retries: Retries { attempts_max: 3, pause_ms: self.moments(1), pause_ms_max: self.moments(20) },
            ..Pins::new(Sha256Hex::of(b"configuration"), "ann".parse().expect("a name"), steps, model, tools)
        }
    }
}

/// What the run of a call will stand on.
pub(crate) fn pins(call: &mut Accept) -> &mut Pins {
    match &mut call.first.kind {
        Kind::Started(pins) => pins,
        other => unreachable!("calls begin with their pins, not with {other:?}"),
    }
}

fn tools() -> [PinnedTool; 4] {
    [
        pinned("look", Effect::Read, false),
        pinned("upsert", Effect::Idempotent, false),
        pinned("send", Effect::Once, true),
        pinned("shout", Effect::Once, false),
    ]
}

fn pinned(name: &str, effect: Effect, reconcilable: bool) -> PinnedTool {
    let schema = Json::parse(SCHEMA).expect("JSON");
    PinnedTool {
        name: name.to_owned(),
        plugin: "p".parse().expect("a name"),
        digest: Sha256Hex::of(b"component"),
        description: "does".to_owned(),
        offered_schema: schema.clone(),
        schema,
        bindings: Default::default(),
        facts: Vec::new(),
        effect,
        identity: vec!["n".to_owned()],
        reconcilable,
        replaces: Vec::new(),
        instance: None,
    }
}

/// `send 1 hello` as a model writes it: the tool, and its arguments.
pub(crate) fn arguments_of(line: &str) -> (&str, String) {
    let mut words = line.split(' ');
    let (tool, n) = (words.next().expect("a tool"), words.next().unwrap_or("1"));
    let text = words.next().map(|text| format!(r#","text":"{text}""#)).unwrap_or_default();
    (tool, format!(r#"{{"n":{n}{text}}}"#))
}

/// `send 1`: the effect that a call asks for.
pub(super) fn what_is_asked(tool: &str, arguments: &Json) -> String {
    format!("{tool} {}", arguments.value()["n"])
}
