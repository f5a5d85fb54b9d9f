//! What the data says that a refusal comes to, and what is wrong with what it came to.

use aftercall::Failure;
use aftercall_contracts_tests::{pages, sent::Sent};
use aftercall_twice::refused::{Question, Said};

use crate::kind::Kind;
use crate::vendor::{Error, Exception, Vendor};

/// A request of a tool that is refused.
#[derive(Debug)]
pub struct Refused<'a> {
    /// The plugin and the tool: `oncall page_oncall`.
    pub tool: &'a str,
    /// What it was asked.
    pub question: Question,
    /// The request.
    pub sent: &'a Sent,
    /// Whether it is one that changes nothing.
    pub reads: bool,
    /// Whether an earlier request of the same call has written.
    pub after_write: bool,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What it is answered with.
    pub error: &'a Error,
}

/// What must come of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The kind.
    pub kind: Kind,
    /// Which of the vendor's exceptions says so.
    pub exception: Option<usize>,
    /// The words that the failure must have.
    says: &'a str,
    /// The code that it must have, or that it must have none. None: which it has, isn't asked.
    code: Option<Option<&'a str>>,
    retry_after_ms: Option<u64>,
}

impl Vendor {
    /// What must come of a refusal: what the first exception says that fits it, or else what its row does.
    pub fn expected<'a>(&self, refused: &Refused<'a>) -> Expected<'a> {
        let by_row = self.by_row(refused);
        let Some(number) = self.exceptions.iter().position(|exception| exception.is_of(refused)) else { return by_row };
        let Exception { kind, own_words, retry_after_ms, .. } = self.exceptions[number];
        let kind = match kind {
            Kind::AsItsRow => self.kind(refused.error, refused.reads),
            kind => kind.of_request(refused.reads),
        };
        let expected = Expected { kind, exception: Some(number), ..by_row };
        if own_words { Expected { says: "", code: Some(None), retry_after_ms, ..expected } } else { expected }
    }

    /// The exception that makes something else of a refusal than its row does.
    pub fn departs(&self, refused: &Refused<'_>) -> Option<usize> {
        let expected = self.expected(refused);
        let exception = expected.exception;
        exception.filter(|_| Expected { exception: None, ..expected } != self.by_row(refused))
    }

    /// What comes of a refusal by its row; but once something was written, a doubt.
    pub fn by_row<'a>(&self, refused: &Refused<'a>) -> Expected<'a> {
        let Refused { reads, after_write, error, at_ms, .. } = *refused;
        Expected {
            kind: if after_write { Kind::OutcomeUnknown } else { self.kind(error, reads) },
            exception: None,
            says: &error.says,
            code: error.told_code.as_ref().map(Option::as_deref),
            retry_after_ms: error.retry_after_ms(at_ms),
        }
    }

    /// The kind of the failure, where nothing else is known than the error.
    pub fn kind(&self, error: &Error, reads: bool) -> Kind {
        let said = self.errors[error.row].kind.map(|kind| kind.of_request(reads));
        said.unwrap_or_else(|| Kind::by_status(error.status, reads))
    }

    /// What is wrong with a row: it departs from what the SDK makes of the status and doesn't say why. The SDK makes nothing
    /// of a success.
    pub fn unexplained(&self, error: &Error, reads: bool) -> Option<&'static str> {
        let (by_status, row) = (Kind::by_status(error.status, reads), &self.errors[error.row]);
        match (self.kind(error, reads) == by_status, row.why.is_some()) {
            _ if by_status == Kind::Done => {
                row.kind.is_none().then_some("it doesn't say what kind a refusal in a success is")
            }
            (false, false) => Some("it doesn't say why it is another kind than the SDK makes of the status"),
            _ => None,
        }
    }
}

impl Exception {
    fn is_of(&self, refused: &Refused<'_>) -> bool {
        let has = |list: &[String], sought: &str| list.iter().any(|each| each == sought);
        let Refused { tool, question, sent, error, after_write, .. } = refused;
        let plugin = tool.split(' ').next().unwrap_or_default();
        (self.tools.is_empty() || has(&self.tools, tool) || has(&self.tools, plugin))
            && (self.on.is_empty() || self.on.iter().any(|operation| pages::is_of(operation, sent)))
            && (self.status.is_empty() || self.status.contains(&error.status))
            && (self.code.is_empty() || error.code.as_ref().is_some_and(|code| has(&self.code, code)))
            && self.after_write == *after_write
            && self.reconcile == (*question == Question::Reconcile)
    }
}

