//! The timeline in words, for a terminal: what happened after the call, in the order in which it did.

use std::fmt::Write as _;

use aftercall_core::{
    binding::Bindings,
    conversation::{Conversation, Direction, ToolCall},
    model::Usage,
    ports::StoredRun,
    price::Amount,
    run::{AttemptResult, CallId, Decline, Ending, Found, IllegalHistory, Pins, Resolution, Run, Said, Why},
    spent::{Day, Spent, Thousands},
    time::Timestamp,
    timeline::{self, Moment, What},
    tool::{Failure, Outcome, Receipt},
    usage::Used,
};
use serde_json::Value;

/// Longest text of one line's details, in characters: a story is read, not scrolled.
const DETAIL_CHARS_MAX: usize = 400;

/// An argument with more characters is told after those with fewer.
const ARGUMENT_CHARS_LONG: usize = 120;

/// A limit of which a call used that much, in percent, is told of without being asked for.
const NEAR_PERCENT: u64 = 50;

/// Which limits of tool calls are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// Those that a call came near to.
    Near,
    /// All that a call used anything of.
    All,
}

/// Tells a whole run.
///
/// # Errors
/// The journal tells no possible story.
pub fn tell(stored: &StoredRun, limits: Limits) -> Result<String, IllegalHistory> {
    let mut story = String::new();
    let identity = &stored.identity;
    let _ = writeln!(story, "{}", identity.run());
    let _ = writeln!(story, "{}", call_in_words(&stored.conversation));
    let _ = writeln!(story, "{} · {} · {}\n", identity.tenant, identity.platform, identity.conversation);
    let (moments, run) = timeline::tell(stored)?;
    for moment in moments {
        let all = match (&moment.what, limits) {
            (What::Tried { usage, .. }, Limits::All) => Some(usage_in_words(usage.iter().filter(|used| used.used > 0))),
            _ => None,
        };
        for line in lines(&moment).into_iter().chain(all.flatten().map(|words| detail(&format!("limits: {words}")))) {
            let _ = writeln!(story, "{line}");
        }
    }
    if let Some(spent) = spent_in_words(&run) {
        let _ = writeln!(story, "\n{spent}");
    }
    Ok(story)
}

/// What a run used of its model: `5 turns, 14,702 tokens, 0.043 USD`; without a price no cost. None: no turn of it.
pub fn spent_in_words(run: &Run) -> Option<String> {
    let spent = run.spent();
    let cost = run.price().map(|price| cost_in_words(spent.cost, price.currency.as_deref()));
    (spent.turns > 0).then(|| turns_in_words(&spent, cost))
}

/// `5 turns, 14,702 tokens, 0.043 USD`, or without a cost.
pub fn turns_in_words(spent: &Spent, cost: Option<String>) -> String {
    let turns = if spent.turns == 1 { "turn" } else { "turns" };
    let cost = cost.map(|cost| format!(", {cost}")).unwrap_or_default();
    format!("{} {turns}, {} tokens{cost}", Thousands(spent.turns), Thousands(spent.usage.total()))
}

/// `0.043 USD`, or without its currency where nobody has named one.
pub fn cost_in_words(cost: Amount, currency: Option<&str>) -> String {
    currency.map_or_else(|| cost.to_string(), |currency| format!("{cost} {currency}"))
}

/// One call in one line.
pub fn call_in_words(call: &Conversation) -> String {
    let kind = match call.direction {
        Some(Direction::Inbound) => "Inbound call",
        Some(Direction::Outbound) => "Outbound call",
        None => "Conversation",
    };
    let mut words = kind.to_owned();
    if let (Some(from), Some(to)) = (&call.from, &call.to) {
        let _ = write!(words, " from {from} to {to}");
    }
    if let Some(at) = call.started_at {
        let _ = write!(words, ", {}", date(at));
    }
    if let (Some(start), Some(end)) = (call.started_at, call.ended_at) {
        let _ = write!(words, ", {}", span(end.ms_since(start)));
    }
    if let Some(reason) = &call.end_reason {
        let _ = write!(words, ", ended by {reason}");
    }
    words
}

