//! From a plugin's folder to its component: cargo, then the manifest goes in.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aftercall_core::manifest::Manifest;

/// The target that plugins are built for.
const TARGET: &str = "wasm32-wasip2";

/// Small and without what a component can't use. Given on the command line, so that an author's
/// Cargo.toml needs no profile.
const PROFILE: [&str; 4] = [
    "profile.release.opt-level=\"s\"",
    "profile.release.lto=true",
    "profile.release.codegen-units=1",
    "profile.release.strip=true",
];

/// Why a plugin can't be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is no plugin's.
    #[error("{file}: can't be read: {error}; a plugin's folder has a Cargo.toml and a plugin.toml", file = .file.display())]
    Folder {
        /// What is missing.
        file: PathBuf,
        /// Why it can't be read.
        error: std::io::Error,
    },
    /// The manifest is no manifest.
    #[error("{file}: {message}", file = .file.display())]
    Manifest {
        /// Which file.
        file: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// The target isn't there and can't be added.
    #[error(
        "the Rust target {TARGET} is missing: {why}; install it with `rustup target add {TARGET}`, or with your system's package of Rust's WebAssembly targets"
    )]
    Target {
        /// Why it could not be added.
        why: String,
    },
    /// Cargo can't be started.
    #[error("`{program}` can't be started: {error}; install Rust from https://rustup.rs")]
    Start {
        /// Which program.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// Cargo failed. It has said why on standard error.
    #[error("cargo could not build {folder}: see its messages above", folder = .folder.display())]
    Cargo {
        /// Which folder.
        folder: PathBuf,
    },
    /// Cargo built something else.
    #[error("{folder} builds no component: its Cargo.toml needs `[lib] crate-type = [\"cdylib\"]`", folder = .folder.display())]
    NoComponent {
        /// Which folder.
        folder: PathBuf,
    },
    /// The component is no plugin.
    #[error(transparent)]
    Artifact(#[from] aftercall_plugin::artifact::Error),
    /// The result can't be written.
    #[error("{file}: can't be written: {error}", file = .file.display())]
    Write {
        /// Which file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// A plugin that was made and isn't written yet.
#[derive(Debug)]
pub struct Made {
    /// The component, with the manifest inside.
    pub component: Vec<u8>,
    /// Its manifest.
    pub manifest: Manifest,
    /// Where it goes, unless something else is said: `aftercall/NAME.wasm` in cargo's target folder.
    file: PathBuf,
}

impl Made {
    /// Writes the component.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(self, out: Option<&Path>) -> Result<Built, Error> {
        let Self { component, manifest, file } = self;
        let file = out.map_or(file, Path::to_owned);
        write(&file, &component).map_err(|error| Error::Write { file: file.clone(), error })?;
        Ok(Built { file, manifest, bytes: component.len() })
    }
}

/// A plugin that was built.
#[derive(Debug)]
pub struct Built {
    /// The component.
    pub file: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its size in bytes.
    pub bytes: usize,
}

/// Makes the plugin in a folder.
///
/// # Errors
/// Says what is missing and how to get it.
pub fn make(folder: &Path) -> Result<Made, Error> {
    let manifest = read_manifest(&folder.join("plugin.toml"))?;
    let cargo_toml = folder.join("Cargo.toml");
    std::fs::metadata(&cargo_toml).map_err(|error| Error::Folder { file: cargo_toml.clone(), error })?;
    ensure_target()?;
    let core = compile(folder, &cargo_toml)?;
    let component = std::fs::read(&core).map_err(|error| Error::Folder { file: core.clone(), error })?;
    let component = aftercall_plugin::artifact::embed(&component, &manifest)?;
    let file = beside(&core).join(format!("{}.wasm", manifest.name));
    Ok(Made { component, manifest, file })
}

/// Reads and checks a manifest.
///
/// # Errors
/// Says where it is wrong.
pub fn read_manifest(file: &Path) -> Result<Manifest, Error> {
    let text = std::fs::read_to_string(file).map_err(|error| Error::Folder { file: file.to_owned(), error })?;
    let wrong = |message: String| Error::Manifest { file: file.to_owned(), message };
    let manifest: Manifest = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    manifest.check().map_err(|error| wrong(error.to_string()))?;
    Ok(manifest)
}

fn ensure_target() -> Result<(), Error> {
    let sysroot = output("rustc", ["--print", "sysroot"])?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib");
    if libraries.is_dir() {
        return Ok(());
    }
    let added =
        output("rustup", ["target", "add", TARGET]).map_err(|error| Error::Target { why: error.to_string() })?;
    tracing::debug!("rustup added {TARGET}: {added}");
    match libraries.is_dir() {
        true => Ok(()),
        false => Err(Error::Target { why: format!("it is not in {}", libraries.display()) }),
    }
}

fn output<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Result<String, Error> {
    let start = |error| Error::Start { program: program.to_owned(), error };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(start)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Target { why: format!("`{program}` said: {}", said.trim()) });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs cargo and finds the component in what it says about its artefacts.
fn compile(folder: &Path, cargo_toml: &Path) -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.args(["build", "--release", "--lib", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    command.arg("--manifest-path").arg(cargo_toml);
    for setting in PROFILE {
        command.args(["--config", setting]);
    }
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let start = |error| Error::Start { program: cargo.to_string_lossy().into_owned(), error };
    let output = command.output().map_err(start)?;
    if !output.status.success() {
        return Err(Error::Cargo { folder: folder.to_owned() });
    }
    let wanted = std::path::absolute(cargo_toml).unwrap_or_else(|_| cargo_toml.to_owned());
    let said = String::from_utf8_lossy(&output.stdout);
    let artefacts = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let ours = artefacts.filter(|message| {
        let from = message["manifest_path"].as_str().map(Path::new);
        message["reason"] == "compiler-artifact" && from.is_some_and(|from| same_file(from, &wanted))
    });
    let files = ours.flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default());
    let mut components = files.filter_map(|file| file.as_str().map(PathBuf::from));
    components
        .find(|file| file.extension() == Some(OsStr::new("wasm")))
        .ok_or_else(|| Error::NoComponent { folder: folder.to_owned() })
}

fn same_file(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// `target/aftercall`, from `target/wasm32-wasip2/release/x.wasm`.
fn beside(artefact: &Path) -> PathBuf {
    let target = artefact.ancestors().find(|folder| folder.file_name() == Some(OsStr::new(TARGET)));
    target.and_then(Path::parent).unwrap_or(Path::new(".")).join("aftercall")
}

fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, bytes)
}
