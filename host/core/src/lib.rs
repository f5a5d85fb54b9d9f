//! The heart of aftercall: what a call, a tool, a grant and a run *are*, and every decision about them.
//!
//! Everything here is pure. There is no clock, no randomness and no I/O: instants and jitter arrive as
//! arguments, and the edges (model, tools, storage) implement the traits in [`ports`]. The same events
//! always give the same commands, which is what makes a live run, a recovery and a test one path.
//!
//! What this crate refuses: to import another crate of the workspace, to read the environment, to await
//! anything but a port.

pub mod id;
pub mod json;
pub mod limits;
pub mod secret;
pub mod time;

pub mod conversation;
pub mod facts;
pub mod gate;
pub mod left_out;
pub mod live;
pub mod repair;
pub mod window;

pub mod assistant;
pub mod binding;
pub mod cap;
pub mod consent;
pub mod constraint;
pub mod credential;
pub mod egress;
pub mod lint;
pub mod manifest;
pub mod model;
pub mod price;
pub mod schema;
pub mod shared;
pub mod signing;
pub mod terms;
pub mod timing;
pub mod tool;
pub mod usage;

pub mod claims;
pub mod effect;
pub mod forget;
pub mod inbox;
pub mod insights;
pub mod ledger;
pub mod run;
pub mod seed;
pub mod spent;
pub mod state;
pub mod timeline;

pub mod ports;
