//! A timer that always ends soon.
//!
//! Each call and each request has a time limit, which is far off and almost never reached. A runtime wakes the thread that
//! waits for its sockets whenever a timer is set that ends before all others: a system call, and one more look at all
//! sockets, for each request of a host that has nothing else to do. Where a timer is set that ends sooner, it does not.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, task::JoinHandle, time::sleep};

/// How often it ends: rarely enough to cost nothing, and sooner than any time limit that is worth its name.
const PERIOD: Duration = Duration::from_millis(250);

/// The timer, as long as this lives.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat(Mutex<Option<JoinHandle<()>>>);

impl Heartbeat {
    /// Sets it in the runtime of the caller, unless it is set. Without a runtime there are no timers to care for.
    pub(crate) fn begin(&self) {
        let mut beating = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if beating.as_ref().is_none_or(JoinHandle::is_finished)
            && let Ok(runtime) = Handle::try_current()
        {
            *beating = Some(runtime.spawn(async {
                loop {
                    sleep(PERIOD).await;
                }
            }));
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if let Some(beating) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner) {
            beating.abort();
        }
    }
}
