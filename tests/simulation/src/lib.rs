//! A seed makes a world, and the engine lives and dies in it.
//!
//! The engine is the real one. Around it, everything that it could tell from the real world is a double that a
//! seed decides: the calls that arrive, what the model says, how vendors answer, when the disk fails, when the
//! process dies, and what time it is. The same seed is the same story, to the last event. After it, [`Law`]s
//! are held against what happened; a broken one names the seed that replays it.
//!
//! What this crate refuses: real time, real randomness, and to look into the engine. It speaks to it through
//! its ports, and judges it by what came of that.

mod dice;
mod workload;

mod world;

mod disk;
mod model;
mod process;
mod records;
mod vendors;

mod laws;
mod mutations;

mod life;
mod people;
mod simulate;

pub use laws::{Broken, Law};
pub use mutations::Mutation;
pub use simulate::{Report, simulate};
