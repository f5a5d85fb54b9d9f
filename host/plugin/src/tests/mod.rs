//! The host with real components: each guest of `tests/guests`, and what becomes of it.
//!
//! A theme's file has a table of its guests, each with what is asked of it, within which limits, and how that ends;
//! below it stands what needs more words than a table has. [`case`] looks after what holds for all: a call ends in
//! time, what left is what was to leave, and the host has back what it lent.

mod case;
mod world;

mod canary;
mod egress;
mod files;
mod handles;
mod host;
mod imports;
mod lies;
mod made;
mod memory;
mod output;
mod rehearsal;
mod signing;
mod state;
mod texts;
mod time;
mod tools;
mod traps;

use std::collections::BTreeSet;

use self::case::Case;

/// The tables of all themes, by the name of the guests' folder.
fn tables() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("behaves", host::cases()),
        ("egress", egress::cases()),
        ("handles", handles::cases()),
        ("imports", imports::cases()),
        ("lies", lies::cases()),
        ("memory", memory::cases()),
        ("output", output::cases()),
        ("signing", signing::cases()),
        ("state", state::cases()),
        ("texts", texts::cases()),
        ("time", time::cases()),
        ("tools", tools::cases()),
        ("traps", traps::cases()),
    ]
}

#[test]
fn every_guest_has_its_test() {
    let tested: BTreeSet<_> = tables()
        .into_iter()
        .flat_map(|(theme, cases)| cases.into_iter().map(move |case| (theme, case.guest)))
        .collect();
    let guests: BTreeSet<_> = aftercall_guests::ALL.iter().map(|guest| (guest.theme, guest.name)).collect();
    assert_eq!(guests.difference(&tested).collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "without a test");
    assert_eq!(tested.difference(&guests).collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "without a guest");
}
