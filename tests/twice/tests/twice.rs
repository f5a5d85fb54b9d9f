//! Every writing tool, at every vendor, with each of its writes disturbed in each way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aftercall_sandbox::{Fault, When};
use aftercall_twice::set::{self, Case, Set};
use aftercall_twice::settle::Host;
use aftercall_twice::stage::{Disturbance, play, writing_tools};
use serde_json::Value;
use tokio::runtime::Runtime;

/// After each of these, nobody who asked knows what was done.
const FAULTS: [Fault; 4] = [
    Fault::Drop { when: When::After },
    Fault::Drop { when: When::Before },
    Fault::Error { when: When::After },
    Fault::Nonsense,
];
/// No tool writes more often. Ends a search that would not end.
const WRITES_MAX: u32 = 8;

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
    for fault in FAULTS {
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
            let (expected, found) = (counts(set, &plain), counts(set, &ended.records));
            let more = found.iter().filter(|(list, count)| expected.get(*list) != Some(count));
            missed.extend(more.map(|(list, count)| format!("{list} has {count} instead of {:?}", expected.get(list))));
            wrong.extend(missed.into_iter().map(|why| format!("{disturbance:?}: {why}")));
        }
    }
    wrong
}

/// What a host that repeats blindly does twice: at vendors that honour no key of ours.
const BY_REPEATING: &[&str] = &[
    "calendar-caldav cancel_appointment",
    "collections-hubspot schedule_promise_callback",
    "crm-hubspot create_task",
    "crm-hubspot enrol_in_sequence",
    "crm-hubspot log_call_summary",
    "ehr-fhir book_appointment",
    "email send_email",
    "email send_template",
    "http-request reserve_table",
    "slack post_message",
    "slack reply_in_thread",
    "sms-twilio send_sms",
    "ticket-jira comment_on_ticket",
    "ticket-jira create_ticket",
    "ticket-zendesk comment_on_ticket",
];

/// What a host that forgets its key does twice: at vendors that go by it.
const WITHOUT_THE_KEY: &[&str] = &[
    "calendar-caldav book_appointment",
    "calendar-caldav book_callback",
    "calendar-caldav cancel_appointment",
    "calendar-google book_appointment",
    "calendar-google book_callback",
    "collections-hubspot log_payment_arrangement",
    "collections-hubspot schedule_promise_callback",
    "collections-salesforce log_payment_arrangement",
    "collections-salesforce schedule_promise_callback",
    "crm-hubspot create_task",
    "crm-hubspot log_call_summary",
    "crm-hubspot upsert_deal",
    "crm-salesforce create_task",
    "crm-salesforce log_call_summary",
    "crm-salesforce upsert_opportunity",
    "ehr-fhir book_appointment",
    "ehr-fhir create_task",
    "ehr-fhir record_communication",
    "ehr-fhir write_call_note",
    "ehr-fhir-slots book_appointment",
    "email send_email",
    "email send_template",
    "email start_followup",
    "http-request book_room",
    "http-request reserve_table",
    "oncall-jira-service-management page_oncall",
    "oncall-pagerduty page_oncall",
    "slack post_message",
    "slack reply_in_thread",
    "ticket-jira comment_on_ticket",
    "ticket-jira create_ticket",
    "ticket-zendesk comment_on_ticket",
    "ticket-zendesk create_ticket",
];

/// A host that settles nothing leaves effects twice, and is found out by it.
#[test]
fn careless_hosts_are_found_out() {
    let runtime = Runtime::new().expect("a runtime");
    let sets = set::all();
    let found_out = |host: Host| {
        let fault = Fault::Drop { when: When::After };
        // With each of its writes: the first of several may be one that anybody can repeat.
        let is_wrong = |set: &Set, case: &Case| {
            for skip in 0..WRITES_MAX {
                match play(set, case, Some(Disturbance { fault, skip }), host, &runtime) {
                    Ok(ended) if case.effect.iter().any(|held| held.missed(&ended.records).is_some()) => return true,
                    Ok(ended) if ended.disturbed => {}
                    Ok(_) => return false,
                    Err(_) => return true,
                }
            }
            false
        };
        let cases = sets.iter().flat_map(|set| set.cases.iter().map(move |case| (set, case)));
        let wrong = cases.filter(|(set, case)| is_wrong(set, case));
        wrong.map(|(set, case)| format!("{} {}", set.name, case.tool)).collect::<BTreeSet<_>>()
    };
    let expected = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(found_out(Host::RepeatsBlindly), expected(BY_REPEATING));
    assert_eq!(found_out(Host::ForgetsItsKey), expected(WITHOUT_THE_KEY));
}

/// How much is in each list of the vendors'.
fn counts(set: &Set, records: &Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (service, lists) in records.as_object().into_iter().flatten() {
        for (name, list) in lists.as_object().into_iter().flatten() {
            let path = format!("/{service}/{name}");
            if let Some(list) = list.as_array().filter(|_| !set.counts_requests.contains(&path)) {
                counts.insert(path, list.len());
            }
        }
    }
    counts
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
