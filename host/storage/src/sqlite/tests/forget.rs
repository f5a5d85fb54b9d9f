//! That nothing of what was deleted is left: in no table, in no byte of a file; and that records from before can be deleted
//! from.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::{Item, Role},
    effect::Arguments,
    forget::{Batch, Forget, Forgotten},
    id::{RunIdentity, Sha256Hex},
    run::{Ending, Event, Intervention, Kind, Run},
    spent::Spent,
};
use rusqlite::types::ValueRef;
use serde_json::json;

use super::*;

/// What is looked for: it is a name, too.
const MARKER: &str = "marked-6f1c9e";

/// Tables that hold nothing of anybody.
const NOBODYS: [&str; 3] = ["store", "forgotten", "sqlite_sequence"];

/// Everything that is kept of a conversation, each part with the marker in it, so long that it fills pages of its own.
async fn fill(sqlite: &Sqlite, fence: Fence, identity: &RunIdentity, marker: &str) {
    let long = [marker; 600].join(" ");
    let run = identity.run();
    let mut accept = accept(identity, 1);
    accept.raw = long.clone().into_bytes();
    accept.conversation.items = vec![Item::message(Role::User, &long)];
    sqlite.accept(&accept).await.expect("accepted");
    let cancel = |reason: &str| Intervention::Cancel { reason: reason.to_owned() };
    sqlite.beside.ask(&run, Timestamp::from_millis(1), &cancel(marker)).await.expect("asked");
    let key = EffectKey::from_stored(format!("ac_{run}"));
    let effect =
        EffectOf { key: key.clone(), call: identity.clone(), tool: marker.to_owned(), contact: Sha256Hex::of(b"c") };
    let begin = Begin {
        fence,
        arguments: Arguments::of(json!({ "text": long }).as_object().expect("an object")),
        effect: aftercall_core::tool::Effect::Once,
        alone: true,
        caps: Vec::new(),
        at: Timestamp::from_millis(2),
    };
    sqlite.begin(&effect, &begin).await.expect("begun");
    let in_question = EffectOf { key: EffectKey::from_stored(format!("ac_open_{run}")), ..effect };
    sqlite.begin(&in_question, &begin).await.expect("begun");
    let outcome = aftercall_core::tool::Outcome { text: long.clone(), data: None, receipts: Vec::new() };
    let done = Change::Ended { verdict: aftercall_core::ledger::Verdict::Done(outcome), at: Timestamp::from_millis(3) };
    sqlite.change(&key, fence, &done).await.expect("it follows");
    let event = Event { at: Timestamp::from_millis(3), kind: Kind::CancelRequested { reason: long } };
    let ending = Ending::Cancelled { reason: marker.to_owned() };
    let (standing, ending) = (Standing::Ended, Some(&ending));
    let spent = Some(Spent { turns: 1, ..Spent::default() });
    let append = Append { run: &run, seq: 1, event: &event, standing, ending, does: None, spent };
    sqlite.append(fence, &append).await.expect("appended");
    let told = arrival(&identity.tenant, Some(&identity.conversation), marker);
    sqlite.beside.receive(&told, Some(Timestamp::from_millis(4))).await.expect("kept");
}

fn arrival(tenant: &Tenant, conversation: Option<&str>, marker: &str) -> Arrival {
    Arrival {
        tenant: tenant.clone(),
        endpoint: "front".parse().expect("a name"),
        platform: identity("acme", "c1", 0).platform,
        conversation: conversation.map(str::to_owned),
        call: None,
        event: marker.to_owned(),
        at: Timestamp::from_millis(4),
        raw: marker.as_bytes().to_vec(),
    }
}

/// Everything that is kept of a tenant beside conversations.
async fn fill_tenant(sqlite: &Sqlite, tenant: &Tenant) {
    let space = Space { tenant: tenant.clone(), plugin: "crm".parse().expect("a name") };
    sqlite.put(&space, "key", b"value", Expected::Anything, Quota::default()).await.expect("written");
    let token = RefreshTokenOf { tenant: tenant.clone(), ..laws::refresh_token_of("acme", "crm", "api", "one") };
    sqlite.beside.keep(&token, b"sealed").await.expect("kept");
    let consent = Consent {
        tenant: tenant.clone(),
        plugin: space.plugin,
        digest: Sha256Hex::of(b"component"),
        request: aftercall_core::consent::Request::default(),
        how: aftercall_core::consent::How::Given,
        at: Timestamp::from_millis(1),
    };
    sqlite.beside.consent(&[consent]).await.expect("recorded");
    sqlite.beside.receive(&arrival(tenant, None, MARKER), None).await.expect("kept");
}

