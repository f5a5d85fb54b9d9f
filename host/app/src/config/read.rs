//! From text to configuration, with errors that say where and what instead.

use std::path::{Path, PathBuf};

use super::{Config, Problems, nearest::nearest};

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("{path}: can't be read: {error}; name a configuration with --config FILE", path = .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The text is no TOML, or not of the right shape.
    #[error("{path}:{line}:{column}: {message}", path = .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// The shape is right, the contents aren't.
    #[error("{path}: {problems}", path = .path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// All that is wrong.
        problems: Problems,
    },
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Says where it is wrong and what would be right.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::Unreadable { path: path.to_owned(), error })?;
        Self::parse(&text, path)
    }

    /// Reads and checks a text; `path` says where it is from, and where relative paths start.
    ///
    /// # Errors
    /// Says where it is wrong and what would be right.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let malformed = |error: toml::de::Error| {
            let (line, column) = place(text, error.span().map_or(0, |span| span.start));
            Error::Malformed { path: path.to_owned(), line, column, message: explain(error.message()) }
        };
        let mut config: Config = toml::from_str(text).map_err(malformed)?;
        config.folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        config
            .read_instructions()
            .and_then(|()| config.check())
            .map_err(|problems| Error::Wrong { path: path.to_owned(), problems })?;
        Ok(config)
    }
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Names the nearest known key where the message lists those there are.
fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (Some(unknown), true) = (quoted.next(), message.starts_with("unknown ")) else {
        return message.to_owned();
    };
    let what = if message.starts_with("unknown field") { "key" } else { "word" };
    let known: Vec<&str> = quoted.collect();
    match nearest(unknown, &known) {
        Some(near) => format!("unknown {what} `{unknown}`: did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown {what} `{unknown}`: nothing is expected here"),
        None => format!("unknown {what} `{unknown}`: expected one of `{}`", known.join("`, `")),
    }
}
