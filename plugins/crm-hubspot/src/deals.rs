//! Deals of a contact: read, made once by a property with unique values that holds our key, and updated by their id.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/objects/deals/guide>. HubSpot's own document of
//! that API writes the objects by their type, `0-3`.

use aftercall::{Answer, Context, Day, Failure, FailureKind, Finding, Instant, Money, Offer};
use aftercall_hubspot::{DEAL, Object, Properties, RecordId};
use schemars::JsonSchema;
use serde::Serialize;

use crate::contacts;
use crate::hubspot::{hubspot, is_rehearsed, noon, settled};
use crate::settings::Settings;

/// How many deals of a contact are told, the newest. Protects the model's context.
const DEALS_MAX: usize = 20;
/// How many objects HubSpot reads in one batch.
const BATCH_MAX: usize = 100;
/// Of a day, in milliseconds.
const HALF_DAY_MS: u64 = 43_200_000;
/// What is read of a deal.
const READ: [&str; 7] =
    ["dealname", "pipeline", "dealstage", "amount", "deal_currency_code", "closedate", "hs_is_closed"];

/// What is to be set on a deal.
pub(crate) struct Terms {
    pub(crate) name: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) money: Option<Money>,
    pub(crate) close_date: Option<Day>,
}

/// What `find_deals` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundDeals {
    deals: Vec<Deal>,
    /// The stages that upsert_deal may put a deal in.
    stages: Vec<Offer>,
}

/// A deal, for the model.
#[derive(Serialize, JsonSchema)]
struct Deal {
    deal_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// By its name among `stages`, or by HubSpot's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// A day, or an instant whose day depends on the time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    close_date: Option<String>,
    /// Whether it is won or lost.
    closed: bool,
}

/// The deal that `upsert_deal` made or updated.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MadeDeal {
    deal_id: String,
}

