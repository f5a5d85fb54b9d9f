//! The macro of `aftercall-sdk`: a module of functions becomes a plugin.
//!
//! It sits on the module, since a function alone can't register itself on wasm. It reads the module into
//! tools (`tool`), collecting every mistake instead of stopping at the first (`mistakes`), and writes
//! what the component needs (`expand`). It refuses what a schema or a model couldn't express: references,
//! patterns, generics, tools without a description or an effect.

use proc_macro::TokenStream;

mod arguments;
mod expand;
mod mistakes;
mod module;
mod tool;

/// Makes a plugin of a module.
///
/// Each function with `#[tool(…)]` is a tool:
///
/// ```text
/// #[aftercall::plugin]
/// mod tools {
///     /// What the model reads.
///     #[tool(effect = once, identity = [to], reconcile = find_sms, title = "Send SMS")]
///     async fn send_sms(
///         /// What the model reads about this argument.
///         to: PhoneNumber,
///         #[schemars(length(max = 1600))] text: String,
///         cx: &Context,
///     ) -> Result<Receipt, Failure> { … }
///
///     async fn find_sms(to: PhoneNumber, cx: &Context) -> Result<Finding, Failure> { … }
/// }
/// ```
///
/// - `effect` (required): `read` changes nothing; `idempotent` may be repeated under one key; `once` is
///   never repeated in doubt.
/// - `identity`: the arguments that say which effect it is; without it, all of them.
/// - `reconcile`: a function of the module that tells whether the effect happened. It takes those of the tool's arguments
///   that it needs, by their names and types.
/// - `title`: for people.
/// - `when`: a function `fn(&Settings) -> bool` that tells whether the tool is there with a tenant's settings.
///
/// `#[choices(channel_names)]` on an argument that is text, or a list of texts, gives the schema the values that a function
/// `fn(&Settings) -> Vec<String>` takes from the tenant's settings, so that a model sees which there are. Where there are
/// none, an optional argument is left out, and a tool that needs the argument isn't there; names that are empty or there
/// twice are refused with the settings. The tool itself refuses others nonetheless. `Settings` is any type that is read with serde.
///
/// Arguments are taken by value and read with serde; `Option` makes one optional; `&Context` is the context and no
/// argument. A tool returns `Result` of anything that is `aftercall::IntoOutcome`. The module gets a type
/// `Plugin`, which is the component on wasm and what `aftercall::testing::Fake` calls elsewhere.
#[proc_macro_attribute]
pub fn plugin(attribute: TokenStream, item: TokenStream) -> TokenStream {
    module::plugin(attribute.into(), item.into()).into()
}
