use std::collections::VecDeque;

use http::header::{AUTHORIZATION, HOST};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::endpoint::{Class, Request, header};
use crate::fault::Fault;
use crate::service::{Access, Service};

/// The log's size; beyond it the oldest requests are forgotten. Protects the memory of a long run against the sandbox.
pub const LOG_BYTES_MAX: usize = 64 << 20;

const IDEMPOTENCY_HEADERS: [&str; 2] = ["idempotency-key", "x-idempotency-key"];

/// One request that a service received, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    /// Its place among all requests, from 0.
    pub ordinal: u64,
    /// When it was received, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The service that received it.
    pub service: Service,
    /// Whether it would change something.
    pub access: Access,
    /// The index of the line that it asks of the model.
    pub turn: Option<usize>,
    /// The HTTP method.
    pub method: String,
    /// Path and query, as received.
    pub target: String,
    /// The `Host` header.
    pub host: Option<String>,
    /// The idempotency header, if any.
    pub idempotency: Option<String>,
    /// The `Authorization` header, recognisable and no more.
    pub authorization: Option<Authorization>,
    /// The body; what is not UTF-8 in it is replaced.
    pub body: String,
    /// The fault that was played on it.
    pub fault: Option<Fault>,
    /// Whether the service did its work; a refusal of its own counts as work.
    pub worked: bool,
    /// The status that was answered; `None` while it waits, and when the connection was closed instead.
    pub status: Option<u16>,
    /// What whoever wrote the test should know, such as a script that is too short.
    pub note: Option<String>,
}

/// An `Authorization` header without the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authorization {
    /// `Bearer`, `Basic`…, as received.
    pub scheme: String,
    /// The first 8 bytes of the SHA-256 of the credential, in hexadecimal.
    pub fingerprint: String,
}

#[derive(Default)]
pub(crate) struct Log {
    entries: VecDeque<Received>,
    next_ordinal: u64,
    bytes: usize,
}

impl Authorization {
    fn of(value: &str) -> Authorization {
        let (scheme, credential) = value.split_once(' ').unwrap_or(("", value));
        let digest = Sha256::digest(credential.trim());
        let fingerprint = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Authorization { scheme: scheme.to_owned(), fingerprint }
    }
}

impl Log {
    pub(crate) fn record(&mut self, service: Service, class: Class, request: &Request, at_ms: u64) -> u64 {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        self.bytes += request.body().len();
        self.entries.push_back(Received {
            ordinal,
            at_ms,
            service,
            access: class.access,
            turn: class.turn,
            method: request.method().to_string(),
            target: request.uri().to_string(),
            host: header(request, HOST).map(str::to_owned),
            idempotency: IDEMPOTENCY_HEADERS
                .iter()
                .find_map(|name| request.headers().get(*name)?.to_str().ok())
                .map(str::to_owned),
            authorization: header(request, AUTHORIZATION).map(Authorization::of),
            body: String::from_utf8_lossy(request.body()).into_owned(),
            fault: None,
            worked: false,
            status: None,
            note: None,
        });
        while self.bytes > LOG_BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.body.len());
        }
        ordinal
    }

    /// Changes the entry, unless it has been forgotten.
    pub(crate) fn amend(&mut self, ordinal: u64, change: impl FnOnce(&mut Received)) {
        if let Ok(at) = self.entries.binary_search_by_key(&ordinal, |entry| entry.ordinal) {
            change(&mut self.entries[at]);
        }
    }

    pub(crate) fn entries(&self) -> Vec<Received> {
        self.entries.iter().cloned().collect()
    }
}
