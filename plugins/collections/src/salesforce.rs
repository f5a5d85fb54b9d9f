//! Salesforce's side, over its REST API: an account is a record of an object that the tenant names, an arrangement is a record
//! of a custom object that refers to it, a callback is a task about it.
//!
//! Setting fields is idempotent by nature. Salesforce takes no idempotency key, but upserts a record by a unique custom field,
//! which holds the effect's key: an arrangement and a task are one, however often they are written.

use aftercall::{Context, Email, Failure, FailureKind, Money, PhoneNumber, Receipt, Trace};
use aftercall_salesforce::{Meaning, Record, Refusal, Salesforce as Api, number, phone as stored, quoted};
use serde_json::{Map, Value};

use crate::account::{Account, AccountId, Change, PromisedAmount, READ_MAX};
use crate::arrangement::Arrangement;
use crate::callback::Callback;
use crate::crm::Kind;
use crate::names::Names;

const TASK: &str = "Task";
/// What the ids of contacts and of leads begin with. A task is about one of them as its person, and about any other record as
/// its matter (developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm).
const PEOPLE: [&str; 2] = ["003", "00Q"];

/// What the tenant's objects and fields are called, unless the settings say otherwise.
const DEFAULTS: [(&str, &str); 14] = [
    ("object", "Contact"),
    ("name_field", "Name"),
    ("email_field", "Email"),
    ("status_field", "Collection_Status__c"),
    ("reason_field", "Collection_Status_Reason__c"),
    ("balance_field", "Balance_Due__c"),
    ("promised_date_field", "Promised_Payment_Date__c"),
    ("promised_amount_field", "Promised_Payment_Amount__c"),
    ("arrangement_object", "Payment_Arrangement__c"),
    ("arrangement_account_field", "Account__c"),
    ("arrangement_amount_field", "Amount__c"),
    ("arrangement_date_field", "First_Payment_Date__c"),
    ("arrangement_terms_field", "Terms__c"),
    ("key_field", "Aftercall_Key__c"),
];
/// The same of the fields with telephone numbers.
const PHONE_FIELDS: [&str; 2] = ["Phone", "MobilePhone"];

/// Salesforce with the tenant's settings.
pub(crate) struct Salesforce(Names);

impl Salesforce {
    pub(crate) fn of(settings: Map<String, Value>) -> Self {
        Self(Names::new(settings, &DEFAULTS))
    }

    pub(crate) fn api<'a>(&'a self, cx: &'a Context) -> Api<'a> {
        Api::new(cx, self.0.of("my_domain"), self.0.of("key_field")).with_own(of_a_status)
    }

    /// For what is made on an account, which was found before.
    fn api_of_new<'a>(&'a self, cx: &'a Context) -> Api<'a> {
        self.api(cx).with_own(of_what_is_new)
    }

    fn phone_fields(&self) -> Vec<&str> {
        self.0.list("phone_fields").unwrap_or_else(|| PHONE_FIELDS.to_vec())
    }

    pub(crate) async fn find(
        &self,
        phone: Option<&PhoneNumber>,
        email: Option<&Email>,
        cx: &Context,
    ) -> Result<Vec<Account>, Failure> {
        let phone = phone.map(|phone| {
            let each: Vec<String> = self.phone_fields().iter().map(|field| stored::ends_with(field, phone)).collect();
            format!("({})", each.join(" OR "))
        });
        let email = email.map(|email| format!("{} = {}", self.0.of("email_field"), quoted(email.as_str())));
        let all: Vec<String> = phone.into_iter().chain(email).collect();
        let (fields, object) = (self.account_fields().join(", "), self.0.of("object"));
        let soql = format!("SELECT Id, {fields} FROM {object} WHERE {} ORDER BY Id", all.join(" AND "));
        let (records, _) = self.api(cx).query_some(&soql, READ_MAX).await?;
        Ok(records.iter().map(|record| self.account(record)).collect())
    }

    pub(crate) async fn read(&self, id: &AccountId, cx: &Context) -> Result<Option<Account>, Failure> {
        let record = self.api(cx).with_id(self.0.of("object"), id.as_str(), self.account_fields()).await?;
        // Salesforce takes an id with other capitals for the same one.
        Ok(record.filter(|record| record.id == id.as_str()).map(|record| self.account(&record)))
    }

    /// What an account is read with.
    fn account_fields(&self) -> Vec<&str> {
        let own = ["name_field", "balance_field", "status_field", "promised_date_field"].map(|name| self.0.of(name));
        own.into_iter().chain(self.phone_fields()).collect()
    }

    fn account(&self, record: &Record) -> Account {
        Account {
            account_id: record.id.clone(),
            name: record.owned(self.0.of("name_field")),
            phones: self.phone_fields().into_iter().filter_map(|field| record.owned(field)).collect(),
            balance_due: record.owned(self.0.of("balance_field")),
            currency: None,
            status: record.owned(self.0.of("status_field")),
            promised_date: record.owned(self.0.of("promised_date_field")),
        }
    }

