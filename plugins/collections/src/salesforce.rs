//! Salesforce's side, over its REST API: an account is a record of an object that the tenant names, an arrangement is a record
//! of a custom object that refers to it, a callback is a task about it.
//!
//! Setting fields is idempotent by nature. Salesforce takes no idempotency key, but upserts a record by a unique custom field,
//! which holds the effect's key: an arrangement and a task are one, however often they are written.

mod refusal;
mod rest;

use aftercall::{Context, Email, Failure, PhoneNumber, Receipt, path_segment};
use serde_json::{Map, Value};

use self::rest::{Record, number, quoted};
use crate::account::{Account, AccountId, Change, FOUND_MAX};
use crate::arrangement::Arrangement;
use crate::callback::Callback;
use crate::crm::Kind;
use crate::names::Names;

/// How long a request whose answer was lost may still be at work: Salesforce ends a transaction then, and its queries don't lag
/// (developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/apex_gov_limits.htm).
pub(crate) const AT_WORK_MS_MAX: u64 = 600_000;
/// When to look again before that, in milliseconds.
pub(crate) const LOOK_AGAIN_MS: u64 = 60_000;
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
            let phone = quoted(phone.as_str());
            let each: Vec<String> = self.phone_fields().iter().map(|field| format!("{field} = {phone}")).collect();
            format!("({})", each.join(" OR "))
        });
        let email = email.map(|email| format!("{} = {}", self.0.of("email_field"), quoted(email.as_str())));
        let all: Vec<String> = phone.into_iter().chain(email).collect();
        let records = self.accounts(&all.join(" AND "), FOUND_MAX, cx).await?;
        Ok(records.iter().filter_map(|record| self.account(record)).collect())
    }

    pub(crate) async fn read(&self, id: &AccountId, cx: &Context) -> Result<Option<Account>, Failure> {
        let records = self.accounts(&format!("Id = {}", quoted(id.as_str())), 1, cx).await?;
        let account = records.first().and_then(|record| self.account(record));
        // Salesforce takes an id with other capitals for the same one.
        Ok(account.filter(|account| account.account_id == id.as_str()))
    }

    async fn accounts(&self, filter: &str, most: usize, cx: &Context) -> Result<Vec<Record>, Failure> {
        let own = ["name_field", "balance_field", "status_field", "promised_date_field"].map(|name| self.0.of(name));
        let fields: Vec<&str> = own.into_iter().chain(self.phone_fields()).collect();
        self.query(self.0.of("object"), &fields, filter, most, cx).await
    }

    fn account(&self, record: &Record) -> Option<Account> {
        Some(Account {
            account_id: record.text("Id")?,
            name: record.text(self.0.of("name_field")),
            phones: self.phone_fields().into_iter().filter_map(|field| record.text(field)).collect(),
            balance_due: record.text(self.0.of("balance_field")),
            currency: None,
            status: record.text(self.0.of("status_field")),
            promised_date: record.text(self.0.of("promised_date_field")),
        })
    }

    fn fields(&self, change: &Change) -> Map<String, Value> {
        let fields = [
            ("status_field", Some(change.status.as_str().into())),
            ("promised_date_field", change.promised_date.map(|day| day.to_string().into())),
            ("promised_amount_field", change.promised_amount.written(Value::Null, number)),
            ("reason_field", change.reason.as_deref().map(Value::from)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((self.0.of(name).to_owned(), value?))).collect()
    }

    pub(crate) async fn change(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<String, Failure> {
        let record = self.api(&format!("sobjects/{}/{id}", path_segment(self.0.of("object"))));
        refusal::told(cx.patch(record).json(&self.fields(change)).send().await?)?;
        Ok(id.to_string())
    }

    pub(crate) async fn has(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<Option<String>, Failure> {
        let change = self.fields(change);
        let names: Vec<&str> = change.keys().map(String::as_str).collect();
        let found = self.query(self.0.of("object"), &names, &format!("Id = {}", quoted(id.as_str())), 1, cx).await?;
        Ok(found.first().filter(|record| record.says(&change)).and_then(|record| record.text("Id")))
    }

    pub(crate) async fn arrange(
        &self,
        id: &AccountId,
        arrangement: &Arrangement,
        cx: &Context,
    ) -> Result<String, Failure> {
        let fields = [
            ("arrangement_account_field", id.as_str().into()),
            ("arrangement_amount_field", number(arrangement.money.amount())),
            ("arrangement_date_field", arrangement.first.to_string().into()),
            ("arrangement_terms_field", arrangement.description().into()),
        ];
        let fields = fields.into_iter().map(|(name, value)| (self.0.of(name).to_owned(), value)).collect();
        self.upsert(self.0.of("arrangement_object"), &fields, cx).await
    }

    pub(crate) async fn arranged(&self, id: &AccountId, cx: &Context) -> Result<Option<String>, Failure> {
        let account = self.0.of("arrangement_account_field");
        let found = self.with_key(self.0.of("arrangement_object"), &[account], cx).await?;
        Ok(found.filter(|record| record.text(account).as_deref() == Some(id.as_str())).and_then(|it| it.text("Id")))
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
        self.upsert(TASK, &fields, cx).await
    }

    pub(crate) async fn callback_made(&self, cx: &Context) -> Result<Option<String>, Failure> {
        Ok(self.with_key(TASK, &[], cx).await?.and_then(|task| task.text("Id")))
    }

    /// With its page, which Salesforce shows at its id.
    pub(crate) fn receipt(&self, kind: Kind, id: &str) -> Receipt {
        let object = match kind {
            Kind::Account => self.0.of("object"),
            Kind::Arrangement => self.0.of("arrangement_object"),
            Kind::Task => TASK,
        };
        let url = format!("https://{}.my.salesforce.com/{}", self.0.of("my_domain"), path_segment(id));
        Receipt::new(object, id).with_url(url)
    }
}
