//! The tenant's org: what the settings say of it.

use aftercall::{Amount, Context, Currency, Failure, Receipt, path_segment};
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Deserialize;

use crate::arguments::Day;

/// The version of Salesforce's REST API.
macro_rules! data {
    () => {
        "/services/data/v62.0/"
    };
}

/// Where queries go on.
pub(crate) const QUERY_PATH: &str = concat!(data!(), "query/");

const SECONDS_PER_MINUTE: i32 = 60;

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

    /// Checks that the org counts in this currency, and gives it where a record has to name it.
    pub(crate) fn currency<'a>(&self, amount: &Amount, currency: &'a Currency) -> Result<Option<&'a str>, Failure> {
        let code = currency.as_str();
        let known = self.currencies.join(", ");
        match &self.currencies[..] {
            [] => Err(Failure::invalid_arguments(
                "leave out amount and currency: the plugin's setting `currencies` doesn't say in which the org counts",
            )),
            currencies if !currencies.iter().any(|known| known == code) => Err(Failure::invalid_arguments(format!(
                "the org counts in {known}, not in {code}: leave out amount and currency, and say {} {code} in words elsewhere",
                amount.as_str()
            ))),
            [_] => Ok(None),
            _ => Ok(Some(code)),
        }
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
    pub(crate) fn day_of_call(&self, cx: &Context) -> Result<Day, Failure> {
        let wrong = || Failure::other("the setting `utc_offset_minutes` is out of range");
        let at_ms = i64::try_from(cx.first_attempt_at()).unwrap_or(i64::MAX);
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX);
        let offset_seconds = self.utc_offset_minutes.checked_mul(SECONDS_PER_MINUTE).ok_or_else(wrong)?;
        let offset = Offset::from_seconds(offset_seconds).map_err(|_| wrong())?;
        Ok(offset.to_datetime(at).date().into())
    }
}
