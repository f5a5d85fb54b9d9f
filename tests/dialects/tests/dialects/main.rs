//! A call from any platform goes on in any dialect, with nothing lost.

mod parts;
mod replies;
mod request;
mod whole;

mod broken;
mod rng;

mod corpus;
mod law;
mod parameters;
mod schemas;
mod streams;
mod words;
