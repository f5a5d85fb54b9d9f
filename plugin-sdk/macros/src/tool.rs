//! One function as a tool: its name, its description and what `#[tool(…)]` says.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, ExprLit, GenericArgument, Ident, ItemFn, Lit, LitStr, Meta, Path, PathArguments, ReturnType,
    Signature, Token, Type,
};

use crate::arguments::{self, Argument, Parameter};
use crate::mistakes::{Mistakes, remedy};

/// The longest name of a tool; the contract's own limit.
const NAME_CHARS_MAX: usize = 48;

const EFFECTS: [&str; 3] = ["read", "idempotent", "once"];
const KEYS: [&str; 5] = ["effect", "identity", "reconcile", "title", "when"];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Idempotent,
    Once,
}

/// A tool, as far as it could be read: what is missing has been reported.
pub(crate) struct Tool {
    pub(crate) function: Function,
    pub(crate) description: String,
    pub(crate) title: Option<LitStr>,
    pub(crate) effect: Option<Effect>,
    pub(crate) identity: Vec<Ident>,
    pub(crate) reconcile: Option<Reconcile>,
    /// The function of the settings that tells whether the tool is there.
    pub(crate) when: Option<Path>,
    /// `T` of `Result<T, Failure>`.
    pub(crate) output: Option<Type>,
}

/// A function that can be called.
pub(crate) struct Function {
    pub(crate) ident: Ident,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) is_async: bool,
}

/// The function that `reconcile = …` names, once it is found.
pub(crate) struct Reconcile {
    pub(crate) named: Ident,
    pub(crate) function: Option<Function>,
}

pub(crate) fn attribute(function: &ItemFn) -> Option<&Attribute> {
    function.attrs.iter().find(|attribute| attribute.path().is_ident("tool"))
}

/// The text of doc comments, as it was written.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

impl Function {
    pub(crate) fn read(signature: &Signature, mistakes: &mut Mistakes) -> Self {
        Self {
            ident: signature.ident.clone(),
            parameters: arguments::read(signature, mistakes),
            is_async: signature.asyncness.is_some(),
        }
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.parameters.iter().filter_map(Parameter::argument)
    }
}

impl Tool {
    pub(crate) fn read(function: &ItemFn, mistakes: &mut Mistakes) -> Self {
        let signature = &function.sig;
        let mut tool = Self {
            function: Function::read(signature, mistakes),
            description: docs(&function.attrs),
            title: None,
            effect: None,
            identity: Vec::new(),
            reconcile: None,
            when: None,
            output: output(&signature.output),
        };
        tool.check_name(mistakes);
        if tool.description.is_empty() {
            mistakes.at(&signature.ident, "a tool needs a doc comment: the model chooses by it");
        }
        if tool.output.is_none() {
            mistakes.at(&signature.ident, "a tool returns `Result<…, Failure>`");
        }
        tool.read_entries(function, mistakes);
        tool.check_identity(mistakes);
        tool
    }

    pub(crate) fn name(&self) -> String {
        self.function.ident.unraw().to_string()
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.function.arguments()
    }

    fn check_name(&self, mistakes: &mut Mistakes) {
        let name = self.name();
        let sound = name.len() <= NAME_CHARS_MAX
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_');
        if !sound {
            mistakes.at(&self.function.ident, format!("a tool's name is `[a-z][a-z0-9_]{{0,{}}}`", NAME_CHARS_MAX - 1));
        }
    }

    fn read_entries(&mut self, function: &ItemFn, mistakes: &mut Mistakes) {
        let Some(attribute) = attribute(function) else { return };
        let entries = match &attribute.meta {
            Meta::Path(_) => Punctuated::new(),
            _ => match attribute.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated) {
                Ok(entries) => entries,
                Err(error) => return mistakes.add(error),
            },
        };
        let mut seen: Vec<String> = Vec::new();
        for entry in &entries {
            let key = entry.key.to_string();
            if seen.contains(&key) {
                mistakes.at(&entry.key, format!("`{key}` is there already"));
            }
            if let Err(error) = self.read_entry(&key, entry) {
                mistakes.add(error);
            }
            seen.push(key);
        }
        if !seen.iter().any(|key| key == "effect") {
            mistakes.at(
                attribute.path(),
                "a tool needs an effect: `effect = read`, `effect = idempotent` or `effect = once`",
            );
        }
    }

    fn read_entry(&mut self, key: &str, entry: &Entry) -> syn::Result<()> {
        let value = &entry.value;
        match key {
            "effect" => self.effect = Some(effect(value)?),
            "identity" => {
                let Expr::Array(names) = value else {
                    return Err(wrong(value, "`identity` lists arguments: `identity = [to]`"));
                };
                let example = "`identity` lists the names of arguments: `identity = [to]`";
                self.identity = names.elems.iter().map(|name| ident(name, example)).collect::<syn::Result<_>>()?;
            }
            "reconcile" => {
                let named = ident(value, "`reconcile` names a function of this module: `reconcile = find_it`")?;
                self.reconcile = Some(Reconcile { named, function: None });
            }
            "title" => match value {
                Expr::Lit(ExprLit { lit: Lit::Str(title), .. }) => self.title = Some(title.clone()),
                _ => return Err(wrong(value, "`title` is a text: `title = \"Send SMS\"`")),
            },
            "when" => match value {
                Expr::Path(path) => self.when = Some(path.path.clone()),
                _ => return Err(wrong(value, "`when` names a function of the settings: `when = has_sequences`")),
            },
            other => {
                let remedy = remedy(other, KEYS);
                return Err(wrong(&entry.key, format!("`tool` has no `{other}`; {remedy}")));
            }
        }
        Ok(())
    }

    fn check_identity(&self, mistakes: &mut Mistakes) {
        for name in &self.identity {
            if !self.arguments().any(|argument| argument.ident == *name) {
                let known: Vec<String> = self.arguments().map(Argument::name).collect();
                let remedy = remedy(&name.unraw().to_string(), known.iter().map(String::as_str));
                mistakes.at(name, format!("`{}` has no argument `{name}`; {remedy}", self.name()));
            }
        }
    }
}

/// `key = value`.
struct Entry {
    key: Ident,
    value: Expr,
}

impl Parse for Entry {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let key = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        Ok(Self { key, value })
    }
}

fn effect(value: &Expr) -> syn::Result<Effect> {
    let name = ident(value, "`effect` is `read`, `idempotent` or `once`")?;
    match name.to_string().as_str() {
        "read" => Ok(Effect::Read),
        "idempotent" => Ok(Effect::Idempotent),
        "once" => Ok(Effect::Once),
        other => Err(wrong(&name, format!("no effect is named `{other}`; {}", remedy(other, EFFECTS)))),
    }
}

fn ident(value: &Expr, message: &str) -> syn::Result<Ident> {
    match value {
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    }
    .ok_or_else(|| wrong(value, message))
}

fn wrong(place: &impl quote::ToTokens, message: impl std::fmt::Display) -> syn::Error {
    syn::Error::new_spanned(place, message)
}

fn output(output: &ReturnType) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::Path(path) = &**ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(generics) = &last.arguments else { return None };
    match generics.args.first()? {
        GenericArgument::Type(output) => Some(output.clone()),
        _ => None,
    }
}
