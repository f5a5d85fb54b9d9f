//! Secrets by reference. The file never holds one.

use std::path::PathBuf;

use aftercall_core::secret::Secret;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file, whose last line break doesn't count.
    File(PathBuf),
}

/// What stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    env: Option<String>,
    file: Option<PathBuf>,
}

/// By hand, since an error must not repeat a value: the likeliest mistake is to write the secret itself.
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NAMED: &str = "a secret is named, never written: { env = \"NAME\" } or { file = \"path\" }";
        let any: toml::Value = Deserialize::deserialize(deserializer)?;
        let toml::Value::Table(table) = any else { return Err(D::Error::custom(NAMED)) };
        match Written::deserialize(table).map_err(D::Error::custom)? {
            Written { env: Some(name), file: None } => Ok(Self::Env(name)),
            Written { env: None, file: Some(path) } => Ok(Self::File(path)),
            _ => Err(D::Error::custom(NAMED)),
        }
    }
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
            value if value.trim().is_empty() => Err("the secret is empty".to_owned()),
            value => Ok(Secret::new(value.to_owned())),
        }
    }
}
