//! Between the contract's types and core's. Whatever comes from a component is measured here.
//!
//! This is the one place where a version of the contract meets the rest of the host.

use aftercall_core::{
    json::Json,
    time::Timestamp,
    tool::{self, CallContext, Failure, FailureKind, Finding, LogLevel, Outcome, Receipt},
    usage::Limit,
};

use crate::{
    bindings::{aftercall::tool::types as wit, exports::aftercall::tool::tools as exports},
    capabilities::log::Log,
    limits::{
        CODE_TEXT_BYTES_MAX, Limits, MESSAGE_BYTES_MAX, RECEIPT_PART_BYTES_MAX, RECEIPTS_MAX, RETRY_AFTER_MS_MAX,
        Reached,
    },
    text::{clip, clip_line},
};

/// What a component returned is not what the contract says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Breach {
    #[error(transparent)]
    TooLarge(#[from] Reached),
    #[error("it returned data that is not JSON: {0}")]
    NotJson(String),
    #[error("it returned {0} receipts, more than {RECEIPTS_MAX}")]
    TooManyReceipts(usize),
    #[error("it returned a receipt without an id or a kind, or with one of more than {RECEIPT_PART_BYTES_MAX} bytes")]
    BadReceipt,
}

/// What the component is told about an attempt.
pub(crate) fn context(context: &CallContext) -> exports::Context {
    exports::Context {
        conversation: context.conversation.clone(),
        run: context.run.as_str().to_owned(),
        idempotency_key: context.key.as_str().to_owned(),
        attempt: context.attempt,
        first_attempt_at: context.first_attempt_at.as_millis(),
        attempt_at: context.attempt_at.as_millis(),
        doubted: context.doubted,
        quiet_since: context.quiet_since.map(Timestamp::as_millis),
        deadline: context.deadline.as_millis(),
        dry_run: context.dry_run,
        facts: context
            .facts
            .iter()
            .map(|(name, value)| wit::Fact { name: name.clone(), value: value.as_str().to_owned() })
            .collect(),
    }
}

/// A success, measured.
pub(crate) fn outcome(outcome: exports::Outcome, limits: &Limits) -> Result<Outcome, Breach> {
    let exports::Outcome { text, data, receipts } = outcome;
    if receipts.len() > RECEIPTS_MAX {
        return Err(Breach::TooManyReceipts(receipts.len()));
    }
    let receipts = receipts.into_iter().map(receipt).collect::<Result<Vec<_>, _>>()?;
    let bytes = text.len() + data.as_ref().map_or(0, String::len);
    if bytes > limits.result_bytes_max {
        return Err(Reached::new(Limit::ResultBytes, limits.result_bytes_max).into());
    }
    let data = data.map(Json::parse).transpose().map_err(|error| Breach::NotJson(error.to_string()))?;
    Ok(Outcome { text, data, receipts })
}

fn receipt(receipt: wit::Receipt) -> Result<Receipt, Breach> {
    let wit::Receipt { id, kind, url } = receipt;
    let fits = |part: &str| !part.is_empty() && part.len() <= RECEIPT_PART_BYTES_MAX;
    if !fits(&id) || !fits(&kind) || url.as_deref().is_some_and(|url| !fits(url)) {
        return Err(Breach::BadReceipt);
    }
    Ok(Receipt { id, kind, url })
}

/// A failure, measured. Its details go into the log: they are for people.
pub(crate) fn failure(failure: exports::Failure, log: &Log) -> Failure {
    let exports::Failure { kind, message, code, retry_after_ms, details } = failure;
    if let Some(details) = details {
        log.write(LogLevel::Info, &format!("details of the failure: {details}"));
    }
    let message = if message.trim().is_empty() { "the tool gave no reason".to_owned() } else { message };
    Failure {
        kind: failure_kind(kind),
        message: clip(&message, MESSAGE_BYTES_MAX),
        code: code.map(|code| clip_line(&code, CODE_TEXT_BYTES_MAX)),
        retry_after_ms: retry_after_ms.map(|millis| millis.min(RETRY_AFTER_MS_MAX)),
    }
}

