//! The commands, one a file.

pub mod demo;
pub mod logs;
pub mod plugin;
pub mod run;
pub mod runs;
