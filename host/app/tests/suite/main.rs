//! Suites that cross crates: whole runs as data, real kills, deletion, secrets that are nowhere, the command line, the law of imports.

mod canary;
mod cases;
mod commands;
mod config;
mod consents;
mod dialects;
mod forget;
mod frameworks;
mod imports;
mod inbox;
mod kills;
mod live_tools;
mod people;
mod platforms;
mod reference;
mod serve;
mod served;
mod support;
mod twice;
