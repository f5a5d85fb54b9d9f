//! The rules, one function each. Each says what it mended: where, and about which tool.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{
    call_of,
    groups::{Answers, CallAt, Group, Placed, pair},
    is_of_reply,
};
use crate::{
    conversation::{Content, Item, Role, ToolCall},
    json::Json,
    schema::read_arguments,
};

/// Where something was mended, and about which tool.
pub(super) type Mended = (usize, Option<String>);

/// The name of the call that a result gets when the record has none for it.
const UNRECORDED_TOOL: &str = "unrecorded_call";

/// What a call is answered that the hang-up left open.
const OUTCOME_UNKNOWN: &str = "outcome unknown: the call ended before this tool answered; verify before repeating";

/// What follows a message that was cut off. It quotes nothing: what was said must not speak as the system.
const CUT_OFF: &str = "[The message above was cut off: the other person did not hear it to its end.]";

/// Whether a result is what [`answer_open_calls`] put in the place of one: no tool ever said it.
pub(super) fn is_made_up(item: &Item) -> bool {
    matches!(&item.content, Content::ToolResult { output, is_error: true, .. } if output == OUTCOME_UNKNOWN)
}

pub(super) fn detach_continuations(groups: &mut Vec<Group>) -> Vec<Mended> {
    let mut mended = Vec::new();
    let mut kept: Vec<Group> = Vec::with_capacity(groups.len());
    for group in groups.drain(..) {
        for (at, mut placed) in group.0.into_iter().enumerate() {
            let whole = kept.last_mut().filter(|last| at > 0 && is_of_reply(&last.leader().item));
            match whole {
                Some(last) if is_of_reply(&placed.item) && placed.item.opaque.is_none() => last.0.push(placed),
                _ => {
                    if std::mem::take(&mut placed.item.continues) {
                        mended.push(about(&placed));
                    }
                    kept.push(Group(vec![placed]));
                }
            }
        }
    }
    *groups = kept;
    mended
}

pub(super) fn drop_empty_messages(groups: &mut Vec<Group>) -> Vec<Mended> {
    let is_empty = |item: &Item| matches!(&item.content, Content::Message { text, .. } if text.trim().is_empty());
    let mut mended = Vec::new();
    groups.retain_mut(|group| {
        if group.is_opaque() {
            return true;
        }
        mended.extend(group.0.extract_if(.., |placed| is_empty(&placed.item)).map(|placed| about(&placed)));
        group.0.first_mut().is_some_and(|leader| {
            leader.item.continues = false;
            true
        })
    });
    mended
}

pub(super) fn make_arguments_objects(groups: &mut [Group]) -> Vec<Mended> {
    let mut mended = Vec::new();
    for placed in groups.iter_mut().filter(|group| !group.is_opaque()).flat_map(|group| &mut group.0) {
        let Content::ToolCall(call) = &mut placed.item.content else { continue };
        let is_blank = call.arguments.trim().is_empty();
        if is_blank || read_arguments(&call.arguments).is_err() {
            call.arguments = match is_blank {
                true => "{}".to_owned(),
                false => Json::of(&HashMap::from([("as_written", &call.arguments)])).as_str().to_owned(),
            };
            mended.push(about(placed));
        }
    }
    mended
}

pub(super) fn drop_repeated_results(groups: &mut Vec<Group>) -> Vec<Mended> {
    let pairs = pair(groups);
    let said = |index: usize| groups.get(index).map(|group| &group.leader().item.content);
    let repeats: HashSet<usize> = pairs
        .iter()
        .filter_map(|(index, answers)| match answers {
            Answers::Again(first) => (said(*index) == said(*first)).then_some(*index),
            Answers::Call(_) | Answers::Nothing => None,
        })
        .collect();
    let mended = about_results(groups, &pairs, |index| repeats.contains(&index));
    let mut index = 0..;
    groups.retain(|_| index.next().is_some_and(|index| !repeats.contains(&index)));
    mended
}

pub(super) fn adopt_results(groups: &mut Vec<Group>) -> Vec<Mended> {
    let pairs = pair(groups);
    let mut mended = Vec::new();
    let mut whole = Vec::with_capacity(groups.len());
    for (index, group) in groups.drain(..).enumerate() {
        if let (Some(id), Some(Answers::Again(_) | Answers::Nothing)) = (group.answered(), pairs.get(&index)) {
            mended.push((group.place(), None));
            let (name, arguments) = (UNRECORDED_TOOL.to_owned(), "{}".to_owned());
            let call = ToolCall { id: id.to_owned(), name, arguments };
            whole.push(Group::alone(group.place(), Item::plain(group.leader().item.at, Content::ToolCall(call))));
        }
        whole.push(group);
    }
    *groups = whole;
    mended
}

