//! The laws of consents.

use aftercall_core::{
    consent::{Consent, How, Request},
    id::Sha256Hex,
    time::Timestamp,
    tool::Effect,
};

use super::Storage;

fn consent(tenant: &str, plugin: &str, component: &str, how: How, at: u64) -> Consent {
    let tools = [(component.to_owned(), Effect::Once)].into();
    let request = Request { tools, ..Request::default() };
    Consent {
        tenant: tenant.parse().expect("a name"),
        plugin: plugin.parse().expect("a name"),
        digest: Sha256Hex::of(component.as_bytes()),
        request,
        how,
        at: Timestamp::from_millis(at),
    }
}

/// Some consent of that tenant.
pub(super) fn a_consent(tenant: &str) -> Consent {
    consent(tenant, "crm", "one", How::Granted, 1)
}

/// They come back as they were given, the newest last, whoever took the records over meanwhile.
pub(crate) async fn consents_are_kept_in_their_order(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let first = consent("acme", "sms", "one", How::Granted, 9);
    let second = consent("acme", "sms", "two", How::CarriedForward, 5);
    let other = consent("acme", "crm", "one", How::Given, 7);
    let theirs = consent("beta", "sms", "one", How::Granted, 1);
    engine.consents.consent(&[first.clone(), theirs.clone()]).await.expect("recorded");
    engine.consents.consent(&[second.clone(), other.clone()]).await.expect("recorded");
    let of = |tenant: &str| tenant.parse().expect("a name");
    let acme = of("acme");
    assert_eq!(engine.consents.consents(&acme).await, Ok(vec![first, second.clone(), other.clone()]));
    let again = consent("acme", "sms", "one", How::Given, 11);
    engine.consents.consent(std::slice::from_ref(&again)).await.expect("recorded");
    let newer = storage.engine().await;
    assert_eq!(newer.consents.consents(&acme).await, Ok(vec![second, other, again]));
    assert_eq!(newer.consents.consents(&of("beta")).await, Ok(vec![theirs]));
    assert_eq!(newer.consents.consents(&of("gamma")).await, Ok(vec![]));
}

/// None is there before the answer, all are after it; none at all is nothing to record.
pub(crate) async fn consents_are_recorded_all_or_none(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let many: Vec<Consent> =
        (0..50).map(|number| consent("acme", "sms", &number.to_string(), How::Granted, 1)).collect();
    engine.consents.consent(&[]).await.expect("nothing to do");
    assert_eq!(engine.consents.consents(&many[0].tenant).await, Ok(vec![]));
    engine.consents.consent(&many).await.expect("recorded");
    assert_eq!(engine.consents.consents(&many[0].tenant).await, Ok(many));
}
