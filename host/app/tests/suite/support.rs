//! What the suites share: the plugins, built once, and the case folders.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use aftercall_app::demo::{Plugins, Scenario, build_plugins, project};
use aftercall_core::manifest::Manifest;
use aftercall_plugin::{artifact::MANIFEST_SECTION, embed};

/// The folder with the cases.
pub(crate) fn cases() -> PathBuf {
    project().expect("tests run where the sources are").join("tests/cases")
}

/// The cases' names, in order, each followed by its variants': their folders below that of all.
pub(crate) fn case_names() -> Vec<String> {
    let folders = std::fs::read_dir(cases()).expect("there are cases");
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.expect("it reads").path()).collect();
    folders.sort();
    folders.into_iter().flat_map(|folder| with_variants(&folder)).collect()
}

/// The name of the case in a folder, and those of its variants.
pub(crate) fn with_variants(folder: &Path) -> Vec<String> {
    let variants = Scenario::variants(folder).expect("they can be listed");
    let name = |folder: &Path| folder.strip_prefix(cases()).expect("it is below").to_str().map(str::to_owned);
    std::iter::once(folder).chain(variants.iter().map(PathBuf::as_path)).filter_map(name).collect()
}

/// A case, from its folder.
pub(crate) fn case(name: &str) -> Scenario {
    Scenario::load(&cases().join(name)).expect("the case reads")
}

/// The reference plugins that cases name, built once for all tests of this binary.
pub(crate) fn plugins() -> &'static Plugins {
    static PLUGINS: OnceLock<Plugins> = OnceLock::new();
    PLUGINS.get_or_init(|| {
        let mut plugins = Plugins::new();
        for name in case_names() {
            build_plugins(&case(&name).config, &mut plugins).expect("the reference plugins build");
        }
        plugins
    })
}

/// The component of a reference plugin with another manifest.
pub(crate) fn changed(plugin: &str, change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    let file = &plugins()[&plugin.parse().expect("a name")].file;
    let mut component = std::fs::read(file).expect("it was built");
    // The section with the manifest comes last: its kind, its length, its name with that one's length, and JSON.
    let name = format!("\u{12}{MANIFEST_SECTION}").into_bytes();
    let begin = component.windows(name.len()).rposition(|window| window == name).expect("it has a manifest");
    let mut manifest = serde_json::from_slice(&component[begin + name.len()..]).expect("it is JSON");
    let length = component.len() - begin;
    component.truncate(begin - 1 - usize::try_from(length.ilog2() / 7 + 1).expect("a few bytes"));
    change(&mut manifest);
    embed(&component, &manifest).expect("it fits")
}
