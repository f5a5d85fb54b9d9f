//! Telnyx' API: `GET /v2/ai/conversations`, which tells neither what was said nor whether a call is over, and of one
//! conversation its metadata, its messages and its insights.
//! Source: Telnyx' API reference ("List conversations", "Get a conversation", "Get conversation messages", "Get insights for a
//! conversation", "How conversations are keyed across channels") and its SDKs.

use aftercall_core::{json::Json, limits::CONVERSATION_ITEMS_MAX};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    Ask, Span, escaped,
    list::{self, Listed, Lister, Page},
    refused, with_query,
};
use crate::{
    Error, Form,
    document::{self, Tree},
    telnyx::{PAGE_MESSAGES_MAX, page},
};

const CONVERSATIONS: &str = "/v2/ai/conversations";

/// Most messages of one call: protects the host from a list that never ends. More couldn't be continued.
const MESSAGES_MAX: usize = CONVERSATION_ITEMS_MAX;

/// Conversations of a page of the list.
const PAGE_CALLS: usize = 50;

/// How long nothing was heard of a call that is taken to be over, in milliseconds: protects callers from work that begins
/// while they speak.
pub(super) const QUIET_MS: u64 = 5 * 60 * 1000;

/// The conversation, its messages, its insights.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    step: Step,
    conversation: Value,
    messages: Vec<Json>,
    /// How many of the messages stood on the page before.
    before: usize,
}

#[derive(Debug, Clone)]
enum Step {
    /// The conversation, by a call control identifier.
    Find(String),
    Conversation(String),
    Messages {
        of: String,
        page: u64,
    },
    Insights(String),
}

impl Steps {
    /// Call control identifiers begin with their version; conversations have UUIDs.
    pub(super) fn new(id: &str) -> Self {
        let is_call = ["v2:", "v3:"].iter().any(|version| id.starts_with(version));
        let step = if is_call { Step::Find } else { Step::Conversation }(id.to_owned());
        Self { step, conversation: Value::Null, messages: Vec::new(), before: 0 }
    }

    pub(super) fn next(&self) -> Ask {
        Ask::get(match &self.step {
            Step::Find(call) => with_query(CONVERSATIONS, &[("metadata->call_control_id", format!("eq.{call}"))]),
            Step::Conversation(id) => format!("{CONVERSATIONS}/{}", escaped(id)),
            Step::Messages { of, page } => {
                let query = [("page[number]", page.to_string()), ("page[size]", PAGE_MESSAGES_MAX.to_string())];
                with_query(&format!("{CONVERSATIONS}/{}/messages", escaped(of)), &query)
            }
            Step::Insights(id) => format!("{CONVERSATIONS}/{}/conversations-insights", escaped(id)),
        })
    }

    pub(super) fn answered(&mut self, answer: &Value, body: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match &self.step {
            Step::Find(call) => {
                let found = list_of(answer, "the conversation")?
                    .iter()
                    .find(|found| Tree(found).text(&["/metadata/call_control_id"]).is_none_or(|told| told == *call));
                let Some(found) = found else {
                    let why = format!("there is no conversation of the call `{call}` yet: ask again later");
                    return Err(Error::at("/data", why));
                };
                self.begin(found.clone(), None)?;
            }
            Step::Conversation(id) => {
                let id = id.clone();
                let found = answer.get("data").unwrap_or(answer).clone();
                self.begin(found, Some(&id))?;
            }
            Step::Messages { of, page: asked } => {
                let (of, asked) = (of.clone(), *asked);
                self.step = self.more(of, page(body, asked)?)?;
            }
            Step::Insights(_) => return list_of(answer, "the insights").map(|made| Some(self.record(made))),
        }
        Ok(None)
    }

    /// The record without the insights, if these are asked for.
    pub(super) fn without(&self) -> Option<Vec<u8>> {
        matches!(self.step, Step::Insights(_)).then(|| self.record(&[]))
    }

