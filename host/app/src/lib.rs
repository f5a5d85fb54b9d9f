//! The binary: configuration, command line, server, pages, demo.
//!
//! Only this crate reads the environment, the clock, randomness and the command line, and only it knows all
//! the others: [`app`] is the one place where they are put together.

pub mod config;

pub mod app;
pub mod clock;
pub mod compiler;
mod day_budgets;
pub mod forgetting;
mod grants;
pub mod halt;
pub mod host_key;
mod inbox;
mod live_tools;
pub mod prepare;
mod records;
mod take_in;
mod tenants;

pub mod page;
pub mod serve;

pub mod progress;
pub mod report;
pub mod story;

pub mod build;
pub mod demo;
pub mod scaffold;

pub mod cli;
pub mod command;

/// What a webhook is read into is freed by other threads than it was made by. The system's allocator takes a tenth of the
/// server's time for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
