//! Requests: records queried, upserted by their key, updated by their id.

use aftercall::{Context, Failure, Finding, IntoOutcome, Receipt, Request, Response, Trace, path_segment};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::refusal::{self, Own};
use crate::{Meaning, Record, Refusal, quoted};

/// How long a request whose answer was lost may still be at work, in milliseconds: Salesforce ends a transaction then, and its
/// queries don't lag (developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/apex_gov_limits.htm).
const AT_WORK_MS_MAX: u64 = 600_000;
/// When to look again before that, in milliseconds.
const LOOK_AGAIN_MS: u64 = 60_000;

/// How many pages of a query are read. Protects the org's limit of requests.
const PAGES_MAX: usize = 10;
/// Where the API is, in its version.
const DATA: &str = "/services/data/v62.0/";

/// Salesforce's REST API, version 62.0, in one call of a tool.
#[derive(Clone, Copy)]
pub struct Salesforce<'a> {
    cx: &'a Context,
    my_domain: &'a str,
    key_field: &'a str,
    own: Own,
}

/// A record that was upserted.
#[derive(Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its id.
    pub id: String,
    /// Whether it is new.
    pub created: bool,
}

/// What was queried (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query.htm).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    records: Vec<Record>,
    next_records_url: Option<String>,
}

/// The answer to an upsert (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_upsert.htm).
#[derive(Deserialize)]
struct Upserted {
    id: String,
    #[serde(default)]
    created: bool,
}

impl<'a> Salesforce<'a> {
    /// The org of this My Domain (`acme` of `acme.my.salesforce.com`), in which records are found again by this custom field, an
    /// external id.
    pub fn new(cx: &'a Context, my_domain: &'a str, key_field: &'a str) -> Self {
        Self { cx, my_domain, key_field, own: |_| None }
    }

    /// The same, where the plugin knows more of some refusals than the library: what its settings say of a field, say. The
    /// first of several reasons of which it knows something decides.
    #[must_use]
    pub fn with_own(self, own: fn(&Refusal<'_>) -> Option<Meaning>) -> Self {
        Self { own, ..self }
    }

    fn api(&self, path: &str) -> String {
        format!("https://{}.my.salesforce.com{DATA}{path}", self.my_domain)
    }

    fn record(&self, object: &str, rest: &[&str]) -> String {
        let segments: Vec<String> = std::iter::once(object).chain(rest.iter().copied()).map(path_segment).collect();
        self.api(&format!("sobjects/{}", segments.join("/")))
    }

    /// Sends any request of Salesforce's API.
    ///
    /// # Errors
    /// As of [`Response::ok`], with the reasons that Salesforce gives.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        refusal::told(request.send().await?, self.own)
    }

    /// The receipt for a record, whose page Salesforce shows at its id.
    pub fn receipt(&self, object: &str, id: &str) -> Receipt {
        Receipt::new(object, id).with_url(format!("https://{}.my.salesforce.com/{}", self.my_domain, path_segment(id)))
    }

    /// The records that a query finds, so many at most; the query is without a limit, and selects the `Id`. Texts in it are
    /// [`quoted`].
    ///
    /// # Errors
    /// As [`send`](Salesforce::send).
    pub async fn query(&self, soql: &str, most: usize) -> Result<Vec<Record>, Failure> {
        self.query_some(soql, most).await.map(|(records, _)| records)
    }

    /// The same, and whether there may be more.
    ///
    /// # Errors
    /// As [`send`](Salesforce::send).
    pub async fn query_some(&self, soql: &str, most: usize) -> Result<(Vec<Record>, bool), Failure> {
        let soql = format!("{soql} LIMIT {most}");
        let mut request = self.cx.get(self.api("query")).query(&[("q", &soql)]);
        let mut records = Vec::new();
        let mut more = true;
        for _ in 0..PAGES_MAX {
            let page: Page = self.send(request).await?.json()?;
            records.extend(page.records);
            more = page.next_records_url.is_some() || records.len() >= most;
            let Some(next) = page.next_records_url.filter(|_| records.len() < most) else { break };
            // The vendor's word for the rest of a path, never for another host or resource.
            let locator = next
                .strip_prefix(DATA)
                .and_then(|path| path.strip_prefix("query/"))
                .ok_or_else(|| Failure::other("Salesforce's query goes on at an unexpected address"))?;
            request = self.cx.get(self.api(&format!("query/{}", path_segment(locator))));
        }
        records.truncate(most);
        Ok((records, more))
    }

