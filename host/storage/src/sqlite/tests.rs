//! That SQLite obeys the laws of every storage, and what only SQLite can show.

mod forget;

use std::{fs, sync::Arc};

use aftercall_core::{
    consent::Consent,
    inbox::Arrival,
    ports::{
        Acceptance, Consents as _, Forgetting as _, Inbox as _, Interventions as _, RefreshTokenOf, RefreshTokens as _,
    },
    run::{Event, Kind, Standing},
    time::Timestamp,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::laws::{self, Engine, Storage, accept, event, identity};

struct Records(TempDir);

impl Records {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("records.db")
    }

    fn raw(&self) -> Connection {
        Connection::open(self.path()).expect("opens")
    }

    fn execute(&self, sql: &str) {
        self.raw().execute_batch(sql).expect("SQL");
    }
}

#[async_trait]
impl Storage for Records {
    /// Without the lock, which would keep zombies out.
    async fn engine(&self) -> Engine {
        let path = file::create(&self.path()).expect("created");
        let no_lock = tempfile::tempfile().expect("a file");
        let (sqlite, fence) = Sqlite::take_over(path, no_lock).expect("taken over");
        let sqlite = Arc::new(sqlite);
        Engine {
            journal: sqlite.clone(),
            ledger: sqlite.clone(),
            consents: sqlite.beside(),
            state: sqlite.clone(),
            interventions: sqlite.beside(),
            forgetting: sqlite.beside(),
            inbox: sqlite.beside(),
            spending: sqlite.beside(),
            refresh_tokens: sqlite.beside(),
            fence,
        }
    }
}

laws::obey!(Records::new());

fn refusal<T>(result: Result<T, Error>) -> String {
    result.err().expect("it must be refused").to_string()
}

#[test]
fn one_engine_at_a_time() {
    let records = Records::new();
    let (first, fence) = Sqlite::open(records.path()).expect("opens");
    let refused = refusal(Sqlite::open(records.path()));
    assert!(refused.contains("records.db.lock` is locked; end that engine"), "{refused}");
    drop(first);
    let (_second, newer) = Sqlite::open(records.path()).expect("opens again");
    assert!(newer > fence);
}

