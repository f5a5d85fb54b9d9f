//! The requests that tests sent, as the SDK keeps them.

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
}

impl Sent {
    /// Its media type, without parameters. None: it says none.
    pub fn media_type(&self) -> Option<&str> {
        self.headers.get("content-type")?.split(';').next().map(str::trim)
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, method, url, body, .. } = self;
        write!(f, "{package}: {method} {url} {body}")
    }
}

/// Reads all files of a folder, each request once.
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
