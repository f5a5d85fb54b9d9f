//! Whether an effect happened, told by a GET that finds what was made.

use aftercall::{Context, Failure, Finding, Outcome, Request};
use serde_json::Value;

use crate::address::Address;
use crate::answer::{bounded, receipt};
use crate::fields::Fields;
use crate::mistakes::Mistakes;
use crate::pointer::Pointer;
use crate::settings::CheckEntry;
use crate::template::{Declared, Values};

/// When to look again, while what was made may be missing from what the server lists.
const LOOK_AGAIN_MS: u64 = 15_000;

/// A request that tells whether an effect happened.
pub(crate) struct Check {
    address: Address,
    query: Fields,
    found: Pointer,
    receipt: Option<Pointer>,
    lag_ms: u64,
}

impl Check {
    /// The check of an entry.
    pub(crate) fn of(entry: CheckEntry, declared: &Declared<'_>, place: &str, mistakes: &mut Mistakes) -> Self {
        let at = |part: &str| format!("{place}.{part}");
        Self {
            address: Address::read(&entry.url, declared, &at("url"), mistakes),
            query: Fields::of_query(entry.query, declared, &at("query"), mistakes),
            found: Pointer::read(entry.found, at("found"), mistakes),
            receipt: entry.receipt.map(|receipt| Pointer::read(receipt, at("receipt"), mistakes)),
            lag_ms: entry.lag_ms,
        }
    }

    /// The request for one effect.
    ///
    /// # Errors
    /// `invalid-arguments`, where an argument has no place where it would have to stand.
    pub(crate) fn request<'a>(&self, values: &Values<'_>, cx: &'a Context) -> Result<Request<'a>, Failure> {
        Ok(cx.get(self.address.fill(values.arguments)?).query(&self.query.fill(values)?))
    }

    /// What an answer says of the effect.
    pub(crate) fn finding(&self, tool: &str, body: &Value, cx: &Context) -> Finding {
        match self.found.said(body) {
            Some(found) => {
                let outcome = Outcome::new(format!("it was found afterwards: {}", bounded(&found.to_string())));
                Finding::Happened(outcome.with_receipt(receipt(tool, self.receipt.as_ref(), body, cx)))
            }
            None => Finding::absent(cx, self.lag_ms, LOOK_AGAIN_MS),
        }
    }
}
