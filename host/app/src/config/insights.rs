//! What an assistant asks for about each call, as the file says it.

use std::path::{Path, PathBuf};

use aftercall_core::{insights::Insights, schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Problems;

/// What is to be known of each call: one JSON object, which the model writes when the work is done. It changes nothing of how
/// a run ends.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct InsightsConfig {
    /// JSON Schema of the object.
    pub schema: Option<serde_json::Value>,
    /// The same in a file of its own.
    pub schema_file: Option<PathBuf>,
    /// What to look at, where the schema's descriptions don't say it.
    pub instruction: Option<String>,
}

impl InsightsConfig {
    /// Puts a schema that is in a file of its own where the others are, as if it had been written there, and says what is
    /// wrong.
    pub(super) fn read(&mut self, problems: &mut Problems, place: &str, folder: &Path) {
        match (&self.schema, self.schema_file.take()) {
            (Some(_), Some(_)) => problems.add(place, "has both `schema` and `schema_file`: keep one"),
            (None, None) => {
                problems.add(place, "has no schema: add `schema` or `schema_file`, a JSON Schema of an object")
            }
            (Some(_), None) => {}
            (None, Some(file)) => match schema_of(&folder.join(&file)) {
                Ok(schema) => self.schema = Some(schema),
                Err(why) => problems.add(place, format_args!("schema_file `{}`: {why}", file.display())),
            },
        }
        if let Err(error) = self.resolve() {
            problems.add(&format!("{place}.schema"), error);
        }
    }

    /// What is to be known. Without a schema, which is a problem of its own, anything.
    pub(super) fn resolve(&self) -> Result<Insights, schema::Error> {
        let anything = || json!({ "type": "object" });
        Insights::new(&self.schema.clone().unwrap_or_else(anything), self.instruction.clone())
    }
}

fn schema_of(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
