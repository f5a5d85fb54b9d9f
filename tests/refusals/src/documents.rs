//! The refusals that vendors' OpenAPI documents have.

use aftercall_contracts_tests::openapi::{Contract, Operation};
use aftercall_contracts_tests::sent::Sent;
use serde_json::Value;

use crate::vendor::Error;

/// The operation that a request is, in the document that has it.
pub fn operation<'a>(contracts: &'a [Contract], sent: &'a Sent) -> Option<Operation<'a>> {
    contracts.iter().find_map(|contract| contract.operation(sent))
}

/// The statuses of an operation's refusals, as the document has them (`404`, `5XX`, `default`), that no row answers.
pub fn without_a_row(operation: &Operation<'_>, errors: &[Error]) -> Vec<String> {
    let is_answered = |documented: &str| {
        errors.iter().any(|error| operation.response(error.status).is_some_and(|(status, _)| status == documented))
    };
    let statuses = operation.statuses().filter(|status| !status.starts_with(['1', '2', '3']));
    statuses.filter(|status| !is_answered(status)).map(str::to_owned).collect()
}

/// An error as the document's own examples have it. Of the errors of one status, the first has them.
pub fn examples(operation: &Operation<'_>, error: &Error) -> Vec<Error> {
    let Some((_, response)) = operation.response(error.status) else { return Vec::new() };
    let bodies = operation.examples(response);
    let words = |body: &Value| body["message"].as_str().unwrap_or_default().to_owned();
    bodies.iter().map(|body| error.with_body(body, &words(body))).collect()
}