/// One moment in lines: the first with its time, the others indented below it.
pub fn lines(moment: &Moment) -> Vec<String> {
    let (head, details) = words(&moment.what);
    let mut lines = vec![format!("{}  {}", time(moment.at), plain(&head))];
    lines.extend(details.iter().map(|text| detail(text)));
    lines
}

fn detail(text: &str) -> String {
    format!("            {}", clip(text))
}

/// How near a call came to limits: `memory 1.2 of 64 MiB · requests 2 of 32`. None: to none of these.
pub fn usage_in_words<'a>(usage: impl Iterator<Item = &'a Used>) -> Option<String> {
    let words = usage.map(Used::to_string).collect::<Vec<_>>().join(" · ");
    (!words.is_empty()).then_some(words)
}

/// What is told where a provider refuses its own bytes.
const REWRITTEN: &str =
    "The history is written anew, without the provider's own bytes, and the model is asked once more.";

/// One moment in words, and its details.
pub fn words(what: &What) -> (String, Vec<String>) {
    match what {
        What::Accepted { items, .. } => {
            let items = if *items == 1 { "1 item".to_owned() } else { format!("{items} items") };
            (format!("The call's record arrived: {items} of history."), Vec::new())
        }
        What::Began(pins) => began(pins),
        What::Declined(Decline::Skipped { reason }) => (format!("Nothing to do: {reason}."), Vec::new()),
        What::Declined(Decline::CannotContinue { reason }) => (format!("It can't go on: {reason}."), Vec::new()),
        What::Replied { turn, took_ms, text, usage, calls } => {
            let (took, asks) = (span(*took_ms), asks_in_words(*calls));
            let head = format!("Turn {turn}: the model answers in {took} and {asks} ({}).", tokens(*usage));
            (head, text.iter().map(|text| format!("“{}”", text.trim())).collect())
        }
        What::Insights { turn, took_ms, usage, found, wrong, again } => {
            let how = given_in_words(found.is_some(), *again);
            let found = found.iter().flat_map(insights_in_words).map(|(name, value)| format!("{name}: {value}"));
            let head = format!("Turn {turn}: the model gives {how}, in {} ({}).", span(*took_ms), tokens(*usage));
            (head, found.chain(wrong.iter().cloned()).collect())
        }
        What::NoInsights => ("There are no insights of this call.".to_owned(), Vec::new()),
        What::AskFailed { turn, failure, again_at } => {
            (format!("Turn {turn}: no answer from the model: {failure}.{}", again(*again_at)), Vec::new())
        }
        What::Rewritten { lost } => {
            (REWRITTEN.to_owned(), lost.iter().map(|lost| format!("not carried over: {lost}")).collect())
        }
        What::AskPostponed { turn, until, why } => {
            (format!("  ⏲ Turn {turn} waits until {}: {why}.", date(*until)), Vec::new())
        }
        What::Refused { call, words } => (
            format!("  ✗ {} was refused; nothing ran.", call.name),
            vec![arguments_in_words(&call.arguments), words.clone()],
        ),
        What::Tried { call, bound, took_ms, tries, result, log, captured, usage, again_at } => {
            let mut details = vec![asked_in_words(call, bound)];
            details.extend(log.iter().map(|line| format!("log: {}", line.message)));
            details
                .extend(captured.iter().map(|write| format!("would have been sent: {} {}", write.method, write.url)));
            let head = tried(&call.name, *took_ms, *tries, result, *again_at, &mut details);
            let near = usage_in_words(usage.iter().filter(|used| used.percent() >= NEAR_PERCENT));
            details.extend(near.map(|near| format!("near its limits: {near}")));
            (head, details)
        }
        What::Postponed { call, until, why } => (
            format!("  ⏲ {} waits until {}: {why}.", call.name, date(*until)),
            vec![arguments_in_words(&call.arguments)],
        ),
        What::ApprovalAsked { call, place, ask } => (
            format!("  ✋ {} waits for a person's approval, until {}.", call.name, date(ask.expires_at)),
            vec![
                arguments_in_words(ask.arguments.as_str()),
                format!("to allow it: aftercall runs approve RUN --call {place}"),
            ],
        ),
        What::ApprovalExpired { call } => (format!("  ✗ {} was approved by nobody in time.", call.name), Vec::new()),
        What::Decided { call, by, said } => {
            (format!("  ✋ {by} says of {}: {}.", call.name, said_in_words(said)), Vec::new())
        }
        What::Nudged { tools } => (
            format!("Its account claims what no call did ({}): it is asked again, once.", tools.join(", ")),
            Vec::new(),
        ),
        What::NeedsAttention { calls } => needs_attention(calls),
        What::Settled { call, found, again_at } => settled(&call.name, found, *again_at),
        What::CancelRequested { reason } => (format!("Somebody asked for it to end: {reason}."), Vec::new()),
        What::DeadlineReached => ("Its time is over: nothing new begins.".to_owned(), Vec::new()),
        What::Ended(ending) => ended(ending),
    }
}