pub(super) fn answer_open_calls(groups: &mut Vec<Group>) -> Vec<Mended> {
    let answered: HashSet<CallAt> = pair(groups)
        .into_values()
        .filter_map(|answers| match answers {
            Answers::Call(call) => Some(call),
            Answers::Again(_) | Answers::Nothing => None,
        })
        .collect();
    let mut mended = Vec::new();
    let mut whole = Vec::with_capacity(groups.len());
    for (index, group) in groups.drain(..).enumerate() {
        let is_open = |(at, placed): (usize, &Placed)| {
            let id = call_of(&placed.item).filter(|_| !answered.contains(&(index, at)))?;
            let answer =
                Content::ToolResult { call: id.to_owned(), output: OUTCOME_UNKNOWN.to_owned(), is_error: true };
            Some((about(placed), Group::alone(placed.place, Item::plain(None, answer))))
        };
        let (open, answers): (Vec<_>, Vec<_>) = group.0.iter().enumerate().filter_map(is_open).unzip();
        mended.extend(open);
        whole.push(group);
        whole.extend(answers);
    }
    *groups = whole;
    mended
}

pub(super) fn move_results(groups: &mut Vec<Group>) -> Vec<Mended> {
    let pairs = pair(groups);
    let mut apart = HashSet::new();
    let mut before = None;
    for index in 0..groups.len() {
        match pairs.get(&index) {
            Some(Answers::Call((caller, _))) if before == Some(*caller) => {}
            Some(_) => drop(apart.insert(index)),
            None => before = Some(index),
        }
    }
    let mended = about_results(groups, &pairs, |index| apart.contains(&index));
    let mut results: HashMap<usize, Vec<Group>> = HashMap::new();
    let mut others: Vec<(usize, Group)> = Vec::new();
    for (index, group) in groups.drain(..).enumerate() {
        match pairs.get(&index) {
            Some(Answers::Call((caller, _))) => results.entry(*caller).or_default().push(group),
            _ => others.push((index, group)),
        }
    }
    for (index, group) in others {
        groups.push(group);
        groups.extend(results.remove(&index).unwrap_or_default());
    }
    mended
}

/// Identifiers in a provider's own bytes stay as they are: a provider takes back what it gave out.
pub(super) fn rename_calls(groups: &mut [Group]) -> Vec<Mended> {
    let taken: HashSet<String> =
        groups.iter().flat_map(|group| group.calls()).map(|(_, call)| call.id.clone()).collect();
    let mut fresh = (1_usize..).map(|n| format!("repaired_{n}")).filter(|id| !taken.contains(id));
    let mut mended = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut rest = groups;
    while let Some((group, after)) = rest.split_first_mut() {
        let (results, after) = after.split_at_mut(group.calls().count());
        let renamable = !group.is_opaque();
        let mut places: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (at, result) in results.iter().enumerate() {
            places.entry(result.answered().unwrap_or_default().to_owned()).or_default().push_back(at);
        }
        for placed in &mut group.0 {
            let subject = about(placed);
            let Content::ToolCall(call) = &mut placed.item.content else { continue };
            let mine = places.get_mut(&call.id).and_then(VecDeque::pop_front);
            let mine = mine.expect("each call is followed by its results: the rules before this one see to it");
            let result = results.get_mut(mine).expect("a position in the same slice");
            let is_its_own = seen.insert(call.id.clone()) && !call.id.is_empty();
            if is_its_own || !renamable || result.is_opaque() {
                continue;
            }
            call.id = fresh.next().expect("there are more numbers than calls");
            for part in &mut result.0 {
                if let Content::ToolResult { call: answered, .. } = &mut part.item.content {
                    answered.clone_from(&call.id);
                }
            }
            mended.push(subject);
        }
        rest = after;
    }
    mended
}

pub(super) fn note_interruptions(groups: &mut Vec<Group>) -> Vec<Mended> {
    let is_cut_off = |placed: &&Placed| {
        matches!(placed.item.content, Content::Message { role: Role::Assistant, interrupted: true, .. })
    };
    let note = Item::message(Role::System, CUT_OFF);
    let mut mended = Vec::new();
    let mut whole: Vec<Group> = Vec::with_capacity(groups.len());
    let mut due: Option<(usize, Mended)> = None;
    for group in groups.drain(..) {
        if let Some((results, subject)) = due.take() {
            if results > 0 {
                due = Some((results - 1, subject));
            } else if group.leader().item != note {
                whole.push(Group::alone(subject.0, note.clone()));
                mended.push(subject);
            }
        }
        if let Some(placed) = group.0.iter().find(is_cut_off).filter(|_| group.is_opaque()) {
            due = Some((group.calls().count(), about(placed)));
        }
        whole.push(group);
    }
    if let Some((_, subject)) = due {
        whole.push(Group::alone(subject.0, note));
        mended.push(subject);
    }
    *groups = whole;
    mended
}

/// The results that a rule is about, with the tools that they answer for.
fn about_results(groups: &[Group], pairs: &HashMap<usize, Answers>, is_meant: impl Fn(usize) -> bool) -> Vec<Mended> {
    let tool = |index: usize| {
        let first = match pairs.get(&index)? {
            Answers::Again(first) => pairs.get(first)?,
            answers => answers,
        };
        let Answers::Call((group, at)) = first else { return None };
        about(groups.get(*group)?.0.get(*at)?).1
    };
    let meant = groups.iter().enumerate().filter(|(index, _)| is_meant(*index));
    meant.map(|(index, group)| (group.place(), tool(index))).collect()
}

fn about(placed: &Placed) -> Mended {
    let tool = match &placed.item.content {
        Content::ToolCall(call) => Some(call.name.clone()),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    };
    (placed.place, tool)
}