/// How many rows of each table there is have one of these in any of their columns.
fn rows_with(records: &Records, wanted: &[&str]) -> BTreeMap<String, usize> {
    let connection = records.raw();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("SQL");
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).expect("rows").map(|name| name.expect("text")).collect();
    let has = |row: &rusqlite::Row<'_>| {
        let columns = row.as_ref().column_count();
        (0..columns).any(|column| match row.get_ref(column).expect("a column") {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => wanted.iter().any(|wanted| is_in(wanted, bytes)),
            _ => false,
        })
    };
    let count = |table: &String| {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).expect("SQL");
        let rows = statement.query_map([], |row| Ok(has(row))).expect("rows");
        rows.filter(|has| *has.as_ref().expect("a row")).count()
    };
    tables.iter().map(|table| (table.clone(), count(table))).collect()
}

fn is_in(wanted: &str, bytes: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

/// The files of the records in which one of these is.
fn files_with(records: &Records, wanted: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in fs::read_dir(records.0.path()).expect("a directory") {
        let path = file.expect("a file").path();
        let bytes = fs::read(&path).expect("it reads");
        if wanted.iter().any(|wanted| is_in(wanted, &bytes)) {
            found.push(path.file_name().expect("a name").to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

async fn forget_all(sqlite: &Sqlite, what: &Forget) -> Forgotten {
    let Batch { gone, is_last } = sqlite.beside.forget(what, Timestamp::from_millis(9), 1_000).await.expect("deleted");
    assert!(is_last);
    gone
}

/// A table that was added fails this: it is to be filled here, and emptied in `forget.rs`, or is nobody's.
#[tokio::test]
async fn nothing_of_what_was_deleted_is_left_in_any_table() {
    let records = Records::new();
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    let theirs = RunIdentity { tenant: MARKER.parse().expect("a name"), ..identity("acme", MARKER, 0) };
    let again = RunIdentity { revision: 1, ..theirs.clone() };
    let (run, run_again) = (theirs.run(), again.run());
    let marks = [MARKER, run.as_str(), run_again.as_str()];
    for identity in [&theirs, &again] {
        fill(&sqlite, fence, identity, MARKER).await;
    }
    fill_tenant(&sqlite, &theirs.tenant).await;
    fill(&sqlite, fence, &identity("acme", "c1", 0), "another").await;
    for (table, rows) in rows_with(&records, &marks) {
        assert_eq!(rows > 0, !NOBODYS.contains(&table.as_str()), "`{table}` has {rows} rows with a mark");
    }
    let others = rows_with(&records, &["another"]);

    forget_all(&sqlite, &Forget::Conversation(theirs.of_conversation())).await;
    for (table, rows) in rows_with(&records, &marks) {
        let of_tenant = ["plugin_state", "consents", "refresh_tokens", "arrivals", "spent"].contains(&table.as_str());
        assert_eq!(rows, usize::from(of_tenant), "`{table}`, which a conversation doesn't go from");
    }
    forget_all(&sqlite, &Forget::Tenant(theirs.tenant.clone())).await;
    for (table, rows) in rows_with(&records, &marks) {
        assert_eq!(rows, 0, "`{table}`");
    }
    assert_eq!(rows_with(&records, &["another"]), others, "others have what they had");
}

#[tokio::test]
async fn nothing_of_what_was_deleted_is_left_in_any_file() {
    let records = Records::new();
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    let theirs = identity("acme", MARKER, 0);
    let run = theirs.run();
    let marks = [MARKER, run.as_str()];
    for (conversation, marker) in [("before", "another"), (MARKER, MARKER), ("after", "another")] {
        fill(&sqlite, fence, &identity("acme", conversation, 0), marker).await;
    }
    assert_eq!(sqlite.beside.erase().await, Ok(true));
    assert_eq!(files_with(&records, &marks), ["records.db"], "they are looked for where they are");

    let reader = records.raw();
    reader.execute_batch("BEGIN; SELECT count(*) FROM runs").expect("it reads");
    forget_all(&sqlite, &Forget::Conversation(theirs.of_conversation())).await;
    assert_eq!(sqlite.beside.erase().await, Ok(false), "somebody reads what was there before");
    assert_eq!(sqlite.accept(&accept(&identity("acme", "meanwhile", 0), 1)).await, Ok(Acceptance::New));
    reader.execute_batch("COMMIT").expect("it ends");
    assert_eq!(sqlite.beside.erase().await, Ok(true));
    assert_eq!(files_with(&records, &marks), [""; 0]);
    assert_eq!(files_with(&records, &["another"]), ["records.db"]);
}

/// SQLite moves rows between pages, and leaves what it moved where it was. Here somebody's shell left it.
#[tokio::test]
async fn nothing_is_left_in_gaps_of_records_that_were_written_anew() {
    let records = Records::new();
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    fill(&sqlite, fence, &identity("acme", "c1", 0), "another").await;
    let before = sqlite.runs(None, 9).await.expect("a list");
    records.execute(&format!(
        "PRAGMA secure_delete = OFF;
         INSERT INTO plugin_state (tenant, plugin, key, value) VALUES ('acme', 'crm', '{MARKER}', x'');
         DELETE FROM plugin_state"
    ));
    assert_eq!(sqlite.beside.erase().await, Ok(true));
    assert_eq!(files_with(&records, &[MARKER]), ["records.db"]);
    assert!(matches!(Sqlite::compact(records.path()), Err(Error::Held { .. })));
    drop(sqlite);
    Sqlite::compact(records.path()).expect("written anew");
    assert_eq!(files_with(&records, &[MARKER]), [""; 0]);
    let (sqlite, _) = Sqlite::open(records.path()).expect("opens again");
    assert_eq!(sqlite.runs(None, 9).await, Ok(before));
}

/// A part is no larger than live runs can wait for, though at least one conversation.
#[tokio::test]
async fn large_conversations_go_one_by_one() {
    let records = Records::new();
    let (sqlite, _) = Sqlite::open(records.path()).expect("opens");
    for number in 0..3 {
        let mut large = accept(&identity("acme", &format!("c{number}"), 0), 1);
        large.raw = vec![1; 9 << 20];
        large.ending = Some(Ending::Cancelled { reason: String::new() });
        sqlite.accept(&large).await.expect("accepted");
    }
    let what = Forget::EndedBefore { tenant: "acme".parse().expect("a name"), before: Timestamp::from_millis(2) };
    for is_last in [false, false, true] {
        let batch = sqlite.beside.forget(&what, Timestamp::from_millis(3), 100).await.expect("deleted");
        assert_eq!((batch.gone.conversations, batch.is_last), (1, is_last));
    }
}

/// Records that the binary wrote when the schema had version 4: they are read, tell the same, and can be deleted from.
#[tokio::test]
async fn records_of_version_4_are_read_and_deleted_from() {
    let records = Records::new();
    drop(file::create(&records.path()).expect("created"));
    records.execute(include_str!("../golden/v4.sql"));
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    assert_eq!(fence, Fence(8), "the epoch went on");
    let lines = sqlite.runs(None, 99).await.expect("a list");
    let mut told = Vec::new();
    for line in &lines {
        let stored = sqlite.read(&line.run).await.expect("it reads");
        let run = Run::replay(stored.journal).expect("it verifies");
        assert_eq!(run.outcome(), line.outcome(), "{}", line.run);
        told.push((line.identity.conversation.as_str(), line.identity.revision, line.outcome()));
    }
    let skipped = "019ab2c4-51aa-7000-b3e6-48f9d17c2a05";
    let expected = [
        ("approval", 0, "awaits-approval"),
        ("asleep", 0, "sleeping"),
        ("call-vendor-unreachable", 0, "needs-attention"),
        (skipped, 0, "skipped"),
        ("call-answer-lost", 1, "completed"),
        ("call-answer-lost", 0, "completed"),
    ];
    assert_eq!(told, expected);
    let asked = sqlite.asked_of().await.expect("a list");
    assert_eq!(asked.iter().map(|asked| &asked.run).collect::<Vec<_>>(), [&lines[0].run]);
    let (meridian, brightsmile): (Tenant, Tenant) =
        ("meridian".parse().expect("a name"), "brightsmile".parse().expect("a name"));
    assert_eq!(sqlite.beside.tenants().await, Ok(vec![brightsmile.clone(), meridian.clone()]));
    let all = Forgotten {
        conversations: 4,
        runs: 5,
        effects: 3,
        values: 1,
        consents: 2,
        refresh_tokens: 1,
        ..Forgotten::default()
    };
    assert_eq!(sqlite.beside.count(&Forget::Tenant(meridian.clone())).await, Ok(all));

    // Its two runs ended at instants that the older version didn't keep beside them.
    let last = sqlite.read(&lines[4].run).await.expect("it reads").journal.last().expect("it has ended").at;
    let until = |before| Forget::EndedBefore { tenant: meridian.clone(), before };
    assert_eq!(forget_all(&sqlite, &until(last)).await, Forgotten::default());
    let one = Forgotten { conversations: 1, runs: 2, effects: 1, ..Forgotten::default() };
    assert_eq!(forget_all(&sqlite, &until(last.plus_ms(1))).await, one);
    let refused = sqlite.beside.forget(&Forget::Tenant(meridian), last, 9).await;
    assert!(matches!(refused, Err(RecordsError::NotEnded(_))), "{refused:?}");
    forget_all(&sqlite, &Forget::Tenant(brightsmile)).await;
    for (table, rows) in rows_with(&records, &["brightsmile", skipped, "call-answer-lost"]) {
        assert_eq!(rows, 0, "`{table}`");
    }
}
