//! A call from any platform goes on in any dialect, with nothing lost: the suite is in `tests/`.
//!
//! Here is what it judges by: a reader of each provider's request bodies, written from the providers' formats and not
//! from the code that writes them. What it refuses: to know how a body came to be.

mod told;

mod formats;

pub use told::{Side, Told, told};