impl Expected<'_> {
    /// What is wrong with what came of it. Empty: nothing.
    pub fn wrong(&self, result: &Result<Said, Failure>) -> Vec<String> {
        let mut wrong = Vec::new();
        let kind = Kind::of(result);
        if kind != self.kind {
            wrong.push(format!("it comes to {kind:?}, not to {:?}", self.kind));
        }
        let Err(failure) = result else { return wrong };
        if !failure.message.contains(self.says) {
            wrong.push(format!("the model isn't told {:?}", self.says));
        }
        if let Some(code) = self.code.filter(|code| failure.code.as_deref() != *code) {
            wrong.push(format!("people are told the code {:?}, not {code:?}", failure.code));
        }
        if failure.message.trim().is_empty() {
            wrong.push("the model is told nothing".to_owned());
        }
        if failure.retry_after_ms != self.retry_after_ms {
            wrong.push(format!("the host is to wait {:?} ms, not {:?}", failure.retry_after_ms, self.retry_after_ms));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use aftercall::{FailureKind, Outcome};

    use super::*;

    const VENDOR: &str = r#"
        pages = ["https://docs.example.com/errors"]
        body = { code = "{{code}}", message = "{{says}}" }

        [[errors]]
        status = [400]
        code = ["TOO_LONG"]

        [[errors]]
        status = [400]
        code = ["NO_SUCH_SETTING"]
        kind = "denied"
        why = "It is of the settings."

        [[errors]]
        status = [429]
        headers = { retry-after = "2" }

        [[errors]]
        status = [200]
        code = ["broken"]
        kind = "doubt"

        [[errors]]
        status = [404]
        kind = "denied"

        [[exceptions]]
        tools = ["notes find_note"]
        on = ["GET https://api.example.com/notes/{id}"]
        status = [404]
        kind = "done"
        why = "There is none."

        [[exceptions]]
        tools = ["notes"]
        status = [429]
        after_write = true
        kind = "as-its-row"
        why = "What was written is no effect."

        [[exceptions]]
        reconcile = true
        kind = "unknown"
        own_words = true
        retry_after_ms = 5
        why = "It is looked for again."
    "#;

    /// What is expected of the error of this place in the list, and what is said to be wrong with what came of it.
    fn judged(
        (tool, request, question): (&str, &str, Question),
        after_write: bool,
        place: usize,
        came: Result<Said, Failure>,
    ) -> (Kind, Vec<String>) {
        let vendor: Vendor = toml::from_str(VENDOR).expect("it is one");
        let (method, url) = request.split_once(' ').expect("a request");
        let sent = Sent {
            package: "notes".to_owned(),
            method: method.to_owned(),
            url: url.parse().expect("a URL"),
            headers: Default::default(),
            body: String::new(),
            answer: None,
        };
        let error = &vendor.errors()[place];
        let refused = Refused { tool, question, sent: &sent, reads: method == "GET", after_write, at_ms: 0, error };
        let expected = vendor.expected(&refused);
        (expected.kind, expected.wrong(&came))
    }

    const POST: (&str, &str, Question) = ("notes make_note", "POST https://api.example.com/notes", Question::Call);
    const GET: (&str, &str, Question) = ("notes find_note", "GET https://api.example.com/notes/7", Question::Call);
    const ASKED: (&str, &str, Question) =
        ("notes make_note", "GET https://api.example.com/notes/7", Question::Reconcile);

    fn failed(
        kind: FailureKind,
        message: &str,
        code: Option<&str>,
        retry_after_ms: Option<u64>,
    ) -> Result<Said, Failure> {
        Err(Failure { code: code.map(str::to_owned), retry_after_ms, ..Failure::new(kind, message) })
    }

    #[test]
    fn the_first_exception_that_fits_decides_then_a_write_then_the_row() {
        for (asked, after_write, place, expected) in [
            (POST, false, 0, Kind::InvalidArguments),
            (POST, true, 0, Kind::OutcomeUnknown),
            (POST, false, 1, Kind::Denied),
            (POST, false, 3, Kind::OutcomeUnknown),
            (GET, false, 3, Kind::Unavailable),
            (GET, false, 4, Kind::Done),
            (POST, false, 4, Kind::Denied),
            (POST, false, 2, Kind::RateLimited),
            (POST, true, 2, Kind::RateLimited),
            (ASKED, false, 2, Kind::Unknown),
        ] {
            let (kind, _) = judged(asked, after_write, place, Ok(Said::Did(Outcome::new("done"))));
            assert_eq!(kind, expected, "{asked:?} {after_write} {place}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_failure_is_told() {
        use FailureKind::{Conflict, InvalidArguments, RateLimited};
        let says = "400: not this way (400 TOO_LONG)";
        for (place, came, expected) in [
            (0, failed(InvalidArguments, says, Some("TOO_LONG"), None), &[][..]),
            (0, failed(Conflict, says, Some("TOO_LONG"), None), &["it comes to Conflict"]),
            (0, failed(InvalidArguments, "no", Some("TOO_LONG"), None), &["the model isn't told"]),
            (0, failed(InvalidArguments, says, None, None), &["people are told the code None"]),
            (0, failed(InvalidArguments, says, Some("TOO_LONG"), Some(1)), &["the host is to wait Some(1)"]),
            (0, Ok(Said::Did(Outcome::new("done"))), &["it comes to Done"]),
            (2, failed(RateLimited, "not this way (429 without a code)", None, Some(2_000)), &[]),
            (2, failed(RateLimited, "not this way (429 without a code)", None, None), &["the host is to wait None"]),
        ] {
            let (_, wrong) = judged(POST, false, place, came);
            let told =
                wrong.len() == expected.len() && wrong.iter().zip(expected).all(|(why, words)| why.contains(words));
            assert!(told, "{place}: {wrong:?}");
        }
    }

    #[test]
    fn a_kind_of_its_own_wants_a_reason() {
        let vendor: Vendor = toml::from_str(VENDOR).expect("it is one");
        let unexplained: Vec<u16> = vendor
            .errors()
            .iter()
            .filter(|error| vendor.unexplained(error, false).is_some())
            .map(|error| error.status)
            .collect();
        assert_eq!(unexplained, [404]);
    }
}
