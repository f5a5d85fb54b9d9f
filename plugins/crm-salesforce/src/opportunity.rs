//! Opportunities: those of an account or a contact, and what a call makes of one
//! (developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_opportunity.htm).

use aftercall::{Amount, Answer, Context, Currency, Day, Failure, Finding, Money};
use aftercall_salesforce::{Record, Salesforce, number, quoted};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::arguments::{AccountId, ContactId, OpportunityId, PersonId};
use crate::contact::CONTACT;
use crate::fields;
use crate::org::Org;

/// The object, by its name in Salesforce.
const OPPORTUNITY: &str = "Opportunity";

/// How many opportunities are told. Protects the model's context.
const TOLD_MAX: usize = 20;
/// Whether the amount is the sum of products, by Salesforce's page on the object.
const HAS_PRODUCTS: &str = "HasOpportunityLineItem";

/// What was said of an opportunity.
pub(crate) struct Said {
    pub(crate) account_id: AccountId,
    pub(crate) opportunity_id: Option<OpportunityId>,
    pub(crate) name: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) money: Option<Money>,
    pub(crate) close_date: Option<Day>,
    pub(crate) next_step: Option<String>,
}

/// What `find_opportunities` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    opportunities: Vec<Opportunity>,
    #[serde(skip)]
    more: bool,
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
        (Some(account), None) => format!("AccountId = {}", quoted(account.as_str())),
        (None, Some(contact)) => format!(
            "Id IN (SELECT OpportunityId FROM OpportunityContactRole WHERE ContactId = {})",
            quoted(contact.as_str())
        ),
        _ => return Err(Failure::invalid_arguments("give account_id or contact_id, one of the two")),
    };
    let currency = if org.has_currencies() { ", CurrencyIsoCode" } else { "" };
    let soql = format!(
        "SELECT Id, Name, AccountId, StageName, Amount, CloseDate, IsClosed, NextStep{currency} FROM Opportunity \
         WHERE {of} ORDER BY IsClosed ASC, CloseDate DESC"
    );
    let (records, more) = org.salesforce(cx).query_some(&soql, TOLD_MAX).await?;
    Ok(Found { opportunities: records.iter().map(|record| Opportunity::of(org, record)).collect(), more })
}

/// Makes an opportunity on an account, or updates the one of the account that was named.
pub(crate) async fn upsert(org: &Org, cx: &Context, said: &Said) -> Result<Answer<Made>, Failure> {
    let (fields, salesforce) = (said.fields(org)?, org.salesforce(cx));
    let Some(id) = &said.opportunity_id else {
        let saved = salesforce.upsert(OPPORTUNITY, cx.key(), &fields).await?;
        let words = if saved.created { "the opportunity is new" } else { "the opportunity is updated" };
        return Ok(answer(salesforce, words, &saved.id));
    };
    takes(org, cx, id, said).await?;
    salesforce.send(salesforce.update(OPPORTUNITY, id.as_str(), &fields)).await?;
    Ok(answer(salesforce, "the opportunity is updated", id.as_str()))
}

/// Whether there is the opportunity, with what was said of it.
pub(crate) async fn settle(org: &Org, cx: &Context, said: &Said) -> Result<Finding, Failure> {
    let (fields, salesforce) = (said.fields(org)?, org.salesforce(cx));
    let names = fields.keys().map(String::as_str);
    let is_it = |opportunity: &Record| opportunity.says(&fields);
    let trace = match &said.opportunity_id {
        None => Record::trace(salesforce.with_key(OPPORTUNITY, cx.key(), names).await, is_it)?,
        Some(id) => Record::trace(salesforce.with_id(OPPORTUNITY, id.as_str(), names).await, is_it)?.of_changed(),
    };
    salesforce.settled(trace, |id| answer(salesforce, "the opportunity is there", id))
}

/// Refuses an opportunity of another account, so that nothing said on a call gets onto it. Refuses an amount of one with
/// products, too: it is their sum there, and Salesforce would leave it as it is without a word.
async fn takes(org: &Org, cx: &Context, id: &OpportunityId, said: &Said) -> Result<(), Failure> {
    if id.is_rehearsed(cx) {
        return Ok(());
    }
    let names = ["AccountId"].into_iter().chain(said.money.as_ref().map(|_| HAS_PRODUCTS));
    let found = org.salesforce(cx).with_id(OPPORTUNITY, id.as_str(), names).await?;
    let account_id = &said.account_id;
    let Some(opportunity) = found.filter(|it| it.text("AccountId") == Some(account_id.as_str())) else {
        return Err(Failure::not_found(format!(
            "account {account_id} has no opportunity {id}; find_opportunities tells those of an account"
        )));
    };
    match &said.money {
        Some(money) if opportunity.value(HAS_PRODUCTS).and_then(Value::as_bool) == Some(true) => {
            Err(Failure::invalid_arguments(format!(
                "the amount of opportunity {id} is the sum of its products, and nothing was changed: leave out amount \
                 and currency, and say {money} in next_step or in the call's summary"
            )))
        }
        _ => Ok(()),
    }
}

