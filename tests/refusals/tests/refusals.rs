//! Each error that a vendor documents comes to what the data says, in each tool; and the data says nothing in vain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aftercall_contracts_tests::openapi::Contract;
use aftercall_contracts_tests::{answer, documents as contracts};
use aftercall_refusals::play::Played;
use aftercall_refusals::vendor::{self, Vendor};
use aftercall_refusals::{calls, documents, play};
use aftercall_sandbox::Service;
use aftercall_twice::set::{self, Set};
use aftercall_twice::stage;

static SETS: LazyLock<Vec<Set>> = LazyLock::new(set::all);
static VENDORS: LazyLock<BTreeMap<Service, Vendor>> = LazyLock::new(vendor::all);
static DOCUMENTS: LazyLock<Option<Vec<Contract>>> = LazyLock::new(|| {
    contracts::read("whether each refusal in vendors' documents has its row, and the documents' examples")
});
static PLAYED: LazyLock<Vec<Played>> =
    LazyLock::new(|| play::all(&calls::all(&SETS), &VENDORS, DOCUMENTS.as_deref().unwrap_or_default()));

fn assert_nothing(wrong: &BTreeSet<String>) {
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), Vec::from_iter(wrong.iter().map(String::as_str)).join("\n"));
}

#[test]
fn each_refusal_comes_to_what_the_data_says() {
    let mut wrong = BTreeSet::new();
    for played in PLAYED.iter() {
        let vendor = &VENDORS[&played.service];
        let complaints = vendor.expected(&played.refused()).wrong(&played.result);
        let told = |why| format!("{}: {why}\n    {:?}", played.told(), played.result);
        wrong.extend(complaints.into_iter().map(told));
    }
    assert_nothing(&wrong);
}

#[test]
fn the_data_gives_its_reasons() {
    let mut wrong = BTreeSet::new();
    for played in PLAYED.iter() {
        let why = VENDORS[&played.service].unexplained(&played.error, played.reads);
        wrong.extend(
            why.map(|why| format!("{:?}, {} {:?}: {why}", played.service, played.error.status, played.error.code)),
        );
    }
    assert_nothing(&wrong);
}

#[test]
fn the_data_says_nothing_in_vain() {
    let mut wrong = BTreeSet::new();
    for (service, vendor) in VENDORS.iter() {
        let played = || PLAYED.iter().filter(|played| played.service == *service);
        let rows: BTreeSet<usize> = played().map(|played| played.error.row).collect();
        let unused = (0..vendor.errors.len()).filter(|row| !rows.contains(row));
        wrong.extend(unused.map(|row| format!("{service:?}: no request is refused so: {:?}", vendor.errors[row])));
        let exceptions: BTreeSet<usize> = played().filter_map(|played| vendor.departs(&played.refused())).collect();
        let unused = (0..vendor.exceptions.len()).filter(|number| !exceptions.contains(number));
        wrong.extend(unused.map(|number| format!("{service:?}: it is no exception: {:?}", vendor.exceptions[number])));
    }
    assert_nothing(&wrong);
}

#[test]
fn each_tool_is_called() {
    let scenes = calls::all(&SETS);
    let mut wrong = BTreeSet::new();
    for set in SETS.iter() {
        // A vendor may have sets of several settings, with the calls that these change.
        let of_vendor =
            scenes.iter().filter(|scene| scene.set.plugin == set.plugin && scene.set.service == set.service);
        let called: BTreeSet<&str> = of_vendor.map(|scene| &*scene.call.tool).collect();
        let tools = stage::tools(set);
        wrong
            .extend(tools.iter().filter(|tool| !called.contains(&***tool)).map(|tool| format!("{}: {tool}", set.name)));
    }
    assert_nothing(&wrong);
}

#[test]
fn each_refusal_in_a_document_has_its_row() {
    let Some(contracts) = &*DOCUMENTS else { return };
    let mut wrong = BTreeSet::new();
    for played in PLAYED.iter() {
        let Some(operation) = documents::operation(contracts, &played.sent) else { continue };
        let vendor = &VENDORS[&played.service];
        let mut errors = vendor.errors();
        errors.retain(|error| vendor.may_answer(error, &played.sent));
        let told = |status| format!("{} {}: no row for {status}", played.sent.method, operation.path);
        wrong.extend(documents::without_a_row(&operation, &errors).into_iter().map(told));
        // Of a status that it leaves out, a page has told.
        let played_answer = played.sent.answer.as_ref().filter(|answer| operation.response(answer.status).is_some());
        let Some(answered) = played_answer else { continue };
        let complaints = answer::check(&operation, answered).expect("the document can be used");
        wrong.extend(
            complaints
                .into_iter()
                .map(|why| format!("{} {}: {answered}\n    {why}", played.sent.method, operation.path)),
        );
    }
    assert_nothing(&wrong);
}