fn asks_in_words(calls: usize) -> String {
    match calls {
        0 => "calls no tool".to_owned(),
        1 => "calls a tool".to_owned(),
        many => format!("calls {many} tools"),
    }
}

/// What the model gives that is asked for insights.
const fn given_in_words(fits: bool, again: bool) -> &'static str {
    match (fits, again) {
        (true, _) => "the insights asked for",
        (false, true) => "no insights that fit, and is asked once more",
        (false, false) => "no insights that fit",
    }
}

/// The members of an object, each with its value in words: lists in a line, what is deeper as JSON.
pub fn insights_in_words(found: &Value) -> Vec<(String, String)> {
    let words = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "—".to_owned(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let members = found.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), words(value))).collect()
}

fn tokens(usage: Usage) -> String {
    format!("{} tokens in, {} out", usage.input_tokens, usage.output_tokens)
}

fn began(pins: &Pins) -> (String, Vec<String>) {
    let tools: Vec<&str> = pins.tools.iter().map(|tool| tool.name.as_str()).collect();
    let head = format!("{} goes on as {}, with {}.", pins.model.model, pins.assistant, tools.join(", "));
    let reasoning = pins.model.reasoning.iter().map(|reasoning| format!("asked to think with {reasoning}"));
    let repairs = pins.repairs.iter().map(|repair| format!("history repaired at {repair}"));
    let left_out = pins.left_out.iter().map(|left_out| format!("not carried over: {left_out}"));
    let seeded = pins.seeded.iter().map(|seeded| format!("done on the call already: {seeded}"));
    let unseeded = pins.unseeded.iter().map(|unseeded| format!("not done on the call: {unseeded}"));
    let not_offered = pins.not_offered.iter().map(|tool| format!("not offered again after the call: {tool}"));
    let live = offered_again(pins).into_iter().chain(not_offered);
    (head, reasoning.chain(repairs).chain(left_out).chain(live).chain(seeded).chain(unseeded).collect())
}

/// The live call's own tools that are offered again. None: there are none.
fn offered_again(pins: &Pins) -> Option<String> {
    let again = pins.tools.iter().filter(|tool| tool.instance.is_some());
    let again: Vec<String> = again.map(|tool| format!("{} ({})", tool.name, tool.effect)).collect();
    (!again.is_empty()).then(|| format!("offered again, as on the call: {}", again.join(", ")))
}

fn needs_attention(calls: &[(CallId, ToolCall)]) -> (String, Vec<String>) {
    let mut details: Vec<String> = calls
        .iter()
        .map(|(place, call)| format!("{} (call {place}): {}", call.name, arguments_in_words(&call.arguments)))
        .collect();
    details.push(
        "look at the vendor whether it happened, then say so: aftercall runs resolve RUN --done RECEIPT | --redo | --drop"
            .to_owned(),
    );
    ("It waits for a person: what no program can tell of may or may not have happened.".to_owned(), details)
}

/// What a person said of a call.
fn said_in_words(said: &Said) -> String {
    match said {
        Said::Approve(_) => "it may be made".to_owned(),
        Said::Refuse { reason } => format!("it may not be made: {}", clip(reason)),
        Said::Resolve(Resolution::Done { receipt }) => format!("it happened ({})", receipt_in_words(receipt)),
        Said::Resolve(Resolution::Redo) => "it did not happen, and is to be done again".to_owned(),
        Said::Resolve(Resolution::Drop) => "it stays as it is".to_owned(),
    }
}

