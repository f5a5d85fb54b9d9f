//! From text to configuration, with errors that say where and what instead.
//!
//! Each tenant's section is read by itself, so that one tenant's mistakes are its own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use aftercall_core::id::Tenant;
use serde::Deserialize as _;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer, ValueDeserializer},
};

use super::{Config, Problems, TenantConfig, nearest::nearest};

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
    /// The folder with tenants can't be read.
    #[error("operator.tenants_folder: {path}: can't be read: {error}", path = .path.display())]
    TenantsFolder {
        /// Which folder, or file in it.
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
        Self::parse(&text_of(path)?, path)
    }

    /// Reads and checks a text; `path` says where it is from, and where relative paths start.
    ///
    /// # Errors
    /// Says where it is wrong and what would be right.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let Sections { mut config, mut broken } = Sections::of(text, path)?;
        if let Some((_, error)) = broken.pop_first() {
            return Err(error);
        }
        let mut problems = config.check_operator();
        for (_, of_tenant) in config.check_tenants() {
            problems.extend(of_tenant);
        }
        problems.extend(config.check_endpoints());
        match problems.is_empty() {
            true => Ok(config),
            false => Err(Error::Wrong { path: path.to_owned(), problems }),
        }
    }

    /// Reads and checks a file, and leaves out each tenant whose section is wrong: see [`Config::broken`].
    ///
    /// # Errors
    /// The file can't be read, or what it says beside tenants is wrong.
    pub fn read_tolerantly(path: &Path) -> Result<Self, Error> {
        let Sections { mut config, broken } = Sections::of(&text_of(path)?, path)?;
        let wrong = |problems| Error::Wrong { path: path.to_owned(), problems };
        let problems = config.check_operator();
        if !problems.is_empty() {
            return Err(wrong(problems));
        }
        config.broken = broken.into_iter().map(|(name, error)| (name, error.to_string())).collect();
        for (tenant, problems) in config.check_tenants() {
            config.tenants.remove(&tenant);
            config.broken.insert(tenant.to_string(), wrong(problems).to_string());
        }
        Ok(config)
    }
}

fn text_of(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::Unreadable { path: path.to_owned(), error })
}

/// A file's sections, each read by itself. Nothing is checked yet.
struct Sections {
    config: Config,
    broken: BTreeMap<String, Error>,
}

impl Sections {
    fn of(text: &str, path: &Path) -> Result<Self, Error> {
        let malformed = |error: toml::de::Error| malformed(&error, text, path);
        let mut table = DeTable::parse(text).map_err(malformed)?;
        let tenants = table.get_mut().remove("tenants");
        let mut config = Config::deserialize(Deserializer::from(table)).map_err(malformed)?;
        config.folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let mut sections = Self { config, broken: BTreeMap::new() };
        sections.take_tenants(tenants, text, path)?;
        sections.take_folder()?;
        Ok(sections)
    }

    fn take_tenants(&mut self, tenants: Option<Spanned<DeValue<'_>>>, text: &str, path: &Path) -> Result<(), Error> {
        let Some(tenants) = tenants else { return Ok(()) };
        let at = |start: usize, message: String| {
            let (line, column) = place(text, start);
            Error::Malformed { path: path.to_owned(), line, column, message }
        };
        let start = tenants.span().start;
        let DeValue::Table(table) = tenants.into_inner() else {
            return Err(at(start, "`tenants` is no table: write [tenants.NAME]".to_owned()));
        };
        for (name, section) in table {
            let read = TenantConfig::deserialize(ValueDeserializer::from(section));
            let read = read.map_err(|error| malformed(&error, text, path));
            self.insert(name.get_ref(), read, |message| at(name.span().start, message));
        }
        Ok(())
    }

    /// Takes the tenants that have files of their own.
    fn take_folder(&mut self) -> Result<(), Error> {
        let Some(folder) = &self.config.operator.tenants_folder else { return Ok(()) };
        let folder = self.config.path(folder);
        let unreadable = |path: &Path, error| Error::TenantsFolder { path: path.to_owned(), error };
        let entries = std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))?;
        let files: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut files = files.map_err(|error| unreadable(&folder, error))?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let wrong = |message| Error::Malformed { path: file.clone(), line: 1, column: 1, message };
            let read = match std::fs::read_to_string(&file) {
                Ok(_) if self.config.tenants.keys().any(|tenant| tenant.as_str() == name) => {
                    Err(wrong(format!("[tenants.{name}] is there too: keep one of the two")))
                }
                Ok(text) => toml::from_str(&text).map_err(|error| malformed(&error, &text, &file)),
                Err(error) => Err(unreadable(&file, error)),
            };
            self.insert(&name, read, wrong);
        }
        Ok(())
    }

    /// Takes a tenant in, or keeps what is wrong with it, which may be its name: `wrong` makes an error of that.
    fn insert(&mut self, name: &str, read: Result<TenantConfig, Error>, wrong: impl FnOnce(String) -> Error) {
        let error = match (name.parse::<Tenant>(), read) {
            (Ok(tenant), Ok(config)) => {
                self.config.tenants.insert(tenant, config);
                return;
            }
            (Ok(tenant), Err(error)) => {
                self.config.tenants.remove(&tenant);
                error
            }
            (Err(error), _) => wrong(error.to_string()),
        };
        self.broken.insert(name.to_owned(), error);
    }
}

fn malformed(error: &toml::de::Error, text: &str, path: &Path) -> Error {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    Error::Malformed { path: path.to_owned(), line, column, message: explain(error.message()) }
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
