//! HubSpot's side, over its CRM API: an account is a contact with properties of the tenant's own, an arrangement is a deal on
//! it, a callback is a task on it.
//!
//! Setting properties is idempotent by nature. An arrangement is two writes, and either may be repeated: the deal is upserted
//! by a property with unique values that holds the effect's key, and its association with the contact is one however often
//! it is made. HubSpot takes no key for a task: it carries ours in its text.

use aftercall::{Context, Day, Email, Failure, Instant, Money, PhoneNumber, Receipt, Trace};
use aftercall_hubspot::{
    Blame, CONTACT, DEAL, HubSpot as Api, NewAssociations, Object, Properties, Search, Whose, keyed, linked,
    phone as number,
};
use serde_json::{Map, Value};

use crate::account::{Account, AccountId, Change, PromisedAmount, READ_MAX};
use crate::arrangement::Arrangement;
use crate::callback::Callback;
use crate::crm::Kind;
use crate::names::Names;

/// How long what was written may be read as it was before, where the settings don't say. HubSpot says nothing of it.
const LAG_MS: u64 = 60_000;
const MS_PER_MINUTE: i64 = 60_000;
const MINUTES_PER_DAY: i64 = 24 * 60;
const NOON_MINUTES: i64 = 12 * 60;
const CONTACTS: &str = "contacts";
const TASKS: &str = "tasks";
const TASK_BODY: &str = "hs_task_body";
/// HubSpot's own type of association from a task to a contact.
const TASK_TO_CONTACT: u32 = 204;

/// What the tenant's properties are called, unless the settings say otherwise.
const DEFAULTS: [(&str, &str); 6] = [
    ("status_property", "collection_status"),
    ("reason_property", "collection_status_reason"),
    ("balance_property", "balance_due"),
    ("promised_date_property", "promised_payment_date"),
    ("promised_amount_property", "promised_payment_amount"),
    ("key_property", "aftercall_key"),
];
/// Settings with the names of properties whose values no argument can put right: a day, an amount and an id are checked before
/// they are sent.
const NAMES_OF_PROPERTIES: [&str; 4] =
    ["status_property", "promised_date_property", "promised_amount_property", "key_property"];
/// Properties whose values the settings say.
const OF_SETTINGS: [&str; 3] = ["pipeline", "dealstage", "hubspot_owner_id"];
/// Words by which HubSpot speaks of them.
const WORDS_OF_SETTINGS: [&str; 5] = ["pipeline", "dealstage", "stage", "hubspot_owner_id", "owner"];
/// Of a deal. Where the settings say no currency, it is the model's.
const CURRENCY: &str = "deal_currency_code";

/// HubSpot with the tenant's settings.
pub(crate) struct HubSpot(Names);

impl HubSpot {
    pub(crate) fn of(settings: Map<String, Value>) -> Self {
        Self(Names::new(settings, &DEFAULTS))
    }

    pub(crate) fn api<'a>(&'a self, cx: &'a Context) -> Api<'a> {
        let currency = match self.0.text("currency") {
            Some(_) => Whose::Settings,
            None => Whose::Model("the account doesn't have this currency: give the one that it has, if that was said"),
        };
        let names = NAMES_OF_PROPERTIES.iter().map(|name| self.0.of(name)).chain(OF_SETTINGS);
        let mut properties: Vec<(&str, Whose)> = names.map(|name| (name, Whose::Settings)).collect();
        properties.push((CURRENCY, currency));
        let mut words = WORDS_OF_SETTINGS.to_vec();
        words.push(self.0.of("key_property"));
        Api::new(cx, Blame { properties, words })
    }

    /// For how long what isn't found may yet be there, in milliseconds.
    pub(crate) fn lag_ms(&self) -> u64 {
        self.0.number("search_lag_ms").and_then(|ms| u64::try_from(ms).ok()).unwrap_or(LAG_MS)
    }

    /// Noon of a day where the team works. HubSpot takes an instant, which it shows in each reader's time zone.
    fn noon(&self, day: Day) -> String {
        let offset_minutes = self.0.number("utc_offset_minutes").unwrap_or_default();
        let minutes = i64::from(day.days_since_1970()) * MINUTES_PER_DAY + NOON_MINUTES - offset_minutes;
        // A day before 1970 is past, and comes no further than the arguments' checks.
        Instant::utc(u64::try_from(minutes * MS_PER_MINUTE).unwrap_or_default()).to_string()
    }

    /// What an account is read with.
    fn account_properties(&self) -> [&str; 7] {
        let [phone, mobile] = number::NUMBERS;
        let [balance, status, date] =
            ["balance_property", "status_property", "promised_date_property"].map(|name| self.0.of(name));
        ["firstname", "lastname", phone, mobile, balance, status, date]
    }

    pub(crate) async fn find(
        &self,
        phone: Option<&PhoneNumber>,
        email: Option<&Email>,
        cx: &Context,
    ) -> Result<Vec<Account>, Failure> {
        let email = email.map(|email| ("email", email.as_str()));
        let search = Search::of(&self.account_properties(), READ_MAX);
        let search = match phone {
            Some(phone) => search.or_phone(phone, email.as_slice()),
            None => search.or_equal(email.as_slice()),
        };
        let page = self.api(cx).search(CONTACTS, &search).await?;
        Ok(page.results.iter().map(|contact| self.account(contact)).collect())
    }

