//! What the module gets: a type for the schema of each tool's arguments, and the plugin that dispatches to them.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Item, parse_quote};

use crate::arguments::{Argument, Parameter};
use crate::tool::{Effect, Function, Tool};

/// The items that are added to the module.
pub(crate) fn items(tools: &[Tool]) -> Vec<Item> {
    let mut items: Vec<Item> = tools.iter().map(arguments_type).collect();
    items.push(parse_quote! {
        /// The tools of this module, as a plugin.
        pub struct Plugin;
    });
    let listed = list(tools);
    let called = tools.iter().map(called);
    let reconciled = tools.iter().filter_map(reconciled);
    items.push(parse_quote! {
        impl ::aftercall::Plugin for Plugin {
            fn list_tools(
                __settings: &str,
            ) -> ::std::result::Result<::std::vec::Vec<::aftercall::Tool>, ::std::string::String> {
                ::std::result::Result::Ok(#listed)
            }

            async fn call_tool(
                __name: &str,
                __json: &str,
                __context: &::aftercall::Context,
            ) -> ::std::result::Result<::aftercall::Outcome, ::aftercall::Failure> {
                match __name {
                    #(#called)*
                    _ => ::std::result::Result::Err(::aftercall::Failure::unknown_tool(__name)),
                }
            }

            async fn reconcile(
                __name: &str,
                __json: &str,
                __context: &::aftercall::Context,
            ) -> ::std::result::Result<::aftercall::Finding, ::aftercall::Failure> {
                match __name {
                    #(#reconciled)*
                    _ => ::std::result::Result::Err(::aftercall::Failure::unknown_tool(__name)),
                }
            }
        }
    });
    items
}

/// The component's exports.
pub(crate) fn export(module: &Ident) -> TokenStream {
    quote!(::aftercall::export!(#module::Plugin);)
}

fn arguments_type(tool: &Tool) -> Item {
    let name = arguments_ident(tool);
    let fields = tool.arguments().map(|Argument { ident, ty, attributes, .. }| quote!(#(#attributes)* #ident: #ty));
    parse_quote! {
        // Nobody makes one: it is what the schema is of.
        #[allow(dead_code)]
        #[derive(::aftercall::__private::schemars::JsonSchema)]
        #[schemars(crate = "::aftercall::__private::schemars", deny_unknown_fields)]
        struct #name { #(#fields),* }
    }
}

fn arguments_ident(tool: &Tool) -> Ident {
    format_ident!("ArgumentsOf{}", tool.name().to_upper_camel_case())
}

/// All tools, or those of them that there are with the settings.
fn list(tools: &[Tool]) -> TokenStream {
    if tools.iter().all(|tool| tool.when.is_none() && tool.arguments().all(|argument| argument.choices.is_none())) {
        let all = tools.iter().map(|tool| {
            let arguments = arguments_ident(tool);
            listed(tool, &quote!(::aftercall::__private::input_schema::<#arguments>()))
        });
        return quote!(::std::vec![#(#all),*]);
    }
    let offered = tools.iter().map(offered);
    quote!([#(#offered),*].into_iter().flatten().collect())
}

/// The tool, if it is there with the settings.
fn offered(tool: &Tool) -> TokenStream {
    let arguments = arguments_ident(tool);
    let choices = tool.arguments().filter_map(|argument| {
        let (name, choices) = (argument.name(), argument.choices.as_ref()?);
        let asked = quote_spanned!(choices.span() => ::aftercall::__private::of_settings(__settings, #choices)?);
        Some(quote!((#name, #asked)))
    });
    let (name, listed) = (tool.name(), listed(tool, &quote!(__schema)));
    let offered = quote! {
        ::aftercall::__private::input_schema_of::<#arguments>(#name, &[#(#choices),*])?.map(|__schema| #listed)
    };
    match &tool.when {
        None => offered,
        Some(when) => {
            let asked = quote_spanned!(when.span() => ::aftercall::__private::of_settings(__settings, #when)?);
            quote!(if #asked { #offered } else { ::std::option::Option::None })
        }
    }
}

fn listed(tool: &Tool, input_schema: &TokenStream) -> TokenStream {
    let name = tool.name();
    let description = &tool.description;
    let reconcilable = tool.reconcile.is_some();
    let identity = tool.identity.iter().map(|name| name.unraw().to_string());
    let effect = match tool.effect {
        Some(Effect::Read) => quote!(Read),
        Some(Effect::Idempotent) => quote!(Idempotent),
        Some(Effect::Once) | None => quote!(Once),
    };
    let title = match &tool.title {
        Some(title) => quote!(::std::option::Option::Some(::std::string::String::from(#title))),
        None => quote!(::std::option::Option::None),
    };
    let output = &tool.output;
    let output_schema = quote_spanned! { output.span() =>
        <#output as ::aftercall::IntoOutcome>::output_schema()
    };
    quote! {
        ::aftercall::Tool {
            name: ::std::string::String::from(#name),
            title: #title,
            description: ::std::string::String::from(#description),
            input_schema: #input_schema,
            output_schema: #output_schema.map(|schema| schema.as_value().to_string()),
            effect: ::aftercall::Effect::#effect,
            identity: ::std::vec![#(::std::string::String::from(#identity)),*],
            reconcilable: #reconcilable,
        }
    }
}

fn called(tool: &Tool) -> TokenStream {
    let name = tool.name();
    let read = read(tool, &tool.function);
    let call = call(tool, &tool.function);
    quote!(#name => { #read ::aftercall::__private::outcome(#call) })
}

fn reconciled(tool: &Tool) -> Option<TokenStream> {
    let name = tool.name();
    let function = tool.reconcile.as_ref()?.function.as_ref()?;
    let read = read(tool, function);
    let call = call(tool, function);
    Some(quote!(#name => { #read #call }))
}

/// Reads the arguments, those that a function takes into variables of their names.
fn read(tool: &Tool, function: &Function) -> TokenStream {
    let each = tool.arguments().map(|argument| {
        let Argument { ident, ty, .. } = argument;
        let name = argument.name();
        let place = if function.arguments().any(|taken| taken.is(argument)) { quote!(#ident) } else { quote!(_) };
        quote_spanned!(ty.span() => let #place: #ty = __given.take(#name)?;)
    });
    quote! {
        #[allow(unused_mut)]
        let mut __given = ::aftercall::__private::Arguments::read(__json)?;
        #(#each)*
        __given.end()?;
    }
}

/// Calls a function that takes arguments of the tool's.
fn call(tool: &Tool, function: &Function) -> TokenStream {
    let ident = &function.ident;
    let values = function.parameters.iter().map(|parameter| match parameter {
        Parameter::Context(_) => Some(quote!(__context)),
        Parameter::Argument(taken) => {
            tool.arguments().find(|argument| taken.is(argument)).map(|argument| argument.ident.to_token_stream())
        }
    });
    let wait = function.is_async.then(|| quote!(.await));
    quote_spanned!(ident.span() => #ident(#(#values),*) #wait)
}
