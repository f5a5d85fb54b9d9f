//! The loopback world: a model that plays its lines over the OpenAI Chat Completions wire format, and vendors that keep
//! state and answer as the real ones do, each on a listener of its own on 127.0.0.1. Tests and `demo` run against it.
//!
//! It refuses what the real services refuse: a history that the provider would answer with 400, a property that the CRM
//! does not know, a phone number that is none. It can be told to misbehave ([`Fault`]) and to keep a request waiting
//! ([`Held`]), so that a test needs no sleeping. It never leaves the loopback interface and never reads the clock: the
//! time is given to it.
//!
//! An endpoint is a synchronous function over its state (`endpoint`); sockets are the business of `door` alone.

mod sandbox;
mod service;

mod model;
mod vendors;

mod control;
mod door;
mod email;
mod endpoint;
mod fault;
mod log;
mod time;
mod world;

#[cfg(test)]
mod tests;

pub use door::HTTP_BODY_BYTES_MAX;
pub use fault::{ARMED_MAX, Fault, Held, Point, Rule, When};
pub use log::{Authorization, LOG_BYTES_MAX, Received};
pub use model::check;
pub use model::script::{self, Call, Line, LineFault, Scene, Script};
pub use sandbox::{Clock, Config, Credentials, Error, Sandbox};
pub use service::{Access, Service};
pub use world::State;
