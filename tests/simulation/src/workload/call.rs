//! One call: when its webhooks arrive, what its model says, what its run may cost.

use aftercall_core::{
    assistant::{Budgets, PostCallSteps, Retries},
    cap::DAY_MS,
    conversation::{Conversation, Dialect, Direction, ToolCall},
    id::{RunId, RunIdentity, Sha256Hex, Tenant},
    model::{Finish, ModelPin},
    ports::Accept,
    run::{Decline, Ending, Event, Kind, Pins},
    seed::{self, Seed, Seeded, Unclear, Unseeded},
    time::Timestamp,
};

use super::{
    TOOLS,
    live::{self, LiveCall},
    terms::PROMISED,
    tools::{PINNED, ToolKind},
};
use crate::dice::Dice;

/// How far ahead a time lies that a model promises, in milliseconds.
const PROMISED_MS_MAX: u64 = 6 * 60 * 60 * 1000;

/// One revision of a conversation.
pub(crate) struct Call {
    pub(crate) identity: RunIdentity,
    /// Its run, which takes a digest to tell.
    pub(crate) run: RunId,
    /// Its place among the calls, which is the name of its model.
    pub(crate) number: usize,
    /// Who called, if it is known.
    pub(crate) from: Option<String>,
    /// When its webhooks arrive, in milliseconds: more than one is the same delivered again.
    pub(crate) arrives_ms: Vec<u64>,
    pub(crate) budgets: Budgets,
    pub(crate) retries: Retries,
    /// What the model says, turn by turn. Beyond it, it has nothing more to do.
    pub(crate) script: Vec<Line>,
    /// There is nothing to do for it.
    pub(crate) declined: bool,
    /// What the live call did of what the tools do.
    pub(crate) live: Vec<LiveCall>,
    /// Who clears up what it left open.
    pub(crate) unclear: Unclear,
    /// What the platform sends as the contact's time zone.
    pub(super) time_zone: Option<String>,
    /// Somebody drives it alone, without the dispatcher, as `aftercall run` does.
    pub(crate) alone: Option<Alone>,
}

impl Alone {
    /// Often dropped just after it was cancelled.
    fn of(dice: &mut Dice) -> Self {
        let cancel_ms = dice.up_to(600_000);
        let drop_ms = if dice.percent(50) { cancel_ms + dice.up_to(1_000) } else { dice.up_to(60_000) };
        Self { cancel_ms, drop_ms }
    }
}

/// A conversation, whatever its revision.
pub(super) struct Story {
    pub(super) tenant: Tenant,
    pub(super) conversation: String,
    pub(super) live: Vec<LiveCall>,
    pub(super) unclear: Unclear,
    pub(super) time_zone: Option<String>,
}

/// What the model says in one turn.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish: Finish,
}

/// How a run is driven without the dispatcher.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alone {
    /// When it is cancelled, in milliseconds from its beginning.
    pub(crate) cancel_ms: u64,
    /// When its drive is dropped once and begun anew, in milliseconds from its beginning.
    pub(crate) drop_ms: u64,
}

/// What models of a world want done: little, so that effects meet within a conversation.
pub(crate) struct Wanted {
    tools: &'static [ToolKind],
    who_max: u64,
    /// From when on times are promised, if any are.
    promises: Option<Timestamp>,
}

impl Wanted {
    /// Of a narrow world: one effect.
    pub(super) fn of(narrow: bool, promises: Option<Timestamp>, dice: &mut Dice) -> Self {
        match narrow {
            true => Self { tools: std::slice::from_ref(dice.pick(&TOOLS[2..])), who_max: 0, promises },
            false => Self { tools: &TOOLS, who_max: 2, promises },
        }
    }

    pub(super) fn live(&self, dice: &mut Dice) -> Vec<LiveCall> {
        LiveCall::of_conversation(self.who_max, dice)
    }
}

impl Call {
    pub(super) fn of(
        number: usize,
        story: &Story,
        revision: u32,
        arrives: u64,
        wanted: &Wanted,
        dice: &mut Dice,
    ) -> Self {
        let mut arrives_ms = vec![arrives];
        if dice.percent(25) {
            arrives_ms.push(arrives + dice.up_to(600_000));
        }
        let identity = RunIdentity {
            tenant: story.tenant.clone(),
            platform: "native".parse().expect("a name"),
            conversation: story.conversation.clone(),
            revision,
        };
        Self {
            run: identity.run(),
            identity,
            number,
            from: dice.percent(70).then(|| format!("+1555010{}", dice.between(0..=1))),
            arrives_ms,
            budgets: budgets(dice),
            retries: Retries {
                attempts_max: dice.count(1..=4),
                pause_ms: dice.between(100..=2_000),
                pause_ms_max: *dice.pick(&[2_000, 20_000, 120_000]),
            },
            script: (0..dice.between(0..=5)).map(|_| Line::of(wanted, dice)).collect(),
            declined: dice.percent(4),
            live: story.live.clone(),
            unclear: story.unclear,
            time_zone: story.time_zone.clone(),
            alone: dice.percent(10).then(|| Alone::of(dice)),
        }
    }

