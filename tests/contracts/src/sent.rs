//! The requests that tests sent and the answers that they played, as the SDK keeps them.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use anyhow::Context as _;
use serde::Deserialize;
use url::Url;

/// A request that a test sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Sent {
    /// The package whose test it was.
    pub package: String,
    /// In capitals.
    pub method: String,
    /// The whole address.
    pub url: Url,
    /// By their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// As text.
    pub body: String,
    /// What the vendor answered. None: nothing of the vendor's arrived.
    pub answer: Option<Answer>,
}

/// An answer that a test played.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// By their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// As text.
    pub body: String,
}

/// The media type that headers say, without parameters. None: they say none.
pub(crate) fn media_type(headers: &BTreeMap<String, String>) -> Option<&str> {
    headers.get("content-type")?.split(';').next().map(str::trim)
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, method, url, body, .. } = self;
        write!(f, "{package}: {method} {url} {body}")
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

/// Reads all files of a folder, each request with the same answer once.
///
/// # Errors
/// A file can't be read, or isn't as the SDK writes it.
pub fn read(folder: &Path) -> anyhow::Result<Vec<Sent>> {
    let mut requests = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        for line in fs::read_to_string(&file)?.lines() {
            let sent: Sent = serde_json::from_str(line).with_context(|| format!("{}: {line}", file.display()))?;
            requests.push(sent);
        }
    }
    requests.sort();
    requests.dedup();
    Ok(requests)
}
