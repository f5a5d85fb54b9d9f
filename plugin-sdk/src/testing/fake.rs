//! One plugin's world in one test: what is there before the call, and what is to be seen after it.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::conversation::Call;
use super::world::{Answers, World};
use super::{Reply, Sent, Shown, block_on};
use crate::bindings::aftercall::tool::types;
use crate::{Context, Effect, Failure, Finding, Level, Outcome, Plugin};

/// The world outside of one plugin in one test.
#[derive(Debug)]
#[must_use]
pub struct Fake {
    attempt: types::Context,
    world: Rc<World>,
}

impl Default for Fake {
    fn default() -> Self {
        Self::new()
    }
}

impl Fake {
    /// A first attempt at a call, at a fixed time, with no settings, nothing granted and no request expected.
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
                doubted: false,
                quiet_since: None,
                deadline: now + 30_000,
                dry_run: false,
                facts: Vec::new(),
            },
            world: Rc::new(World::at(now)),
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

    /// When the attempt began, or in `reconcile` the one in doubt, in milliseconds. That one ended at once, unless
    /// [`quiet_since`](Fake::quiet_since) says otherwise.
    pub fn attempt_at(mut self, at_ms: u64) -> Self {
        self.attempt.attempt_at = at_ms;
        self
    }

    /// Makes an earlier attempt one that may have made the effect happen.
    pub fn doubted(mut self) -> Self {
        self.attempt.doubted = true;
        self
    }

    /// Since when nothing of the attempt in doubt can have left, in milliseconds: for `reconcile`.
    pub fn quiet_since(mut self, at_ms: u64) -> Self {
        self.attempt.quiet_since = Some(at_ms);
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

    /// Grants the plugin a space in which it keeps things.
    pub fn grants_state(self) -> Self {
        self.world.space.borrow_mut().granted = true;
        self
    }

    /// Grants a space in which something is kept already.
    ///
    /// # Panics
    /// Where the host wouldn't keep it.
    pub fn keeps(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.world.space.borrow_mut().seed(key, value.as_ref());
        self
    }

    /// Grants a space that is full with so many keys, or with so many bytes of keys and values together.
    pub fn state_quota(self, keys_max: usize, bytes_max: usize) -> Self {
        self.world.space.borrow_mut().limit(keys_max, bytes_max);
        self
    }

    /// Sets how much of the conversation is granted, in place of what the summary, the variables and the items given
    /// before have opened.
    pub fn shows(self, shown: Shown) -> Self {
        self.world.call.borrow_mut().shown = shown;
        self
    }

    /// Gives the call a summary by its platform, and grants it.
    pub fn summary(self, summary: &str) -> Self {
        self.with_call(Shown::Summary, |call| call.summary = Some(summary.to_owned()))
    }

    /// Gives the call variables by its platform, and grants them.
    ///
    /// # Panics
    /// Where they are no object.
    pub fn variables(self, variables: Value) -> Self {
        let Value::Object(variables) = variables else { panic!("a call's variables are an object") };
        self.with_call(Shown::Summary, |call| call.variables = variables)
    }

    /// Adds an item to the transcript, and grants it. The role is `caller`, `assistant`, `tool-call` or `tool-result`.
    pub fn said(self, role: &str, text: &str) -> Self {
        self.with_call(Shown::Transcript, |call| call.say(role, text))
    }

    /// Grants a key of this name to sign with: HMAC and SHA-256 with this secret, also for a token (`HS256`), which
    /// has the claims as the plugin gives them.
    pub fn signs(self, key: &str, secret: impl AsRef<[u8]>) -> Self {
        self.world.keys.borrow_mut().secrets.insert(key.to_owned(), secret.as_ref().to_vec());
        self
    }

    /// Expects a request after those expected before: `METHOD URL`, the URL without its query.
    pub fn expect(self, line: &str, reply: Reply) -> Self {
        self.world.expected.borrow_mut().push_back((line.to_owned(), reply));
        self
    }

    /// Has each request answered that isn't expected: by a played vendor, or by anything else that answers any request.
    pub fn answers(self, answer: impl FnMut(&Sent) -> Reply + 'static) -> Self {
        self.world.answers.replace(Some(Answers(Box::new(answer))));
        self
    }

    /// The context of the attempt, for a tool that is called as a function.
    pub fn context(&self) -> Context {
        self.attempt_as(types::Context { quiet_since: None, ..self.attempt.clone() })
    }

    /// Calls a tool as the host does.
    ///
    /// # Errors
    /// The tool's own, and `invalid-arguments` where the arguments don't fit.
    pub fn call<P: Plugin>(&self, tool: &str, arguments: Value) -> Result<Outcome, Failure> {
        let context = self.context();
        if cfg!(feature = "manifest") {
            let tools = P::list_tools(&self.world.settings.borrow().to_string()).unwrap_or_default();
            let reads = tools.iter().any(|each| each.name == tool && each.effect == Effect::Read);
            self.world.reads.set(reads.then_some("a tool that reads"));
        }
        block_on(P::call_tool(tool, &arguments.to_string(), &context))
    }

    /// Asks whether a tool's effect happened, as the host does.
    ///
    /// # Errors
    /// The tool's own, and `invalid-arguments` where the arguments don't fit.
    pub fn reconcile<P: Plugin>(&self, tool: &str, arguments: Value) -> Result<Finding, Failure> {
        let attempt = &self.attempt;
        let quiet_since = attempt.quiet_since.or(Some(attempt.attempt_at));
        let context = self.attempt_as(types::Context { doubted: true, quiet_since, ..attempt.clone() });
        self.world.reads.set(Some("a reconcile"));
        block_on(P::reconcile(tool, &arguments.to_string(), &context))
    }

    /// The requests that were sent, in their order.
    pub fn sent(&self) -> Vec<Sent> {
        self.world.sent.borrow().clone()
    }

    /// The lines that were logged, in their order.
    pub fn logged(&self) -> Vec<(Level, String)> {
        self.world.logged.borrow().clone()
    }

    /// What is kept now, by key. What a rehearsal wrote isn't.
    pub fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        self.world.space.borrow().values()
    }

    fn attempt_as(&self, attempt: types::Context) -> Context {
        self.world.begin(attempt.dry_run);
        Context::new(attempt, self.world.clone())
    }

    fn with_call(self, shown: Shown, change: impl FnOnce(&mut Call)) -> Self {
        let mut call = self.world.call.borrow_mut();
        call.show(shown);
        change(&mut call);
        drop(call);
        self
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
