//! Of each tool that writes, a doubt can be settled by asking: it has a `reconcile`, with each of the settings that a plugin
//! names as examples and that the sets have.

use std::fs;
use std::path::Path;

use aftercall::Effect;
use aftercall_twice::plugins::{manifest, tools};
use aftercall_twice::set;
use serde_json::Value;

#[test]
fn each_tool_that_writes_can_be_asked_about() {
    let mut without = Vec::new();
    for (plugin, settings) in settings() {
        let all = tools(&plugin, &settings).unwrap_or_else(|why| panic!("{plugin} with {settings}: {why}"));
        let cannot = all.into_iter().filter(|tool| tool.effect != Effect::Read && !tool.reconcilable);
        without.extend(cannot.map(|tool| format!("{plugin} {}", tool.name)));
    }
    assert!(without.is_empty(), "without `reconcile`: {}", without.join(", "));
}

/// The settings of each plugin: its manifest's examples, and those of its sets.
fn settings() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let plugins = fs::read_dir(folder).expect("there are plugins").map(|entry| entry.expect("it can be listed").path());
    let of_plugin = |path: std::path::PathBuf| {
        let plugin = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let examples = manifest(&plugin).settings.and_then(|mut settings| Some(settings.get_mut("examples")?.take()));
        let examples = examples.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        assert!(!examples.is_empty(), "{plugin}: its settings have no examples");
        examples.into_iter().map(move |example| (plugin.clone(), example))
    };
    plugins.flat_map(of_plugin).chain(set::all().into_iter().map(|set| (set.plugin, set.settings))).collect()
}
