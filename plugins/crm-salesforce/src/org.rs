//! The tenant's org: what the settings say of it, and the way to it.

use aftercall::{Context, Day, Failure, Money, Named, NationalNumbers};
use aftercall_salesforce::Salesforce;
use serde::Deserialize;

use crate::cadence::Cadence;
use crate::refusal;

const MS_PER_MINUTE: i64 = 60_000;

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Org {
    my_domain: String,
    #[serde(default = "key_field")]
    pub(crate) key_field: String,
    #[serde(default = "stages")]
    stages: Vec<String>,
    #[serde(default)]
    currencies: Vec<String>,
    /// How numbers stand that lack their country. Without it, such numbers count for nothing.
    pub(crate) national_numbers: Option<NationalNumbers>,
    pub(crate) lead_source: Option<String>,
    #[serde(default)]
    pub(crate) cadences: Named<Cadence>,
    #[serde(default = "completed_status")]
    pub(crate) completed_status: String,
    pub(crate) task_owner_id: Option<String>,
    #[serde(default)]
    utc_offset_minutes: i32,
}

fn key_field() -> String {
    "Aftercall_Key__c".to_owned()
}

fn completed_status() -> String {
    "Completed".to_owned()
}

/// The stages that Salesforce comes with.
fn stages() -> Vec<String> {
    let standard = [
        "Prospecting",
        "Qualification",
        "Needs Analysis",
        "Value Proposition",
        "Id. Decision Makers",
        "Perception Analysis",
        "Proposal/Price Quote",
        "Negotiation/Review",
        "Closed Won",
        "Closed Lost",
    ];
    standard.map(str::to_owned).to_vec()
}

impl Org {
    /// The way to it, in this call of a tool.
    pub(crate) fn salesforce<'a>(&'a self, cx: &'a Context) -> Salesforce<'a> {
        Salesforce::new(cx, &self.my_domain, &self.key_field).with_own(refusal::of_the_tenant)
    }

    /// The stage as the org writes it.
    pub(crate) fn stage(&self, said: &str) -> Result<&str, Failure> {
        match self.stages.iter().find(|stage| stage.eq_ignore_ascii_case(said.trim())) {
            Some(stage) => Ok(stage),
            None => {
                let known = self.stages.join(", ");
                Err(Failure::invalid_arguments(format!("{said:?} is no stage here; `stage` is one of: {known}")))
            }
        }
    }

    /// The stages that a call may set.
    pub(crate) fn stages(&self) -> Vec<String> {
        self.stages.clone()
    }

    /// The cadence of this name.
    pub(crate) fn cadence(&self, name: &str) -> Result<&Cadence, Failure> {
        self.cadences.named(name, "sequence", "cadences")
    }

    pub(crate) fn has_cadences(&self) -> bool {
        !self.cadences.is_empty()
    }

    pub(crate) fn cadence_names(&self) -> Vec<String> {
        self.cadences.names()
    }

    /// The currencies in which amounts may be.
    pub(crate) fn currencies(&self) -> Vec<String> {
        self.currencies.clone()
    }

    /// Checks that the org counts in this currency, and gives it where a record has to name it.
    pub(crate) fn currency<'a>(&self, money: &'a Money) -> Result<Option<&'a str>, Failure> {
        let code = money.currency().as_str();
        match &self.currencies[..] {
            currencies if !currencies.iter().any(|known| known == code) => Err(Failure::invalid_arguments(format!(
                "the org counts in {}, not in {code}: leave out amount and currency, and say {money} in words elsewhere",
                currencies.join(", ")
            ))),
            [_] => Ok(None),
            _ => Ok(Some(code)),
        }
    }

    /// Refuses an amount where the settings don't say in which currency it would be.
    pub(crate) fn counts(&self) -> Result<(), Failure> {
        if self.currencies.is_empty() {
            return Err(Failure::invalid_arguments(
                "leave out amount and currency: the plugin's setting `currencies` doesn't say in which the org counts",
            ));
        }
        Ok(())
    }

    /// The one currency of the org, where it has one.
    pub(crate) fn only_currency(&self) -> Option<&str> {
        match &self.currencies[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether records name their currency.
    pub(crate) fn has_currencies(&self) -> bool {
        self.currencies.len() > 1
    }

    /// The day on which this effect was first tried, which is soon after the call, where the team works.
    pub(crate) fn day_of_call(&self, cx: &Context) -> Day {
        let offset_ms = i64::from(self.utc_offset_minutes) * MS_PER_MINUTE;
        Day::in_utc(cx.first_attempt_at().saturating_add_signed(offset_ms))
    }
}
