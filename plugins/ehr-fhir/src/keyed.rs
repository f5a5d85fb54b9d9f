//! Resources that are made once: each has an identifier with our key, by which it is found again.
//!
//! It is made by a conditional create (<https://hl7.org/fhir/R4/http.html#ccreate>): the server makes none where one has
//! the identifier. A server need not support that, and one that doesn't says nothing: so nothing stands on it alone.

use aftercall::{Failure, Finding, Instant, Outcome, Receipt, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::ResourceId;
use crate::fhir::{Page, Search, Server, escape};
use crate::refusal::{self, FromSetting};

/// When to look again, while a search may not show yet what was made, in milliseconds.
const LOOK_AGAIN_MS: u64 = 15_000;
/// How many resources a page has in a search for one. More than one come only from a server that doesn't know the parameter.
const FOUND_MAX: usize = 20;

/// A kind of resources that are made once, each for a patient.
pub(crate) struct Record {
    /// The type of the resource.
    pub(crate) kind: &'static str,
    /// What receipts call it.
    pub(crate) name: &'static str,
    /// What is told of it, before the patient.
    pub(crate) told: &'static str,
}

/// A business identifier (<https://hl7.org/fhir/R4/datatypes.html#Identifier>).
#[derive(Deserialize)]
pub(crate) struct Identifier {
    system: Option<String>,
    value: Option<String>,
}

/// A resource that was made, as far as it is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Made {
    resource_type: Option<String>,
    pub(crate) id: ResourceId,
    pub(crate) status: Option<String>,
    /// Of an appointment.
    pub(crate) start: Option<String>,
    #[serde(default)]
    identifier: Vec<Identifier>,
}

impl Record {
    /// Makes one, of which these elements come of settings; gives what the model is told of it.
    pub(crate) async fn make(
        &self,
        patient: &ResourceId,
        elements: Value,
        from: &[FromSetting],
        server: &Server<'_>,
    ) -> Result<Outcome, Failure> {
        let made = create(server, self.kind, elements, from).await?;
        Ok(self.made(patient, &made.id, server))
    }

    /// Looks for one that is in doubt.
    pub(crate) async fn find(&self, patient: &ResourceId, server: &Server<'_>) -> Result<Finding, Failure> {
        finding(server, self.kind, patient, &|made| self.made(patient, &made.id, server)).await
    }

    fn made(&self, patient: &ResourceId, id: &ResourceId, server: &Server<'_>) -> Outcome {
        let Self { kind, name, told } = self;
        let receipt = Receipt::new(*name, id.as_str()).with_url(server.url(kind, id));
        Outcome::new(format!("{told} {patient} as {name} {id}")).with_receipt(receipt)
    }
}

impl Made {
    /// Whether it was made, and is no more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.status.as_deref() == Some("cancelled")
    }
}

/// Makes a resource, unless one has our identifier.
pub(crate) async fn create(
    server: &Server<'_>,
    kind: &str,
    mut elements: Value,
    from: &[FromSetting],
) -> Result<Made, Failure> {
    let (system, value) = (&server.settings.identifier_system, server.cx.key());
    elements["resourceType"] = kind.into();
    elements["identifier"] = json!([{ "system": system, "value": value }]);
    let request = server.post(kind, &elements).header("if-none-exist", &format!("identifier={system}|{value}"));
    let answer = request.header("prefer", "return=representation").send().await?;
    // One who says what is wrong in FHIR's words is a server: a resource that it is to refer to isn't there.
    let has_no_endpoint = refusal::has_no_endpoint(&answer) && !refusal::is_outcome(&answer);
    let answer = refusal::made(answer, kind, from).map_err(|failure| match has_no_endpoint {
        true => refusal::of_address(failure, kind, server.base()),
        false => failure,
    })?;
    made(kind, &answer).ok_or_else(|| {
        Failure::outcome_unknown(format!("the server has taken the {kind}, and doesn't say by which id"))
    })
}

/// Looks for the resource that has our identifier.
pub(crate) async fn finding(
    server: &Server<'_>,
    kind: &str,
    patient: &ResourceId,
    happened: &dyn Fn(&Made) -> Outcome,
) -> Result<Finding, Failure> {
    let ours = format!("{}|{}", escape(&server.settings.identifier_system), escape(server.cx.key()));
    let parameters = [("patient", patient.to_string()), ("identifier", ours)];
    let search = Search { kind, parameters: &parameters, limit: FOUND_MAX };
    let has_key = |made: &Made| keys(server, &made.identifier).contains(&server.cx.key());
    let page: Page<Made> = server.search(&search, has_key).await?;
    match page.found.first() {
        Some(made) => Finding::happened(happened(made)),
        None if page.more => Ok(Finding::Unknown(None)),
        None => Ok(absent(server)),
    }
}

/// What it says that an effect isn't to be seen.
pub(crate) fn absent(server: &Server<'_>) -> Finding {
    Finding::absent(server.cx, server.settings.search_lag_ms, LOOK_AGAIN_MS)
}

/// Those of some identifiers that are keys of ours.
pub(crate) fn keys<'a>(server: &Server<'_>, identifiers: &'a [Identifier]) -> Vec<&'a str> {
    let system = Some(&server.settings.identifier_system);
    let ours = identifiers.iter().filter(|identifier| identifier.system.as_ref() == system);
    ours.filter_map(|identifier| identifier.value.as_deref()).collect()
}

/// When the call had ended, or nearly: the same on each attempt.
pub(crate) fn at(server: &Server<'_>) -> String {
    Instant::utc(server.cx.first_attempt_at()).to_string()
}

/// A reference to a resource of the server.
pub(crate) fn reference(kind: &str, id: &ResourceId) -> Value {
    json!({ "reference": format!("{kind}/{id}") })
}

/// What the server says that it has now: in the resource, or in the address of it.
fn made(kind: &str, answer: &Response) -> Option<Made> {
    let body = serde_json::from_slice(answer.bytes()).ok();
    let is_it = |made: &Made| made.resource_type.as_deref().is_none_or(|given| given == kind);
    if let Some(made) = body.filter(is_it) {
        return Some(made);
    }
    // `[base]/Task/17/_history/1`, of whatever base the server believes to have.
    let (_, rest) = answer.header("location")?.rsplit_once(&format!("{kind}/"))?;
    let id = rest.split('/').next()?.parse().ok()?;
    Some(Made { resource_type: None, id, status: None, start: None, identifier: Vec::new() })
}
