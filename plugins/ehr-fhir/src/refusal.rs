//! What a server says when it refuses: an OperationOutcome, as a kind of failure and words for the model.
//! Shapes: <https://hl7.org/fhir/R4/operationoutcome.html>, codes: <https://hl7.org/fhir/R4/valueset-issue-type.html>.

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;

/// That there is a new resource, whatever the body has to say about it.
const CREATED: u16 = 201;
/// That there is nothing at that address.
const NO_ENDPOINT: u16 = 404;
/// How many issues are told. Protects the model's context.
const ISSUES_MAX: usize = 3;
/// How many characters of one issue are told. Protects the model's context.
const ISSUE_CHARS_MAX: usize = 300;

/// An element of a resource that is made, and the plugin's setting that it is made of.
pub(crate) type FromSetting = (&'static str, &'static str);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperationOutcome {
    resource_type: String,
    #[serde(default)]
    issue: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    severity: Option<String>,
    #[serde(default)]
    code: String,
    details: Option<Details>,
    diagnostics: Option<String>,
    #[serde(default)]
    expression: Vec<String>,
}

#[derive(Deserialize)]
struct Details {
    text: Option<String>,
}

/// The answer to a request that reads, unless it says that it failed.
pub(crate) fn read(response: Response) -> Result<Response, Failure> {
    told(response, FailureKind::Unavailable, "", &[])
}

/// The answer to a request that writes, unless it says that it failed.
pub(crate) fn wrote(response: Response) -> Result<Response, Failure> {
    told(response, FailureKind::OutcomeUnknown, "", &[])
}

/// The answer to a request that makes a resource of this kind, unless it says that it failed. What is wrong with an element
/// that comes of a setting, no model can put right.
pub(crate) fn made(response: Response, kind: &str, from: &[FromSetting]) -> Result<Response, Failure> {
    told(response, FailureKind::OutcomeUnknown, kind, from)
}

/// Whether an answer says that there is nothing at that address, which is of a whole type of resources: the server doesn't
/// have them, or there is none (<https://hl7.org/fhir/R4/http.html#create>).
pub(crate) fn has_no_endpoint(response: &Response) -> bool {
    response.status() == NO_ENDPOINT
}

/// The failure of a request to such an address: no argument of a tool is wrong.
pub(crate) fn of_address(failure: Failure, kind: &str, base: &str) -> Failure {
    let message = format!("there is no FHIR server with {kind} at {base} ({})", failure.message);
    Failure { message, ..failure }.by_settings(&["base_url"])
}

/// Whether an answer tells of what was done instead of giving the resource.
pub(crate) fn is_outcome(response: &Response) -> bool {
    outcome(response).is_some()
}

fn outcome(response: &Response) -> Option<OperationOutcome> {
    let body: Option<OperationOutcome> = serde_json::from_slice(response.bytes()).ok();
    body.filter(|body| body.resource_type == "OperationOutcome")
}

/// `doubt` is the kind of a failure of which the server doesn't know itself how far it came. An issue that is an error
/// made the request fail, by FHIR's definition of severities, whatever the status; but for 201, which nobody sends who
/// made nothing.
fn told(response: Response, doubt: FailureKind, resource: &str, from: &[FromSetting]) -> Result<Response, Failure> {
    let status = response.status();
    let Some(outcome) = outcome(&response) else { return response.ok().map_err(|failure| refused(failure, status)) };
    let errors: Vec<&Issue> = outcome.issue.iter().filter(|issue| issue.is_error()).collect();
    let failure = match (response.ok(), errors.is_empty()) {
        (Ok(response), is_fine) if is_fine || status == CREATED => return Ok(response),
        (Ok(_), _) => Failure::other(""),
        (Err(failure), _) => refused(failure, status),
    };
    let told = if errors.is_empty() { outcome.issue.iter().collect() } else { errors };
    let said = told.iter().take(ISSUES_MAX).map(|issue| issue.words()).collect::<Vec<_>>().join("; ");
    let Some(first) = told.first() else { return Err(failure) };
    // What other statuses say, they say more surely.
    let kind = match failure.kind {
        FailureKind::InvalidArguments | FailureKind::Other => first.kind(doubt).unwrap_or(failure.kind),
        kind => kind,
    };
    let code = (!first.code.is_empty()).then(|| short(&first.code));
    let message = format!("the FHIR server answered {status}: {said}");
    let refuses = matches!(kind, FailureKind::InvalidArguments | FailureKind::NotFound | FailureKind::Conflict);
    let setting = from.iter().filter(|_| refuses).find(|(element, _)| {
        let place = format!("{resource}.{element}");
        told.iter().any(|issue| issue.is_about(&place))
    });
    let failure = Failure { kind, message, code, ..failure };
    Err(match setting {
        Some((_, setting)) => failure.by_settings(&[setting]),
        None => failure,
    })
}

/// A status of a client's errors that says nothing else says no, and for certain.
fn refused(failure: Failure, status: u16) -> Failure {
    match failure.kind {
        FailureKind::Other if (400..500).contains(&status) => Failure { kind: FailureKind::Denied, ..failure },
        _ => failure,
    }
}

impl Issue {
    fn is_error(&self) -> bool {
        !matches!(self.severity.as_deref(), Some("warning" | "information"))
    }

    /// What its code says, where it says enough.
    fn kind(&self, doubt: FailureKind) -> Option<FailureKind> {
        Some(match self.code.as_str() {
            "invalid" | "structure" | "required" | "value" | "invariant" | "code-invalid" | "too-long"
            | "extension" => FailureKind::InvalidArguments,
            "security" | "login" | "unknown" | "expired" | "forbidden" | "suppressed" => FailureKind::Denied,
            // No argument makes a server support what the plugin asks of it.
            "not-supported" => FailureKind::Denied,
            "not-found" | "deleted" => FailureKind::NotFound,
            "duplicate" | "multiple-matches" | "conflict" | "business-rule" => FailureKind::Conflict,
            "throttled" => FailureKind::RateLimited,
            "transient" | "lock-error" | "no-store" | "exception" | "timeout" | "incomplete" => doubt,
            _ => return None,
        })
    }

    /// Whether it names this element, or a part of it: as its place, or in its words, where some servers have it alone.
    fn is_about(&self, place: &str) -> bool {
        let details = self.details.as_ref().and_then(|details| details.text.as_ref());
        let mut texts = self.expression.iter().chain(details).chain(&self.diagnostics);
        texts.any(|text| {
            let ends = |(at, _): (usize, &str)| !text[at + place.len()..].starts_with(char::is_alphanumeric);
            text.match_indices(place).any(ends)
        })
    }

    fn words(&self) -> String {
        let details = self.details.as_ref().and_then(|details| details.text.as_deref());
        let said = match (details, self.diagnostics.as_deref()) {
            (Some(details), Some(diagnostics)) if details != diagnostics => format!("{details}: {diagnostics}"),
            (Some(words), _) | (None, Some(words)) => words.to_owned(),
            (None, None) => self.code.clone(),
        };
        match self.expression.first() {
            Some(place) => short(&format!("{said} (at {place})")),
            None => short(&said),
        }
    }
}

fn short(words: &str) -> String {
    words.chars().take(ISSUE_CHARS_MAX).collect()
}
