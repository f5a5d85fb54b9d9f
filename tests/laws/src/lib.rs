//! What any engine must do, whatever carries its runs: one law suite over every engine.
//!
//! An engine shows that it obeys by implementing [`Engines`], [`Engine`] and [`Process`] for its tests, and having
//! [`each_law`] make a test of each law. Around it stands a [`World`] of this crate: models that play their lines,
//! vendors that keep state, and points at which a process is stopped, killed or left to wake up as a zombie. A law
//! judges by what came of that, and by what the records tell.
//!
//! What this crate refuses: to know any engine or storage (it depends on `core` alone), to take an engine's word for
//! what it did, and to count in seconds: laws count in moments, and the engine says how long one is.

mod broken;
mod engine;

mod world;

mod stage;

mod laws;

pub use broken::Broken;
pub use engine::{Engine, Engines, House, NotTaken, Process, Share, Time};
pub use laws::{LAWS, Law};
pub use world::{Life, World};
