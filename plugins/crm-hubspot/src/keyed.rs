//! Texts as HTML that carry our key, and how what carries it, or what we know the id of, is found again. HubSpot takes no
//! idempotency key.

use aftercall::{Context, Failure, FailureKind, Finding, IntoOutcome};

use crate::hubspot::{self, Object, Page, Search};
use crate::refusal;
use crate::settings::Settings;

/// When to look again, while HubSpot may not show yet what was made.
const LOOK_AGAIN_MS: u64 = 15_000;

/// A paragraph. What was said on the call is text in it, never markup.
pub(crate) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text))
}

/// The line that carries the key.
pub(crate) fn reference(key: &str) -> String {
    format!("<p>Reference: {}</p>", escape(key))
}

/// A look for what an upsert or an update was to leave, by its own id.
pub(crate) struct Look {
    pub(crate) found: Result<Option<Object>, Failure>,
    /// Whether it was there before: then that it isn't tells nothing.
    pub(crate) was_there: bool,
}

impl Look {
    /// What it tells, `is_it` where the object says what was asked.
    pub(crate) fn settles<O: IntoOutcome>(
        self,
        is_it: impl FnOnce(&Object) -> bool,
        settings: &Settings,
        cx: &Context,
        outcome: impl FnOnce(&str) -> O,
    ) -> Result<Finding, Failure> {
        let found = match self.found {
            Ok(found) => found,
            // Nobody lets us look, now or later: not the grant, or not at an email address that no path may carry.
            Err(failure) if matches!(failure.kind, FailureKind::Denied | FailureKind::InvalidArguments) => {
                return Ok(Finding::Unknown(None));
            }
            Err(failure) => return Err(failure),
        };
        // People may have changed or deleted it since.
        let tells_nothing = self.was_there || found.is_some();
        match found {
            Some(object) if is_it(&object) => Finding::happened(outcome(&object.id)),
            _ => Ok(match absent(settings, cx) {
                Finding::DidNotHappen if tells_nothing => Finding::Unknown(None),
                finding => finding,
            }),
        }
    }
}

/// Searches for the object whose text, this property, carries our key.
pub(crate) async fn find<O: IntoOutcome>(
    objects: &str,
    property: &'static str,
    settings: &Settings,
    cx: &Context,
    outcome: impl FnOnce(&str) -> O,
) -> Result<Finding, Failure> {
    let search = Search::of(&[property]).or(property, "CONTAINS_TOKEN", cx.key());
    let url = hubspot::url(&format!("{objects}/search"));
    let answer = cx.post(url).reads_only().json(&search).send().await?;
    let page: Page = refusal::told(answer)?.json()?;
    match page.results.iter().find(|object| has_key(object.property(property), cx.key())) {
        Some(ours) => Finding::happened(outcome(&ours.id)),
        None => Ok(match absent(settings, cx) {
            // It may be among those that were not told.
            Finding::DidNotHappen if page.has_more() => Finding::Unknown(None),
            finding => finding,
        }),
    }
}

/// What it says that nothing was found.
pub(crate) fn absent(settings: &Settings, cx: &Context) -> Finding {
    Finding::absent(cx, settings.search_lag_ms, LOOK_AGAIN_MS)
}

/// Whether a text has this key in its reference line. A search by token may find more than that.
fn has_key(text: Option<&str>, key: &str) -> bool {
    let reference = format!("Reference: {}", escape(key));
    let Some((_, rest)) = text.and_then(|text| text.split_once(&reference)) else {
        return false;
    };
    !rest.starts_with(|next: char| next.is_alphanumeric())
}

/// Escapes what would be markup between tags; quotes are none there.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.trim().chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>"),
            '\r' => {}
            other => html.push(other),
        }
    }
    html
}
