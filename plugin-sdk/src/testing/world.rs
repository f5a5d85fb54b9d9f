//! What stands behind the context of a test.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;

use http::{Request, Response};
use serde_json::{Map, Value};

use super::conversation::{Call, Shown};
use super::signing::Keys;
use super::state::Space;
use super::{Reply, Sent, kept};
use crate::transport::{Host, TransportError};
use crate::{ConversationError, Entry, Level, Said, SigningError, StateError};

#[derive(Debug)]
pub(crate) struct World {
    pub(super) settings: RefCell<Value>,
    pub(super) now: Cell<u64>,
    pub(super) expected: RefCell<VecDeque<(String, Reply)>>,
    pub(super) answers: RefCell<Option<Answers>>,
    pub(super) sent: RefCell<Vec<Sent>>,
    pub(super) logged: RefCell<Vec<(Level, String)>>,
    pub(super) space: RefCell<Space>,
    pub(super) call: RefCell<Call>,
    pub(super) keys: RefCell<Keys>,
    /// What kind of call it is, where it is one that sends reads alone.
    pub(super) reads: Cell<Option<&'static str>>,
}

/// Whoever answers what isn't expected.
pub(super) struct Answers(pub(super) Box<dyn FnMut(&Sent) -> Reply>);

impl fmt::Debug for Answers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Answers")
    }
}

impl World {
    /// At this time, with no settings, nothing granted and no request expected.
    pub(super) fn at(now_ms: u64) -> Self {
        Self {
            settings: RefCell::new(Value::Object(Map::new())),
            now: Cell::new(now_ms),
            expected: RefCell::default(),
            answers: RefCell::default(),
            sent: RefCell::default(),
            logged: RefCell::default(),
            space: RefCell::default(),
            call: RefCell::default(),
            keys: RefCell::default(),
            reads: Cell::new(None),
        }
    }

    /// Begins a call.
    pub(super) fn begin(&self, rehearses: bool) {
        self.space.borrow_mut().begin(rehearses);
        self.keys.borrow_mut().rehearses = rehearses;
        self.reads.set(None);
    }
}

impl Host for World {
    fn settings(&self) -> String {
        self.settings.borrow().to_string()
    }

    fn log(&self, level: Level, message: &str) {
        self.logged.borrow_mut().push((level, message.to_owned()));
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    async fn send(&self, request: Request<Vec<u8>>, reads: bool) -> Result<Response<Vec<u8>>, TransportError> {
        let sent = Sent { request, reads };
        let line = sent.line();
        let expected = self.expected.borrow_mut().pop_front();
        let reply = match (expected, self.answers.borrow_mut().as_mut()) {
            (Some((expected, reply)), _) if expected == line => reply,
            (Some((expected, _)), _) => panic!("the plugin sent {line}; expected was {expected}"),
            (None, Some(Answers(answer))) => answer(&sent),
            (None, None) => panic!("the plugin sent {line}; no request was expected"),
        };
        #[cfg(feature = "manifest")]
        super::manifest::check_own(&sent, self.reads.get());
        kept::keep(&sent, &reply);
        self.sent.borrow_mut().push(sent);
        reply.0
    }

    fn state_get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        self.space.borrow().get(key)
    }

    fn state_put(&self, key: &str, value: &[u8]) -> Result<u64, StateError> {
        self.space.borrow_mut().put(key, value, |_| true)
    }

    fn state_put_if(&self, key: &str, value: &[u8], version: Option<u64>) -> Result<u64, StateError> {
        self.space.borrow_mut().put(key, value, |found| found == version)
    }

    fn state_delete(&self, key: &str) -> Result<(), StateError> {
        self.space.borrow_mut().delete(key)
    }

    fn state_keys(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StateError> {
        self.space.borrow().keys(prefix, after)
    }

    fn items(&self, after: Option<&str>) -> Result<Vec<Said>, ConversationError> {
        self.call.borrow().page(after)
    }

    fn summary(&self) -> Result<Option<String>, ConversationError> {
        let call = self.call.borrow();
        call.check(Shown::Summary)?;
        Ok(call.summary.clone())
    }

    fn variables(&self) -> Result<String, ConversationError> {
        let call = self.call.borrow();
        call.check(Shown::Summary)?;
        Ok(Value::Object(call.variables.clone()).to_string())
    }

    fn hmac(&self, key: &str, payload: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.keys.borrow().hmac(key, payload)
    }

    fn jwt(&self, key: &str, claims: &str) -> Result<String, SigningError> {
        self.keys.borrow().jwt(key, claims)
    }
}
