//! Requests: objects read, searched, upserted, updated and made.

use aftercall::{Context, Failure, FailureKind, Finding, IntoOutcome, Request, Response, Trace, path_segment};
use serde::Deserialize;
use serde_json::json;

use crate::refusal::{self, BatchError};
use crate::{Blame, NewAssociations, Object, Page, Properties, Search, keyed};

/// When to look again, while HubSpot may not show yet what was written, in milliseconds.
const LOOK_AGAIN_MS: u64 = 15_000;

/// How many objects a search by the key brings. One has it; the search by token may find others that are alike.
const KEYED_MAX: usize = 10;

/// HubSpot's API in one call of a tool, with whose doing a refusal is.
pub struct HubSpot<'a> {
    cx: &'a Context,
    blame: Blame<'a>,
}

/// The answer to an upsert of one. It is a success (207) even where the one failed.
#[derive(Deserialize)]
struct Upserted {
    #[serde(default)]
    results: Vec<Object>,
    #[serde(default)]
    errors: Vec<BatchError>,
}

/// Where HubSpot keeps its objects.
fn url(path: &str) -> String {
    format!("https://api.hubapi.com/crm/v3/objects/{path}")
}

impl<'a> HubSpot<'a> {
    /// With whose doing it is where HubSpot refuses what this plugin sends.
    pub fn new(cx: &'a Context, blame: Blame<'a>) -> Self {
        Self { cx, blame }
    }

