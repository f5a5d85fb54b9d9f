//! The soak: the real binary at load, killed again and again; and what else can go wrong around it, one at a time.
//!
//! A world of played vendors outlives the server. What must hold at the end is always the same: each call that was
//! accepted has one run, each run has ended well, and each vendor holds what the calls asked for, once.
//!
//! `AFTERCALL_KILLS` says how often the server is killed; `AFTERCALL_SEED` repeats the choices of a run that was printed.

mod account;
mod calls;
mod platform;
mod world;

mod clock;
mod full;
mod kills;
mod late;
mod locked;
mod torn;
