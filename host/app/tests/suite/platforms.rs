//! Each platform's webhook, signed as it signs, from the door to the run's end.

use std::path::Path;

use aftercall_app::{
    clock::SystemClock,
    config::{Config, Endpoint, SecretRef, Verify},
    demo::secret,
};
use aftercall_core::ports::Clock as _;
use http::HeaderMap;
use serde_json::json;

use crate::served::Served;

/// A whole call of the platform, and an event that tells of none.
struct Platform {
    name: &'static str,
    verify: fn(Vec<SecretRef>) -> Verify,
    call: &'static str,
    other: &'static str,
}

const PLATFORMS: [Platform; 3] = [
    Platform {
        name: "retell",
        verify: Verify::Retell,
        call: "retell/booking.json",
        other: r#"{"event": "call_started", "call": {"call_id": "c"}}"#,
    },
    Platform {
        name: "elevenlabs",
        verify: Verify::Elevenlabs,
        call: "elevenlabs/returns.json",
        other: r#"{"type": "post_call_audio", "data": {"conversation_id": "c"}}"#,
    },
    Platform {
        name: "bland",
        verify: Verify::Bland,
        call: "bland/booking.json",
        other: r#"{"call_id": "c", "category": "queue", "message": "queued"}"#,
    },
];

/// Gives the tenant an endpoint for each, and a model to go on with, since not all of them tell theirs.
fn add_endpoints(config: &mut Config) {
    let model = config.models.keys().next().expect("there is one").clone();
    let tenant = config.tenants.values_mut().find(|tenant| !tenant.assistants.is_empty()).expect("there is one");
    for assistant in tenant.assistants.values_mut() {
        assistant.model = Some(model.clone());
    }
    for Platform { name, verify, .. } in PLATFORMS {
        let verify = verify(vec![SecretRef::Env("MERIDIAN_WEBHOOK_KEY".to_owned())]);
        let endpoint =
            Endpoint { platform: name.parse().expect("a name"), assistant: None, verify, api: None, lost_calls: None };
        tenant.endpoints.insert(format!("desk-{name}").parse().expect("a name"), endpoint);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_each_platform_goes_on_after_it() {
    let served = Served::start(add_endpoints).await;
    let env = |name: &str| secret(&served.credentials, name);
    for (texts, Platform { name, verify, call, other }) in (1..).zip(PLATFORMS) {
        let verify = verify(vec![SecretRef::Env("MERIDIAN_WEBHOOK_KEY".to_owned())]);
        let verifier = verify.resolve(Path::new("."), &env).expect("the secret is there");
        let path = format!("/v1/intake/{name}/desk-{name}");
        let post = async |body: &[u8], signed: &[u8]| {
            let headers: HeaderMap = verifier.sign("msg_1", SystemClock.now(), signed).expect("it is a secret");
            let request = served.client.post(served.url(&path)).headers(headers).body(body.to_vec());
            served.send(request).await
        };
        let call = Path::new(env!("CARGO_MANIFEST_DIR")).join("../intake/tests/data").join(call);
        let call = std::fs::read(call).expect("it is there");
        let taken = post(&call, &call).await;
        assert_eq!((taken.status, &taken.json()["status"]), (202, &json!("accepted")), "{name}: {}", taken.text);
        let run = taken.json()["run"].as_str().expect("a run").to_owned();
        served.ended(&run, "completed").await;
        assert_eq!(served.texts(), texts, "{name}: what the caller was promised was sent");
        let again = post(&call, &call).await;
        assert_eq!((again.status, &again.json()["run"]), (200, &json!(run)), "{name}: {}", again.text);
        post(&call, b"another body").await.expect_problem(401, "unverified");
        let ignored = post(other.as_bytes(), other.as_bytes()).await;
        assert_eq!((ignored.status, &ignored.json()["status"]), (200, &json!("ignored")), "{name}: {}", ignored.text);
    }
    served.stop().await;
}
