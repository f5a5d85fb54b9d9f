//! The law of imports: who may depend on whom.

use std::{collections::BTreeSet, fs};

use aftercall_app::demo::project;

const ALL: &[&str] = &["core", "llm", "intake", "plugin", "storage", "engine", "sandbox"];

#[test]
fn crates_depend_on_what_the_law_allows() {
    let law: [(&str, &[&str]); 8] = [
        ("core", &[]),
        ("llm", &["core"]),
        ("intake", &["core"]),
        ("plugin", &["core"]),
        ("storage", &["core"]),
        ("engine", &["core"]),
        ("sandbox", &[]),
        ("app", ALL),
    ];
    let host = project().expect("tests run where the sources are").join("host");
    let folders: BTreeSet<String> = fs::read_dir(&host)
        .expect("it is there")
        .map(|entry| entry.expect("it reads").file_name().into_string().expect("names are text"))
        .collect();
    assert_eq!(folders, law.iter().map(|(name, _)| (*name).to_owned()).collect(), "every crate has its law");
    for (name, allowed) in law {
        let text = fs::read_to_string(host.join(name).join("Cargo.toml")).expect("a crate has a manifest");
        let manifest: toml::Table = toml::from_str(&text).expect("it is TOML");
        let dependencies = manifest["dependencies"].as_table().expect("a table").keys();
        let ours = dependencies.filter_map(|name| name.strip_prefix("aftercall-"));
        for dependency in ours {
            assert!(allowed.contains(&dependency), "host/{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn what_authors_use_depends_on_the_sdk_alone() {
    let sdk = project().expect("tests run where the sources are").join("plugin-sdk");
    let law: [(&str, &[&str]); 4] = [
        ("", &["aftercall-sdk-macros"]),
        ("macros", &[]),
        ("hubspot", &["aftercall-sdk"]),
        ("salesforce", &["aftercall-sdk"]),
    ];
    for (folder, allowed) in law {
        let text = fs::read_to_string(sdk.join(folder).join("Cargo.toml")).expect("a crate has a manifest");
        let manifest: toml::Table = toml::from_str(&text).expect("it is TOML");
        let dependencies = manifest["dependencies"].as_table().expect("a table").keys();
        let ours: Vec<&String> = dependencies.filter(|name| name.starts_with("aftercall")).collect();
        assert_eq!(ours, allowed, "plugin-sdk/{folder}");
    }
}

#[test]
fn core_does_no_io() {
    let text = fs::read_to_string(project().expect("sources").join("host/core/Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = toml::from_str(&text).expect("it is TOML");
    let dependencies: Vec<&String> = manifest["dependencies"].as_table().expect("a table").keys().collect();
    let pure =
        ["async-trait", "jiff", "jsonschema", "serde", "serde_json", "serde_json_canonicalizer", "sha2", "thiserror"];
    assert_eq!(dependencies, pure, "whatever is added here must do no I/O, and be named in this test");
}
