//! A thread that owns a connection, does what is queued for it, and answers after the commit.
//!
//! What has queued up, and what comes while that is done, is committed together, since one commit waits as long for the
//! disk as many do. A job that fails takes back nothing but its own changes: one that has made any has the whole group done
//! again, with a savepoint for each. That is rare, since whoever is refused was refused before the first change; savepoints
//! for all would cost more.

use std::{
    cell::RefCell,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use aftercall_core::ports::RecordsError;
use rusqlite::{Connection, TransactionBehavior};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use super::{db::Db, fault::Fault, file::Error, tails::Tails};

/// Most jobs that wait for one thread; who asks for more waits for a place. Protects the host's memory.
const QUEUE_JOBS_MAX: usize = 256;

/// Most writes in one commit: protects the first of them from waiting for too many others.
const GROUP_JOBS_MAX: usize = 64;

/// How long a group takes in what comes: protects the first of it from waiting for what takes long.
const GROUP_MAX: Duration = Duration::from_millis(5);

/// The thread's handle.
#[derive(Debug)]
pub(super) struct Worker {
    path: Arc<Path>,
    commits: Arc<AtomicU64>,
    // Both are there until the drop.
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// What is committed together.
type Group = Vec<Box<dyn Job>>;

/// What a group comes to, on its way to those who asked: it reaches them even if nobody gives it.
struct Answers {
    group: Group,
    outcome: Result<(), RecordsError>,
}

/// Something to do within a transaction, and somebody to tell.
trait Job: Send {
    /// Does it, perhaps again after it was rolled back. An error has to be rolled back.
    fn run(&mut self, db: &Db<'_>, path: &Path) -> Result<(), RecordsError>;

    /// Tells what came of it, now that the group is committed, or that it is not.
    fn answer(self: Box<Self>, group: Result<(), RecordsError>);

    /// Where whoever asked is run. None: by no runtime of tokio's.
    fn asked_from(&self) -> Option<&Handle>;
}

struct Asked<T, W> {
    work: W,
    outcome: Option<Result<T, RecordsError>>,
    from: Option<Handle>,
    reply: oneshot::Sender<Result<T, RecordsError>>,
}

struct Loop {
    path: Arc<Path>,
    commits: Arc<AtomicU64>,
    connection: Connection,
    tails: RefCell<Tails>,
    behavior: TransactionBehavior,
    group_jobs_max: usize,
}

impl Worker {
    /// One that writes, with a transaction for each group of jobs.
    pub(super) fn writer(connection: Connection, path: &Path) -> Result<Self, Error> {
        Self::start("records-writer", connection, path, TransactionBehavior::Immediate, GROUP_JOBS_MAX)
    }

    /// One that reads, with a transaction for each job: all that a job reads is of one instant.
    pub(super) fn reader(connection: Connection, path: &Path) -> Result<Self, Error> {
        Self::start("records-reader", connection, path, TransactionBehavior::Deferred, 1)
    }

    fn start(
        name: &str,
        connection: Connection,
        path: &Path,
        behavior: TransactionBehavior,
        group_jobs_max: usize,
    ) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS_MAX);
        let path: Arc<Path> = path.into();
        let commits = Arc::<AtomicU64>::default();
        let work = Loop {
            path: Arc::clone(&path),
            commits: Arc::clone(&commits),
            connection,
            tails: RefCell::default(),
            behavior,
            group_jobs_max,
        };
        let thread =
            std::thread::Builder::new().name(name.to_owned()).spawn(move || work.run(queue)).map_err(Error::Thread)?;
        Ok(Self { path, commits, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has some work done. Its changes, if any, are durable on return; if it fails, there are none.
    ///
    /// One case is open: if the disk failed during the very commit, a restart may find the changes there.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, RecordsError>
    where
        T: Send + 'static,
        W: Fn(&Db<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Asked { work, outcome: None, from: Handle::try_current().ok(), reply });
        let jobs = self.jobs.as_ref().expect("it is there until the drop");
        jobs.send(job).await.map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    /// Transactions that were committed so far.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    fn gone(&self) -> RecordsError {
        RecordsError::Unavailable(format!("`{}`: its thread has died; restart aftercall", self.path.display()))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was reported when it happened, and to whoever waited for it.
            let _ = thread.join();
        }
    }
}

impl Loop {
    fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = vec![first];
            let outcome = self.commit(&mut group, &mut queue);
            Answers { group, outcome }.give();
        }
    }

    /// Does what is in the group and, as long as more is queued, that too, up to the largest group.
    fn commit(&mut self, group: &mut Group, queue: &mut mpsc::Receiver<Box<dyn Job>>) -> Result<(), RecordsError> {
        let mut done = self.commit_at_once(group, queue);
        if done == Ok(false) {
            self.tails.get_mut().clear();
            done = self.commit_apart(group).map(|()| true);
        }
        match done {
            Ok(_) => drop(self.commits.fetch_add(1, Ordering::Relaxed)),
            Err(_) => self.tails.get_mut().clear(),
        }
        done.map(drop)
    }

    /// Without savepoints. False: a job failed that had changed something, and nothing is done.
    fn commit_at_once(
        &mut self,
        group: &mut Group,
        queue: &mut mpsc::Receiver<Box<dyn Job>>,
    ) -> Result<bool, RecordsError> {
        let at = |error| Fault::Database(error).at(&self.path);
        let transaction = self.connection.transaction_with_behavior(self.behavior).map_err(at)?;
        let db = Db::new(&transaction, &self.tails);
        let (begun, mut next) = (Instant::now(), 0);
        while let Some(job) = group.get_mut(next) {
            let changes = db.total_changes();
            if let Err(error) = job.run(&db, &self.path) {
                gone_with_all(&db, error)?;
                if db.total_changes() != changes {
                    return Ok(false);
                }
            }
            next += 1;
            if next == group.len() && next < self.group_jobs_max && begun.elapsed() < GROUP_MAX {
                group.extend(queue.try_recv());
            }
        }
        transaction.commit().map_err(at)?;
        Ok(true)
    }

    /// With a savepoint for each.
    fn commit_apart(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), RecordsError> {
        let at = |error| Fault::Database(error).at(&self.path);
        let mut transaction = self.connection.transaction_with_behavior(self.behavior).map_err(at)?;
        for job in group {
            let savepoint = transaction.savepoint().map_err(at)?;
            match job.run(&Db::new(&savepoint, &self.tails), &self.path) {
                Ok(()) => savepoint.commit().map_err(at)?,
                Err(error) => {
                    gone_with_all(&savepoint, error)?;
                    savepoint.finish().map_err(at)?;
                    self.tails.borrow_mut().clear();
                }
            }
        }
        transaction.commit().map_err(at)
    }
}

