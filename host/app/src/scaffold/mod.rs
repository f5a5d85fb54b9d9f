//! `aftercall plugin new`: a folder with a tool that works, and a test that passes.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use aftercall_core::id::PluginName;
use anyhow::{Context as _, bail};

/// The files, by their paths in the folder. `NAME` stands for the plugin's name, `CRATE` for the same as an
/// identifier, `SDK` for the folder of the SDK.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    ("plugin.toml", include_str!("template/plugin.toml.txt")),
    ("README.md", include_str!("template/README.md.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
    ("tests/tools.rs", include_str!("template/tools.rs.txt")),
    (".gitignore", "/target\n"),
];

/// Makes the folder of a new plugin below `parent`.
///
/// # Errors
/// There is something of that name already, or it can't be written.
pub fn new(name: &PluginName, parent: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    if name.as_str().starts_with(|first: char| !first.is_ascii_lowercase()) {
        bail!("`{name}` can't be a crate's name: begin with a letter");
    }
    let folder = parent.join(name.as_str());
    if folder.exists() {
        bail!("{} is there already: choose another name, or another folder with --in", folder.display());
    }
    let sdk = sdk()?;
    for (path, template) in FILES {
        let file = folder.join(path);
        let write = || {
            std::fs::create_dir_all(file.parent().expect("it is below the folder"))?;
            std::fs::write(&file, fill(template, name, &sdk))
        };
        write().with_context(|| format!("{} can't be written", file.display()))?;
    }
    writeln!(out, "{} has a tool, `open_ticket`, and its test. Next:", folder.display())?;
    writeln!(out, "  cd {}", folder.display())?;
    writeln!(out, "  cargo test                 # the tool against a fake of its vendor")?;
    writeln!(out, "  aftercall plugin build .   # the component, with plugin.toml inside")?;
    Ok(())
}

fn fill(template: &str, name: &PluginName, sdk: &Path) -> String {
    let sdk = toml::Value::String(sdk.display().to_string()).to_string();
    let krate = name.as_str().replace('-', "_");
    template.replace("{SDK}", &sdk).replace("{CRATE}", &krate).replace("{NAME}", name.as_str())
}

/// The SDK is not in a registry of crates yet: it is used from the sources that this binary was built from.
fn sdk() -> anyhow::Result<PathBuf> {
    let sdk = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugin-sdk"));
    sdk.canonicalize().with_context(|| {
        format!("the SDK is no longer in {}: keep the sources that this binary was built from", sdk.display())
    })
}
