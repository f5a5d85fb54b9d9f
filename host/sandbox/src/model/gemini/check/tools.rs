//! The tools offered.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Refused, field, function_name, invalid, known, list, object, schema, text};

/// What a tool may be; of those that the provider runs itself, only the name is looked at.
const TOOLS: &[&str] = &[
    "codeExecution",
    "computerUse",
    "fileSearch",
    "functionDeclarations",
    "googleMaps",
    "googleSearch",
    "googleSearchRetrieval",
    "mcpServers",
    "urlContext",
];

const DECLARATION: &[&str] =
    &["behavior", "description", "name", "parameters", "parametersJsonSchema", "response", "responseJsonSchema"];

/// Most functions of a request.
const FUNCTIONS_MAX: usize = 128;

pub(super) fn check(tools: &[Value]) -> Result<(), Refused> {
    let mut names = BTreeSet::new();
    for (index, tool) in tools.iter().enumerate() {
        let at = format!("tools[{index}]");
        let tool = object(&at, tool)?;
        known(&at, tool, TOOLS)?;
        let at = format!("{at}.function_declarations");
        for (index, value) in list(&at, field(tool, "functionDeclarations"))?.iter().enumerate() {
            let name = declaration(&format!("{at}[{index}]"), value)?;
            if !names.insert(name) {
                return Err(Refused::new(format!("Duplicate function declaration found: {name}")));
            }
        }
    }
    if names.len() > FUNCTIONS_MAX {
        let message =
            format!("At most {FUNCTIONS_MAX} function declarations are supported, but {} were given.", names.len());
        return Err(Refused::new(message));
    }
    Ok(())
}

/// Whether functions may be called, and which.
pub(super) fn config(value: &Value) -> Result<(), Refused> {
    let at = "tool_config";
    let config = object(at, value)?;
    known(at, config, &["functionCallingConfig", "retrievalConfig"])?;
    let Some(calling) = field(config, "functionCallingConfig") else { return Ok(()) };
    let at = "tool_config.function_calling_config";
    let calling = object(at, calling)?;
    known(at, calling, &["allowedFunctionNames", "mode"])?;
    let allowed = list(&format!("{at}.allowed_function_names"), field(calling, "allowedFunctionNames"))?;
    let Some(mode) = field(calling, "mode") else { return Ok(()) };
    match text(&format!("{at}.mode"), Some(mode))? {
        "ANY" | "VALIDATED" => Ok(()),
        "MODE_UNSPECIFIED" | "AUTO" | "NONE" if allowed.is_empty() => Ok(()),
        "MODE_UNSPECIFIED" | "AUTO" | "NONE" => {
            Err(Refused::new("Please set allowed_function_names only when function calling mode is ANY."))
        }
        _ => Err(invalid(
            &format!("{at}.mode"),
            "type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode",
            mode,
        )),
    }
}

fn declaration<'a>(at: &str, value: &'a Value) -> Result<&'a str, Refused> {
    let function = object(at, value)?;
    known(at, function, DECLARATION)?;
    let name = function_name(at, field(function, "name"))?;
    text(&format!("{at}.description"), field(function, "description"))?;
    match (field(function, "parameters"), field(function, "parametersJsonSchema")) {
        (Some(_), Some(_)) => {
            let message = format!("Function '{name}': parameters and parameters_json_schema are mutually exclusive.");
            return Err(Refused::new(message));
        }
        (Some(parameters), None) => schema::parameters(&format!("{at}.parameters"), parameters)?,
        (None, Some(whole)) if whole["type"] != "object" => {
            let message = format!("Function '{name}': parameters_json_schema must describe an object.");
            return Err(Refused::new(message));
        }
        (None, _) => {}
    }
    Ok(name)
}
