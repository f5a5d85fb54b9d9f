//! Opportunities: those of an account or a contact, and what a call makes of one
//! (developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_opportunity.htm).

use aftercall::{Amount, Answer, Context, Currency, Failure};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::arguments::{AccountId, ContactId, Day, OpportunityId};
use crate::org::{Object, Org};
use crate::refusal;
use crate::rest::Record;
use crate::soql;

/// How many opportunities are told. Protects the model's context.
const TOLD_MAX: usize = 20;

/// What was said of an opportunity.
pub(crate) struct Said {
    pub(crate) opportunity_id: Option<OpportunityId>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) name: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) amount: Option<Amount>,
    pub(crate) currency: Option<Currency>,
    pub(crate) close_date: Option<Day>,
    pub(crate) next_step: Option<String>,
}

/// An opportunity's fields, of those that each org has.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_iso_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<&'a str>,
}

/// What `find_opportunities` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    opportunities: Vec<Opportunity>,
}

/// An opportunity, for the model.
#[derive(Serialize, JsonSchema)]
struct Opportunity {
    opportunity_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// A decimal number.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_date: Option<String>,
    /// Whether it is won or lost.
    closed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<String>,
}

/// The opportunity that `upsert_opportunity` made or updated.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    opportunity_id: String,
}

/// Finds the opportunities of an account, or those in which a contact has a part.
pub(crate) async fn find(
    org: &Org,
    cx: &Context,
    account_id: Option<&AccountId>,
    contact_id: Option<&ContactId>,
) -> Result<Found, Failure> {
    let of = match (account_id, contact_id) {
        (Some(account), None) => format!("AccountId = {}", soql::quoted(account.as_str())),
        (None, Some(contact)) => format!(
            "Id IN (SELECT OpportunityId FROM OpportunityContactRole WHERE ContactId = {})",
            soql::quoted(contact.as_str())
        ),
        _ => return Err(Failure::invalid_arguments("give account_id or contact_id, one of the two")),
    };
    let currency = if org.has_currencies() { ", CurrencyIsoCode" } else { "" };
    let soql = format!(
        "SELECT Id, Name, AccountId, StageName, Amount, CloseDate, IsClosed, NextStep{currency} FROM Opportunity \
         WHERE {of} ORDER BY IsClosed ASC, CloseDate DESC"
    );
    let records = org.query(cx, &soql, TOLD_MAX).await?;
    Ok(Found { opportunities: records.iter().map(|record| Opportunity::of(org, record)).collect() })
}

/// Makes an opportunity, or updates the one that was named.
pub(crate) async fn upsert(org: &Org, cx: &Context, said: &Said) -> Result<Answer<Made>, Failure> {
    let fields = said.fields(org)?;
    let Some(id) = &said.opportunity_id else {
        let saved = org.upsert(cx, Object::Opportunity, cx.key(), &fields).await?;
        let words = if saved.created { "the opportunity is new" } else { "the opportunity is updated" };
        return Ok(answer(org, words, &saved.id));
    };
    refusal::told(org.update(cx, Object::Opportunity, id.as_str(), &fields).send().await?)?;
    Ok(answer(org, "the opportunity is updated", id.as_str()))
}

/// An amount as a number of JSON, digit by digit.
fn number(amount: &Amount) -> Box<RawValue> {
    RawValue::from_string(amount.to_string()).expect("an amount is a number of JSON")
}

fn answer(org: &Org, words: &str, id: &str) -> Answer<Made> {
    let made = Made { opportunity_id: id.to_owned() };
    Answer::new(format!("{words}, opportunity_id {id}"), made).with_receipt(org.receipt(Object::Opportunity, id))
}

impl Said {
    fn fields<'a>(&'a self, org: &'a Org) -> Result<Fields<'a>, Failure> {
        self.check()?;
        let currency = match (&self.amount, &self.currency) {
            (Some(amount), Some(currency)) => org.currency(amount, currency)?,
            (None, None) => None,
            _ => return Err(Failure::invalid_arguments("amount and currency go together: give both or none")),
        };
        Ok(Fields {
            account_id: self.account_id.as_ref().map(AccountId::as_str),
            name: self.name.as_deref().map(str::trim),
            stage_name: self.stage.as_deref().map(|stage| org.stage(stage)).transpose()?,
            amount: self.amount.as_ref().map(number),
            currency_iso_code: currency,
            close_date: self.close_date.map(|day| day.to_string()),
            next_step: self.next_step.as_deref().map(str::trim),
        })
    }

    /// Salesforce wants a name, a stage and a close date of each opportunity; an account keeps it from being lost.
    fn check(&self) -> Result<(), Failure> {
        let given = [
            ("account_id", self.account_id.is_some()),
            ("name", self.name.as_ref().is_some_and(|name| !name.trim().is_empty())),
            ("stage", self.stage.is_some()),
            ("close_date", self.close_date.is_some()),
        ];
        let changes = [
            self.stage.is_some(),
            self.amount.is_some() || self.currency.is_some(),
            self.close_date.is_some(),
            self.next_step.is_some(),
        ];
        let missing: Vec<&str> = given.iter().filter(|(_, given)| !given).map(|(name, _)| *name).collect();
        match &self.opportunity_id {
            None if missing.is_empty() => Ok(()),
            None => Err(Failure::invalid_arguments(format!(
                "a new opportunity needs {}; one that there is already needs opportunity_id",
                missing.join(", ")
            ))),
            Some(_) if self.account_id.is_some() || self.name.is_some() => Err(Failure::invalid_arguments(
                "account_id and name go with a new opportunity: leave them out with opportunity_id",
            )),
            Some(_) if !changes.contains(&true) => Err(Failure::invalid_arguments(
                "give what changes of the opportunity: stage, amount with currency, close_date or next_step",
            )),
            Some(_) => Ok(()),
        }
    }
}

impl Found {
    /// For the model.
    pub(crate) fn words(&self) -> String {
        match &self.opportunities[..] {
            [] => "no opportunity".to_owned(),
            [only] => format!("one opportunity, opportunity_id {}", only.opportunity_id),
            several if several.len() == TOLD_MAX => {
                format!("{TOLD_MAX} opportunities, open ones first; there may be more")
            }
            several => format!("{} opportunities, open ones first", several.len()),
        }
    }
}

impl Opportunity {
    fn of(org: &Org, record: &Record) -> Self {
        let text = |field: &str| record.text(field).map(str::to_owned);
        // Salesforce may write a large one as 1.2E7.
        let amount = record.value("Amount").and_then(Value::as_f64).map(|amount| amount.to_string());
        let currency = amount.as_ref().and_then(|_| text("CurrencyIsoCode").or(org.only_currency().map(str::to_owned)));
        Self {
            opportunity_id: record.id.clone(),
            name: text("Name"),
            account_id: text("AccountId"),
            stage: text("StageName"),
            amount,
            currency,
            close_date: text("CloseDate"),
            closed: record.value("IsClosed").and_then(Value::as_bool).unwrap_or_default(),
            next_step: text("NextStep"),
        }
    }
}