const fn failure_kind(kind: wit::FailureKind) -> FailureKind {
    match kind {
        wit::FailureKind::InvalidArguments => FailureKind::InvalidArguments,
        wit::FailureKind::NotFound => FailureKind::NotFound,
        wit::FailureKind::Denied => FailureKind::Denied,
        wit::FailureKind::Conflict => FailureKind::Conflict,
        wit::FailureKind::Misconfigured => FailureKind::Misconfigured,
        wit::FailureKind::RateLimited => FailureKind::RateLimited,
        wit::FailureKind::Unavailable => FailureKind::Unavailable,
        wit::FailureKind::OutcomeUnknown => FailureKind::OutcomeUnknown,
        wit::FailureKind::Other => FailureKind::Other,
    }
}

/// A finding, measured.
pub(crate) fn finding(finding: exports::Finding, limits: &Limits) -> Result<Finding, Breach> {
    Ok(match finding {
        exports::Finding::Happened(happened) => Finding::Happened(outcome(happened, limits)?),
        exports::Finding::HappenedOtherwise(there) => Finding::HappenedOtherwise(outcome(there, limits)?),
        exports::Finding::DidNotHappen => Finding::DidNotHappen,
        exports::Finding::Unknown(ask_again) => {
            Finding::Unknown { ask_again_ms: ask_again.map(|millis| millis.min(RETRY_AFTER_MS_MAX)) }
        }
    })
}

/// The effect that a tool declares.
pub(crate) const fn effect(effect: wit::Effect) -> tool::Effect {
    match effect {
        wit::Effect::Read => tool::Effect::Read,
        wit::Effect::Idempotent => tool::Effect::Idempotent,
        wit::Effect::Once => tool::Effect::Once,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str, data: Option<&str>, receipts: Vec<(&str, &str)>) -> exports::Outcome {
        let receipt = |(id, kind): (&str, &str)| wit::Receipt { id: id.into(), kind: kind.into(), url: None };
        exports::Outcome {
            text: text.into(),
            data: data.map(Into::into),
            receipts: receipts.into_iter().map(receipt).collect(),
        }
    }

    #[test]
    fn an_outcome_is_measured() {
        let limits = Limits { result_bytes_max: 10, ..Limits::default() };
        let long = "x".repeat(RECEIPT_PART_BYTES_MAX + 1);
        for (raw, expected) in [
            (raw("done", Some("{}"), vec![("1", "message")]), Ok(())),
            (raw("", None, vec![]), Ok(())),
            (raw("123456789", Some("{}"), vec![]), Err("result_bytes_max")),
            (raw("done", Some("{"), vec![]), Err("not JSON")),
            (raw("done", None, vec![("", "message")]), Err("receipt")),
            (raw("done", None, vec![("1", "")]), Err("receipt")),
            (raw("done", None, vec![(&long, "message")]), Err("receipt")),
            (raw("done", None, vec![("1", "message"); RECEIPTS_MAX + 1]), Err("33 receipts")),
        ] {
            match (outcome(raw, &limits), expected) {
                (Ok(_), Ok(())) => {}
                (Err(breach), Err(words)) => assert!(breach.to_string().contains(words), "{breach}"),
                (got, expected) => panic!("{got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn a_failure_is_cut_to_size() {
        let log = Log::new(&Limits::default());
        let raw = exports::Failure {
            kind: wit::FailureKind::RateLimited,
            message: "m".repeat(MESSAGE_BYTES_MAX + 1),
            code: Some("a\nb".into()),
            retry_after_ms: Some(u64::MAX),
            details: Some("{}".into()),
        };
        let cut = failure(raw, &log);
        assert_eq!(cut.kind, FailureKind::RateLimited);
        assert!(cut.message.len() <= MESSAGE_BYTES_MAX && cut.message.ends_with('…'));
        assert_eq!(cut.code.as_deref(), Some("a b"));
        assert_eq!(cut.retry_after_ms, Some(RETRY_AFTER_MS_MAX));
        assert_eq!(log.take()[0].message, "details of the failure: {}");
    }
}
