//! One run: the call, and beside it what was done after it.

use aftercall_core::{
    ports::StoredRun,
    run::{Ending, IllegalHistory, Standing},
    timeline::{self, What},
};
use maud::{Markup, html};
use serde_json::Value;

use super::{call::call, layout, timeline::timeline as lines, tone};
use crate::story;

/// A run, as a page.
///
/// # Errors
/// Its journal tells no possible story.
pub fn run(stored: &StoredRun) -> Result<String, IllegalHistory> {
    let (moments, run) = timeline::tell(stored)?;
    let ending = moments.iter().find_map(|moment| match &moment.what {
        What::Ended(ending) => Some(ending),
        _ => None,
    });
    let outcome = run.outcome();
    let identity = &stored.identity;
    let body = html! {
        header {
            p.back { a href="/runs" { "← Runs" } }
            h1 {
                (identity.conversation) " "
                span.(tone(outcome)).badge { (outcome) }
            }
            p.facts { (story::call_in_words(&stored.conversation)) }
            p.facts { (identity.tenant) " · " (identity.platform) " · " (identity.run()) }
            @if let Some(spent) = story::spent_in_words(&run) { p.facts { (spent) } }
            @if let Some(Ending::Completed { account: Some(account) }) = ending { p.account { (account.trim()) } }
            @if let Some(insights) = run.insights() { (self::insights(&insights.value())) }
        }
        main.run {
            section { h2 { "The call" } (call(&stored.conversation)) }
            section.after { h2 { "After the call" } (lines(&moments)) }
        }
    };
    Ok(layout(&identity.conversation, run.standing() == Standing::Working, &body))
}

/// What was to be known of the call.
fn insights(found: &Value) -> Markup {
    html! {
        dl.insights {
            @for (name, value) in story::insights_in_words(found) { div { dt { (name) } dd { (value) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use aftercall_core::{
        conversation::{Content, Conversation, Item, Role, ToolCall},
        gate::Skip,
        id::RunIdentity,
        run::{Decline, Event, Kind},
        time::Timestamp,
    };

    use super::*;

    #[test]
    fn what_was_said_is_text_and_never_markup() {
        const HOSTILE: &str = "<script>alert(1)</script>\"'&";
        let platform: aftercall_core::id::Platform = "native".parse().expect("a name");
        let mut conversation = Conversation::new(platform.clone(), HOSTILE);
        let called = ToolCall { id: "1".into(), name: HOSTILE.into(), arguments: format!("{{\"a\":\"{HOSTILE}") };
        conversation.items = vec![
            Item::message(Role::User, HOSTILE),
            Item::plain(None, Content::ToolCall(called)),
            Item::plain(None, Content::ToolResult { call: "1".into(), output: HOSTILE.into(), is_error: false }),
        ];
        conversation.end_reason = Some(HOSTILE.into());
        (conversation.from, conversation.to) = (Some(HOSTILE.into()), Some(HOSTILE.into()));
        conversation.summary = Some(HOSTILE.into());
        let stored = StoredRun {
            identity: RunIdentity {
                tenant: "acme".parse().expect("a name"),
                platform,
                conversation: HOSTILE.into(),
                revision: 0,
            },
            accepted_at: Timestamp::from_millis(0),
            conversation,
            journal: vec![Event {
                at: Timestamp::from_millis(0),
                kind: Kind::Declined(Decline::Skipped { reason: Skip::Voicemail }),
            }],
        };
        let page = run(&stored).expect("a page");
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("a voicemail answered"), "{page}");
        assert!(page.contains("skipped"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 10, "{page}");
    }
}
