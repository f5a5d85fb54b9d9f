//! Never twice, at every vendor: each writing tool of each plugin, run against the sandbox's vendors while one of its
//! writes is disturbed, and then settled as the host would: an idempotent one is tried again under the same key, of one
//! that is done once is asked whether it happened, again for as long as the plugin says that the vendor may lag. Whatever was
//! disturbed, the vendor has the effect once, also where it shows only at the lag's end what it did.
//!
//! The plugins run on the host target, without a component's walls: what stands between them and the vendors here is what
//! the host's door does, by the plugin's own manifest (`door`). Which tools, with what arguments, and what counts as the
//! effect, is data: `sets/*.toml` ([`set`]).

mod door;

pub mod plugins;
pub mod refused;
pub mod settle;
pub mod stage;

pub use aftercall_twice_set as set;
