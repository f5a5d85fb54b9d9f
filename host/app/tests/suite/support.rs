//! What the suites share: the plugins, built once, and the case folders.

use std::{fs::DirEntry, path::PathBuf, sync::OnceLock};

use aftercall_app::demo::{Plugins, Scenario, build_plugins, project};

/// The folder with the cases.
pub(crate) fn cases() -> PathBuf {
    project().expect("tests run where the sources are").join("tests/cases")
}

/// The cases' names, in order.
pub(crate) fn case_names() -> Vec<String> {
    let folders = std::fs::read_dir(cases()).expect("there are cases");
    let name = |entry: std::io::Result<DirEntry>| entry.expect("it reads").file_name().into_string();
    let mut names: Vec<String> = folders.map(|entry| name(entry).expect("names are text")).collect();
    names.sort();
    names
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