    fn fields(&self, change: &Change) -> Map<String, Value> {
        let promised_amount = match &change.promised_amount {
            PromisedAmount::Kept => None,
            PromisedAmount::Cleared => Some(Value::Null),
            PromisedAmount::Set(amount) => Some(number(amount).into()),
        };
        let fields = [
            ("status_field", Some(change.status.as_str().into())),
            ("promised_date_field", change.promised_date.map(|day| day.to_string().into())),
            ("promised_amount_field", promised_amount),
            ("reason_field", change.reason.as_deref().map(Value::from)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((self.0.of(name).to_owned(), value?))).collect()
    }

    pub(crate) async fn change(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<String, Failure> {
        let api = self.api(cx);
        api.send(api.update(self.0.of("object"), id.as_str(), &self.fields(change))).await?;
        Ok(id.to_string())
    }

    pub(crate) async fn has(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<Trace, Failure> {
        let change = self.fields(change);
        let names = change.keys().map(String::as_str);
        let found = self.api(cx).with_id(self.0.of("object"), id.as_str(), names).await;
        Ok(Record::trace(found, |record| record.says(&change))?.of_changed())
    }

    pub(crate) async fn arrange(
        &self,
        id: &AccountId,
        arrangement: &Arrangement,
        cx: &Context,
    ) -> Result<String, Failure> {
        let fields = [
            ("arrangement_account_field", id.as_str().into()),
            ("arrangement_amount_field", number(arrangement.money.amount()).into()),
            ("arrangement_date_field", arrangement.first.to_string().into()),
            ("arrangement_terms_field", arrangement.description().into()),
        ];
        let fields = fields.into_iter().map(|(name, value)| (self.0.of(name).to_owned(), value)).collect();
        Ok(self.api_of_new(cx).upsert(self.0.of("arrangement_object"), cx.key(), &fields).await?.id)
    }

    pub(crate) async fn arranged(&self, id: &AccountId, money: &Money, cx: &Context) -> Result<Trace, Failure> {
        let asked = [
            ("arrangement_account_field", Value::from(id.as_str())),
            ("arrangement_amount_field", number(money.amount()).into()),
        ];
        let asked: Map<String, Value> =
            asked.into_iter().map(|(name, value)| (self.0.of(name).to_owned(), value)).collect();
        let names = asked.keys().map(String::as_str);
        let found = self.api(cx).with_key(self.0.of("arrangement_object"), cx.key(), names).await;
        Record::trace(found, |record| record.says(&asked))
    }

    pub(crate) async fn call_back(&self, id: &AccountId, callback: &Callback, cx: &Context) -> Result<String, Failure> {
        let is_person = PEOPLE.iter().any(|prefix| id.as_str().starts_with(prefix));
        let fields = [
            (if is_person { "WhoId" } else { "WhatId" }, Some(id.as_str().into())),
            ("Subject", Some(callback.subject().into())),
            ("Description", Some(callback.about.trim().into())),
            ("ActivityDate", Some(callback.date.to_string().into())),
            ("OwnerId", self.0.text("task_owner_id").map(Value::from)),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        Ok(self.api_of_new(cx).upsert(TASK, cx.key(), &fields).await?.id)
    }

    pub(crate) async fn callback_made(&self, cx: &Context) -> Result<Trace, Failure> {
        Record::trace(self.api(cx).with_key(TASK, cx.key(), []).await, |_| true)
    }

    /// With its page.
    pub(crate) fn receipt(&self, kind: Kind, id: &str, cx: &Context) -> Receipt {
        let object = match kind {
            Kind::Account => self.0.of("object"),
            Kind::Arrangement => self.0.of("arrangement_object"),
            Kind::Task => TASK,
        };
        self.api(cx).receipt(object, id)
    }
}

/// No picklist takes a text of the model's.
fn of_a_status(refusal: &Refusal<'_>) -> Option<Meaning> {
    let advice =
        "an administrator has to add the plugin's values to the field's picklist: the statuses, as its page has them";
    let is_of_it = refusal.code() == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST";
    is_of_it.then(|| Meaning { kind: FailureKind::Misconfigured, advice: advice.to_owned() })
}

/// The account was found before: what isn't there of a new record is what the settings name.
fn of_what_is_new(refusal: &Refusal<'_>) -> Option<Meaning> {
    let advice = "the object, or the owner of tasks, isn't there: an administrator has to look at the org and at the \
                  plugin's settings";
    let is_absent = matches!(refusal.code(), "NOT_FOUND" | "INVALID_CROSS_REFERENCE_KEY");
    let is_of_it = is_absent && !refusal.is_of_the_key_field();
    let meaning = is_of_it.then(|| Meaning { kind: FailureKind::Misconfigured, advice: advice.to_owned() });
    meaning.or_else(|| of_a_status(refusal))
}
