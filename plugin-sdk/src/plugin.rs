//! The other side of the macro: what a plugin is, and how it becomes a component.

use std::fmt::Display;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Context, Failure, Finding, IntoOutcome, Outcome, Tool};

/// A set of tools. `#[aftercall::plugin]` writes this for a module of functions. By hand it is for tools that aren't known
/// before the settings are; such a plugin becomes the component with [`export!`](crate::export):
///
/// ```
/// use aftercall::{Context, Effect, Failure, Finding, Outcome, Plugin, Tool};
///
/// /// A greeting for each name in the settings.
/// pub struct Greetings;
///
/// impl Plugin for Greetings {
///     fn list_tools(settings: &str) -> Result<Vec<Tool>, String> {
///         let names: Vec<String> = serde_json::from_str(settings).map_err(|error| error.to_string())?;
///         let tool = |name: String| Tool {
///             title: None,
///             description: format!("Greets in {name}."),
///             input_schema: r#"{"type":"object","properties":{}}"#.to_owned(),
///             output_schema: None,
///             effect: Effect::Read,
///             identity: Vec::new(),
///             reconcilable: false,
///             name,
///         };
///         Ok(names.into_iter().map(tool).collect())
///     }
///
///     async fn call_tool(name: &str, _arguments: &str, cx: &Context) -> Result<Outcome, Failure> {
///         let names: Vec<String> = cx.settings()?;
///         if !names.iter().any(|known| known == name) {
///             return Err(Failure::unknown_tool(name));
///         }
///         Ok(Outcome::new("hello"))
///     }
///
///     async fn reconcile(name: &str, _arguments: &str, _cx: &Context) -> Result<Finding, Failure> {
///         Err(Failure::unknown_tool(name))
///     }
/// }
///
/// aftercall::export!(Greetings);
/// # fn main() {
/// # let fake = aftercall::testing::Fake::new().settings(serde_json::json!(["german"]));
/// # assert_eq!(fake.call::<Greetings>("german", serde_json::json!({})).unwrap().text, "hello");
/// # assert!(fake.call::<Greetings>("dutch", serde_json::json!({})).is_err());
/// # }
/// ```
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

/// The arguments of one call, taken one by one, so that what is wrong with one is said with its name.
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Those of a call (JSON).
    ///
    /// # Errors
    /// `invalid-arguments`, where they are no object.
    pub fn read(json: &str) -> Result<Self, Failure> {
        serde_json::from_str(json).map(Self).map_err(unfit)
    }

    /// The argument of this name. One that is left out is null, which only an optional one can be.
    ///
    /// # Errors
    /// `invalid-arguments`, where it isn't one of its type.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Failure> {
        match self.0.remove(name) {
            Some(value) => serde_json::from_value(value).map_err(|error| unfit(format!("`{name}`: {error}"))),
            None => serde_json::from_value(Value::Null).map_err(|_| unfit(format!("missing field `{name}`"))),
        }
    }

    /// That nothing is left.
    ///
    /// # Errors
    /// `invalid-arguments`, where the tool has no such argument.
    pub fn end(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            Some(name) => Err(unfit(format!("unknown field `{name}`"))),
            None => Ok(()),
        }
    }
}

fn unfit(why: impl Display) -> Failure {
    Failure::invalid_arguments(format!("the arguments don't fit: {why}"))
}

/// What a function makes of the tenant's settings.
///
/// # Errors
/// Words for the operator, where the settings don't fit.
pub fn of_settings<S: DeserializeOwned, T>(settings: &str, make: impl FnOnce(&S) -> T) -> Result<T, String> {
    let settings =
        serde_json::from_str(settings).map_err(|error| format!("the plugin's settings don't fit: {error}"))?;
    Ok(make(&settings))
}

/// What a tool returned, as the host gets it.
///
/// # Errors
/// The tool's own.
pub fn outcome<T: IntoOutcome>(result: Result<T, Failure>) -> Result<Outcome, Failure> {
    result.and_then(IntoOutcome::into_outcome)
}

/// Makes a [`Plugin`] the component of its crate, once in a crate. On other targets it makes nothing.
///
/// `#[aftercall::plugin]` does this by itself.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::Component<$plugin>;
            $crate::__private::export_component!(Exported);
        };
    };
}
