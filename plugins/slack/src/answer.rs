//! Slack's answers. It refuses with 200 and `{"ok":false,"error":"not_in_channel"}`; its rate limit alone has a status
//! (<https://docs.slack.dev/apis/web-api/>, <https://docs.slack.dev/apis/web-api/rate-limits>).

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest word of Slack's that is handed on. Protects the model's context.
const WORD_CHARS_MAX: usize = 100;

/// What is in every answer.
#[derive(Deserialize)]
struct Told {
    ok: bool,
    error: Option<String>,
    /// The scope that the token lacks.
    needed: Option<String>,
}

/// What was asked for, or the failure that Slack's refusal stands for. `doubt` is the kind of those after which nobody knows
/// what it did.
pub(crate) fn told<T: DeserializeOwned>(response: Response, doubt: FailureKind) -> Result<T, Failure> {
    let response = response.ok()?;
    let told: Told = response.json()?;
    if told.ok { response.json() } else { Err(Failure { retry_after_ms: pause_ms(&response), ..told.refusal(doubt) }) }
}

/// How long Slack wants to be left alone, which it also says beside `ratelimited` in an answer of 200.
fn pause_ms(response: &Response) -> Option<u64> {
    response.header("retry-after")?.trim().parse::<u64>().ok()?.checked_mul(1_000)
}

impl Told {
    fn refusal(&self, doubt: FailureKind) -> Failure {
        let code = word(self.error.as_deref().unwrap_or("no error"));
        let (kind, words) = meaning(&code).unwrap_or((doubt, "it doesn't say what came of the request"));
        let needed = match &self.needed {
            Some(scope) => format!(" (needed: {})", word(scope)),
            None => String::new(),
        };
        Failure::new(kind, format!("Slack answered {code}: {words}{needed}")).with_code(code)
    }
}

fn word(text: &str) -> String {
    text.chars().take(WORD_CHARS_MAX).collect()
}

/// The errors of the reference pages of our three methods after which nothing was done, and what can be done about them.
fn meaning(code: &str) -> Option<(FailureKind, &'static str)> {
    use FailureKind::{Denied, InvalidArguments, Misconfigured, NotFound, RateLimited, Unavailable};
    Some(match code {
        "msg_too_long" => (InvalidArguments, "`text` is too long; shorten it"),
        "no_text" => (InvalidArguments, "`text` is empty; write what the colleagues have to know"),
        "cannot_reply_to_message" => (InvalidArguments, "there can be no replies to this `thread`; use post_message"),
        "thread_not_found" => {
            (NotFound, "there is no such `thread` in the channel; give the one that post_message returned")
        }
        // The id is of the settings: no argument mends these.
        "channel_not_found" => (
            Misconfigured,
            "the channel isn't there, or is private and the app isn't in it; a person has to invite the app, or correct the id \
             in the settings",
        ),
        "is_archived" => {
            (Misconfigured, "the channel is archived; a person has to unarchive it, or put another in the settings")
        }
        "not_in_channel" => (Denied, "the app isn't in the channel; a person has to invite it there"),
        "channel_is_limited_access" | "no_permission" | "access_denied" | "team_access_not_granted" => {
            (Denied, "the app may not use the channel; a person has to let it")
        }
        "missing_scope" => (Denied, "the token lacks a scope; a person has to add it to the app and install it anew"),
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "not_allowed_token_type" => (Denied, "the bot token isn't valid; a person has to give the grant one that is"),
        "restricted_action_thread_locked" => (Denied, "the thread is locked; use post_message"),
        "restricted_action_non_threadable_channel" => (Denied, "the channel has no threads; use post_message"),
        "restricted_action_thread_only_channel" => (Denied, "the channel takes replies in threads alone"),
        "restricted_action_read_only_channel" => (Denied, "nobody can post in the channel"),
        "restricted_action"
        | "ekm_access_denied"
        | "accesslimited"
        | "app_access_restricted"
        | "enterprise_is_restricted"
        | "two_factor_setup_required"
        | "messages_tab_disabled" => (Denied, "the workspace's rules don't allow this; an administrator has to"),
        "message_limit_exceeded" => (Denied, "the workspace has reached the message limit of its plan"),
        "metadata_must_be_sent_from_app" => {
            (Denied, "the token isn't that of an app; a person has to give the grant one that is")
        }
        "ratelimited" | "rate_limited" => (RateLimited, "there were too many requests"),
        "request_timeout" => (Unavailable, "the request didn't arrive whole"),
        "org_login_required" | "team_added_to_org" => (Unavailable, "the workspace is being moved to an organisation"),
        "invalid_arguments"
        | "invalid_arg_name"
        | "invalid_array_arg"
        | "invalid_charset"
        | "invalid_form_data"
        | "invalid_post_type"
        | "missing_post_type"
        | "invalid_metadata_format"
        | "invalid_metadata_schema"
        | "metadata_too_large"
        | "deprecated_endpoint"
        | "method_deprecated" => {
            (Denied, "the plugin's request isn't one that Slack takes; the plugin has to be corrected")
        }
        _ => return None,
    })
}
