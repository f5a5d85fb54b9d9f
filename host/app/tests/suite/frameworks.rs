//! The snippets of `docs/platforms` in the frameworks that they are for: from the end of a call that the real package made to
//! the end of its run.

use std::{
    io::{Write as _, stderr},
    path::{Path, PathBuf},
};

use aftercall_app::{
    config::{Config, Endpoint, SecretRef, Verify},
    demo::secret,
};
use aftercall_core::id::RunIdentity;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_each_framework_goes_on_after_it() {
    let Some(python) = std::env::var_os(PYTHON) else {
        let left_out = "LEFT OUT: the snippets of LiveKit Agents and Pipecat, since AFTERCALL_PYTHON names no Python that has them";
        return writeln!(stderr(), "{left_out}: `. .ci/python` makes one").expect("it is told");
    };
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
