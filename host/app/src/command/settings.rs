//! What a tenant may set of a plugin, read from the schema of its settings: names, types and what each is for. What a schema says
//! beyond that, such as which of them go together, the settings themselves are checked against.

use std::io::Write;

use serde_json::Value;

/// How deep settings are shown. Protects the reader from a schema that refers to itself.
const DEPTH_MAX: usize = 6;
/// What stands for any name, in an object whose names are the tenant's.
const ANY_NAME: &str = "NAME";

/// Writes a line for each setting, in the order of their names.
pub(super) fn settings(schema: Option<&Value>, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "Settings")?;
    let Some(schema) = schema.filter(|schema| schema["properties"].as_object().is_some_and(|all| !all.is_empty()))
    else {
        return writeln!(out, "  none\n");
    };
    Shown { whole: schema }.members(schema, "", DEPTH_MAX, out)?;
    writeln!(out)
}

struct Shown<'a> {
    /// What references are into.
    whole: &'a Value,
}

impl Shown<'_> {
    /// Those within an object or a list of objects.
    fn members(&self, schema: &Value, path: &str, depth: usize, out: &mut impl Write) -> std::io::Result<()> {
        let schema = self.resolved(schema);
        let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
        let dot = if path.is_empty() { "" } else { "." };
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let is_needed = schema["required"].as_array().is_some_and(|all| all.contains(&name.as_str().into()));
            let (path, member) = (format!("{path}{dot}{name}"), self.resolved(member));
            line(&path, member, is_needed, out)?;
            self.members(member, &path, depth, out)?;
        }
        if schema["additionalProperties"].is_object() {
            self.members(&schema["additionalProperties"], &format!("{path}{dot}{ANY_NAME}"), depth, out)?;
        }
        if schema["items"].is_object() {
            self.members(&schema["items"], &format!("{path}[]"), depth, out)?;
        }
        Ok(())
    }

    /// What a reference within the schema is to.
    fn resolved<'b>(&'b self, schema: &'b Value) -> &'b Value {
        let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.whole.pointer(pointer)).unwrap_or(schema)
    }
}

fn line(path: &str, schema: &Value, is_needed: bool, out: &mut impl Write) -> std::io::Result<()> {
    let kind = match (&schema["enum"], &schema["type"]) {
        (Value::Array(values), _) => {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            values.join(" or ")
        }
        (_, Value::String(kind)) => kind.clone(),
        _ => "any".to_owned(),
    };
    let needed = if is_needed { ", needed" } else { "" };
    let default = schema.get("default").map(|default| format!(", by default {default}")).unwrap_or_default();
    let description = schema["description"].as_str().map(|text| format!(": {text}")).unwrap_or_default();
    writeln!(out, "  {path} ({kind}{needed}{default}){description}")
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
                "free": {},
            },
            "$defs": {"call": {"properties": {"url": {"type": "string"}}}},
        });
        let expected = r#"Settings
  calls (array)
  calls[].url (string)
  free (any)
  site (string, needed): The site.
  stages (object, needed): By name.
  stages.NAME.id (integer, needed)
  vendor ("a" or "b", by default "a")

"#;
        assert_eq!(shown(&schema), expected);
    }

    #[test]
    fn a_schema_that_refers_to_itself_comes_to_an_end() {
        let schema = json!({"properties": {"next": {"$ref": "#"}}});
        assert_eq!(shown(&schema).lines().count(), DEPTH_MAX + 2);
    }

    #[test]
    fn nothing_to_set_is_told() {
        let mut out = Vec::new();
        settings(None, &mut out).expect("it writes");
        assert_eq!(out, b"Settings\n  none\n\n");
        assert_eq!(shown(&json!({"type": "object"})), "Settings\n  none\n\n");
    }
}
