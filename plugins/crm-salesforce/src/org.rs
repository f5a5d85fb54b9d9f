//! The tenant's org: what the settings say of it.

use aftercall::{Context, Day, Failure, Money, Receipt, path_segment};
use serde::Deserialize;

/// The version of Salesforce's REST API.
macro_rules! data {
    () => {
        "/services/data/v62.0/"
    };
}

/// Where queries go on.
pub(crate) const QUERY_PATH: &str = concat!(data!(), "query/");

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
    pub(crate) lead_source: Option<String>,
    #[serde(default = "completed_status")]
    pub(crate) completed_status: String,
    pub(crate) task_owner_id: Option<String>,
    #[serde(default)]
    utc_offset_minutes: i32,
}

/// The objects whose records are written.
#[derive(Clone, Copy)]
pub(crate) enum Object {
    Lead,
    Opportunity,
    Task,
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

impl Object {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Object::Lead => "Lead",
            Object::Opportunity => "Opportunity",
            Object::Task => "Task",
        }
    }
}

impl Org {
    /// The address of a part of the API.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("https://{}.my.salesforce.com{}{path}", self.my_domain, data!())
    }

    /// The address of a record.
    pub(crate) fn record(&self, object: Object, id: &str) -> String {
        self.api(&format!("sobjects/{}/{}", object.name(), path_segment(id)))
    }

    /// The address of a record by its key.
    pub(crate) fn record_of(&self, object: Object, key: &str) -> String {
        self.api(&format!("sobjects/{}/{}/{}", object.name(), path_segment(&self.key_field), path_segment(key)))
    }

    /// The receipt for a record, whose page Salesforce shows at its id.
    pub(crate) fn receipt(&self, object: Object, id: &str) -> Receipt {
        Receipt::new(object.name(), id).with_url(format!(
            "https://{}.my.salesforce.com/{}",
            self.my_domain,
            path_segment(id)
        ))
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