    /// Sends any request of HubSpot's API.
    ///
    /// # Errors
    /// As [`told`](HubSpot::told).
    pub async fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        self.told(request.send().await?)
    }

    /// The response if its status is 2xx, else the failure with what HubSpot says of it.
    ///
    /// # Errors
    /// As of [`Response::ok`], with the reasons, and as [`Blame`] has it.
    pub fn told(&self, response: Response) -> Result<Response, Failure> {
        refusal::told(response, &self.blame)
    }

    /// The object with this id, or with this value of the property that the query's `idProperty` names; none, if there is none.
    /// Asked for an object that was merged into another, HubSpot gives the other.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn read(&self, objects: &str, id: &str, query: &[(&str, &str)]) -> Result<Option<Object>, Failure> {
        let request = self.cx.get(url(&format!("{objects}/{}", path_segment(id)))).query(query);
        match self.send(request).await {
            Ok(answer) => answer.json().map(Some),
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Those of the objects with these ids that are there, at most a hundred of them.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn read_batch(&self, objects: &str, ids: &[&str], properties: &[&str]) -> Result<Vec<Object>, Failure> {
        let inputs: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        let read = json!({ "inputs": inputs, "properties": properties, "propertiesWithHistory": [] });
        let request = self.cx.post(url(&format!("{objects}/batch/read"))).reads_only().json(&read);
        // What isn't there any more is missing: that is no failure of the others (207).
        Ok(self.send(request).await?.json::<Page>()?.results)
    }

    /// What a search finds. It may not show yet what was written just before.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn search(&self, objects: &str, search: &Search<'_>) -> Result<Page, Failure> {
        let request = self.cx.post(url(&format!("{objects}/search"))).reads_only().json(search);
        self.send(request).await?.json()
    }

    /// Makes the object whose property with unique values is this id, or updates it. A refusal speaks of it as `what`.
    ///
    /// Not for contacts by their `email`: HubSpot promises nothing of the properties that are left out there. That is what
    /// [`update_by`](HubSpot::update_by) is for
    /// (<https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide>).
    ///
    /// The manifest's rule needs `refuses_in_body`: the refusal of the one comes in the body of a success.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn upsert(
        &self,
        objects: &str,
        what: &str,
        id_property: &str,
        id: &str,
        properties: &Properties,
    ) -> Result<Object, Failure> {
        let upsert = json!({ "inputs": [{ "idProperty": id_property, "id": id, "properties": properties }] });
        let request = self.cx.post(url(&format!("{objects}/batch/upsert"))).json(&upsert);
        let Upserted { results, errors } = self.send(request).await?.json()?;
        match (results.into_iter().next(), errors.into_iter().next()) {
            (Some(object), _) => Ok(object),
            (None, Some(error)) => Err(refusal::of_batch(what, error, &self.blame)),
            (None, None) => Err(Failure::outcome_unknown(format!("HubSpot's answer says nothing of the {what}"))),
        }
    }

    /// Updates the object with this id.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn update(&self, objects: &str, id: &str, properties: &Properties) -> Result<Object, Failure> {
        let change = json!({ "properties": properties });
        let request = self.cx.patch(url(&format!("{objects}/{}", path_segment(id)))).json(&change);
        self.send(request).await?.json()
    }

    /// Updates the object with this value of a property with unique values, such as a contact's `email`; none, if there is none.
    /// What isn't among the properties stays as it is.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn update_by(
        &self,
        objects: &str,
        id_property: &str,
        id: &str,
        properties: &Properties,
    ) -> Result<Option<Object>, Failure> {
        let request =
            self.cx.patch(url(&format!("{objects}/{}", path_segment(id)))).query(&[("idProperty", id_property)]);
        match self.send(request.json(&json!({ "properties": properties }))).await {
            Ok(answer) => answer.json().map(Some),
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Makes an object. Repeated, it makes another, where no property with unique values forbids it.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn create(
        &self,
        objects: &str,
        properties: &Properties,
        associations: &NewAssociations,
    ) -> Result<Object, Failure> {
        let object = json!({ "properties": properties, "associations": associations });
        self.send(self.cx.post(url(objects)).json(&object)).await?.json()
    }

    /// Puts a deal that was just made on a contact, by HubSpot's default type of association. Repeated, it is one association
    /// (<https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide>).
    ///
    /// # Errors
    /// `outcome-unknown`, whatever failed: the deal is there.
    pub async fn put_new_deal_on(&self, contact_id: &str, deal_id: &str) -> Result<(), Failure> {
        let (deal, contact) = (path_segment(deal_id), path_segment(contact_id));
        let url = format!("https://api.hubapi.com/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}");
        self.send(self.cx.put(url)).await.map(|_| ()).map_err(|failure| {
            failure.after_write(format_args!("deal {deal_id} is made, but may not be on contact {contact_id} yet"))
        })
    }

    /// Searches for the object whose text, this property, carries the effect's key, as [`keyed::reference`] writes it.
    ///
    /// # Errors
    /// As [`send`](HubSpot::send).
    pub async fn with_key(&self, objects: &str, property: &str) -> Result<Trace, Failure> {
        let key = self.cx.key();
        let search = Search::of(&[property], KEYED_MAX).or_word(property, &keyed::word(key));
        let page = self.search(objects, &search).await?;
        Ok(match page.results.iter().find(|object| keyed::has_key(object.property(property), key)) {
            Some(ours) => Trace::AsAsked(ours.id.clone()),
            // It may be among those that were not told.
            None if page.has_more() => Trace::Unclear,
            None => Trace::Absent,
        })
    }

    /// What a look for an effect in doubt says of it, `lag_ms` being how long HubSpot may not show what was written.
    ///
    /// # Errors
    /// As [`Trace::settles`].
    pub fn settled<O: IntoOutcome>(
        &self,
        trace: Trace,
        lag_ms: u64,
        outcome: impl FnOnce(&str) -> O,
    ) -> Result<Finding, Failure> {
        trace.settles(self.cx, lag_ms, LOOK_AGAIN_MS, outcome)
    }
}

impl Object {
    /// What a look by the effect's own key has shown: this object, and whether it is as it was asked for.
    ///
    /// # Errors
    /// As [`Trace::of`].
    pub fn trace(found: Result<Option<Self>, Failure>, is_it: impl FnOnce(&Self) -> bool) -> Result<Trace, Failure> {
        Trace::of(found.map(|found| {
            found.map(|object| {
                let is_it = is_it(&object);
                (object.id, is_it)
            })
        }))
    }
}
