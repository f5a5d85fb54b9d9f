//! HubSpot's side, over its CRM API: an account is a contact with properties of the tenant's own, an arrangement is a deal on
//! it, a callback is a task on it.
//!
//! Setting properties is idempotent by nature. An arrangement is two writes, and either may be repeated: the deal is upserted
//! by a property with unique values that holds the effect's key, and its association with the contact is one however often
//! it is made. HubSpot takes no key for a task: it carries ours in its text.

mod object;
mod refusal;
mod task;

use aftercall::{Context, Day, Email, Failure, Instant, PhoneNumber, Receipt, path_segment};
use serde_json::{Map, Value, json};

use self::object::{Object, Page, Upserted, read, url};
use self::refusal::told;
use crate::account::{Account, AccountId, Change, FOUND_MAX};
use crate::arrangement::Arrangement;
use crate::callback::Callback;
use crate::crm::{Kind, Trace};
use crate::names::Names;

/// How long what was written may be read as it was before, where the settings don't say. HubSpot says nothing of it.
const LAG_MS: u64 = 60_000;
/// When to look again meanwhile, in milliseconds.
pub(crate) const LOOK_AGAIN_MS: u64 = 15_000;
const MS_PER_MINUTE: i64 = 60_000;
const MINUTES_PER_DAY: i64 = 24 * 60;
const NOON_MINUTES: i64 = 12 * 60;
/// The properties of a contact that tell its telephone numbers.
const PHONES: [&str; 2] = ["phone", "mobilephone"];
/// HubSpot's own type id of a contact.
const CONTACT: &str = "0-1";
/// HubSpot's own type id of a deal. Its own document of the deals API writes them by it; `deals` is another name of the same
/// (developers.hubspot.com/docs/api/crm/deals).
const DEAL: &str = "0-3";

/// What the tenant's properties are called, unless the settings say otherwise.
const DEFAULTS: [(&str, &str); 6] = [
    ("status_property", "collection_status"),
    ("reason_property", "collection_status_reason"),
    ("balance_property", "balance_due"),
    ("promised_date_property", "promised_payment_date"),
    ("promised_amount_property", "promised_payment_amount"),
    ("key_property", "aftercall_key"),
];

/// HubSpot with the tenant's settings.
pub(crate) struct HubSpot(Names);

fn contact_url(id: &AccountId) -> String {
    url(&format!("contacts/{id}"))
}

impl HubSpot {
    pub(crate) fn of(settings: Map<String, Value>) -> Self {
        Self(Names::new(settings, &DEFAULTS))
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
        let [phone, mobile] = PHONES;
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
        let equal = |name: &str, value: &str| json!({ "propertyName": name, "operator": "EQ", "value": value });
        let email = email.map(|email| equal("email", email.as_str()));
        let group = |phone: Option<Value>| {
            let filters: Vec<Value> = phone.into_iter().chain(email.clone()).collect();
            json!({ "filters": filters })
        };
        let groups = match phone {
            Some(phone) => PHONES.map(|name| group(Some(equal(name, phone.as_str())))).to_vec(),
            None => vec![group(None)],
        };
        let search = json!({
            "filterGroups": groups,
            "properties": self.account_properties(),
            "sorts": [],
            "limit": FOUND_MAX,
            "after": "0",
        });
        let answer = cx.post(url("contacts/search")).reads_only().json(&search).send().await?;
        let page: Page = told(answer, &self.0)?.json()?;
        Ok(page.results.iter().map(|contact| self.account(contact)).collect())
    }

    pub(crate) async fn read(&self, id: &AccountId, cx: &Context) -> Result<Option<Account>, Failure> {
        let request = cx.get(contact_url(id)).query(&[("properties", self.account_properties().join(","))]);
        // Asked for a contact that was merged into another, HubSpot gives the other.
        let contact = read(request, &self.0).await?.filter(|contact| contact.id == id.as_str());
        Ok(contact.map(|contact| self.account(&contact)))
    }

    fn account(&self, contact: &Object) -> Account {
        let property = |name: &str| contact.property(name).map(str::to_owned);
        Account {
            account_id: contact.id.clone(),
            name: contact.name(),
            phones: PHONES.iter().filter_map(|name| property(name)).collect(),
            balance_due: property(self.0.of("balance_property")),
            currency: None,
            status: property(self.0.of("status_property")),
            promised_date: property(self.0.of("promised_date_property")),
        }
    }

