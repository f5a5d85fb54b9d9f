//! Work that is done to its end although whoever waited for it has gone.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// A future that goes on in a task of its own when it is dropped before its end. Most are waited for, and need none.
pub(super) struct Finishing<F>(Option<Pin<Box<F>>>)
where
    F: Future<Output: Send> + Send + 'static;

impl<F> Finishing<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    pub(super) fn of(work: F) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<F> Future for Finishing<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let work = self.0.as_mut().expect("it isn't polled after its end");
        let polled = work.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F> Drop for Finishing<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        // Without a runtime nothing goes on, nor anything else.
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            drop(runtime.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, poll};
    use tokio::sync::{mpsc, oneshot};

    use super::*;

    #[tokio::test]
    async fn what_is_waited_for_gives_what_it_comes_to() {
        assert_eq!(Finishing::of(async { 1 }).await, 1);
    }

    #[tokio::test]
    async fn what_is_dropped_goes_on() {
        let (go_on, told) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut work = Finishing::of(async move {
            told.await.expect("it is told");
            done.send(()).expect("somebody waits");
        });
        assert!(poll!(&mut work).is_pending());
        drop(work);
        go_on.send(()).expect("it goes on");
        is_done.await.expect("it came to its end");
    }

    #[tokio::test]
    async fn what_ended_is_not_done_again() {
        let (done, mut is_done) = mpsc::unbounded_channel();
        let work = Finishing::of(async move { done.send(1).expect("somebody waits") });
        assert_eq!(work.now_or_never(), Some(()));
        assert_eq!((is_done.recv().await, is_done.recv().await), (Some(1), None));
    }
}
