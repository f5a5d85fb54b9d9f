//! A tenant's settings of a plugin, and those of a tool that was made for one call.

use std::sync::Arc;

use aftercall_core::{id::PluginName, json::Json, schema::Schema};
use serde_json::{Map, Value};

use crate::{grant::Error, limits::SETTINGS_BYTES_MAX};

/// Settings that follow the manifest.
pub(crate) struct Settings {
    plugin: PluginName,
    /// The manifest's. None: it takes no settings.
    schema: Option<Schema>,
    tenants: Map<String, Value>,
    text: Arc<str>,
}

impl Settings {
    /// What a tenant grants; null is nothing.
    pub(crate) fn new(plugin: &PluginName, schema: Option<&Value>, settings: &Value) -> Result<Self, Error> {
        let unusable = |why| Error::SettingsSchema { plugin: plugin.clone(), why };
        let mut new = Self {
            plugin: plugin.clone(),
            schema: schema.map(Schema::compile).transpose().map_err(unusable)?,
            tenants: Map::new(),
            text: "{}".into(),
        };
        let none = Value::Object(Map::new());
        let settings = if settings.is_null() { &none } else { settings };
        new.text = new.check(settings)?;
        new.tenants = settings.as_object().cloned().unwrap_or_default();
        Ok(new)
    }

    /// The tenant's, as the component gets them.
    pub(crate) const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The tenant's, with others in the place of those of the same names.
    ///
    /// # Errors
    /// They don't follow the manifest together, or are too long.
    pub(crate) fn with(&self, own: &Json) -> Result<Arc<str>, Error> {
        let Value::Object(own) = own.value() else { return Err(self.wrong("they are no object".to_owned())) };
        let mut all = self.tenants.clone();
        all.extend(own);
        self.check(&Value::Object(all))
    }

    fn check(&self, settings: &Value) -> Result<Arc<str>, Error> {
        let complaints = match &self.schema {
            Some(schema) => schema.complaints(settings),
            None if settings.as_object().is_some_and(Map::is_empty) => Vec::new(),
            None => vec!["it takes none".to_owned()],
        };
        if !complaints.is_empty() {
            return Err(self.wrong(complaints.join("; ")));
        }
        let text = settings.to_string();
        match text.len() {
            bytes if bytes > SETTINGS_BYTES_MAX => {
                Err(self.wrong(format!("they have {bytes} bytes, more than {SETTINGS_BYTES_MAX}")))
            }
            _ => Ok(text.into()),
        }
    }

    fn wrong(&self, complaints: String) -> Error {
        Error::Settings { plugin: self.plugin.clone(), complaints }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Option<&Value>, settings: &Value, own: Option<&Value>, expected: Result<&str, &str>) {
        let name = "sms".parse().expect("a name");
        let got = Settings::new(&name, schema, settings).and_then(|settings| match own {
            Some(own) => settings.with(&Json::from(own)),
            None => Ok(Arc::clone(settings.text())),
        });
        match (got, expected) {
            (Ok(text), Ok(expected)) => assert_eq!(&*text, expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn settings_follow_the_manifest() {
        let schema = json!({"type": "object", "required": ["from"], "properties": {"from": {"type": "string"}}});
        let broken = json!({"type": "object", "properties": {"a": {"type": "strin"}}});
        let long = json!({"from": "x".repeat(SETTINGS_BYTES_MAX)});
        for (schema, settings, expected) in [
            (None, Value::Null, Ok("{}")),
            (None, json!({}), Ok("{}")),
            (None, json!({"a": 1}), Err("it takes none")),
            (None, json!(7), Err("it takes none")),
            (Some(&schema), json!({"from": "+1"}), Ok(r#"{"from":"+1"}"#)),
            (Some(&schema), Value::Null, Err("\"from\" is a required property")),
            (Some(&schema), json!({"from": 1}), Err("at /from")),
            (Some(&schema), long, Err("more than")),
            (Some(&broken), json!({}), Err("author must mend")),
        ] {
            check(schema, &settings, None, expected);
        }
    }

    #[test]
    fn a_tools_own_settings_follow_the_manifest_too() {
        let properties = json!({"from": {"type": "string"}, "requests": {"type": "array"}});
        let schema = json!({"type": "object", "additionalProperties": false, "properties": properties});
        let tenants = json!({"from": "+1", "requests": [1, 2]});
        for (own, expected) in [
            (json!({}), Ok(r#"{"from":"+1","requests":[1,2]}"#)),
            (json!({"requests": [3]}), Ok(r#"{"from":"+1","requests":[3]}"#)),
            (json!({"requests": 3}), Err("at /requests")),
            (json!({"to": "+2"}), Err("to")),
            (json!([]), Err("they are no object")),
            (json!({"from": "x".repeat(SETTINGS_BYTES_MAX)}), Err("more than")),
        ] {
            check(Some(&schema), &tenants, Some(&own), expected);
        }
        check(None, &Value::Null, Some(&json!({"requests": []})), Err("it takes none"));
    }
}
