//! HubSpot's objects, and what its answers mean.

use aftercall::{Failure, FailureKind, Request, Response};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::decimal;

/// How long a record stays locked, by HubSpot's page on errors, in milliseconds.
const LOCKED_MS: u64 = 2_000;

/// Any object of the CRM, as far as it is read.
#[derive(Deserialize)]
pub(super) struct Object {
    pub(super) id: String,
    /// Texts, or null.
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    associations: Associations,
}

/// What an object was asked to be told with.
#[derive(Default, Deserialize)]
struct Associations {
    #[serde(default)]
    contacts: Associated,
}

#[derive(Default, Deserialize)]
struct Associated {
    results: Vec<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

/// The first results of a search.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) results: Vec<Object>,
    #[serde(default)]
    total: usize,
}

/// The answer to a batch of one. It is a success (207) even where the one failed.
#[derive(Deserialize)]
pub(super) struct Upserted {
    #[serde(default)]
    results: Vec<Object>,
    #[serde(default)]
    errors: Vec<BatchError>,
}

#[derive(Deserialize)]
struct BatchError {
    #[serde(default)]
    message: String,
    category: Option<String>,
}

/// Where HubSpot keeps its objects.
pub(super) fn url(objects: &str) -> String {
    format!("https://api.hubapi.com/crm/v3/objects/{objects}")
}

/// An object, if there is one.
pub(super) async fn read(request: Request<'_>) -> Result<Option<Object>, Failure> {
    let answer = request.send().await?;
    if answer.status() == 404 { Ok(None) } else { told(answer)?.json().map(Some) }
}

/// The response if its status is 2xx, else the failure with what HubSpot says of it
/// (<https://developers.hubspot.com/docs/api-reference/error-handling>).
pub(super) fn told(answer: Response) -> Result<Response, Failure> {
    answer.ok_or(|failure, status, _: Value| match status {
        // A record that is locked for two seconds, and an account that is moved, with a `Retry-After`: both pass.
        423 | 477 => {
            let retry_after_ms = failure.retry_after_ms.or((status == 423).then_some(LOCKED_MS));
            Failure { kind: FailureKind::RateLimited, retry_after_ms, ..failure }
        }
        _ => of_the_tenant(failure),
    })
}

/// A property that HubSpot doesn't know is the tenant's to add: the model can't correct it.
fn of_the_tenant(failure: Failure) -> Failure {
    if failure.kind != FailureKind::InvalidArguments || !failure.message.contains("PROPERTY_DOESNT_EXIST") {
        return failure;
    }
    let message = format!("add the property in HubSpot, or correct the plugin's settings: {}", failure.message);
    Failure { kind: FailureKind::Other, message, ..failure }
}

impl Object {
    /// A property, where it is set.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str().filter(|value| !value.is_empty())
    }

    /// Whether it has these properties. HubSpot trims texts, and writes numbers in its own way.
    pub(super) fn has(&self, properties: &Map<String, Value>) -> bool {
        properties.iter().all(|(name, set)| {
            let (told, set) = (self.property(name).unwrap_or_default(), set.as_str().unwrap_or_default());
            decimal::is_same(told, set)
        })
    }

    /// Whether this contact is among those that it was told with.
    pub(super) fn is_of(&self, contact_id: &str) -> bool {
        self.associations.contacts.results.iter().any(|contact| contact.id == contact_id)
    }

    /// A contact's whole name, as far as it is known.
    pub(super) fn name(&self) -> Option<String> {
        let parts = ["firstname", "lastname"].map(|part| self.property(part));
        let name: Vec<&str> = parts.into_iter().flatten().collect();
        (!name.is_empty()).then(|| name.join(" "))
    }
}

impl Page {
    /// Whether the search has found more than these.
    pub(super) fn has_more(&self) -> bool {
        self.total > self.results.len()
    }
}

impl Upserted {
    /// The one object of the batch.
    pub(super) fn only(self) -> Result<Object, Failure> {
        match (self.results.into_iter().next(), self.errors.into_iter().next()) {
            (Some(object), _) => Ok(object),
            (None, Some(error)) => {
                let kind = match error.category.as_deref() {
                    Some("VALIDATION_ERROR") => FailureKind::InvalidArguments,
                    Some("OBJECT_NOT_FOUND") => FailureKind::NotFound,
                    Some("CONFLICT") => FailureKind::Conflict,
                    Some("MISSING_SCOPES") => FailureKind::Denied,
                    Some("RATE_LIMITS") => FailureKind::RateLimited,
                    // Whether HubSpot did it before it failed is not said.
                    _ => FailureKind::OutcomeUnknown,
                };
                let failure = Failure::new(kind, format!("HubSpot refuses the deal: {}", error.message));
                Err(of_the_tenant(Failure { code: error.category, ..failure }))
            }
            (None, None) => Err(Failure::outcome_unknown("HubSpot's answer says nothing of the deal")),
        }
    }
}
