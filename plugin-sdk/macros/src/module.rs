//! The module as a whole: which of its functions are tools, and what is wrong between them.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{FnArg, Item, ItemFn, ItemMod, parse_quote};

use crate::arguments::{self, Argument};
use crate::expand;
use crate::mistakes::{Mistakes, remedy};
use crate::tool::{self, Effect, Function, Tool};

pub(crate) fn plugin(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    if !attribute.is_empty() {
        mistakes.at(attribute, "`plugin` takes no arguments");
    }
    let Ok(mut module) = syn::parse2::<ItemMod>(item.clone()) else {
        mistakes.at(item, "`plugin` goes on a module: `#[aftercall::plugin] mod tools { … }`");
        return mistakes.into_compile_errors().unwrap_or_default();
    };
    let name = module.ident.clone();
    let Some((_, items)) = &mut module.content else {
        mistakes.at(&module, format!("the module's content goes here: `mod {name} {{ … }}`"));
        return mistakes.into_compile_errors().unwrap_or_default();
    };

    let functions: Vec<ItemFn> = items.iter().filter_map(function).cloned().collect();
    let mut tools: Vec<Tool> = functions
        .iter()
        .filter(|function| tool::attribute(function).is_some())
        .map(|function| Tool::read(function, &mut mistakes))
        .collect();
    if tools.is_empty() {
        mistakes.at(&name, "the plugin has no tool: put `#[tool(effect = …)]` on a function");
    }
    find_duplicates(&tools, &mut mistakes);
    for tool in &mut tools {
        find_reconcile(tool, &functions, &mut mistakes);
    }

    for item in items.iter_mut() {
        if let Item::Fn(function) = item {
            let reconciles =
                tools.iter().any(|tool| tool.reconcile.as_ref().is_some_and(|it| it.named == function.sig.ident));
            strip(function, reconciles);
        }
    }
    if let Some(errors) = mistakes.into_compile_errors() {
        // The rest of the module stays, so that what uses it isn't reported too.
        drop_unsound(items);
        return quote!(#errors #[allow(dead_code, unused_imports, unused_variables)] #module);
    }
    items.extend(expand::items(&tools));
    let export = expand::export(&name);
    quote!(#module #export)
}

fn function(item: &Item) -> Option<&ItemFn> {
    match item {
        Item::Fn(function) => Some(function),
        _ => None,
    }
}

fn find_duplicates(tools: &[Tool], mistakes: &mut Mistakes) {
    let mut names = BTreeSet::new();
    for tool in tools {
        if !names.insert(tool.name()) {
            mistakes.at(&tool.function.ident, format!("a tool named `{}` is there already", tool.name()));
        }
    }
}

fn find_reconcile(tool: &mut Tool, functions: &[ItemFn], mistakes: &mut Mistakes) {
    let Some(reconcile) = &mut tool.reconcile else { return };
    let named = &reconcile.named;
    if tool.effect == Some(Effect::Read) {
        mistakes.at(named, "`reconcile` finds out what a write did: a tool that reads did nothing");
    }
    let Some(function) = functions.iter().find(|function| function.sig.ident == *named) else {
        let known = functions.iter().filter(|function| tool::attribute(function).is_none());
        let known: Vec<String> = known.map(|function| function.sig.ident.unraw().to_string()).collect();
        let remedy = remedy(&named.unraw().to_string(), known.iter().map(String::as_str));
        mistakes.at(named, format!("no function `{named}` in this module; {remedy}"));
        return;
    };
    let function = Function::read(&function.sig, mistakes);
    for stranger in arguments::strangers(&tool.function.parameters, &function.parameters) {
        let known = tool.function.arguments().map(Argument::declaration);
        let known = known.collect::<Vec<_>>().join(", ");
        let (ident, stranger) = (&tool.function.ident, stranger.declaration());
        mistakes
            .at(named, format!("`{named}` takes `{stranger}`, but of `{ident}` it can take no more than ({known})"));
    }
    reconcile.function = Some(function);
}

/// Takes off what rustc wouldn't take: the macro's own attributes. A tool has the arguments that its vendor asks for, and
/// what `reconciles` it takes as many.
fn strip(function: &mut ItemFn, reconciles: bool) {
    let is_tool = tool::attribute(function).is_some();
    if is_tool || reconciles {
        function.attrs.push(parse_quote!(#[allow(clippy::too_many_arguments)]));
    }
    if !is_tool {
        return;
    }
    function.attrs.retain(|attribute| !attribute.path().is_ident("tool"));
    for input in &mut function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.attrs.clear(),
            FnArg::Typed(argument) => argument.attrs.clear(),
        }
    }
}

/// Drops the functions that rustc would report again.
fn drop_unsound(items: &mut Vec<Item>) {
    let mut names = BTreeSet::new();
    items.retain(|item| match item {
        Item::Fn(function) => function.sig.receiver().is_none() && names.insert(function.sig.ident.clone()),
        _ => true,
    });
}
