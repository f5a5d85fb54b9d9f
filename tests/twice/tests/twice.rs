//! Every writing tool, at every vendor, with each of its writes disturbed in each way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aftercall_sandbox::{Fault, When};
use aftercall_twice::set::{self, Case, Set};
use aftercall_twice::settle::Host;
use aftercall_twice::stage::{Disturbance, LAG_MS, WRITES_MAX, play, writing_tools};
use serde_json::Value;
use tokio::runtime::Runtime;

/// After each of these, nobody who asked knows what was done.
const FAULTS: [Fault; 4] = [
    Fault::Drop { when: When::After },
    Fault::Drop { when: When::Before },
    Fault::Error { when: When::After },
    Fault::Nonsense,
];

#[test]
fn each_effect_happens_once_whatever_becomes_of_an_answer() {
    let runtime = Runtime::new().expect("a runtime");
    let mut wrong = Vec::new();
    for set in set::all() {
        for case in &set.cases {
            let told = format!("{}: {} {}", set.name, case.tool, case.arguments);
            wrong.extend(check(&set, case, &runtime).into_iter().map(|why| format!("{told}\n    {why}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(set: &Set, case: &Case, runtime: &Runtime) -> Vec<String> {
    let plain = match play(set, case, None, Host::Careful, runtime) {
        Ok(ended) => ended.records,
        Err(why) => return vec![format!("undisturbed: {why}")],
    };
    let mut wrong: Vec<String> = case.effect.iter().filter_map(|held| held.missed(&plain)).collect();
    // A vendor lags for as long as its setting says, to the millisecond.
    let lagging = set.clone().with_lag(LAG_MS);
    let lag = (!set.lag.is_empty()).then_some((Fault::Lag { ms: LAG_MS }, &lagging));
    for (fault, set) in FAULTS.map(|fault| (fault, set)).into_iter().chain(lag) {
        for skip in 0..WRITES_MAX {
            let disturbance = Disturbance { fault, skip };
            let ended = match play(set, case, Some(disturbance), Host::Careful, runtime) {
                Ok(ended) => ended,
                Err(why) => {
                    wrong.push(format!("{disturbance:?}: {why}"));
                    break;
                }
            };
            if !ended.disturbed {
                if skip == 0 {
                    wrong.push(format!("{fault:?}: it writes nothing"));
                }
                break;
            }
            let missed = case.effect.iter().filter_map(|held| held.missed(&ended.records));
            let mut missed: Vec<String> = missed.collect();
            let (expected, found) = (set.counts(&plain), set.counts(&ended.records));
            let more = found.iter().filter(|(list, count)| expected.get(*list) != Some(count));
            missed.extend(more.map(|(list, count)| format!("{list} has {count} instead of {:?}", expected.get(list))));
            wrong.extend(missed.into_iter().map(|why| format!("{disturbance:?}: {why}")));
        }
    }
    wrong
}

#[test]
fn each_tool_that_writes_has_a_case() {
    let sets = set::all();
    for set in &sets {
        let tools: BTreeSet<String> = writing_tools(set).into_iter().collect();
        // A vendor may have sets of several settings, with the cases that these change.
        let of_vendor = sets.iter().filter(|other| other.plugin == set.plugin && other.service == set.service);
        let cases: BTreeSet<String> = of_vendor.flat_map(|set| &set.cases).map(|case| case.tool.clone()).collect();
        assert_eq!(cases, tools, "{}", set.name);
    }
}

#[test]
fn each_plugin_has_a_set_for_each_of_its_vendors() {
    let sets = set::all();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    for plugin in fs::read_dir(folder).expect("there are plugins") {
        let plugin = plugin.expect("it can be listed");
        let Ok(text) = fs::read_to_string(plugin.path().join("plugin.toml")) else { continue };
        let manifest: Value = toml::from_str(&text).expect("a manifest is TOML");
        let name = plugin.file_name().to_string_lossy().into_owned();
        let of_plugin: Vec<&Set> = sets.iter().filter(|set| set.plugin == name).collect();
        assert!(!of_plugin.is_empty(), "{name} has no set");
        let vendor = &manifest["settings"]["properties"]["vendor"];
        for wanted in vendor["enum"].as_array().into_iter().flatten() {
            let is_it = |set: &&Set| set.settings.get("vendor").unwrap_or(&vendor["default"]) == wanted;
            assert!(of_plugin.iter().copied().any(|set| is_it(&set)), "{name} has no set for {wanted}");
        }
    }
}