/// Refuses an opportunity in which the contact has no part: neither a role of its own nor one of its account.
pub(crate) async fn of_contact(
    org: &Org,
    cx: &Context,
    id: &OpportunityId,
    contact_id: &PersonId,
) -> Result<(), Failure> {
    if id.is_rehearsed(cx) || contact_id.is_rehearsed(cx) {
        return Ok(());
    }
    let (opportunity, contact) = (quoted(id.as_str()), quoted(contact_id.as_str()));
    let soql = format!(
        "SELECT Id, AccountId, (SELECT Id FROM OpportunityContactRoles WHERE ContactId = {contact}) FROM Opportunity \
         WHERE Id = {opportunity}"
    );
    let salesforce = org.salesforce(cx);
    let found = salesforce.query(&soql, 1).await?.pop();
    if let Some(found) = found {
        let roles = found.value("OpportunityContactRoles.records").and_then(Value::as_array);
        if roles.is_some_and(|roles| !roles.is_empty()) {
            return Ok(());
        }
        let person = salesforce.with_id(CONTACT, contact_id.as_str(), ["AccountId"]).await?;
        let account = person.as_ref().and_then(|person| person.text("AccountId"));
        if account.is_some() && account == found.text("AccountId") {
            return Ok(());
        }
    }
    Err(Failure::not_found(format!(
        "contact {contact_id} has no part in opportunity {id}; find_opportunities tells those of a contact or its account"
    )))
}

/// What the deal is worth, where that was said and the org counts in it.
pub(crate) fn money(org: &Org, amount: Option<Amount>, currency: Option<Currency>) -> Result<Option<Money>, Failure> {
    if amount.is_some() || currency.is_some() {
        org.counts()?;
    }
    Money::of_both(amount, currency)
}

fn answer(salesforce: Salesforce<'_>, words: &str, id: &str) -> Answer<Made> {
    let made = Made { opportunity_id: id.to_owned() };
    Answer::new(format!("{words}, opportunity_id {id}"), made).with_receipt(salesforce.receipt(OPPORTUNITY, id))
}

impl Said {
    /// An opportunity's fields, of those that each org has.
    fn fields(&self, org: &Org) -> Result<Map<String, Value>, Failure> {
        self.check()?;
        let mut fields = fields::texts(&[
            ("AccountId", self.opportunity_id.is_none().then(|| self.account_id.as_str())),
            ("Name", self.name.as_deref()),
            ("StageName", self.stage.as_deref().map(|stage| org.stage(stage)).transpose()?),
            ("CloseDate", self.close_date.map(|day| day.to_string()).as_deref()),
            ("NextStep", self.next_step.as_deref()),
            ("CurrencyIsoCode", self.money.as_ref().map(|money| org.currency(money)).transpose()?.flatten()),
        ]);
        if let Some(money) = &self.money {
            fields.insert("Amount".to_owned(), number(money.amount()).into());
        }
        Ok(fields)
    }

    /// Salesforce wants a name, a stage and a close date of each opportunity.
    fn check(&self) -> Result<(), Failure> {
        let says = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        let given =
            [("name", says(&self.name)), ("stage", self.stage.is_some()), ("close_date", self.close_date.is_some())];
        let changes = [self.stage.is_some(), self.money.is_some(), self.close_date.is_some(), says(&self.next_step)];
        let missing: Vec<&str> = given.iter().filter(|(_, given)| !given).map(|(name, _)| *name).collect();
        match &self.opportunity_id {
            None if missing.is_empty() => Ok(()),
            None => Err(Failure::invalid_arguments(format!(
                "a new opportunity needs {}; one that there is already needs opportunity_id",
                missing.join(", ")
            ))),
            Some(_) if self.name.is_some() => {
                Err(Failure::invalid_arguments("name goes with a new opportunity: leave it out with opportunity_id"))
            }
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
            several if self.more => format!("{} opportunities, open ones first; there may be more", several.len()),
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