/// The newest deals of a contact, and words about them.
pub(crate) async fn find(
    contact_id: &RecordId,
    settings: &Settings,
    cx: &Context,
) -> Result<(String, FoundDeals), Failure> {
    let contact = contacts::with_deals(contact_id, cx).await?;
    // An association with several labels is there several times.
    let mut ids: Vec<&str> = Vec::new();
    for id in contact.associations.deals.ids() {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let is_whole = ids.len() <= BATCH_MAX && !contact.associations.deals.has_more();
    ids.truncate(BATCH_MAX);
    let mut objects = if ids.is_empty() { Vec::new() } else { hubspot(cx).read_batch(DEAL, &ids, &READ).await? };
    objects.sort_unstable_by(|one, other| other.created_at.cmp(&one.created_at));
    let there = objects.len();
    let newest = objects.into_iter().take(DEALS_MAX);
    let deals: Vec<Deal> = newest.map(|object| Deal::of(object, settings)).collect();
    let mut words = match &deals[..] {
        several if !is_whole => format!("{} of the deals of contact {contact_id}, which has more", several.len()),
        several if there > DEALS_MAX => format!("the newest {} of {there} deals", several.len()),
        [] => format!("contact {contact_id} has no deal"),
        [only] => format!("one deal, deal_id {}", only.deal_id),
        several => format!("{} deals", several.len()),
    };
    if !settings.makes_deals() {
        words.push_str("; no new deal can be made here, only one that is there be updated");
    }
    Ok((words, FoundDeals { deals, stages: settings.stages() }))
}

/// Makes the deal of this key, or finds it made. The contact is looked at first, so that no deal is made for nobody.
pub(crate) async fn make(
    contact_id: &RecordId,
    properties: &Properties,
    settings: &Settings,
    cx: &Context,
) -> Result<Object, Failure> {
    let key_property = settings.deal_key_property()?;
    if !properties.has("dealname") || !properties.has("dealstage") {
        return Err(Failure::invalid_arguments(
            "a new deal needs `name` and `stage`; to update one, give its `deal_id`",
        ));
    }
    contacts::with_deals(contact_id, cx).await?;
    let upserted = hubspot(cx).upsert(DEAL, "deal", key_property, cx.key(), properties).await;
    let deal = upserted.map_err(|failure| of_the_key(failure, key_property))?;
    hubspot(cx).put_new_deal_on(contact_id.as_str(), &deal.id).await?;
    Ok(deal)
}

/// Updates a deal of this contact.
pub(crate) async fn update(
    deal_id: &RecordId,
    contact_id: &RecordId,
    properties: &Properties,
    cx: &Context,
) -> Result<Object, Failure> {
    if properties.is_empty() {
        return Err(Failure::invalid_arguments(
            "give what changes: `name`, `stage`, `amount` and `currency`, `close_date`",
        ));
    }
    of_contact(deal_id, contact_id, cx).await?;
    hubspot(cx).update(DEAL, deal_id.as_str(), properties).await
}

/// Whether the deal is there as it was asked for: a new one by our key, on its contact; another by its id.
pub(crate) async fn settle(
    deal_id: Option<&RecordId>,
    contact_id: &RecordId,
    properties: &Properties,
    settings: &Settings,
    cx: &Context,
) -> Result<Finding, Failure> {
    let names = properties.names();
    let mut query = vec![("properties", names.as_str()), ("associations", "contacts")];
    if deal_id.is_none() {
        query.insert(0, ("idProperty", settings.deal_key_property()?));
    }
    let found = hubspot(cx).read(DEAL, deal_id.map_or(cx.key(), RecordId::as_str), &query).await;
    let trace = Object::trace(found, |deal| deal.is_of(contact_id.as_str()) && deal.says(properties))?;
    let trace = if deal_id.is_some() { trace.of_changed() } else { trace };
    settled(trace, settings, cx, |deal_id| answer("there", deal_id, contact_id, settings))
}

/// What is told of a deal of a contact.
pub(crate) fn answer(did: &str, deal_id: &str, contact_id: &RecordId, settings: &Settings) -> Answer<MadeDeal> {
    let text = format!("the deal of contact {contact_id} is {did}, deal_id {deal_id}");
    Answer::new(text, MadeDeal { deal_id: deal_id.to_owned() }).with_receipt(settings.receipt_of_deal(deal_id))
}

/// Refuses a deal that isn't of this contact, so that nothing said on a call gets onto somebody else's.
pub(crate) async fn of_contact(deal_id: &RecordId, contact_id: &RecordId, cx: &Context) -> Result<(), Failure> {
    if is_rehearsed(deal_id, cx) {
        return Ok(());
    }
    let deal = hubspot(cx).read(DEAL, deal_id.as_str(), &[("associations", "contacts")]).await?;
    if deal.is_some_and(|deal| deal.is_of(contact_id.as_str())) {
        return Ok(());
    }
    let words = format!("contact {contact_id} has no deal {deal_id}; find_deals tells the ids of its deals");
    Err(Failure::not_found(words))
}

/// A refusal of the property that we upsert by is the tenant's to put right.
fn of_the_key(failure: Failure, key_property: &str) -> Failure {
    let speaks_of_it = failure.message.contains("idProperty") || failure.message.contains(key_property);
    if failure.kind != FailureKind::InvalidArguments || !speaks_of_it {
        return failure;
    }
    let message =
        format!("`deal_key_property` has to name a deal property with unique values in HubSpot: {}", failure.message);
    Failure { kind: FailureKind::Misconfigured, message, ..failure }
}

/// The day on which a deal is expected to be closed, where it was set as a day: by us at noon, by others at midnight in UTC.
/// Of any other instant, the day is another in another time zone.
fn close_date(told: &str) -> String {
    match told.parse::<Instant>() {
        Ok(instant) if instant.as_ms() % HALF_DAY_MS == 0 => instant.in_utc().day().to_string(),
        _ => told.to_owned(),
    }
}

impl Terms {
    pub(crate) fn properties(self, settings: &Settings) -> Result<Properties, Failure> {
        let stage = self.stage.as_deref().map(|name| settings.stage(name)).transpose()?;
        let money = self.money.as_ref();
        Ok(Properties::default()
            .set("dealname", self.name)
            .set("pipeline", stage.map(|stage| stage.pipeline.as_str()))
            .set("dealstage", stage.map(|stage| stage.stage.as_str()))
            .set("amount", money.map(|money| money.amount().as_str()))
            .set("deal_currency_code", money.map(|money| money.currency().as_str()))
            .set("closedate", self.close_date.map(noon)))
    }
}

impl Deal {
    fn of(object: Object, settings: &Settings) -> Self {
        let stage = object.property("dealstage");
        let named = stage.and_then(|stage| settings.stage_name(object.property("pipeline")?, stage));
        Self {
            name: object.owned("dealname"),
            stage: named.or(stage).map(str::to_owned),
            amount: object.owned("amount"),
            currency: object.owned("deal_currency_code"),
            close_date: object.property("closedate").map(close_date),
            closed: object.property("hs_is_closed") == Some("true"),
            deal_id: object.id,
        }
    }
}