    /// The same, with little to do.
    pub(super) fn short(mut self) -> Self {
        self.script.truncate(1);
        self.alone = None;
        self
    }

    /// The call as its webhook brings it.
    pub(crate) fn accept(&self, at: Timestamp) -> Accept {
        let conversation = Conversation {
            direction: Some(Direction::Inbound),
            from: self.from.clone(),
            time_zone: self.time_zone.clone(),
            items: (0..).zip(&self.live).flat_map(|(number, live)| live.items(number)).collect(),
            ..Conversation::new(self.identity.platform.clone(), self.identity.conversation.clone())
        };
        let (seeds, unseeded) = self.seeds(&conversation, at);
        let reason = "it was a test call".to_owned();
        let (kind, ending) = match self.declined {
            true => (
                Kind::Declined(Decline::CannotContinue { reason: reason.clone() }),
                Some(Ending::CannotContinue { reason }),
            ),
            false => (Kind::Started(Box::new(self.pins(&seeds, unseeded))), None),
        };
        let first = Event { at, kind };
        Accept { identity: self.identity.clone(), at, raw: Vec::new(), conversation, first, ending, seeds }
    }

    fn seeds(&self, conversation: &Conversation, at: Timestamp) -> (Vec<Seed>, Vec<Unseeded>) {
        if self.live.is_empty() || self.declined {
            return (Vec::new(), Vec::new());
        }
        let maps = live::maps(self.unclear);
        let tools: Vec<_> = maps.iter().map(|(maps, tool)| (maps.as_slice(), *tool)).collect();
        seed::seeds(&self.identity, &tools, conversation, at)
    }

    fn pins(&self, seeds: &[Seed], unseeded: Vec<Unseeded>) -> Pins {
        let steps = PostCallSteps::of_instructions("# Post-conversation steps\nDo it.").expect("steps");
        let model = ModelPin { route: self.number.to_string(), ..ModelPin::new("m", Dialect::OpenaiChat) };
        Pins {
            budgets: self.budgets,
            retries: self.retries,
            seeded: seeds.iter().map(Seeded::from).collect(),
            unseeded,
            ..Pins::new(Sha256Hex::of(b"configuration"), "ann".parse().expect("a name"), steps, model, PINNED.clone())
        }
    }
}

impl Line {
    fn of(wanted: &Wanted, dice: &mut Dice) -> Self {
        let calls = (0..dice.between(0..=4)).map(|index| tool_call(index, wanted, dice)).collect();
        let finish = match dice.between(0..=19) {
            0 => Finish::Refusal,
            1 => Finish::Length,
            _ => Finish::Stop,
        };
        Self { calls, finish }
    }
}

/// A call of a tool, or a mistake.
fn tool_call(index: u64, wanted: &Wanted, dice: &mut Dice) -> ToolCall {
    let (who, text) = (dice.between(0..=wanted.who_max), dice.between(0..=1));
    let when = promised(wanted, dice);
    let arguments = format!(r#"{{"who":{who},"text":{text}{when}}}"#);
    let named = |name: &str| name.to_owned();
    let (name, arguments) = match dice.between(0..=24) {
        0 => (named("no_such_tool"), arguments),
        1 => (named("transfer_call"), arguments),
        2 => (named(dice.pick(&TOOLS).name), r#"{"who":"everybody"}"#.to_owned()),
        3 => (named(dice.pick(&TOOLS).name), "{".to_owned()),
        _ => (named(dice.pick(wanted.tools).name), arguments),
    };
    ToolCall { id: format!("c{index}"), name, arguments }
}

fn budgets(dice: &mut Dice) -> Budgets {
    let default = Budgets::default();
    match dice.between(0..=9) {
        0 => Budgets { turns_max: dice.count(1..=3), ..default },
        1 => Budgets { tool_calls_max: dice.count(1..=4), ..default },
        2 => Budgets { tokens_max: dice.between(100..=1_000), ..default },
        3 | 4 => Budgets { wall_ms_max: 1 + dice.up_to(600_000), ..default },
        _ => default,
    }
}

/// A time that somebody is promised, as one more argument.
fn promised(wanted: &Wanted, dice: &mut Dice) -> String {
    let Some(from) = wanted.promises.filter(|_| dice.percent(80)) else { return String::new() };
    let at = from.plus_ms(dice.up_to(PROMISED_MS_MAX));
    let (date, ms) = (date(at.as_millis() / DAY_MS), at.as_millis() % DAY_MS);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let when = match dice.between(0..=9) {
        0 => date,
        1 => "soon".to_owned(),
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}Z"),
    };
    format!(r#","{PROMISED}":"{when}""#)
}

/// The date of a day, counted from 1970-01-01, in this century.
fn date(mut day: u64) -> String {
    let is_leap = |year: u64| year.is_multiple_of(4);
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let months = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= months[month] {
        day -= months[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, day + 1)
}
