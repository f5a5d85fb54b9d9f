//! What a tenant may set of a plugin, read from the schema of its settings: names, types and what each is for. What a schema says
//! beyond that, such as which of them go together, the settings themselves are checked against.

use std::io::Write;

use serde_json::Value;

/// How deep settings are shown, and how many. Protects the reader from a schema that refers to itself.
const DEPTH_MAX: usize = 6;
const SHOWN_MAX: usize = 200;
/// What stands for any name, in an object whose names are the tenant's.
const ANY_NAME: &str = "NAME";

/// Writes a line for each setting, in the order of their names.
pub(super) fn settings(schema: Option<&Value>, out: &mut impl Write) -> std::io::Result<()> {
    let mut shown = Shown { whole: schema.unwrap_or(&Value::Null), lines: Vec::new() };
    shown.members(shown.whole, "", DEPTH_MAX);
    writeln!(out, "Settings")?;
    if shown.lines.is_empty() {
        writeln!(out, "  none")?;
    }
    for line in shown.lines.iter().take(SHOWN_MAX) {
        writeln!(out, "  {line}")?;
    }
    if shown.lines.len() > SHOWN_MAX {
        writeln!(out, "  and more")?;
    }
    writeln!(out)
}

struct Shown<'a> {
    /// What references are into.
    whole: &'a Value,
    lines: Vec<String>,
}

impl<'a> Shown<'a> {
    /// Those within an object or a list.
    fn members(&mut self, schema: &'a Value, path: &str, depth: usize) {
        let schema = self.resolved(schema);
        let dot = if path.is_empty() { "" } else { "." };
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let is_needed = schema["required"].as_array().is_some_and(|all| all.contains(&name.as_str().into()));
            self.member(member, &format!("{path}{dot}{name}"), is_needed, depth);
        }
        if schema["additionalProperties"].is_object() {
            self.member(&schema["additionalProperties"], &format!("{path}{dot}{ANY_NAME}"), false, depth);
        }
        // What a plain list is of stands on its own line.
        if schema["items"].is_object() && plain(self.resolved(&schema["items"])).is_none() {
            self.member(&schema["items"], &format!("{path}[]"), false, depth);
        }
    }

    fn member(&mut self, schema: &'a Value, path: &str, is_needed: bool, depth: usize) {
        if depth == 0 || self.lines.len() > SHOWN_MAX {
            return;
        }
        let schema = self.resolved(schema);
        self.lines.push(line(path, schema, is_needed));
        self.members(schema, path, depth - 1);
    }

    /// What a reference within the schema is to.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.whole.pointer(pointer)).unwrap_or(schema)
    }
}

fn line(path: &str, schema: &Value, is_needed: bool) -> String {
    let kind = match (&schema["enum"], &schema["type"]) {
        (Value::Array(values), _) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or "),
        (_, Value::String(kind)) => kind.clone(),
        _ => "any".to_owned(),
    };
    let of = plain(&schema["items"]).map(|of| format!(" of {of}")).unwrap_or_default();
    let needed = if is_needed { ", needed" } else { "" };
    let default = schema.get("default").map(|default| format!(", by default {default}")).unwrap_or_default();
    let description = schema["description"].as_str().map(|text| format!(": {text}")).unwrap_or_default();
    format!("{path} ({kind}{of}{needed}{default}){description}")
}

/// The type of a schema, where that is all there is to it.
fn plain(schema: &Value) -> Option<&str> {
    schema["type"].as_str().filter(|kind| !["object", "array"].contains(kind) && schema["description"].is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(schema: &Value) -> String {
        let mut out = Vec::new();
        settings(Some(schema), &mut out).expect("it writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn each_setting_has_a_line() {
        let schema = json!({
            "type": "object",
            "required": ["site", "stages"],
            "properties": {
                "site": {"type": "string", "description": "The site."},
                "vendor": {"enum": ["a", "b"], "default": "a"},
                "stages": {
                    "type": "object",
                    "description": "By name.",
                    "additionalProperties": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
                },
                "calls": {"type": "array", "items": {"$ref": "#/$defs/call"}},
                "days": {"type": "array", "items": {"type": "integer"}},
                "free": {},
            },
            "$defs": {"call": {"properties": {"url": {"type": "string"}}}},
        });
        let expected = r#"Settings
  calls (array)
  calls[] (any)
  calls[].url (string)
  days (array of integer)
  free (any)
  site (string, needed): The site.
  stages (object, needed): By name.
  stages.NAME (object)
  stages.NAME.id (integer, needed)
  vendor ("a" or "b", by default "a")

"#;
        assert_eq!(shown(&schema), expected);
    }

    #[test]
    fn a_schema_that_refers_to_itself_comes_to_an_end() {
        let schema = json!({"properties": {"next": {"$ref": "#"}}});
        assert_eq!(shown(&schema).lines().count(), DEPTH_MAX + 2);
        let many: serde_json::Map<String, Value> =
            (0..30).map(|name| (name.to_string(), json!({"$ref": "#"}))).collect();
        let told = shown(&json!({ "properties": many }));
        assert_eq!((told.lines().count(), told.contains("  and more\n")), (SHOWN_MAX + 3, true));
    }

    #[test]
    fn nothing_to_set_is_told() {
        let mut out = Vec::new();
        settings(None, &mut out).expect("it writes");
        assert_eq!(out, b"Settings\n  none\n\n");
        assert_eq!(shown(&json!({"type": "object"})), "Settings\n  none\n\n");
    }
}