    /// The record with this key, if there is one, with its id and these fields. It is queried, since the resource of a key
    /// answers the same 404 where the record isn't there and where the user may not see the object.
    ///
    /// # Errors
    /// As [`send`](Salesforce::send), and `conflict` where several records have the key.
    pub async fn with_key<'b>(
        &self,
        object: &str,
        key: &str,
        fields: impl IntoIterator<Item = &'b str>,
    ) -> Result<Option<Record>, Failure> {
        self.the_one(object, self.key_field, key, fields).await
    }

    /// The record with this id, if there is one, with its id and these fields. Salesforce takes an id with other capitals for
    /// the same one.
    ///
    /// # Errors
    /// As [`send`](Salesforce::send).
    pub async fn with_id<'b>(
        &self,
        object: &str,
        id: &str,
        fields: impl IntoIterator<Item = &'b str>,
    ) -> Result<Option<Record>, Failure> {
        self.the_one(object, "Id", id, fields).await
    }

    async fn the_one<'b>(
        &self,
        object: &str,
        field: &str,
        value: &str,
        fields: impl IntoIterator<Item = &'b str>,
    ) -> Result<Option<Record>, Failure> {
        let fields: Vec<&str> = std::iter::once("Id").chain(fields).collect();
        let soql = format!("SELECT {} FROM {object} WHERE {field} = {}", fields.join(", "), quoted(value));
        // One more than there may be.
        let mut found = self.query(&soql, 2).await?;
        if found.len() > 1 {
            return Err(refusal::several(found.into_iter().map(|record| record.id)));
        }
        Ok(found.pop())
    }

    /// Makes the record with this key, or updates it.
    ///
    /// # Errors
    /// As [`send`](Salesforce::send); `outcome-unknown` where it was updated, and its id isn't to be found.
    pub async fn upsert(&self, object: &str, key: &str, fields: &Map<String, Value>) -> Result<Saved, Failure> {
        let answer = self.send(self.cx.patch(self.record(object, &[self.key_field, key])).json(fields)).await?;
        if answer.status() != 204 {
            let Upserted { id, created } = answer.json()?;
            return Ok(Saved { id, created });
        }
        // An update may be answered without a body, so without the id; it has happened nonetheless.
        let found = self.with_key(object, key, []).await.map_err(|it| it.after_write("the record was updated"))?;
        found
            .map(|record| Saved { id: record.id, created: false })
            .ok_or_else(|| Failure::outcome_unknown("the record was updated, and isn't to be found"))
    }

    /// The request that updates the record with this id. It is answered without a body.
    pub fn update(&self, object: &str, id: &str, fields: &Map<String, Value>) -> Request<'a> {
        self.cx.patch(self.record(object, &[id])).json(fields)
    }

    /// Invokes a standard action with these inputs, once, such as `assignTargetToSalesCadence`
    /// (developer.salesforce.com/docs/atlas.en-us.api_action.meta/api_action/actions_intro_invoking.htm).
    ///
    /// # Errors
    /// As [`send`](Salesforce::send), also where the answer is one of success and the action's own result isn't;
    /// `outcome-unknown` where Salesforce doesn't say what came of it.
    pub async fn invoke(&self, action: &str, input: Value) -> Result<(), Failure> {
        let url = self.api(&format!("actions/standard/{}", path_segment(action)));
        let request = self.cx.post(url).json(&json!({ "inputs": [input] }));
        let results: Value = self.send(request).await?.json()?;
        match results[0]["isSuccess"].as_bool() {
            Some(true) => Ok(()),
            Some(false) => Err(refusal::of_action(&results, self.own)),
            None => Err(Failure::outcome_unknown("Salesforce doesn't say what came of the action")),
        }
    }

    /// What a look for an effect in doubt says of it.
    ///
    /// # Errors
    /// As [`Trace::settles`].
    pub fn settled<O: IntoOutcome>(&self, trace: Trace, outcome: impl FnOnce(&str) -> O) -> Result<Finding, Failure> {
        trace.settles(self.cx, AT_WORK_MS_MAX, LOOK_AGAIN_MS, outcome)
    }
}
