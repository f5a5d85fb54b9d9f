//! A payment arrangement: a deal in the tenant's pipeline.

use std::borrow::Cow;

use aftercall::path_segment;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::hubspot::Settings;

/// Where deals are upserted. HubSpot's own document of the deals API writes them by their type id; `deals` is another
/// name of the same (developers.hubspot.com/docs/api/crm/deals).
pub(crate) const UPSERT: &str = "0-3/batch/upsert";

const AMOUNT_PATTERN: &str = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$";

/// An amount of money above nothing, as a decimal number: never a float.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Amount(String);

/// How an arrangement is paid.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    Card,
    BankTransfer,
    Cheque,
    Cash,
}

/// What was agreed.
pub(crate) struct Arrangement {
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) first: Date,
    pub(crate) instalments: Option<u32>,
    pub(crate) method: Option<Method>,
    pub(crate) note: Option<String>,
}

/// A deal's properties.
#[derive(Serialize)]
pub(crate) struct Deal<'a> {
    dealname: String,
    amount: &'a str,
    deal_currency_code: &'a str,
    closedate: String,
    pipeline: &'a str,
    dealstage: &'a str,
    description: String,
}

/// The deal that `log_payment_arrangement` made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Logged {
    pub(crate) deal_id: String,
}

/// An upsert of one deal by a property with unique values.
pub(crate) fn upsert(key_property: &str, key: &str, deal: &Deal<'_>) -> Value {
    json!({ "inputs": [{ "idProperty": key_property, "id": key, "properties": deal }] })
}

/// Where a deal's association with a contact is made, of HubSpot's default type
/// (developers.hubspot.com/docs/api/crm/associations/v4).
pub(crate) fn association_url(deal_id: &str, contact_id: &str) -> String {
    let (deal, contact) = (path_segment(deal_id), path_segment(contact_id));
    format!("https://api.hubapi.com/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}")
}

impl Arrangement {
    /// The deal of an account whose holder has this name.
    pub(crate) fn deal<'a>(&'a self, settings: &'a Settings, name: &str) -> Deal<'a> {
        let mut description = format!("{}.", self.terms());
        if let Some(note) = &self.note {
            description.push('\n');
            description.push_str(note.trim());
        }
        Deal {
            dealname: format!("Payment arrangement: {name}"),
            amount: &self.amount.0,
            deal_currency_code: &self.currency,
            // An instant in HubSpot, shown in each reader's time zone: noon in UTC is the same day in nearly all.
            closedate: format!("{}T12:00:00Z", self.first),
            pipeline: &settings.pipeline,
            dealstage: &settings.stage,
            description,
        }
    }

    /// For the model.
    pub(crate) fn words(&self) -> String {
        format!("the arrangement of {} {} is logged", self.amount.0, self.currency)
    }

    fn terms(&self) -> String {
        let first = self.first;
        let terms = match self.instalments {
            None => format!("First payment on {first}"),
            Some(1) => format!("One payment on {first}"),
            Some(count) => format!("{count} instalments, the first on {first}"),
        };
        match self.method {
            None => terms,
            Some(Method::Card) => terms + ", by card",
            Some(Method::BankTransfer) => terms + ", by bank transfer",
            Some(Method::Cheque) => terms + ", by cheque",
            Some(Method::Cash) => terms + ", in cash",
        }
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let sound = digits(whole, 12) && digits(fraction, 3) && (whole == "0" || !whole.starts_with('0'));
        if sound && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not an amount above nothing, such as 150.00"))
        }
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": AMOUNT_PATTERN,
            "description": "An amount above nothing, as a decimal number without its currency, such as 150.00.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_above_nothing() {
        fn check(text: &str, sound: bool) {
            assert_eq!(serde_json::from_value::<Amount>(text.into()).is_ok(), sound, "{text}");
        }
        check("150.00", true);
        check("150", true);
        check("0.5", true);
        check("0.001", true);
        check("999999999999.99", true);
        check("0", false);
        check("0.00", false);
        check("-150.00", false);
        check("+150.00", false);
        check("0150.00", false);
        check("150.", false);
        check(".50", false);
        check("150.0000", false);
        check("1,500.00", false);
        check("1e3", false);
        check("\u{0661}50", false);
        check("1000000000000", false);
        check("", false);
    }
}
