//! Where messages go: the channels of the settings, and threads in them.

use aftercall::{Answer, Failure, Named, Receipt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::thread::Thread;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    /// Slack's ids of the channels, by the names that a model knows.
    channels: Named<String>,
    workspace: Option<String>,
    /// How long a message that was posted may be missing from the history.
    #[serde(default = "history_lag_ms")]
    pub(crate) history_lag_ms: u64,
}

const fn history_lag_ms() -> u64 {
    60_000
}

/// A channel, or a thread in it.
pub(crate) struct Place<'a> {
    name: &'a str,
    pub(crate) channel_id: &'a str,
    pub(crate) thread: Option<&'a Thread>,
    workspace: Option<&'a str>,
}

/// Where a message is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Posted {
    channel: String,
    /// The thread that the message began, or is in.
    thread: String,
    /// Where colleagues see the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Settings {
    /// The channels' names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.channels.names()
    }

    /// The channel of this name. No other can be posted to.
    pub(crate) fn channel<'a>(&'a self, name: &'a str) -> Result<Place<'a>, Failure> {
        let channel_id = self.channels.named(name, "channel", "channels")?;
        Ok(Place { name, channel_id, thread: None, workspace: self.workspace.as_deref() })
    }
}

impl<'a> Place<'a> {
    pub(crate) fn in_thread(self, thread: &'a Thread) -> Self {
        Self { thread: Some(thread), ..self }
    }

    /// The answer about a message that Slack has.
    pub(crate) fn posted(&self, message: &Message) -> Answer<Posted> {
        let Self { name, channel_id, .. } = self;
        let ts = &message.ts;
        let thread = message.thread_ts.as_ref().unwrap_or(ts);
        let url = self.workspace.map(|workspace| permalink(workspace, channel_id, ts, thread));
        let mut text = match self.thread {
            None => format!("the message is posted in {name}, thread {thread}"),
            // In a rehearsal each message has the `ts` of the manifest's answer, the one that began the thread too.
            Some(asked) if thread != ts || thread == asked.as_str() => {
                format!("the reply is posted in {name}, thread {thread}")
            }
            Some(asked) => {
                format!("there is no thread {asked} in {name}: the message began a new one, thread {thread}")
            }
        };
        let mut receipt = Receipt::new("message", format!("{channel_id}/{ts}"));
        if let Some(url) = &url {
            text = format!("{text}, at {url}");
            receipt = receipt.with_url(url);
        }
        Answer::new(text, Posted { channel: (*name).to_owned(), thread: thread.clone(), url }).with_receipt(receipt)
    }
}

/// As Slack makes it (<https://docs.slack.dev/reference/methods/chat.getPermalink>).
fn permalink(workspace: &str, channel_id: &str, ts: &str, thread: &str) -> String {
    let message = format!("https://{workspace}.slack.com/archives/{channel_id}/p{}", ts.replace('.', ""));
    if thread == ts { message } else { format!("{message}?thread_ts={thread}&cid={channel_id}") }
}
