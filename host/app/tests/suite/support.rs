//! What the suites share: the plugins, built once, and the case folders.

use std::{path::PathBuf, sync::OnceLock};

use aftercall_app::demo::{Plugins, Scenario, build_plugins, project};

/// The folder with the cases.
pub(crate) fn cases() -> PathBuf {
    project().expect("tests run where the sources are").join("tests/cases")
}

/// A case, from its folder.
pub(crate) fn case(name: &str) -> Scenario {
    Scenario::load(&cases().join(name)).expect("the case reads")
}

/// The reference plugins, built once for all tests of this binary.
pub(crate) fn plugins() -> &'static Plugins {
    static PLUGINS: OnceLock<Plugins> = OnceLock::new();
    PLUGINS.get_or_init(|| {
        let mut plugins = Plugins::new();
        build_plugins(&case("sales-qualification").config, &mut plugins).expect("the reference plugins build");
        plugins
    })
}
