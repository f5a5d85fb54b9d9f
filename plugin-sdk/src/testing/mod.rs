//! A fake of everything outside a plugin, for unit tests on the host target.
//!
//! A test says which requests it expects and how each is answered, in their order; anything else fails the
//! test, and so does an expected request that isn't made. Or a function answers what isn't expected, such as a played
//! vendor. What was sent is there to look at, and so is what is kept. Nothing is granted until a test says so.
//!
//! With the crate's feature `manifest`, a plugin's tests also fail by a request that its `plugin.toml` doesn't ask for, by a write
//! that it marks as a read, and by a write of a tool that reads, or of a `reconcile`. In the plugin's `Cargo.toml`:
//!
//! ```toml
//! [dev-dependencies]
//! aftercall-sdk = { workspace = true, features = ["manifest"] }
//! ```
//!
//! With `AFTERCALL_SENT=FOLDER` in the environment, each request is also added to a file there with the answer that the test
//! played, a line of JSON each: a check of all of them against a vendor's own document needs no change of the tests.

mod fake;
mod reply;
mod sent;

mod kept;
#[cfg(feature = "manifest")]
mod manifest;

mod conversation;
mod signing;
mod state;
mod world;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use self::conversation::Shown;
pub use self::fake::Fake;
pub use self::reply::Reply;
pub use self::sent::Sent;
pub(crate) use self::world::World;

/// Runs a tool to its end. The fake never makes it wait.
///
/// # Panics
/// Where the future waits for something else.
pub fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the tool waits for something that isn't behind its context"),
    }
}
