//! The laws of calls of which no run has begun.

use aftercall_core::{
    forget::Forget,
    id::ConversationIdentity,
    inbox::{Analysis, Arrival, Received, WaitingCall},
    json::Json,
    time::Timestamp,
};

use super::{Engine, Storage, samples::*};

const fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn arrival(tenant: &str, conversation: Option<&str>, call: Option<&str>, event: &str, ms: u64) -> Arrival {
    let identity = identity(tenant, "c1", 0);
    Arrival {
        tenant: identity.tenant,
        endpoint: "front".parse().expect("a name"),
        platform: identity.platform,
        conversation: conversation.map(str::to_owned),
        call: call.map(str::to_owned),
        event: event.to_owned(),
        at: at(ms),
        raw: event.as_bytes().to_vec(),
    }
}

async fn receive(engine: &Engine, arrival: Arrival, ready: Option<u64>) -> Received {
    engine.inbox.receive(&arrival, ready.map(at)).await.expect("kept")
}

fn names(calls: &[WaitingCall]) -> Vec<String> {
    calls.iter().map(|call| format!("{} {}", call.of.tenant, call.of.conversation)).collect()
}

async fn events(engine: &Engine, call: &WaitingCall) -> Vec<String> {
    let events = engine.inbox.events(call.number).await.expect("read").expect("it waits");
    events.raw.into_iter().map(|raw| String::from_utf8(raw).expect("text")).collect()
}

/// A call is ready at the soonest of the instants that its events name; where its run can't begin, at a later one. It
/// outlives its engine.
pub(crate) async fn a_call_waits_until_it_is_ready(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let of_c1 = |event, ms| arrival("acme", Some("c1"), None, event, ms);
    assert_eq!(engine.inbox.next_ready().await, Ok(None));
    assert_eq!(receive(&engine, of_c1("ended", 10), Some(100)).await, Received::Waiting);
    assert_eq!(receive(&engine, arrival("acme", Some("c2"), None, "ended", 11), Some(50)).await, Received::Waiting);
    assert_eq!(receive(&engine, arrival("beta", Some("c1"), None, "ended", 12), Some(70)).await, Received::Waiting);
    assert_eq!(engine.inbox.next_ready().await, Ok(Some(at(50))));
    assert_eq!(names(&engine.inbox.ready(at(49), 9).await.expect("read")), [""; 0]);
    assert_eq!(names(&engine.inbox.ready(at(100), 2).await.expect("read")), ["acme c2", "beta c1"]);
    receive(&engine, of_c1("analysed", 20), Some(20)).await;
    receive(&engine, of_c1("ended", 21), Some(121)).await;
    let engine = storage.engine().await;
    let ready = engine.inbox.ready(at(20), 9).await.expect("read");
    assert_eq!(names(&ready), ["acme c1"]);
    assert_eq!((ready[0].since, ready[0].ready_at, ready[0].tries, &ready[0].trouble), (at(10), at(20), 0, &None));
    assert_eq!(events(&engine, &ready[0]).await, ["ended", "analysed", "ended"]);
    engine.inbox.postpone(ready[0].number, at(90), "no answer").await.expect("postponed");
    assert_eq!(names(&engine.inbox.ready(at(60), 9).await.expect("read")), ["acme c2"]);
    let all = engine.inbox.waiting(None, 9).await.expect("read");
    assert_eq!(names(&all), ["acme c2", "beta c1", "acme c1"]);
    assert_eq!((all[2].tries, all[2].trouble.as_deref()), (1, Some("no answer")));
    assert_eq!(names(&engine.inbox.waiting(Some(&all[1].of.tenant), 9).await.expect("read")), ["beta c1"]);
}

/// An event that names its call by the name that its events share is added to it, whichever came first.
pub(crate) async fn events_find_their_call_by_either_name(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let insights = |call: &str, ms| arrival("acme", None, Some(call), "insights", ms);
    assert_eq!(receive(&engine, insights("v3:a", 1), None).await, Received::Kept);
    receive(&engine, arrival("acme", Some("c1"), Some("v3:a"), "ended", 2), Some(60)).await;
    assert_eq!(receive(&engine, insights("v3:a", 3), None).await, Received::Waiting);
    assert_eq!(receive(&engine, insights("v3:b", 4), None).await, Received::Kept);
    assert_eq!(receive(&engine, arrival("acme", Some("c1"), None, "more", 5), None).await, Received::Waiting);
    let theirs = Arrival { tenant: "beta".parse().expect("a name"), ..insights("v3:a", 6) };
    assert_eq!(receive(&engine, theirs, None).await, Received::Kept);
    let ready = engine.inbox.ready(at(60), 9).await.expect("read");
    assert_eq!(events(&engine, &ready[0]).await, ["insights", "ended", "insights", "more"]);
    let kept = engine.inbox.kept(None, 9).await.expect("read");
    assert_eq!(kept.iter().map(|event| event.at).collect::<Vec<_>>(), [at(6), at(4)]);
}

