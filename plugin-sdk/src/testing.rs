//! A fake of everything outside a plugin, for unit tests on the host target.
//!
//! A test says which requests it expects and how each is answered, in their order; anything else fails the
//! test, and so does an expected request that isn't made. What was sent is there to look at.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;
use std::task::{self, Poll, Waker};

use http::{Request, Response, StatusCode};
use serde_json::Value;

use crate::bindings::aftercall::tool::types;
use crate::transport::{Host, Sending, TransportError};
use crate::{Context, Failure, Finding, Level, Outcome, Plugin};

/// How the fake answers a request.
#[derive(Debug)]
pub struct Reply(Result<Response<Vec<u8>>, TransportError>);

/// A request that the plugin sent.
#[derive(Clone, Debug)]
pub struct Sent {
    request: Request<Vec<u8>>,
}

/// The world outside of one plugin in one test.
#[derive(Debug)]
#[must_use]
pub struct Fake {
    attempt: types::Context,
    world: Rc<World>,
}

#[derive(Debug)]
struct World {
    settings: RefCell<Value>,
    now: Cell<u64>,
    expected: RefCell<VecDeque<(String, Reply)>>,
    sent: RefCell<Vec<Sent>>,
    logged: RefCell<Vec<(Level, String)>>,
}

/// Runs a tool to its end. The fake never makes it wait.
///
/// # Panics
/// Where the future waits for something else.
pub fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the tool waits for something that isn't behind its context"),
    }
}

impl Reply {
    /// A response with a JSON body.
    ///
    /// # Panics
    /// Where this is no HTTP status.
    pub fn json(status: u16, body: Value) -> Self {
        Self::text(status, body.to_string())
    }

    /// A response with any text as its body.
    ///
    /// # Panics
    /// Where this is no HTTP status.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        let mut response = Response::new(body.into().into_bytes());
        *response.status_mut() = StatusCode::from_u16(status).expect("a test gives an HTTP status");
        Self(Ok(response))
    }

    /// No response: the request may have arrived, and the connection broke.
    pub fn cut() -> Self {
        Self(Err(TransportError::Cut("the connection broke".to_owned())))
    }

    /// No response: the vendor couldn't be reached.
    pub fn unreachable() -> Self {
        Self(Err(TransportError::Unreachable("connection refused".to_owned())))
    }

    /// No response: the grant doesn't allow the request.
    pub fn denied() -> Self {
        Self(Err(TransportError::Denied))
    }

    /// Adds a header to a response.
    ///
    /// # Panics
    /// Where the header is none, or this is no response.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        let response = self.0.as_mut().expect("only a response has headers");
        let value = value.parse().expect("a test gives a header that can be sent");
        response.headers_mut().append(name, value);
        self
    }
}

impl Sent {
    /// The method and the URL without its query, as a test expects them.
    pub fn line(&self) -> String {
        let text = self.request.uri().to_string();
        let url = text.split('?').next().unwrap_or_default();
        format!("{} {url}", self.request.method())
    }

    /// The query's parameters, decoded, in their order.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.request.uri().query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// A header, where it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The body as text.
    ///
    /// # Panics
    /// Where it isn't UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.request.body()).expect("the body that was sent is text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it isn't JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.request.body()).expect("the body that was sent is JSON")
    }

    /// The fields of a form, decoded, in their order.
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.request.body()).into_owned().collect()
    }
}

impl Default for Fake {
    fn default() -> Self {
        Self::new()
    }
}

impl Fake {
    /// A first attempt at a call, at a fixed time, with no settings, no facts and no request expected.
    pub fn new() -> Self {
        let now = 1_767_225_600_000;
        Self {
            attempt: types::Context {
                conversation: "conversation-1".to_owned(),
                run: "run-1".to_owned(),
                idempotency_key: "key1".to_owned(),
                attempt: 1,
                first_attempt_at: now,
                attempt_at: now,
                deadline: now + 30_000,
                dry_run: false,
                facts: Vec::new(),
            },
            world: Rc::new(World {
                settings: RefCell::new(Value::Object(serde_json::Map::new())),
                now: Cell::new(now),
                expected: RefCell::default(),
                sent: RefCell::default(),
                logged: RefCell::default(),
            }),
        }
    }

    /// Sets the plugin's settings.
    pub fn settings(self, settings: Value) -> Self {
        self.world.settings.replace(settings);
        self
    }

    /// Adds a fact that the grant lets the plugin see.
    pub fn fact(mut self, name: &str, value: &Value) -> Self {
        let value = value.to_string();
        let name = name.to_owned();
        self.attempt.facts.push(types::Fact { name, value });
        self
    }

    /// Sets the idempotency key.
    pub fn key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.attempt.idempotency_key);
        self
    }

    /// Sets which attempt this is, from 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt.attempt = attempt;
        self
    }

    /// Sets when the effect was first tried, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn first_attempt_at(mut self, at_ms: u64) -> Self {
        self.attempt.first_attempt_at = at_ms;
        self
    }

    /// When the attempt began, or in `reconcile` the one in doubt, in milliseconds.
    pub fn attempt_at(mut self, at_ms: u64) -> Self {
        self.attempt.attempt_at = at_ms;
        self
    }

    /// Sets the time now, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn now(self, at_ms: u64) -> Self {
        self.world.now.set(at_ms);
        self
    }

    /// Makes this a rehearsal.
    pub fn dry_run(mut self) -> Self {
        self.attempt.dry_run = true;
        self
    }

    /// Expects a request after those expected before: `METHOD URL`, the URL without its query.
    pub fn expect(self, line: &str, reply: Reply) -> Self {
        self.world.expected.borrow_mut().push_back((line.to_owned(), reply));
        self
    }

    /// The context of the attempt, for a tool that is called as a function.
    pub fn context(&self) -> Context {
        Context::new(self.attempt.clone(), self.world.clone())
    }

    /// Calls a tool as the host does.
    ///
    /// # Errors
    /// The tool's own, and `invalid-arguments` where the arguments don't fit.
    pub fn call<P: Plugin>(&self, tool: &str, arguments: Value) -> Result<Outcome, Failure> {
        block_on(P::call_tool(tool, &arguments.to_string(), &self.context()))
    }

    /// Asks whether a tool's effect happened, as the host does.
    ///
    /// # Errors
    /// The tool's own, and `invalid-arguments` where the arguments don't fit.
    pub fn reconcile<P: Plugin>(&self, tool: &str, arguments: Value) -> Result<Finding, Failure> {
        block_on(P::reconcile(tool, &arguments.to_string(), &self.context()))
    }

    /// The requests that were sent, in their order.
    pub fn sent(&self) -> Vec<Sent> {
        self.world.sent.borrow().clone()
    }

    /// The lines that were logged, in their order.
    pub fn logged(&self) -> Vec<(Level, String)> {
        self.world.logged.borrow().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let expected = self.world.expected.borrow();
        if let Some((line, _)) = expected.front()
            && !std::thread::panicking()
        {
            panic!("the plugin didn't send {line}, nor what was expected after it");
        }
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

    fn send(&self, request: Request<Vec<u8>>) -> Sending<'_> {
        let sent = Sent { request };
        let line = sent.line();
        let reply = match self.expected.borrow_mut().pop_front() {
            Some((expected, reply)) if expected == line => reply,
            Some((expected, _)) => panic!("the plugin sent {line}; expected was {expected}"),
            None => panic!("the plugin sent {line}; no request was expected"),
        };
        self.sent.borrow_mut().push(sent);
        Box::pin(std::future::ready(reply.0))
    }
}