impl Answers {
    /// From this thread, each answer would wake another one. A task of those who asked wakes them for less.
    fn give(self) {
        let from = self.group.iter().find_map(|job| job.asked_from()).cloned();
        match from {
            Some(from) if self.group.len() > 1 => drop(from.spawn(async move { drop(self) })),
            _ => drop(self),
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        for job in self.group.drain(..) {
            job.answer(self.outcome.clone());
        }
    }
}

/// On some errors, a full disk among them, SQLite rolls the whole transaction back itself.
fn gone_with_all(db: &Connection, error: RecordsError) -> Result<(), RecordsError> {
    if db.is_autocommit() { Err(error) } else { Ok(()) }
}

impl<T, W> Job for Asked<T, W>
where
    T: Send,
    W: Fn(&Db<'_>) -> Result<T, Fault> + Send,
{
    fn run(&mut self, db: &Db<'_>, path: &Path) -> Result<(), RecordsError> {
        let outcome = (self.work)(db).map_err(|fault| fault.at(path));
        let result = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        result
    }

    fn answer(self: Box<Self>, group: Result<(), RecordsError>) {
        let Self { outcome, reply, .. } = *self;
        // Without the commit no outcome holds, not even a refusal: it may be due to a job of the same group.
        let outcome = group.and_then(|()| outcome.expect("all jobs of a committed group ran"));
        // Whoever asked may have gone.
        let _ = reply.send(outcome);
    }

    fn asked_from(&self) -> Option<&Handle> {
        self.from.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as blocking;

    use super::*;

    fn worker(path: &Path) -> Worker {
        let connection = Connection::open(path).expect("opens");
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER UNIQUE)").expect("SQL");
        Worker::writer(connection, path).expect("a thread")
    }

    fn insert(number: u32) -> impl Fn(&Db<'_>) -> Result<(), Fault> + Send + 'static {
        move |db| Ok(db.execute("INSERT INTO t VALUES (?1)", [number]).map(|_| ())?)
    }

    fn numbers(path: &Path) -> Vec<u32> {
        let connection = Connection::open(path).expect("opens");
        let mut statement = connection.prepare("SELECT n FROM t ORDER BY n").expect("SQL");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("numbers")
    }

    /// Keeps the thread busy until the returned channel is used, so that what follows queues up.
    async fn hold(worker: &Arc<Worker>) -> (blocking::Sender<()>, tokio::task::JoinHandle<()>) {
        let (entered, mut enter) = mpsc::unbounded_channel();
        let (release, released) = blocking::channel();
        let worker = Arc::clone(worker);
        let held = tokio::spawn(async move {
            let wait = move |_: &Db<'_>| {
                // What follows is committed with this, and may have it done again.
                let _ = entered.send(());
                let _ = released.recv();
                Ok(())
            };
            // It may fail with what follows.
            let _ = worker.run(wait).await;
        });
        enter.recv().await.expect("it runs");
        (release, held)
    }

    #[tokio::test]
    async fn one_failure_takes_back_its_own_changes_alone() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let worker = Arc::new(worker(file.path()));
        let (release, _) = hold(&worker).await;
        let path = file.path().to_owned();
        let half = |db: &Db<'_>| -> Result<(), Fault> {
            insert(2)(db)?;
            insert(1)(db)
        };
        // It fails when it is done again, since the half one failed behind it.
        let times = AtomicU64::new(0);
        let once = move |db: &Db<'_>| -> Result<(), Fault> {
            insert(4)(db)?;
            if times.fetch_add(1, Ordering::Relaxed) == 0 { Ok(()) } else { insert(4)(db) }
        };
        let (first, outside, again, third, failed, fifth, ()) = tokio::join!(
            worker.run(insert(1)),
            worker.run(move |_| Ok(numbers(&path))),
            worker.run(once),
            worker.run(insert(3)),
            worker.run(half),
            worker.run(insert(5)),
            async move { release.send(()).expect("it waits") },
        );
        assert_eq!((first, third, fifth), (Ok(()), Ok(()), Ok(())));
        for failed in [again, failed] {
            assert!(matches!(failed, Err(RecordsError::Unavailable(_))), "{failed:?}");
        }
        assert_eq!(outside, Ok(vec![]), "the group has one commit, which comes last");
        assert_eq!(numbers(file.path()), [1, 3, 5]);
    }

    #[tokio::test]
    async fn without_a_commit_nobody_hears_of_success() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let worker = Arc::new(worker(file.path()));
        let (release, _) = hold(&worker).await;
        let roll_back = |db: &Db<'_>| -> Result<(), Fault> {
            db.execute_batch("ROLLBACK")?;
            Err(RecordsError::Unavailable("the disk is full".into()).into())
        };
        let (first, failed, second, ()) =
            tokio::join!(worker.run(insert(1)), worker.run(roll_back), worker.run(insert(2)), async move {
                release.send(()).expect("it waits")
            },);
        let expected = Err(RecordsError::Unavailable("the disk is full".into()));
        assert_eq!((&first, &failed), (&expected, &expected));
        assert_eq!(second, Ok(()), "what comes after it has a transaction of its own");
        assert_eq!(numbers(file.path()), [2]);
    }

    #[tokio::test]
    async fn what_was_asked_is_done_before_the_handle_is_gone() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let worker = Arc::new(worker(file.path()));
        let (release, held) = hold(&worker).await;
        tokio::select! {
            biased;
            _ = worker.run(insert(1)) => panic!("it is held"),
            () = async {} => {}
        }
        release.send(()).expect("it waits");
        held.await.expect("no panic");
        drop(Arc::into_inner(worker).expect("nobody else has it"));
        assert_eq!(numbers(file.path()), [1]);
    }

    #[tokio::test]
    async fn a_dead_thread_is_reported() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let worker = worker(file.path());
        let panics = |_: &Db<'_>| -> Result<(), Fault> { panic!("part of the test") };
        for outcome in [worker.run(panics).await, worker.run(insert(1)).await] {
            let Err(RecordsError::Unavailable(text)) = outcome else { panic!("{outcome:?}") };
            assert!(text.ends_with("its thread has died; restart aftercall"), "{text}");
        }
    }
}