    pub(crate) async fn read(&self, id: &AccountId, cx: &Context) -> Result<Option<Account>, Failure> {
        let properties = self.account_properties().join(",");
        let contact = self.contact(id, &[("properties", &properties)], cx).await?;
        Ok(contact.map(|contact| self.account(&contact)))
    }

    /// The contact with this id, and not the one that it was merged into, whose account may be another.
    async fn contact(&self, id: &AccountId, query: &[(&str, &str)], cx: &Context) -> Result<Option<Object>, Failure> {
        let contact = self.api(cx).read(CONTACTS, id.as_str(), query).await?;
        Ok(contact.filter(|contact| contact.id == id.as_str()))
    }

    fn account(&self, contact: &Object) -> Account {
        let name: Vec<&str> = ["firstname", "lastname"].iter().filter_map(|part| contact.property(part)).collect();
        Account {
            account_id: contact.id.clone(),
            name: (!name.is_empty()).then(|| name.join(" ")),
            phones: number::NUMBERS.iter().filter_map(|name| contact.owned(name)).collect(),
            balance_due: contact.owned(self.0.of("balance_property")),
            currency: None,
            status: contact.owned(self.0.of("status_property")),
            promised_date: contact.owned(self.0.of("promised_date_property")),
        }
    }

    fn properties(&self, change: &Change) -> Properties {
        let properties = Properties::default()
            .set(self.0.of("status_property"), Some(change.status.as_str()))
            .set(self.0.of("promised_date_property"), change.promised_date.map(|day| day.to_string()))
            .set(self.0.of("reason_property"), change.reason.as_deref());
        let amount = self.0.of("promised_amount_property");
        match &change.promised_amount {
            PromisedAmount::Kept => properties,
            PromisedAmount::Cleared => properties.cleared(amount),
            PromisedAmount::Set(promised) => properties.set(amount, Some(promised.as_str())),
        }
    }

    pub(crate) async fn change(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<String, Failure> {
        Ok(self.api(cx).update(CONTACTS, id.as_str(), &self.properties(change)).await?.id)
    }

    pub(crate) async fn has(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<Trace, Failure> {
        let properties = self.properties(change);
        let found = self.contact(id, &[("properties", &properties.names())], cx).await;
        Ok(Object::trace(found, |contact| contact.says(&properties))?.of_changed())
    }

    pub(crate) async fn arrange(
        &self,
        id: &AccountId,
        name: Option<&str>,
        arrangement: &Arrangement,
        cx: &Context,
    ) -> Result<String, Failure> {
        let properties = worth(&arrangement.money)
            .set("dealname", Some(format!("Payment arrangement: {}", name.unwrap_or(id.as_str()))))
            .set("closedate", Some(self.noon(arrangement.first)))
            .set("pipeline", Some(self.0.of("pipeline")))
            .set("dealstage", Some(self.0.of("stage")))
            .set("description", Some(arrangement.description()));
        let api = self.api(cx);
        let deal = api.upsert(DEAL, "deal", self.0.of("key_property"), cx.key(), &properties).await?;
        api.put_new_deal_on(id.as_str(), &deal.id).await?;
        Ok(deal.id)
    }

    pub(crate) async fn arranged(&self, id: &AccountId, money: &Money, cx: &Context) -> Result<Trace, Failure> {
        let worth = worth(money);
        let names = worth.names();
        let query = [("idProperty", self.0.of("key_property")), ("properties", &names), ("associations", "contacts")];
        let deal = self.api(cx).read(DEAL, cx.key(), &query).await;
        Object::trace(deal, |deal| deal.is_of(id.as_str()) && deal.says(&worth))
    }

    pub(crate) async fn call_back(&self, id: &AccountId, callback: &Callback, cx: &Context) -> Result<String, Failure> {
        let body = keyed::paragraph(&callback.about) + &keyed::reference(cx.key());
        let properties = Properties::default()
            .set("hs_task_subject", Some(callback.subject()))
            .set(TASK_BODY, Some(body))
            .set("hs_task_status", Some("NOT_STARTED"))
            .set("hs_task_type", Some("CALL"))
            .set("hs_timestamp", Some(self.noon(callback.date)))
            .set("hubspot_owner_id", self.0.text("task_owner_id"));
        let on_contact = NewAssociations::default().with(id.as_str(), TASK_TO_CONTACT);
        Ok(self.api(cx).create(TASKS, &properties, &on_contact).await?.id)
    }

    pub(crate) async fn callback_made(&self, cx: &Context) -> Result<Trace, Failure> {
        self.api(cx).with_key(TASKS, TASK_BODY).await
    }

    /// With a link to its record, where the portal is known.
    pub(crate) fn receipt(&self, kind: Kind, id: &str, account_id: &AccountId) -> Receipt {
        let (word, object_type, shown) = match kind {
            Kind::Account => ("contact", CONTACT, account_id.as_str()),
            Kind::Arrangement => ("deal", DEAL, id),
            Kind::Task => ("task", CONTACT, account_id.as_str()),
        };
        linked(Receipt::new(word, id), self.0.text("portal_id"), object_type, shown)
    }
}

/// What a deal is worth.
fn worth(money: &Money) -> Properties {
    Properties::default().set("amount", Some(money.amount().as_str())).set(CURRENCY, Some(money.currency().as_str()))
}
