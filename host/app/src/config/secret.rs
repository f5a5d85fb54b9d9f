//! Secrets by reference. The file never holds one.

use std::path::PathBuf;

use aftercall_core::secret::Secret;
use serde::{Deserialize, Serialize};

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file, whose last line break doesn't count.
    File(PathBuf),
}

impl SecretRef {
    /// Reads the secret. `env` is how the environment is read; relative paths start at `folder`.
    ///
    /// # Errors
    /// Says where it was looked for.
    pub fn resolve(&self, folder: &std::path::Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Secret, String> {
        let value = match self {
            SecretRef::Env(name) => env(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))?,
            SecretRef::File(path) => {
                let path = folder.join(path);
                std::fs::read_to_string(&path)
                    .map_err(|error| format!("the secret file `{}` can't be read: {error}", path.display()))?
            }
        };
        match value.trim_end_matches(['\r', '\n']) {
            "" => Err("the secret is empty".to_owned()),
            value => Ok(Secret::new(value.to_owned())),
        }
    }
}
