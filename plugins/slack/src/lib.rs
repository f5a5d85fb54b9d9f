//! Messages to a team's channels in Slack, over its Web API.
//!
//! A model names a channel by a name of the tenant's settings, so it can post nowhere else. What was said is plain text in
//! the message: it mentions nobody and links nowhere.
//!
//! Slack documents no idempotency key. The message carries ours as its metadata, and one in doubt is looked for by that
//! in the channel's history, or in its thread. Slack doesn't say that what was posted is in the history at once, so the
//! plugin refuses to say that it wasn't posted while the history may lag.

mod answer;
mod message;
mod place;
mod search;
mod thread;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Failure, Finding, Text};

    use crate::place::{Posted, Settings};
    use crate::thread::Thread;
    use crate::{message, search};

    /// A model sees which channels there are.
    fn channel_names(settings: &Settings) -> Vec<String> {
        settings.names()
    }

    /// Posts a message to one of the team's channels in Slack. Colleagues read it, the caller doesn't. One message for each
    /// channel in a conversation, so put all of it in one. Returns the thread, in which reply_in_thread adds something.
    #[tool(effect = once, identity = [channel], reconcile = find_message, title = "Post to Slack")]
    async fn post_message(
        /// The channel's name, without #.
        #[choices(channel_names)]
        channel: String,
        /// The whole message as plain text. Line breaks are kept. There are no bold words, links or mentions: *, <, @ and
        /// addresses are shown as they are written.
        #[schemars(length(max = 4000))]
        text: Text,
        cx: &Context,
    ) -> Result<Answer<Posted>, Failure> {
        let settings: Settings = cx.settings()?;
        message::post(cx, &settings.channel(&channel)?, &text).await
    }

    /// Adds a message to a thread in Slack, below one that post_message has posted: for what came up after it. One reply for
    /// each thread in a conversation, so put all of it in one.
    #[tool(effect = once, identity = [channel, thread], reconcile = find_reply, title = "Reply in a Slack thread")]
    async fn reply_in_thread(
        /// The name of the channel that the thread is in, as it was given to post_message.
        #[choices(channel_names)]
        channel: String,
        /// The thread, as post_message returned it, such as 1503435956.000247.
        thread: Thread,
        /// The whole reply as plain text, as of post_message.
        #[schemars(length(max = 4000))]
        text: Text,
        cx: &Context,
    ) -> Result<Answer<Posted>, Failure> {
        let settings: Settings = cx.settings()?;
        message::post(cx, &settings.channel(&channel)?.in_thread(&thread), &text).await
    }

    async fn find_message(channel: String, cx: &Context) -> Result<Finding, Failure> {
        let settings: Settings = cx.settings()?;
        search::find(cx, &settings, &settings.channel(&channel)?).await
    }

    async fn find_reply(channel: String, thread: Thread, cx: &Context) -> Result<Finding, Failure> {
        let settings: Settings = cx.settings()?;
        search::find(cx, &settings, &settings.channel(&channel)?.in_thread(&thread)).await
    }
}