    fn begin(&mut self, conversation: Value, asked: Option<&str>) -> Result<(), Error> {
        let Some(of) = Tree(&conversation).text(&["/id"]) else {
            return Err(refused(Form::Telnyx, "the conversation", &conversation));
        };
        if let Some(asked) = asked.filter(|asked| *asked != of) {
            return Err(crate::together::two_calls(asked, &of));
        }
        self.conversation = conversation;
        self.step = Step::Messages { of, page: 1 };
        Ok(())
    }

    /// Keeps a page of messages. A page that is the same as the one before is what a server gives that doesn't count pages.
    fn more(&mut self, of: String, page: crate::telnyx::Page) -> Result<Step, Error> {
        let next = page.next();
        let before = self.messages.get(self.messages.len() - self.before..).unwrap_or_default();
        if !page.messages.is_empty() && before == page.messages {
            return Err(Error::at("/data", "the messages never end: the same page came twice"));
        }
        if self.messages.len() + page.messages.len() > MESSAGES_MAX {
            return Err(Error::at("/data", format!("the call has more than {MESSAGES_MAX} messages")));
        }
        self.before = page.messages.len();
        self.messages.extend(page.messages);
        Ok(match next {
            Some(page) => Step::Messages { of, page },
            None => Step::Insights(of),
        })
    }

    fn record(&self, made: &[Value]) -> Vec<u8> {
        #[derive(Serialize)]
        struct Record<'a> {
            conversation: &'a Value,
            insights: Vec<&'a Value>,
            messages: Vec<&'a RawValue>,
        }
        let insights = made.iter().flat_map(|made| Tree(made).list(&["/conversation_insights"])).collect();
        let messages = self.messages.iter().map(Json::raw).collect();
        let record = Record { conversation: &self.conversation, insights, messages };
        serde_json::to_vec(&record).expect("a tree serialises")
    }
}

fn list_of<'a>(answer: &'a Value, what: &str) -> Result<&'a [Value], Error> {
    let list = answer.get("data").and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| refused(Form::Telnyx, what, answer))
}

pub(super) const LISTER: Lister = Lister { ask, read };

/// By their last messages, the oldest first.
fn ask(span: Span, cursor: Option<&str>) -> Ask {
    let since = cursor.map_or_else(|| document::written(span.since), str::to_owned);
    let query = [
        ("last_message_at", format!("gte.{since}")),
        ("order", "last_message_at.asc".to_owned()),
        ("limit", PAGE_CALLS.to_string()),
    ];
    Ask::get(with_query(CONVERSATIONS, &query))
}

fn read(span: Span, cursor: Option<&str>, answer: &Value) -> Result<Page, Error> {
    let conversations = list_of(answer, "the conversations")?;
    let last_message = |found: &Value| Tree(found).text(&["/last_message_at"]);
    let times: Vec<String> = conversations.iter().filter_map(last_message).collect();
    let instants: Vec<_> = times.iter().map(|time| document::instant(time)).collect();
    if !instants.is_sorted() {
        let why = "the conversations don't stand by their last messages, so nothing tells which are missing";
        return Err(Error::at("/data/0/last_message_at", why));
    }
    let is_past = instants.last().copied().flatten().is_some_and(|last| last >= span.until);
    let next = if is_past { None } else { list::after(cursor, &times, PAGE_CALLS)? };
    let calls = conversations.iter().filter(|found| is_call(Tree(found)));
    Ok(Page { calls: calls.filter_map(listed).collect(), next })
}

/// Whether a conversation was spoken: texts are kept as conversations too, and go on for long.
fn is_call(conversation: Tree<'_>) -> bool {
    match conversation.text(&["/metadata/telnyx_conversation_channel"]).as_deref() {
        Some(channel) => matches!(channel, "phone_call" | "web_call"),
        None => conversation.text(&["/metadata/call_control_id"]).is_some(),
    }
}

fn listed(found: &Value) -> Option<Listed> {
    let found = Tree(found);
    let ended_at = found.instant(&["/last_message_at"])?;
    Some(Listed { conversation: found.text(&["/id"])?, ended_at: Some(ended_at), payload: None })
}
