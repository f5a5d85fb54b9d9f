//! Guests that keep things between calls, or would keep too many.

use std::sync::Arc;

use aftercall_core::{
    id::Tenant,
    ports::Tools as _,
    state::Quota,
    tool::{FailureKind::Other, Invocation},
    usage::Limit,
};
use serde_json::json;

use super::{
    case::{
        Case,
        Expected::{Done, Failed, Stopped, Undescribed},
        call, check_all, list_tools,
    },
    world::{NOW, World, grant, packed, plugin, tenant},
};
use crate::{
    Grant, HostConfig, Limits, PluginHost,
    testing::{self, Kept, Records},
};

pub(super) fn cases() -> Vec<Case> {
    let few = |limits: &mut Limits| limits.state_operations_max = 3;
    vec![
        call("keeps", Done("no")),
        list_tools("keeps", Undescribed("used `state` in list-tools")),
        call("keeps-without-end", Failed(Other, "no")).in_a_rehearsal(),
        call("keeps-without-end", Stopped(Limit::StateOperations)).within(few).in_a_rehearsal(),
        call("deletes-without-end", Stopped(Limit::StateOperations)),
        call("deletes-without-end", Stopped(Limit::StateOperations)).in_a_rehearsal(),
    ]
}

#[tokio::test]
async fn what_is_kept_is_limited() {
    check_all(cases()).await;
}

#[tokio::test]
async fn what_is_kept_is_the_tenants_and_rehearsals_keep_nothing() {
    let kept = Arc::new(Kept::default());
    let config = HostConfig { state: Some(kept), ..HostConfig::new(Arc::new(testing::Stopped(NOW))) };
    let host = PluginHost::new(config).expect("a host");
    let installed = host.install(&packed("keeps")).expect("installs");
    let world = World { host, installed };
    let call = async |tenant: &Tenant, dry_run| {
        let mut invocation = Invocation { tenant: tenant.clone(), ..world.invocation(&json!("cursor")) };
        invocation.context.dry_run = dry_run;
        world.host.call(&invocation, Records::failing()).await
    };
    let (acme, other): (Tenant, Tenant) = (tenant(), "other".parse().expect("a name"));
    let grant = |state| Grant { state, ..grant(&world.installed) };

    world.host.grant(acme.clone(), &grant(None)).expect("grants");
    let end = call(&acme, false).await;
    assert_eq!(end.result.expect_err("nothing is granted").message, "no");
    assert!(end.log[0].message.contains("add `state = {}` to the tenant's grant"), "{:?}", end.log);

    for tenant in [&acme, &other] {
        world.host.grant(tenant.clone(), &grant(Some(Quota::default()))).expect("grants");
        for (dry_run, expected) in [(true, "no"), (false, "no"), (false, "done"), (true, "done")] {
            let text = call(tenant, dry_run).await.result.expect("answers").text;
            assert_eq!(text, expected, "{tenant}, rehearsal: {dry_run}");
        }
    }
    let error = world.host.list_tools(&acme, &plugin()).await.expect_err("it looks").to_string();
    assert!(error.contains("used `state` in list-tools"), "{error}");
}
