//! A rehearsed call: reads leave, writes are kept.

use aftercall_core::{
    json::Json,
    ports::Tools as _,
    tool::{FailureKind, Invocation},
};
use serde_json::{Value, json};

use super::world::{World, packed_with, reroutes};
use crate::{
    Limits,
    testing::{Records, Vendor, http},
};

#[tokio::test]
async fn nothing_that_writes_leaves_in_a_rehearsal() {
    let vendor = Vendor::answering(http("201 Created", &[], "")).await;
    for (rehearsal, text, answered, failure) in [
        (Value::Null, "would have been sent", None, None),
        (json!({"status": 201}), "done", Some(201), None),
        (json!({"status": 422}), "", Some(422), Some(FailureKind::Unavailable)),
    ] {
        let world = World::installing(&packed_with("posts", &rehearsal), Limits::default(), reroutes(&vendor));
        let mut invocation = world.invocation(&json!("vendor.test"));
        invocation.context.dry_run = true;
        let end = world.host.call(&invocation, Records::failing()).await;
        match (end.result, failure) {
            (Ok(outcome), None) => assert!(outcome.text.contains(text), "{}", outcome.text),
            (Err(error), Some(kind)) => assert_eq!(error.kind, kind, "{}", error.message),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
        assert_eq!(end.writes, []);
        let [captured] = &end.captured[..] else { panic!("one write: {:?}", end.captured) };
        assert_eq!((captured.method.as_str(), captured.url.as_str()), ("POST", "https://vendor.test/things"));
        assert_eq!(captured.answered, answered);

        let elsewhere = Invocation { arguments: Json::from(&json!("other.test")), ..invocation };
        let denied = world.host.call(&elsewhere, Records::failing()).await;
        assert_eq!(denied.result.expect_err("is refused as it would be").kind, FailureKind::Denied);
        assert_eq!(denied.captured, []);
    }
    assert_eq!(vendor.requests.all(), [""; 0], "nothing has left");
}
