//! Suites that cross crates: whole runs as data, real kills, the command line, the law of imports.

mod cases;
mod commands;
mod config;
mod imports;
mod kills;
mod serve;
mod support;
