//! Calls of HTTP endpoints that the tenant declares: one tool for each entry of the settings, whose requests are made
//! from templates.
//!
//! Nothing that a model says reaches scheme, host or port, and an argument stays one segment of the path, one parameter
//! or one value of a body. Credentials are the grant's: a header that looks like one is refused when the tools are
//! listed, with everything else that is wrong in the settings, each with its place.
//!
//! Whether an effect happened can't be told by HTTP alone. An entry says how it is made safe: by an idempotency key that
//! its server honours, or by a check, a GET that finds what was made. Without either a person is asked.

mod mistakes;
mod settings;

mod address;
mod fields;
mod headers;
mod pointer;
mod template;

mod check;
mod endpoint;

mod answer;

use aftercall::{Context, Failure, Finding, Outcome, Plugin, Tool};
use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::settings::Settings;
use crate::template::Values;

/// The tools that a tenant's settings declare.
pub struct HttpRequest;

impl Plugin for HttpRequest {
    fn list_tools(settings: &str) -> Result<Vec<Tool>, String> {
        let endpoints = settings::read(settings)?;
        Ok(endpoints.into_iter().map(Endpoint::into_tool).collect())
    }

    async fn call_tool(name: &str, arguments: &str, cx: &Context) -> Result<Outcome, Failure> {
        let endpoint = cx.settings::<Settings>()?.find(name)?;
        let arguments = read(arguments)?;
        let response = endpoint.request(&Values::of(&arguments, cx), cx)?.send().await?.ok()?;
        endpoint.outcome(&response, cx)
    }

    async fn reconcile(name: &str, arguments: &str, cx: &Context) -> Result<Finding, Failure> {
        let endpoint = cx.settings::<Settings>()?.find(name)?;
        let check = endpoint.check.as_ref().ok_or_else(|| Failure::unknown_tool(name))?;
        let arguments = read(arguments)?;
        let request = check.request(&Values::of(&arguments, cx), cx)?;
        let response = endpoint.with_headers(request).send().await?.ok()?;
        let body = response.json()?;
        endpoint.check_answer(&body)?;
        Ok(check.finding(name, &body, cx))
    }
}

aftercall::export!(HttpRequest);

fn read(arguments: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(arguments)
        .map_err(|error| Failure::invalid_arguments(format!("the arguments are no JSON object: {error}")))
}