    fn properties(&self, change: &Change) -> Map<String, Value> {
        let properties = [
            ("status_property", Some(change.status.as_str().to_owned())),
            ("promised_date_property", change.promised_date.map(|day| day.to_string())),
            ("promised_amount_property", change.promised_amount.written(String::new(), ToString::to_string)),
            ("reason_property", change.reason.clone()),
        ];
        let properties = properties.into_iter();
        properties.filter_map(|(name, value)| Some((self.0.of(name).to_owned(), value?.into()))).collect()
    }

    pub(crate) async fn change(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<String, Failure> {
        let change = json!({ "properties": self.properties(change) });
        let contact: Object = told(cx.patch(contact_url(id)).json(&change).send().await?, &self.0)?.json()?;
        Ok(contact.id)
    }

    pub(crate) async fn has(&self, id: &AccountId, change: &Change, cx: &Context) -> Result<Option<String>, Failure> {
        let properties = self.properties(change);
        let names = properties.keys().map(String::as_str).collect::<Vec<_>>().join(",");
        let contact = read(cx.get(contact_url(id)).query(&[("properties", names)]), &self.0).await?;
        Ok(contact.filter(|contact| contact.has(&properties)).map(|contact| contact.id))
    }

    pub(crate) async fn arrange(
        &self,
        id: &AccountId,
        name: Option<&str>,
        arrangement: &Arrangement,
        cx: &Context,
    ) -> Result<String, Failure> {
        let properties = json!({
            "dealname": format!("Payment arrangement: {}", name.unwrap_or(id.as_str())),
            "amount": arrangement.money.amount(),
            "deal_currency_code": arrangement.money.currency(),
            "closedate": self.noon(arrangement.first),
            "pipeline": self.0.of("pipeline"),
            "dealstage": self.0.of("stage"),
            "description": arrangement.description(),
        });
        let input = json!({ "idProperty": self.0.of("key_property"), "id": cx.key(), "properties": properties });
        let upsert = json!({ "inputs": [input] });
        let answer = cx.post(url(&format!("{DEAL}/batch/upsert"))).json(&upsert).send().await?;
        let deal = told(answer, &self.0)?.json::<Upserted>()?.only(&self.0)?;
        // Of HubSpot's default type (developers.hubspot.com/docs/api/crm/associations/v4).
        let deal_id = path_segment(&deal.id);
        let on = format!("https://api.hubapi.com/crm/v4/objects/deals/{deal_id}/associations/default/contacts/{id}");
        let associated = cx.put(on).send().await;
        associated.and_then(|answer| told(answer, &self.0)).map_err(|failure| {
            failure.after_write(format_args!("deal {} is made, but may not be on the account yet", deal.id))
        })?;
        Ok(deal.id)
    }

    pub(crate) async fn arranged(&self, id: &AccountId, cx: &Context) -> Result<Option<String>, Failure> {
        let deal = cx.get(url(&format!("{DEAL}/{}", path_segment(cx.key()))));
        let deal = deal.query(&[("idProperty", self.0.of("key_property")), ("associations", "contacts")]);
        Ok(read(deal, &self.0).await?.filter(|deal| deal.is_of(id.as_str())).map(|deal| deal.id))
    }

    pub(crate) async fn call_back(&self, id: &AccountId, callback: &Callback, cx: &Context) -> Result<String, Failure> {
        task::make(id, callback, &self.noon(callback.date), &self.0, cx).await
    }

    pub(crate) async fn callback_made(&self, cx: &Context) -> Result<Trace, Failure> {
        task::find(&self.0, cx).await
    }

    /// With a link to its record, where the portal is known.
    pub(crate) fn receipt(&self, kind: Kind, id: &str, account_id: &AccountId) -> Receipt {
        let (word, object_type, shown) = match kind {
            Kind::Account => ("contact", CONTACT, account_id.as_str()),
            Kind::Arrangement => ("deal", DEAL, id),
            Kind::Task => ("task", CONTACT, account_id.as_str()),
        };
        let receipt = Receipt::new(word, id);
        match self.0.text("portal_id") {
            Some(portal) => {
                receipt.with_url(format!("https://app.hubspot.com/contacts/{portal}/record/{object_type}/{shown}"))
            }
            None => receipt,
        }
    }
}