#[cfg(unix)]
#[test]
fn a_link_is_no_way_around_the_lock() {
    let records = Records::new();
    let _engine = Sqlite::open(records.path()).expect("opens");
    let link = records.0.path().join("link.db");
    std::os::unix::fs::symlink(records.path(), &link).expect("a link");
    assert!(matches!(Sqlite::open(link), Err(Error::Held { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let records = Records::new();
    let (sqlite, _) = Sqlite::open(records.path()).expect("opens");
    sqlite.accept(&accept(&identity("acme", "c1", 0), 1)).await.expect("accepted");
    let mut names = Vec::new();
    for file in fs::read_dir(records.0.path()).expect("a directory") {
        let file = file.expect("a file");
        let mode = file.metadata().expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
        names.push(file.file_name().into_string().expect("text"));
    }
    names.sort();
    assert_eq!(names, ["records.db", "records.db-shm", "records.db-wal", "records.db.lock"]);
}

#[test]
fn what_cannot_be_opened_is_refused_and_left_alone() {
    fn check(prepare: impl FnOnce(&Records), expected: &str) {
        let records = Records::new();
        prepare(&records);
        let before = fs::read(records.path()).ok();
        for refused in [refusal(Sqlite::open(records.path())), refusal(Sqlite::open_reader(records.path()))] {
            assert!(refused.contains(expected), "{refused}");
        }
        assert!(fs::read(records.path()).ok() == before, "the file must stay as it was: {expected}");
    }
    fn after(sql: &str) -> impl FnOnce(&Records) {
        move |records| {
            drop(Sqlite::open(records.path()).expect("opens"));
            records.execute(sql);
        }
    }
    fn holding(text: &str) -> impl FnOnce(&Records) {
        move |records| fs::write(records.path(), text).expect("written")
    }
    let foreign = "isn't a records database of aftercall: name another file";
    check(after("PRAGMA user_version = 8"), "have version 8, and this aftercall knows versions up to 7: run the");
    check(after("PRAGMA application_id = 99"), foreign);
    check(after("PRAGMA user_version = -1"), foreign);
    check(|records| records.execute("CREATE TABLE theirs (a)"), foreign);
    check(holding(&"not a database, ".repeat(100)), foreign);
    check(holding("short"), foreign);
    check(|records| fs::create_dir(records.path()).expect("a directory"), foreign);
    let nowhere = Records::new().path().join("further");
    assert!(refusal(Sqlite::open(nowhere)).contains("see that its directory is there"));
}

#[test]
fn a_reader_makes_nothing() {
    let records = Records::new();
    let refused = refusal(Sqlite::open_reader(records.path()));
    assert!(refused.contains("there are no records at"), "{refused}");
    assert!(!records.path().exists());
    fs::write(records.path(), "").expect("written");
    let refused = refusal(Sqlite::open_reader(records.path()));
    assert!(refused.contains("start its engine on them once"), "{refused}");
    assert_eq!(fs::read(records.path()).expect("a file"), b"");
}

#[tokio::test]
async fn an_answer_means_that_it_is_on_the_disk() {
    let records = Records::new();
    let (sqlite, _) = Sqlite::open(records.path()).expect("opens");
    for (pragma, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let sql = format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}");
        let found =
            sqlite.beside.writer.run(move |db| Ok(db.query_row(&sql, [], |row| row.get::<_, String>(0))?)).await;
        assert_eq!(found.as_deref(), Ok(expected), "{pragma}");
    }
}

#[tokio::test]
async fn a_reader_sees_what_an_engine_commits() {
    let records = Records::new();
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    let reader = Sqlite::open_reader(records.path()).expect("opens");
    assert_eq!(reader.runs(None, 10).await, Ok(vec![]));
    let identity = identity("acme", "c1", 0);
    let run = identity.run();
    assert_eq!(sqlite.accept(&accept(&identity, 5)).await, Ok(Acceptance::New));
    let unfinished = Unfinished { run: run.clone(), tenant: identity.tenant.clone() };
    let runs = reader.runs(None, 9).await.expect("a list");
    assert_eq!(runs.iter().map(|line| line.run.clone()).collect::<Vec<_>>(), [unfinished.run]);
    let event = event(6);
    sqlite.append(fence, &Append::new(&run, 1, &event)).await.expect("appended");
    assert_eq!(reader.read(&run).await, sqlite.read(&run).await);
    drop(sqlite);
    let lines = reader.runs(Some(&identity.tenant), 10).await.expect("a list");
    assert_eq!(lines.iter().map(|line| line.accepted_at).collect::<Vec<_>>(), [Timestamp::from_millis(5)]);
}

#[tokio::test]
async fn a_format_that_is_not_known_is_not_guessed_at() {
    let records = Records::new();
    let (sqlite, _) = Sqlite::open(records.path()).expect("opens");
    let identity = identity("acme", "c1", 0);
    sqlite.accept(&accept(&identity, 5)).await.expect("accepted");
    let run = identity.run();
    for (sql, expected) in [
        ("UPDATE events SET version = 9", format!("event 0 of {run} has format 9, and this aftercall reads format 1")),
        ("UPDATE events SET version = 1, json = '{\"at\":'", format!("event 0 of {run}: EOF")),
        ("UPDATE conversations SET version = 2", format!("the conversation of {run} has format 2")),
        (
            "UPDATE conversations SET version = 1; UPDATE runs SET tenant = 'No Name'",
            "a run's identity: `No Name` is no tenant name".to_owned(),
        ),
        ("UPDATE runs SET revision = -1", "a run's identity".to_owned()),
    ] {
        records.execute(sql);
        match sqlite.read(&run).await {
            Err(RecordsError::Unreadable(text)) => assert!(text.contains(&expected), "{text}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written() {
    let records = Records::new();
    let (sqlite, _) = Sqlite::open(records.path()).expect("opens");
    let limit = |pages: &'static str| {
        sqlite
            .beside
            .writer
            .run(move |db| Ok(db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?))
    };
    limit("1").await.expect("limited to what there is");
    let mut large = accept(&identity("acme", "large", 0), 1);
    large.raw = vec![1; 100_000];
    match sqlite.accept(&large).await {
        Err(RecordsError::Unavailable(text)) => {
            assert!(text.contains("records.db`") && text.ends_with("free space on its disk"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sqlite.runs(None, 10).await, Ok(vec![]));
    limit("1000000").await.expect("there is space again");
    assert_eq!(sqlite.accept(&large).await, Ok(Acceptance::New));
}

/// What was taken back of a journal is not taken for its end.
#[tokio::test]
async fn a_journal_goes_on_where_a_full_disk_left_it() {
    let records = Records::new();
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    let limit = |pages: &'static str| {
        sqlite
            .beside
            .writer
            .run(move |db| Ok(db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?))
    };
    let identity = identity("acme", "c1", 0);
    let run = identity.run();
    assert_eq!(sqlite.accept(&accept(&identity, 1)).await, Ok(Acceptance::New));
    let long = Event { at: Timestamp::from_millis(2), kind: Kind::CancelRequested { reason: "x".repeat(100_000) } };
    let short = event(3);
    let append = |seq, event| Append::new(&run, seq, event);
    assert_eq!(sqlite.append(fence, &append(1, &short)).await, Ok(()));
    limit("1").await.expect("limited to what there is");
    assert!(matches!(sqlite.append(fence, &append(2, &long)).await, Err(RecordsError::Unavailable(_))));
    limit("1000000").await.expect("there is space again");
    let taken = RecordsError::Taken { run: run.clone(), seq: 1 };
    assert_eq!(sqlite.append(fence, &append(1, &short)).await, Err(taken));
    let gap = RecordsError::Gap { run: run.clone(), seq: 3, next: 2 };
    assert_eq!(sqlite.append(fence, &append(3, &short)).await, Err(gap));
    assert_eq!(sqlite.append(fence, &append(2, &long)).await, Ok(()));
    assert_eq!(sqlite.read(&run).await.expect("it reads").journal.len(), 3);
}

/// With a text message that was sent and one that is in doubt.
#[tokio::test]
async fn records_of_an_older_version_are_brought_up_to_date() {
    let records = Records::new();
    drop(file::create(&records.path()).expect("created"));
    records.execute(include_str!("v1.sql"));
    records.execute("PRAGMA application_id = 0x4166436c; PRAGMA user_version = 1; UPDATE store SET epoch = 4");
    let entry = |key: &str, state: &str| {
        let json =
            format!(r#"{{"arguments":"aa","attempts":1,"first_attempt_at":5,"last_attempt_at":5,"state":{state}}}"#);
        format!("INSERT INTO effects VALUES ('{key}', 'acme', 'vapi', 'c1', 'sms/send_sms', 'word', 1, '{json}');")
    };
    records.execute(&entry("ac_1", r#"{"Done":{"text":"sent","data":null,"receipts":[]}}"#));
    records.execute(&entry("ac_2", "\"InDoubt\""));
    let run = |conversation: &str, ending: &str| {
        format!(
            "INSERT INTO runs VALUES (NULL, 'run_{conversation}', 'acme', 'vapi', '{conversation}', 0, 1, 1, {ending}, 1, '', x'');"
        )
    };
    records.execute(&[run("a", "'completed'"), run("b", "'needs-attention'"), run("c", "NULL")].concat());
    for refused in [refusal(Sqlite::open_reader(records.path())), refusal(Sqlite::open_beside(records.path()))] {
        assert!(refused.contains("have version 1, and this aftercall reads version 7: start its engine"), "{refused}");
    }
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    assert_eq!(fence, Fence(5), "the epoch went on");
    assert_eq!(sqlite.keys(&laws::a_space(), "", None, 1).await, Ok(vec![]));
    assert_eq!(sqlite.beside.consents(&"acme".parse().expect("a name")).await, Ok(vec![]));
    assert_eq!(sqlite.beside.newest(&laws::refresh_token_of("acme", "crm", "api", "one")).await, Ok(None));
    let (first, last) = (Timestamp::from_millis(0), Timestamp::from_millis(u64::MAX));
    let due = sqlite.due(first, last).await.expect("a list");
    assert_eq!(due.iter().map(|due| due.run.as_str()).collect::<Vec<_>>(), ["run_c"]);
    let stand = |line: RunLine| (line.ending.unwrap_or_default(), line.standing);
    let stood: Vec<_> = sqlite.runs(None, 9).await.expect("a list").into_iter().map(stand).collect();
    let expected = [("", "under-way"), ("", "needs-attention"), ("completed", "ended")];
    assert_eq!(stood, expected.map(|(ending, standing)| (ending.to_owned(), standing.to_owned())));
    for (key, state) in [("ac_1", "Done"), ("ac_2", "InDoubt")] {
        let entry = sqlite.entry(&EffectKey::from_stored(key.to_owned())).await.expect("reads").expect("it is there");
        assert!(format!("{:?}", entry.state).starts_with(state), "{entry:?}");
    }
}

#[tokio::test]
async fn what_stands_under_no_fence_is_written_beside_a_running_engine() {
    let records = Records::new();
    assert!(refusal(Sqlite::open_beside(records.path())).contains("there are no records at"));
    let (sqlite, fence) = Sqlite::open(records.path()).expect("opens");
    let beside = Sqlite::open_beside(records.path()).expect("opens beside it");
    let consent = Consent {
        tenant: "acme".parse().expect("a name"),
        plugin: "sms".parse().expect("a name"),
        digest: aftercall_core::id::Sha256Hex::of(b"component"),
        request: aftercall_core::consent::Request::default(),
        how: aftercall_core::consent::How::Given,
        at: Timestamp::from_millis(1),
    };
    let token = laws::refresh_token_of("acme", "crm", "api", "one");
    beside.keep(&token, b"sealed").await.expect("kept");
    assert_eq!(sqlite.beside.newest(&token).await, Ok(Some(b"sealed".to_vec())));
    sqlite.beside.keep(&token, b"newer").await.expect("kept");
    assert_eq!(beside.newest(&token).await, Ok(Some(b"newer".to_vec())));
    beside.consent(std::slice::from_ref(&consent)).await.expect("recorded");
    assert_eq!(sqlite.beside.consents(&consent.tenant).await, Ok(vec![consent.clone()]));
    let identity = identity("acme", "c1", 0);
    assert_eq!(sqlite.accept(&accept(&identity, 5)).await, Ok(Acceptance::New), "the engine goes on");
    let event = event(6);
    let run = identity.run();
    assert_eq!(sqlite.append(fence, &Append::new(&run, 1, &event)).await, Ok(()), "under its own fence");
    for (sql, expected) in [
        ("UPDATE consents SET how = 'guessed'", "a consent of tenant acme: `guessed` is no way to consent"),
        ("UPDATE consents SET how = 'given', version = 9", "the consent of tenant acme to plugin sms has format 9"),
        ("UPDATE consents SET version = 1, at = -1", "a tenant consented at -1 ms"),
    ] {
        records.execute(sql);
        match beside.consents(&consent.tenant).await {
            Err(RecordsError::Unreadable(text)) => assert!(text.contains(expected), "{text}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}
