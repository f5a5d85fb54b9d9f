//! One request of a call, answered by its vendor's refusal in the place of what the vendor would have done.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use aftercall::testing::{Reply, Sent};
use aftercall::{Failure, Finding, Outcome};
use aftercall_core::egress::Sends;
use aftercall_sandbox::Service;
use http::Response;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::door::Door;
use crate::settle::Stuck;
use crate::stage::{Asked, Stage, listed};
use aftercall_twice_set::{Call, Set, filled};

/// A request that a tool sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom it asks.
    pub service: Service,
    /// In capitals.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Whether the plugin's manifest has it as one that changes nothing.
    pub reads: bool,
}

/// What is asked of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// To do what it does.
    Call,
    /// Whether what it did before happened.
    Reconcile,
}

/// What a tool said.
#[derive(Debug)]
pub enum Said {
    /// What it did.
    Did(Outcome),
    /// What it found of what it did before.
    Found(Finding),
}

/// What came of a question.
#[derive(Debug)]
pub struct Answered {
    /// When it was asked, in milliseconds since 1970.
    pub at_ms: u64,
    /// In their order.
    pub requests: Vec<Request>,
    /// What the tool made of the answers.
    pub result: Result<Said, Failure>,
}

/// A tool that is about to be asked, and all that stands around it.
struct Prepared {
    stage: Stage,
    tool: String,
    arguments: Value,
    question: Question,
    /// When the effect was first tried, in milliseconds since 1970.
    first_attempt_at: u64,
    /// What the plugin keeps then, by key.
    kept: BTreeMap<String, Vec<u8>>,
}

/// A question that nothing disturbed, which can be asked again with one of its requests refused.
pub struct Undisturbed<'a> {
    set: &'a Set,
    calls: (&'a [Call], &'a Call),
    runtime: &'a Runtime,
    prepared: Prepared,
    /// What came of it.
    pub answered: Answered,
    replies: Rc<RefCell<Vec<Response<Vec<u8>>>>>,
}

impl<'a> Undisturbed<'a> {
    /// Asks a tool once, after the calls before it. Of what it did, it is asked once it was done.
    ///
    /// # Errors
    /// A call before it failed.
    pub fn ask(
        set: &'a Set,
        calls: (&'a [Call], &'a Call),
        question: Question,
        runtime: &'a Runtime,
    ) -> Result<Self, Stuck> {
        let prepared = Prepared::new(set, calls, question, runtime)?;
        let replies = Rc::new(RefCell::new(Vec::new()));
        let (mut door, recorded) = (prepared.door(), replies.clone());
        let note = move |response: &Response<Vec<u8>>| recorded.borrow_mut().push(response.clone());
        let answered = prepared.ask(move |sent| door.answer_noted(sent, &note));
        Ok(Self { set, calls, runtime, prepared, answered, replies })
    }

    /// Asks again. The request of this number, from 0, doesn't arrive, and is answered so.
    pub fn refused(&self, at: usize, refusal: &Response<Vec<u8>>) -> Answered {
        // Up to there all is as it was. Most tools stop there, and those that go on are asked in a world of their own.
        let mut replies = self.replies.borrow()[..at].to_vec();
        replies.push(refusal.clone());
        let mut replies = replies.into_iter();
        let again = self.prepared.ask(move |_| replies.next().map_or_else(Reply::cut, Reply::from));
        if again.requests.len() <= at + 1 {
            return again;
        }
        let prepared = Prepared::new(self.set, self.calls, self.prepared.question, self.runtime);
        let prepared = prepared.expect("it is prepared as before");
        let (mut door, mut refusal, mut number) = (prepared.door(), Some(refusal.clone()), 0);
        let answered = prepared.ask(move |sent| {
            number += 1;
            let refused = refusal.take_if(|_| number == at + 1);
            refused.map_or_else(|| door.answer(sent), Reply::from)
        });
        prepared.end(self.runtime);
        answered
    }

    /// Ends its world.
    pub fn end(self) {
        self.prepared.end(self.runtime);
    }
}

impl Prepared {
    fn new(set: &Set, (before, call): (&[Call], &Call), question: Question, runtime: &Runtime) -> Result<Self, Stuck> {
        let stage = Stage::set(set, runtime);
        let earlier = stage.carry_out_before(before)?;
        let (tool, arguments) = (call.tool.clone(), filled(&call.arguments, &earlier));
        let first_attempt_at = stage.now();
        if question == Question::Reconcile {
            let asked = stage.asked(&tool, arguments.clone());
            let before = |failure| Stuck::Before { tool: tool.clone(), failure };
            stage.attempt(&asked, 1).map_err(before)?;
            stage.wait(1_000);
        }
        let kept = stage.kept.as_ref().map(|kept| kept.borrow().clone()).unwrap_or_default();
        Ok(Self { stage, tool, arguments, question, first_attempt_at, kept })
    }

    fn asked(&self) -> Asked<'_> {
        let first_attempt_at = self.first_attempt_at;
        Asked { first_attempt_at, ..self.stage.asked(&self.tool, self.arguments.clone()) }
    }

    fn door(&self) -> Door {
        let sends = match self.question {
            Question::Call => Sends::Anything,
            Question::Reconcile => Sends::ReadsOf("reconcile"),
        };
        Door::new(self.stage.street.clone(), self.asked().key, sends)
    }

    fn ask(&self, answers: impl FnMut(&Sent) -> Reply + 'static) -> Answered {
        let Self { stage, tool, arguments, question, first_attempt_at, kept } = self;
        if let Some(own) = &stage.kept {
            own.replace(kept.clone());
        }
        let outside = stage.outside(&self.asked(), 1, *first_attempt_at, Sends::Anything).answers(answers);
        stage.within(outside, |outside| {
            let result = match question {
                Question::Call => (stage.exports.call)(outside, tool, arguments.clone()).map(Said::Did),
                Question::Reconcile => (stage.exports.reconcile)(outside, tool, arguments.clone()).map(Said::Found),
            };
            let requests = outside.sent().iter().map(|sent| stage.street.request(sent)).collect();
            Answered { at_ms: stage.now(), requests, result }
        })
    }

    fn end(self, runtime: &Runtime) {
        runtime.block_on(self.stage.sandbox.shutdown());
    }
}

/// The tools of a set that can be asked whether what they did happened.
///
/// # Panics
/// Where the plugin refuses the settings.
pub fn reconcilable_tools(set: &Set) -> Vec<String> {
    listed(set).into_iter().filter(|tool| tool.reconcilable).map(|tool| tool.name).collect()
}
