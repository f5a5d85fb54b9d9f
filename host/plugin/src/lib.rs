//! The plugin host: runs WebAssembly components that anybody may have written, inside a tenant's grants.
//!
//! A component gets a fresh instance for each call, an inert base, its settings, a log, and requests through
//! the egress door. It gets no file, no socket, no environment, no credential, and nothing of another call.
//! All [`limits`] are on by default.
//!
//! What this crate refuses: to decide what may leave (core's policy does), what may be repeated (core's ledger
//! does), to follow a redirect where it was not decided about, to take compiled code from anywhere but its own cache, and to read the
//! environment, the wall clock or the command line.
//!
//! Components that compute take turns, tenant by tenant, and never on all cores. An embedder's runtime needs more
//! workers than [`HostConfig::computing_max`], so that some are left for timers and sockets.

pub mod limits;
mod text;

pub mod artifact;
mod bindings;
mod contract;
mod describe;

pub mod cache;
mod compile;
mod engine;

mod admission;
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), path = "arena/none.rs")]
mod arena;
mod code;
mod entrance;
mod meter;
mod native;

mod capabilities;
pub mod credential;
mod door;
pub mod signing;

mod call;
pub mod grant;
mod host;
mod in_use;
mod instance;
mod made;
mod settings;

#[doc(hidden)]
pub mod bare;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use aftercall_core::ports::Tools;
pub use artifact::{Artifact, embed};
pub use cache::CodeCache;
pub use code::Error as ComponentError;
pub use compile::{CompileLimits, Compiler, CompilerProcess, compile_in_this_process_alone};
pub use describe::Error as DescriptionError;
#[cfg(fuzzing)]
pub use door::fuzzing;
pub use door::{Reroutes, Resolver, SystemResolver};
pub use grant::Grant;
pub use host::{Error, HostConfig, Installed, PluginHost};
pub use in_use::InUse;
pub use ipnet::IpNet;
pub use limits::Limits;
pub use made::{Made, Unfit};
pub use url::Url;
