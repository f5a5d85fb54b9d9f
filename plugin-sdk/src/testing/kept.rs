//! The requests that tests send, kept in files: for checks beside the tests, such as against the vendor's own document.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::Sent;

/// Names the folder. Absent: nothing is kept.
const FOLDER: &str = "AFTERCALL_SENT";

/// Tests of one process share a file.
static WRITING: Mutex<()> = Mutex::new(());

/// Adds a request to the file of this process, as a line of JSON: who sent it (the package under test), `method`, `url`,
/// `headers`, `body`.
pub(super) fn keep(sent: &Sent) {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let file = Path::new(&folder).join(format!("{package}-{}.jsonl", process::id()));
    let request = &sent.request;
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), Value::from(value))
    });
    let line = json!({
        "package": package,
        "method": request.method().as_str(),
        "url": request.uri().to_string(),
        "headers": headers.collect::<Map<_, _>>(),
        "body": String::from_utf8_lossy(request.body()),
    });
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let written = OpenOptions::new().create(true).append(true).open(&file).and_then(|mut to| writeln!(to, "{line}"));
    written.unwrap_or_else(|error| panic!("{FOLDER}: a request can't be kept in {}: {error}", file.display()));
}
