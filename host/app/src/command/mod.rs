//! The commands, one a file.

pub mod demo;
pub mod serve;

pub mod one_call;
pub mod rehearse;
pub mod run;

pub mod forget;
pub mod inbox;
pub mod logs;
pub mod replay;
pub mod runs;
pub mod usage;

mod intervene;
mod settings;

pub mod build;
pub mod consent;
pub mod diff;
pub mod plugin;
