//! The calls: each has a number that makes it another call, about other people, than all others.

use std::path::Path;

use aftercall_app::demo::Scenario;
use aftercall_sandbox::Service;
use serde_json::Value;

/// What stands in a scenario for the call's number.
const NUMBER: &str = "NUMBER";

/// What stands before the number in what vendors hold.
const BEFORE_NUMBER: [&str; 4] = ["+15550", "caller-", "Fleet ", "appt-"];

/// How many kinds of calls there are.
const KINDS: u32 = 3;

/// Digits of a number.
const NUMBER_DIGITS: usize = 6;

/// The lists in which vendors keep what calls ask for, and where the number stands in a record of each.
pub(crate) const LISTS: [(&str, &str); 8] = [
    ("/hubspot/contacts", "/properties/email"),
    ("/hubspot/notes", "/properties/hs_note_body"),
    ("/sendgrid/contacts", "/email"),
    ("/twilio/messages", "/to"),
    ("/fhir/appointments", "/id"),
    ("/zendesk/users", "/phone"),
    ("/zendesk/tickets", "/description"),
    ("/pagerduty/alerts", "/custom_details/caller_phone"),
];

/// What calls are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A lead, a note, emails, a text.
    Sales,
    /// An appointment, a text.
    Clinic,
    /// A ticket, a page.
    Support,
}

impl Kind {
    pub(crate) const ALL: [Kind; KINDS as usize] = [Kind::Sales, Kind::Clinic, Kind::Support];

    const fn folder(self) -> &'static str {
        match self {
            Kind::Sales => "sales",
            Kind::Clinic => "clinic",
            Kind::Support => "support",
        }
    }

    /// What calls of this kind are, and what must come of one.
    pub(crate) fn scenario(self) -> Scenario {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/soak/world").join(self.folder());
        Scenario::load(&folder).expect("the scenario reads")
    }
}

/// A call, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call(pub(crate) u32);

impl Call {
    /// Different calls of these kinds.
    pub(crate) fn some_of(kinds: impl IntoIterator<Item = Kind>) -> Vec<Self> {
        let of = |(place, kind): (u32, Kind)| Self(place * KINDS + kind as u32);
        (0..).zip(kinds).map(of).collect()
    }

    /// A number that is larger than theirs.
    pub(crate) fn after(calls: &[Self]) -> u32 {
        calls.iter().max().map_or(0, |last| last.0 + 1)
    }

    /// Kinds alternate.
    pub(crate) fn kind(self) -> Kind {
        Kind::ALL[(self.0 % KINDS) as usize]
    }

    /// A scenario's text, of this call.
    pub(crate) fn fill(self, template: &str) -> String {
        template.replace(NUMBER, &format!("{:0NUMBER_DIGITS$}", self.0))
    }

    /// The call that a text of a vendor's is about.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let after = BEFORE_NUMBER.iter().find_map(|before| text.split_once(before))?.1;
        after.get(..NUMBER_DIGITS)?.parse().ok().map(Self)
    }
}

/// What vendors must have before calls can be about it: the clinic's patients and their appointments.
pub(crate) fn fill_seeds(scenario: &mut Scenario, calls: u32) {
    let Some(template) = scenario.seeds.remove(&Service::Fhir) else { return };
    let template = template.to_string();
    let seeds = (0..calls).map(Call).filter(|call| call.kind() == Kind::Clinic).flat_map(|call| {
        let filled: Vec<Value> = serde_json::from_str(&call.fill(&template)).expect("it is an array");
        filled
    });
    scenario.seeds.insert(Service::Fhir, seeds.collect());
}
