//! Each request of each call, answered with each error that its vendor documents.

use std::collections::BTreeMap;
use std::thread;

use aftercall::Failure;
use aftercall_contracts_tests::openapi::Contract;
use aftercall_contracts_tests::sent::{Answer, Sent};
use aftercall_sandbox::Service;
use aftercall_twice::refused::{self, Question, Request, Said, Undisturbed};
use tokio::runtime::Runtime;

use crate::calls::Scene;
use crate::documents;
use crate::expected::Refused;
use crate::vendor::{Error, Vendor};

/// A request that was refused, and what came of its call.
#[derive(Debug)]
pub struct Played {
    /// The set of the call.
    pub set: String,
    /// The plugin and the tool.
    pub tool: String,
    /// Whose request it was.
    pub service: Service,
    /// What it was asked.
    pub question: Question,
    /// The request, and how it was answered.
    pub sent: Sent,
    /// Whether it is one that changes nothing.
    pub reads: bool,
    /// Whether an earlier request of the same call has written.
    pub after_write: bool,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What it was answered with.
    pub error: Error,
    /// What came of it.
    pub result: Result<Said, Failure>,
}

/// Plays all of it, on as many threads as there are processors.
///
/// # Panics
/// Where a call fails that nothing disturbs, or asks a vendor without a file: that is a mistake in the data.
pub fn all(scenes: &[Scene<'_>], vendors: &BTreeMap<Service, Vendor>, contracts: &[Contract]) -> Vec<Played> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let part = |first: usize| {
        let runtime = Runtime::new().expect("a runtime");
        let own = scenes.iter().skip(first).step_by(threads);
        let asked = own.flat_map(|scene| [(scene, Question::Call), (scene, Question::Reconcile)]);
        asked.flat_map(|(scene, question)| of_scene(scene, question, vendors, contracts, &runtime)).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("no call panics")).collect()
    })
}

fn of_scene(
    scene: &Scene<'_>,
    question: Question,
    vendors: &BTreeMap<Service, Vendor>,
    contracts: &[Contract],
    runtime: &Runtime,
) -> Vec<Played> {
    let Scene { set, before, call } = scene;
    if question == Question::Reconcile && !refused::reconcilable_tools(set).contains(&call.tool) {
        return Vec::new();
    }
    let tool = format!("{} {}", set.plugin, call.tool);
    let undisturbed = Undisturbed::ask(set, (before, call), question, runtime);
    let undisturbed = undisturbed.unwrap_or_else(|why| panic!("{}: {why:?}", set.name));
    if let Err(failure) = &undisturbed.answered.result {
        panic!("{}: {tool} fails undisturbed: {failure:?}", set.name);
    }
    let (mut played, mut after_write) = (Vec::new(), false);
    for (at, request) in undisturbed.answered.requests.iter().enumerate() {
        let vendor = vendors.get(&request.service);
        let vendor = vendor.unwrap_or_else(|| panic!("vendors/ has no file of {:?}", request.service));
        for error in errors(vendor, request, contracts) {
            let came = undisturbed.refused(at, error.answer());
            played.push(Played {
                set: set.name.clone(),
                tool: tool.clone(),
                question,
                service: request.service,
                sent: sent(set.plugin.as_str(), request, Some(&error)),
                reads: request.reads,
                after_write,
                at_ms: came.at_ms,
                error,
                result: came.result,
            });
        }
        after_write |= !request.reads;
    }
    undisturbed.end();
    played
}

/// The errors that a request may be answered with: those of the vendor's rows, and the document's examples for the first of
/// each status.
fn errors(vendor: &Vendor, request: &Request, contracts: &[Contract]) -> Vec<Error> {
    let asked = sent("", request, None);
    let mut errors: Vec<Error> = vendor.errors().into_iter().filter(|error| vendor.may_answer(error, &asked)).collect();
    let Some(operation) = documents::operation(contracts, &asked) else { return errors };
    let mut statuses = Vec::new();
    for error in errors.clone() {
        if !statuses.contains(&error.status) {
            statuses.push(error.status);
            errors.extend(documents::examples(&operation, &error));
        }
    }
    errors
}

/// A request as the checks of documents have it.
fn sent(package: &str, request: &Request, answered: Option<&Error>) -> Sent {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let answer = answered.map(Error::answer).map(|answer| Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
        body: text(answer.body()),
    });
    let url = request.url.parse().expect("it was sent there");
    Sent {
        package: package.to_owned(),
        method: request.method.clone(),
        url,
        headers: BTreeMap::new(),
        body: String::new(),
        answer,
    }
}

impl Played {
    /// The request that is refused, as the data speaks of it.
    pub fn refused(&self) -> Refused<'_> {
        let Self { tool, question, sent, reads, after_write, at_ms, error, .. } = self;
        Refused { tool, question: *question, sent, reads: *reads, after_write: *after_write, at_ms: *at_ms, error }
    }

    /// Which refusal it was, for people.
    pub fn told(&self) -> String {
        let Self { tool, question, sent, after_write, error, .. } = self;
        let when = match (question, after_write) {
            (Question::Reconcile, _) => ", in reconcile",
            (Question::Call, true) => ", after a write",
            (Question::Call, false) => "",
        };
        let code = error.code.as_deref().unwrap_or_default();
        format!("{tool}: {} {} answered with {} {code}{when}", sent.method, sent.url.path(), error.status)
    }
}
