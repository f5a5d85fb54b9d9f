//! Guests that import what this host does not offer, or export what is no plugin.

use super::{
    case::{Case, Expected::Refused, check_all, install},
    world::host,
};
use crate::{Limits, Reroutes, artifact};

pub(super) fn cases() -> Vec<Case> {
    vec![
        install("wants-files", Refused("`wasi:filesystem/preopens@0.2.12`, which this host does not provide")),
        install("wants-sockets", Refused("`wasi:sockets/tcp-create-socket@0.2.12`")),
        install("wants-the-future", Refused("imports `aftercall:tool/log@9.0.0`")),
        install("wants-later-wasi", Refused("imports `wasi:clocks/monotonic-clock@0.3.0`")),
        install("wants-another-package", Refused("imports `fermyon:spin/llm@2.0.0`")),
        install("wants-a-module", Refused("imports `env`")),
        install("wants-other-types", Refused("not usable")),
        install("exports-other-types", Refused("not usable")),
    ]
}

#[tokio::test]
async fn what_is_not_offered_is_not_linked() {
    check_all(cases()).await;
}

#[test]
fn what_exports_no_tools_is_no_plugin() {
    let manifest = serde_json::from_value(serde_json::json!({"name": "guest", "version": "1", "description": "d"}));
    let empty = artifact::embed(b"\0asm\x0d\0\x01\0", &manifest.expect("a manifest")).expect("embeds");
    let host = host(Limits::default(), Reroutes::new());
    let error = host.install(&empty).expect_err("exports nothing").to_string();
    assert!(error.contains("does not export `aftercall:tool/tools@0.1.0`"), "{error}");
}
