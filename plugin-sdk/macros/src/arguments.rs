//! The parameters of a function, as arguments of a tool.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Ident, Pat, PatType, Path, Signature, Type};

use crate::mistakes::Mistakes;

/// One parameter, in its place.
pub(crate) enum Parameter {
    /// The context, which is no argument of the schema.
    Context(Type),
    Argument(Argument),
}

pub(crate) struct Argument {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Documentation, and what `schemars` is told.
    pub(crate) attributes: Vec<Attribute>,
    /// The function of the settings that tells which values there are.
    pub(crate) choices: Option<Path>,
}

impl Parameter {
    pub(crate) fn argument(&self) -> Option<&Argument> {
        match self {
            Self::Context(_) => None,
            Self::Argument(argument) => Some(argument),
        }
    }
}

impl Argument {
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// Whether this is that argument, perhaps not used here: `_text` is `text`, and `_type` is `r#type`.
    pub(crate) fn is(&self, other: &Argument) -> bool {
        self.plain_name() == other.plain_name()
    }

    fn plain_name(&self) -> String {
        self.name().trim_start_matches('_').to_owned()
    }

    /// Name and type as an author writes them.
    pub(crate) fn declaration(&self) -> String {
        format!("{}: {}", self.ident, self.written_type())
    }

    fn written_type(&self) -> String {
        let ty = self.ty.to_token_stream().to_string();
        ty.replace(" :: ", "::").replace(" < ", "<").replace(" >", ">").replace(" ,", ",")
    }
}

/// The parameters in their order, with every mistake among them reported.
pub(crate) fn read(signature: &Signature, mistakes: &mut Mistakes) -> Vec<Parameter> {
    let generics = &signature.generics;
    if !generics.params.is_empty() {
        mistakes.at(&generics.params, "a tool has no generic parameters: a schema needs one type for each argument");
    }
    let mut parameters = Vec::new();
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                mistakes.at(receiver, "a tool is a function without `self`; take `cx: &Context`");
            }
            FnArg::Typed(typed) => parameters.extend(parameter(typed, mistakes)),
        }
    }
    let contexts = parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Context(ty) => Some(ty),
        Parameter::Argument(_) => None,
    });
    for second in contexts.skip(1) {
        mistakes.at(second, "a tool takes one context");
    }
    parameters
}

/// The arguments of a function that a tool doesn't have as such.
pub(crate) fn strangers<'a>(tool: &[Parameter], function: &'a [Parameter]) -> Vec<&'a Argument> {
    let is_known = |argument: &Argument| {
        let mut known = tool.iter().filter_map(Parameter::argument);
        known.any(|known| argument.is(known) && argument.written_type() == known.written_type())
    };
    function.iter().filter_map(Parameter::argument).filter(|argument| !is_known(argument)).collect()
}

fn parameter(typed: &PatType, mistakes: &mut Mistakes) -> Option<Parameter> {
    match &*typed.ty {
        ty if is_context(ty) => return Some(Parameter::Context(ty.clone())),
        ty @ Type::Reference(_) => {
            mistakes.at(ty, "an argument is taken by value; only `&Context` is a reference");
        }
        ty @ Type::ImplTrait(_) => {
            mistakes.at(ty, "an argument has one type, not any that implements a trait");
        }
        _ => {}
    }
    for attribute in &typed.attrs {
        if !is_known(attribute) {
            mistakes.at(
                attribute,
                "an argument has doc comments, `#[schemars(…)]` and `#[choices(…)]`, no other attribute",
            );
        }
    }
    let (choices, attributes): (Vec<Attribute>, _) = typed.attrs.iter().cloned().partition(is_choices);
    let choices = choices.iter().find_map(|attribute| choices_of(attribute, mistakes));
    let Pat::Ident(pattern) = &*typed.pat else {
        mistakes.at(&typed.pat, "an argument has a name, not a pattern: the name is in the schema");
        return None;
    };
    if pattern.by_ref.is_some() || pattern.subpat.is_some() {
        mistakes.at(pattern, "an argument has a name, not a pattern: the name is in the schema");
    }
    Some(Parameter::Argument(Argument { ident: pattern.ident.clone(), ty: (*typed.ty).clone(), attributes, choices }))
}

fn is_context(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    reference.mutability.is_none() && path.path.segments.last().is_some_and(|last| last.ident == "Context")
}

fn is_known(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc") || attribute.path().is_ident("schemars") || is_choices(attribute)
}

fn is_choices(attribute: &Attribute) -> bool {
    attribute.path().is_ident("choices")
}

fn choices_of(attribute: &Attribute, mistakes: &mut Mistakes) -> Option<Path> {
    let path = attribute.parse_args::<Path>().ok();
    if path.is_none() {
        mistakes.at(attribute, "`choices` names a function of the settings: `#[choices(channel_names)]`");
    }
    path
}