/// An event that comes while a run begins of those before it has its call go on waiting.
pub(crate) async fn what_comes_meanwhile_is_not_lost(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let of_c1 = |event, ms| arrival("acme", Some("c1"), None, event, ms);
    receive(&engine, of_c1("ended", 1), Some(1)).await;
    let call = engine.inbox.ready(at(1), 9).await.expect("read").remove(0);
    let seen = engine.inbox.events(call.number).await.expect("read").expect("it waits");
    receive(&engine, of_c1("analysed", 2), Some(2)).await;
    engine.inbox.begun(call.number, seen.newest).await.expect("removed");
    let call = engine.inbox.ready(at(2), 9).await.expect("read").remove(0);
    assert_eq!(events(&engine, &call).await, ["analysed"]);
    let seen = engine.inbox.events(call.number).await.expect("read").expect("it waits");
    engine.inbox.begun(call.number, seen.newest).await.expect("removed");
    assert_eq!(engine.inbox.events(call.number).await, Ok(None));
    assert_eq!(engine.inbox.waiting(None, 9).await, Ok(vec![]));
    let knows = |conversation: &str| {
        let of =
            ConversationIdentity { conversation: conversation.to_owned(), ..identity("acme", "", 0).of_conversation() };
        let inbox = &engine.inbox;
        async move { inbox.knows(&of).await.expect("read") }
    };
    assert!(!knows("c1").await, "no run was accepted");
    receive(&engine, of_c1("ended", 3), Some(3)).await;
    assert!(knows("c1").await);
    accepted(&engine, &identity("acme", "c2", 0), 4).await;
    assert!(knows("c2").await && !knows("c3").await);
}

/// A run's conversation takes the first analysis, and keeps it.
pub(crate) async fn an_analysis_is_added_once(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let mut accept = accept(&identity("acme", "c1", 0), 1);
    (accept.conversation.summary, accept.conversation.variables) = (None, None);
    engine.journal.accept(&accept).await.expect("accepted");
    let run = accept.identity.run();
    let analysis = |summary: &str| Analysis {
        summary: Some(summary.to_owned()),
        variables: Some(Json::parse(r#"{"mood":"good"}"#).expect("JSON")),
        raw: b"richer".to_vec(),
    };
    assert_eq!(engine.inbox.analysed(&run, &analysis("first")).await, Ok(true));
    assert_eq!(engine.inbox.analysed(&run, &analysis("second")).await, Ok(false));
    let stored = engine.journal.read(&run).await.expect("a run");
    assert_eq!(stored.conversation.summary.as_deref(), Some("first"));
    assert_eq!(stored.conversation.variables, analysis("first").variables);
    assert_eq!(stored.conversation.items, accept.conversation.items);
    assert_eq!(engine.inbox.analysed(&identity("acme", "c2", 0).run(), &analysis("none")).await, Ok(false));
}

/// An event that is of no call that waits is kept until it is too old.
pub(crate) async fn what_is_of_no_call_is_kept_for_a_while(storage: &dyn Storage) {
    let engine = storage.engine().await;
    for (tenant, ms) in [("acme", 1), ("beta", 2), ("acme", 3)] {
        assert_eq!(receive(&engine, arrival(tenant, None, None, "call_started", ms), None).await, Received::Kept);
    }
    for ms in 0..20 {
        receive(&engine, arrival("acme", None, None, "transcript_updated", ms), None).await;
    }
    let kept = engine.inbox.kept(None, 99).await.expect("read");
    let newest = kept.iter().filter(|event| event.event == "transcript_updated").map(|event| event.at);
    assert_eq!(newest.collect::<Vec<_>>(), (10..20).rev().map(at).collect::<Vec<_>>(), "the newest ten of a kind");
    assert_eq!(engine.inbox.expire(at(100)).await, Ok(13));
    for (tenant, ms) in [("acme", 1), ("beta", 2), ("acme", 3)] {
        receive(&engine, arrival(tenant, None, None, "call_started", ms), None).await;
    }
    receive(&engine, arrival("acme", Some("c1"), None, "ended", 1), Some(9)).await;
    let kept = engine.inbox.kept(Some(&identity("acme", "", 0).tenant), 9).await.expect("read");
    let seen: Vec<_> = kept.iter().map(|event| (event.event.as_str(), event.at, event.bytes)).collect();
    assert_eq!(seen, [("call_started", at(3), 12), ("call_started", at(1), 12)]);
    assert_eq!(engine.inbox.expire(at(3)).await, Ok(2));
    assert_eq!(engine.inbox.kept(None, 9).await.expect("read").len(), 1);
    assert_eq!(engine.inbox.waiting(None, 9).await.expect("read").len(), 1, "what waits never gets too old");
}

/// Deletion takes what waits of a conversation, and of a tenant all that came. Of a deleted conversation nothing is kept
/// any more.
pub(crate) async fn what_waits_is_deleted_with_its_conversation(storage: &dyn Storage) {
    let engine = storage.engine().await;
    for (tenant, conversation) in [("acme", "c1"), ("acme", "c2"), ("beta", "c1")] {
        receive(&engine, arrival(tenant, Some(conversation), None, "ended", 1), Some(9)).await;
    }
    receive(&engine, arrival("acme", None, None, "call_started", 1), None).await;
    let c1 = identity("acme", "c1", 0).of_conversation();
    let gone = engine.forgetting.forget(&Forget::Conversation(c1), at(5), 9).await.expect("deleted").gone;
    assert_eq!((gone.conversations, gone.runs), (1, 0));
    assert_eq!(names(&engine.inbox.waiting(None, 9).await.expect("read")), ["acme c2", "beta c1"]);
    let again = arrival("acme", Some("c1"), None, "ended", 6);
    assert_eq!(receive(&engine, again, Some(9)).await, Received::Forgotten);
    let acme = identity("acme", "", 0).tenant;
    assert!(engine.forgetting.tenants().await.expect("read").contains(&acme));
    let counted = engine.forgetting.count(&Forget::Tenant(acme.clone())).await.expect("counted");
    assert_eq!((counted.conversations, counted.events), (1, 1));
    while !engine.forgetting.forget(&Forget::Tenant(acme.clone()), at(7), 9).await.expect("deleted").is_last {}
    assert_eq!(names(&engine.inbox.waiting(None, 9).await.expect("read")), ["beta c1"]);
    assert_eq!(engine.inbox.kept(None, 9).await, Ok(vec![]));
    assert!(!engine.forgetting.tenants().await.expect("read").contains(&acme));
}
