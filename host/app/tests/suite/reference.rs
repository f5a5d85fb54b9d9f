//! What holds for each of the reference plugins.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use aftercall_app::{
    app::{App, Surroundings},
    build::{self, Built},
    command::build::{complaints, examples},
    config::Config,
    demo::project,
    progress::Silence,
};
use aftercall_core::{
    egress::Access,
    manifest::{AskedAccess, EgressRequest, Manifest},
};

/// A private key of tests.
const KEY: &str = "host/plugin/src/credential/testdata/rsa.pem";

/// Most bytes of a component.
const COMPONENT_BYTES_MAX: usize = 1_000_000;

fn folders() -> Vec<PathBuf> {
    let folders = fs::read_dir(sources().join("plugins"));
    let mut folders: Vec<_> = folders.expect("it is there").map(|entry| entry.expect("it reads").path()).collect();
    folders.sort();
    assert!(folders.len() >= 11, "{folders:?}");
    folders
}

fn sources() -> &'static Path {
    project().expect("tests run where the sources are")
}

#[tokio::test]
async fn each_is_small_and_can_be_called_by_every_model() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let name = folder.file_name().expect("it has a name").to_string_lossy().into_owned();
        let made = build::make(&folder).expect("it builds");
        let settings = examples(&made.manifest).expect("its settings have examples that fit");
        let complaints = complaints(&made.component, &settings).await.expect("it says what it offers");
        wrong.extend(complaints.into_iter().map(|complaint| format!("{name}: {complaint}")));
        let bytes = made.component.len();
        if bytes > COMPONENT_BYTES_MAX {
            wrong.push(format!("{name}: its component has {bytes} bytes, more than {COMPONENT_BYTES_MAX}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The grants that a plugin's README shows are copied by people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_grant_in_a_readme_can_be_used() {
    let built = tempfile::tempdir().expect("a temporary folder");
    let mut wrong = Vec::new();
    for folder in folders() {
        let name = folder.file_name().expect("it has a name").to_string_lossy().into_owned();
        let component = built.path().join(format!("{name}.wasm"));
        let made = build::make(&folder).expect("it builds").write(Some(&component)).expect("it can be written");
        let readme = fs::read_to_string(folder.join("README.md")).expect("it has one");
        let grants: Vec<&str> = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        if !grants.iter().any(|grant| grant.contains("[tenants.")) {
            wrong.push(format!("{name}: its README shows no grant"));
        }
        for grant in grants {
            let used = used(&configuration(&made, grant), &made.manifest, built.path()).await;
            wrong.extend(used.err().map(|why| format!("{name}: {why:#}\n{grant}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A grant as a README shows it, with the component that it is for, and with a key where it names a file that has one.
fn configuration(made: &Built, grant: &str) -> String {
    let key = sources().join(KEY);
    let with_keys = grant.lines().map(|line| match line.split_once("{ file = ") {
        Some((slot, _)) => format!("{slot}{{ file = {key:?} }}\n"),
        None => format!("{line}\n"),
    });
    format!("{}[plugins.{}]\ncomponent = {:?}\n", with_keys.collect::<String>(), made.manifest.name, made.file)
}

/// Has a host use a configuration, with whatever secrets it names. None of its rules is for what the plugin doesn't ask for.
async fn used(text: &str, manifest: &Manifest, folder: &Path) -> anyhow::Result<()> {
    let mut config = Config::parse(text, Path::new("aftercall.toml"))?;
    (config.operator.cache, config.operator.key) = (Some(folder.join("cache")), Some(folder.join("host.key")));
    for grant in config.tenants.values().flat_map(|tenant| tenant.plugins.values()) {
        let granted = [(&grant.egress.read, Access::Read), (&grant.egress.write, Access::Write)];
        for (rule, access) in granted.iter().flat_map(|(rules, access)| rules.iter().map(move |rule| (rule, access))) {
            let is_asked = |asked: &EgressRequest| {
                let fits = asked.access == AskedAccess::AsGranted || asked.access.at_least() == *access;
                fits && asked.rule.meets(rule)
            };
            anyhow::ensure!(manifest.egress.iter().any(is_asked), "the plugin doesn't ask for {rule}");
        }
    }
    let key = fs::read_to_string(sources().join(KEY))?;
    let env = |name: &str| Some(if name.ends_with("_SALESFORCE_KEY") { key.clone() } else { "user:secret".to_owned() });
    let surroundings = Surroundings { rehearsal: true, ..Surroundings::new(&env, Arc::new(Silence)) };
    App::build(config, surroundings).await.map(drop)
}
