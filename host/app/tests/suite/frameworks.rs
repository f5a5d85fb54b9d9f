//! The snippets of `docs/platforms`: in the frameworks that they are for, from the end of a call that the real package made to
//! the end of its run; and of a reply by email, from SendGrid's form to the record.

use std::{
    ffi::OsString,
    io::{Write as _, stderr},
    path::{Path, PathBuf},
};

use aftercall_app::{
    config::{Config, Endpoint, SecretRef, Verify},
    demo::secret,
};
use aftercall_core::id::RunIdentity;
use serde_json::Value;
use tokio::process::Command;

use crate::served::Served;

/// The Python that has the packages of the gate.
const PYTHON: &str = "AFTERCALL_PYTHON";

/// The key by which the webhooks are signed.
const KEY: &str = "MERIDIAN_WEBHOOK_KEY";

/// Each framework, the identifier of the call that its script makes, and how the record is told.
const FRAMEWORKS: [(&str, &str, &str); 2] =
    [("livekit", "AJ_tried", "7 items of history"), ("pipecat", "tried", "7 items of history")];

fn add_endpoints(config: &mut Config) {
    let tenant = config.tenants.values_mut().find(|tenant| !tenant.assistants.is_empty()).expect("there is one");
    for (name, ..) in FRAMEWORKS {
        let verify = Verify::StandardWebhooks(vec![SecretRef::Env(KEY.to_owned())]);
        let endpoint =
            Endpoint { platform: name.parse().expect("a name"), assistant: None, verify, api: None, lost_calls: None };
        tenant.endpoints.insert(format!("desk-{name}").parse().expect("a name"), endpoint);
    }
}

/// The Python, if there is one.
fn python(left_out: &str) -> Option<OsString> {
    let python = std::env::var_os(PYTHON);
    if python.is_none() {
        writeln!(stderr(), "LEFT OUT: {left_out}, since {PYTHON} names no Python: `. .ci/python` makes one")
            .expect("it is told");
    }
    python
}

/// The case `email-reply` shows that such a record stops a follow-up.
#[tokio::test]
async fn a_reply_by_email_becomes_the_record_of_its_case() {
    let Some(python) = python("the snippet for SendGrid's Inbound Parse") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(root().join("docs/platforms/sendgrid.py"), folder.path().join("aftercall_sendgrid.py"))
        .expect("it is there");
    let made = Command::new(&python)
        .arg(root().join("host/app/tests/frameworks/sendgrid_reply.py"))
        .env("PYTHONPATH", folder.path())
        .env("REPLIES_MODEL", "gpt-4.1")
        .output();
    let made = made.await.expect("Python runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).expect("it is JSON");
    let case = std::fs::read(root().join("tests/cases/email-reply/call.json")).expect("it is there");
    let mut expected: Value = serde_json::from_slice(&case).expect("it is JSON");
    // Whose it is, the endpoint says.
    let fields = expected.as_object_mut().expect("an object");
    fields.retain(|name, _| name != "tenant" && name != "assistant");
    assert_eq!(made, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_each_framework_goes_on_after_it() {
    let Some(python) = python("the snippets of LiveKit Agents and Pipecat") else { return };
    let served = Served::start(add_endpoints).await;
    let key = secret(&served.credentials, KEY).expect("there is one");
    for (texts, (name, conversation, told)) in (1..).zip(FRAMEWORKS) {
        let snippet = root().join(format!("docs/platforms/{name}.py"));
        // A file of the framework's own name would hide it.
        std::fs::copy(snippet, served.folder.path().join(format!("aftercall_{name}.py"))).expect("it is there");
        let script = root().join(format!("host/app/tests/frameworks/{name}_call.py"));
        let called = Command::new(&python)
            .arg(script)
            .env("PYTHONPATH", served.folder.path())
            .env("AFTERCALL_URL", served.url(&format!("/v1/intake/{name}/desk-{name}")))
            .env("AFTERCALL_KEY", &key)
            .output();
        let called = called.await.expect("Python runs");
        assert!(called.status.success(), "{name}: {}", String::from_utf8_lossy(&called.stderr));
        let run = RunIdentity {
            tenant: "meridian".parse().expect("a name"),
            platform: name.parse().expect("a name"),
            conversation: conversation.to_owned(),
            revision: 0,
        };
        let page = served.ended(run.run().as_str(), "completed").await;
        assert!(page.contains(told), "{name}: {page}");
        assert_eq!(served.texts(), texts, "{name}: what the caller was promised was sent");
    }
    served.stop().await;
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
