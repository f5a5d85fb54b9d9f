//! What Jira says when it refuses: its reasons, field by field.

use aftercall::{Failure, FailureKind, Response};
use serde_json::Value;

/// The fields that hold what a model gave. All others are made of the settings, or the project asks for them.
const GIVEN_FIELDS: [&str; 4] = ["summary", "description", "labels", "comment"];

/// The settings that say which project it is. One that the account may not see isn't there for it either.
const PROJECT: [&str; 2] = ["site", "project"];

/// What an issue may have of its own, it has as many of as it may
/// (<https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/>).
const ISSUE_IS_FULL: u16 = 413;
/// The project is set up so that there can be no such issue
/// (<https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>).
const PROJECT_PREVENTS: u16 = 422;

/// The response if its status is 2xx, else the failure with what Jira's reasons are about.
pub(super) fn told(response: Response) -> Result<Response, Failure> {
    response.ok_or(explained)
}

/// The failure of a new issue: what isn't there is the site or the project, and no argument helps.
pub(super) fn of_project(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::NotFound => failure.by_settings(&PROJECT),
        _ => failure,
    }
}

/// The failure of a search. What a model gave is text in its query, so what Jira refuses is the project, too.
pub(super) fn of_search(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::NotFound | FailureKind::InvalidArguments => failure.by_settings(&PROJECT),
        _ => failure,
    }
}

/// The fields are in `{"errorMessages":["…"],"errors":{"priority":"…"}}`.
fn explained(mut failure: Failure, status: u16, body: Value) -> Failure {
    if status == ISSUE_IS_FULL {
        failure.kind = FailureKind::Conflict;
    }
    let mut fields = body["errors"].as_object().into_iter().flatten();
    let not_given = fields.any(|(field, _)| !GIVEN_FIELDS.contains(&field.as_str()));
    if failure.kind == FailureKind::InvalidArguments && (not_given || status == PROJECT_PREVENTS) {
        failure.message.push_str(" (so the project's fields and the plugin's settings differ)");
        return failure.by_settings(&[]);
    }
    failure
}
