//! The requests that tests send and the answers they play, kept in files: for checks beside the tests, such as against the
//! vendor's own document.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process;
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::{Reply, Sent};

/// Names the folder. Absent: nothing is kept.
const FOLDER: &str = "AFTERCALL_SENT";

/// Tests of one process share a file.
static WRITING: Mutex<()> = Mutex::new(());

/// Adds a request to the file of this process, as a line of JSON: who sent it (the package under test), `method`, `url`,
/// `headers`, `body`, and in `answer` the `status`, `headers` and `body` of what the vendor answered: null,
/// where nothing of the vendor's arrived.
pub(super) fn keep(sent: &Sent, reply: &Reply) {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let file = Path::new(&folder).join(format!("{package}-{}.jsonl", process::id()));
    let request = &sent.request;
    let answer = reply.answer().map(|answer| {
        json!({
            "status": answer.status().as_u16(),
            "headers": headers(answer.headers()),
            "body": String::from_utf8_lossy(answer.body()),
        })
    });
    let line = json!({
        "package": package,
        "method": request.method().as_str(),
        "url": request.uri().to_string(),
        "headers": headers(request.headers()),
        "body": String::from_utf8_lossy(request.body()),
        "answer": answer,
    });
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let written = OpenOptions::new().create(true).append(true).open(&file).and_then(|mut to| writeln!(to, "{line}"));
    written.unwrap_or_else(|error| panic!("{FOLDER}: a request can't be kept in {}: {error}", file.display()));
}

/// By their names in small letters.
fn headers(of: &HeaderMap) -> Value {
    let headers = of.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
    Value::Object(headers.collect::<Map<_, _>>())
}