fn settled(tool: &str, found: &Found, again_at: Option<Timestamp>) -> (String, Vec<String>) {
    let (mark, how) = found_in_words(found);
    let details = match found {
        Found::Happened(outcome) | Found::Otherwise(outcome) => done(outcome),
        Found::DidNotHappen | Found::NotYet { .. } | Found::Never => Vec::new(),
    };
    (format!("  {mark} {tool}{how}.{}", again(again_at)), details)
}

fn tried(
    tool: &str,
    took_ms: u64,
    tries: u32,
    result: &AttemptResult,
    again_at: Option<Timestamp>,
    details: &mut Vec<String>,
) -> String {
    let (mark, how) = came_of(result);
    let took = format!(" in {}", span(took_ms));
    let attempt = if tries > 1 { format!(", attempt {tries}") } else { String::new() };
    let again = again(again_at);
    match result {
        AttemptResult::Done(outcome) => {
            details.extend(done(outcome));
            format!("  {mark} {tool}{how}{took}{attempt}.")
        }
        AttemptResult::Known(outcome) | AttemptResult::Conflict(outcome) => {
            details.extend(done(outcome));
            format!("  {mark} {tool}{how}.")
        }
        AttemptResult::Failed(failure) => {
            details.push(failure.message.clone());
            format!("  {mark} {tool}{how}{took}{attempt}: {}.{again}", kind_in_words(failure))
        }
        AttemptResult::InDoubt(failure) | AttemptResult::Unsettled(failure) => {
            details.push(failure.message.clone());
            format!("  {mark} {tool}{how}{attempt}.{again}")
        }
        AttemptResult::Unknowable => format!("  {mark} {tool}{how}."),
    }
}

/// What came of an attempt: a mark, and the words behind the tool's name.
pub fn came_of(result: &AttemptResult) -> (&'static str, &'static str) {
    match result {
        AttemptResult::Done(_) => ("✓", ""),
        AttemptResult::Known(_) => ("✓", " had been done before; nothing was sent"),
        AttemptResult::Conflict(_) => ("✗", " had been done before, but not as asked now; nothing was sent"),
        AttemptResult::Failed(_) => ("✗", " failed"),
        AttemptResult::InDoubt(_) | AttemptResult::Unsettled(_) => ("?", " may or may not have happened"),
        AttemptResult::Unknowable => ("?", " may or may not have happened; a person must look"),
    }
}

/// What was found of an effect in doubt: a mark, and the words behind the tool's name.
pub fn found_in_words(found: &Found) -> (&'static str, &'static str) {
    match found {
        Found::Happened(_) => ("✓", " was in doubt; it did happen"),
        Found::Otherwise(_) => ("✗", " was in doubt; it did happen, but not as asked now"),
        Found::DidNotHappen => ("?", " was in doubt; it did not happen"),
        Found::NotYet { .. } => ("?", " is in doubt; the vendor can't tell yet"),
        Found::Never => ("?", " stays in doubt: only a person can tell"),
    }
}

/// A failure's kind, with the vendor's own code where there is one.
pub fn kind_in_words(failure: &Failure) -> String {
    let code = failure.code.as_ref().map(|code| format!(" [{code}]")).unwrap_or_default();
    format!("{}{code}", failure.kind)
}

fn done(outcome: &Outcome) -> Vec<String> {
    let text = (!outcome.text.is_empty()).then(|| outcome.text.clone());
    text.into_iter()
        .chain(outcome.receipts.iter().map(|receipt| format!("receipt: {}", receipt_in_words(receipt))))
        .collect()
}

/// `to: +15550100 · text: Hello`, long ones last, so that none is cut off behind them; what is no JSON object, as it was
/// written.
pub fn arguments_in_words(arguments: &str) -> String {
    let Ok(Value::Object(arguments)) = serde_json::from_str(arguments) else { return arguments.to_owned() };
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    };
    let mut all: Vec<String> = arguments.iter().map(one).collect();
    all.sort_by_key(|argument| argument.chars().count() > ARGUMENT_CHARS_LONG);
    if all.is_empty() { "no arguments".to_owned() } else { all.join(" · ") }
}

