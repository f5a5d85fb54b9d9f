//! The other side of the macro: what a plugin is, and how it becomes a component.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::{Context, Failure, Finding, IntoOutcome, Outcome, Tool};

/// A set of tools. The macro writes this; by hand it is for tools that aren't known before the settings are.
pub trait Plugin {
    /// The tools, as a pure function of the settings (JSON).
    ///
    /// # Errors
    /// Words for the operator, where the settings make no sense.
    fn list_tools(settings: &str) -> Result<Vec<Tool>, String>;

    /// Runs the tool of this name with these arguments (JSON).
    fn call_tool(name: &str, arguments: &str, context: &Context) -> impl Future<Output = Result<Outcome, Failure>>;

    /// Tells whether the effect with this context's key happened.
    fn reconcile(name: &str, arguments: &str, context: &Context) -> impl Future<Output = Result<Finding, Failure>>;
}

/// A plugin as the component's exports.
pub struct Component<P>(PhantomData<P>);

#[cfg(target_family = "wasm")]
impl<P: Plugin> crate::bindings::exports::aftercall::tool::tools::Guest for Component<P> {
    fn list_tools(settings: String) -> Result<Vec<Tool>, String> {
        P::list_tools(&settings)
    }

    fn call_tool(name: String, arguments: String, attempt: Attempt) -> Result<Outcome, Failure> {
        let context = crate::live::context(attempt);
        wstd::runtime::block_on(P::call_tool(&name, &arguments, &context))
    }

    fn reconcile(name: String, arguments: String, attempt: Attempt) -> Result<Finding, Failure> {
        let context = crate::live::context(attempt);
        wstd::runtime::block_on(P::reconcile(&name, &arguments, &context))
    }
}

#[cfg(target_family = "wasm")]
use crate::bindings::aftercall::tool::types::Context as Attempt;

/// The arguments of one tool, read.
///
/// # Errors
/// `invalid-arguments`, with the place.
pub fn arguments<T: DeserializeOwned>(json: &str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| Failure::invalid_arguments(format!("the arguments don't fit: {error}")))
}

/// What a tool returned, as the host gets it.
///
/// # Errors
/// The tool's own.
pub fn outcome<T: IntoOutcome>(result: Result<T, Failure>) -> Result<Outcome, Failure> {
    result.and_then(IntoOutcome::into_outcome)
}

/// The failure of a call to a tool that the plugin doesn't have, or that can't be reconciled.
pub fn unknown_tool(name: &str) -> Failure {
    Failure::other(format!("the plugin has no tool {name:?} that could do this"))
}