/// The arguments of a call, and behind them those that the host filled in.
pub fn asked_in_words(call: &ToolCall, bound: &Bindings) -> String {
    let written = Some(arguments_in_words(&call.arguments)).filter(|_| call.arguments != "{}" || bound.is_empty());
    let filled = bound.iter().map(|(argument, fact)| format!("{argument}: {fact}, filled in by the host"));
    filled.chain(written).collect::<Vec<_>>().join(" · ")
}

/// A receipt in one line.
pub fn receipt_in_words(receipt: &Receipt) -> String {
    match &receipt.url {
        Some(url) => format!("{} {} {url}", receipt.kind, receipt.id),
        None => format!("{} {}", receipt.kind, receipt.id),
    }
}

fn ended(ending: &Ending) -> (String, Vec<String>) {
    let head = format!("Ended: {}.", ending.as_str());
    let detail = match ending {
        // Why it ended so was told just before.
        Ending::Completed { .. }
        | Ending::Refused { .. }
        | Ending::Skipped { .. }
        | Ending::Cancelled { .. }
        | Ending::CannotContinue { .. }
        | Ending::Failed { why: Why::Model(_) } => None,
        Ending::BudgetExhausted { budget } => {
            Some(format!("its budget ran out: raise {} to allow more", budget.setting()))
        }
        Ending::Failed { why: Why::CutOff } => {
            Some("the model's answer was cut off at its provider's limit".to_owned())
        }
        Ending::Failed { why: Why::Tool { tool, failure } } => {
            Some(format!("{tool} did not come about: {}: {}", failure.kind, failure.message))
        }
        Ending::Failed { why: Why::Abandoned { tool } } => {
            Some(format!("{tool} may or may not have happened, and a person left it at that"))
        }
        Ending::Unproven { tools, .. } => {
            Some(format!("its account claims what no call did, also after it was told so: {}", tools.join(", ")))
        }
    };
    (head, detail.into_iter().collect())
}

fn again(at: Option<Timestamp>) -> String {
    at.map(|at| format!(" Again at {}.", time(at))).unwrap_or_default()
}

/// A text on one line, cut where it is too long to be read.
pub fn clip(text: &str) -> String {
    let one_line = plain(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match one_line.char_indices().nth(DETAIL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}

/// A text without control characters: what was said on a call must not steer a terminal.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(i64::try_from(at.as_millis()).ok()?).ok()
}

/// `10:14:03Z`.
pub fn time(at: Timestamp) -> String {
    instant(at).map_or_else(|| "??:??:??Z".to_owned(), |at| at.strftime("%H:%M:%SZ").to_string())
}

/// `2026-11-23 10:14Z`.
pub fn date(at: Timestamp) -> String {
    instant(at).map_or_else(|| "an unknown time".to_owned(), |at| at.strftime("%Y-%m-%d %H:%MZ").to_string())
}

/// `2026-11-23`.
pub fn day(day: Day) -> String {
    instant(day.begins_at()).map_or_else(|| "an unknown day".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// `850 ms`, `4.2 s`, `4 min 12 s`.
pub fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_well() {
        for (ms, expected) in [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (4250, "4.2 s"), (252_000, "4 min 12 s")]
        {
            assert_eq!(span(ms), expected);
        }
    }

    #[test]
    fn arguments_read_well() {
        for (written, expected) in [
            (r#"{"to":"+1","n":2,"tags":["a"]}"#, r#"n: 2 · tags: ["a"] · to: +1"#),
            ("{}", "no arguments"),
            ("", ""),
            (r#"{"text": "#, r#"{"text": "#),
        ] {
            assert_eq!(arguments_in_words(written), expected);
        }
    }

    #[test]
    fn long_arguments_come_last() {
        let long = "a".repeat(ARGUMENT_CHARS_LONG);
        let written = serde_json::json!({ "description": long, "priority": "urgent", "summary": "s" }).to_string();
        assert_eq!(arguments_in_words(&written), format!("priority: urgent · summary: s · description: {long}"));
    }

    #[test]
    fn long_details_are_clipped_to_one_line() {
        assert_eq!(clip("a\n  b"), "a b");
        assert_eq!(clip("\u{1b}[2Ja"), "\u{fffd}[2Ja");
        let long = clip(&"é".repeat(DETAIL_CHARS_MAX + 1));
        assert_eq!(long.chars().count(), DETAIL_CHARS_MAX + 1);
        assert!(long.ends_with('…'));
    }
}
