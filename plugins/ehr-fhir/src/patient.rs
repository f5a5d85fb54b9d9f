//! Patients, as far as they are read (<https://hl7.org/fhir/R4/patient.html>).

use std::cell::Cell;

use aftercall::{Day, Failure, PhoneNumber};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{begins, letters};
use crate::fhir::{Page, Search, Server, escape};

/// How many patients a search brings. Protects the model's context, and people's data.
const PATIENTS_MAX: usize = 10;
/// The elements that a search asks for: nothing else of a patient is needed here.
const ELEMENTS: &str = "active,name,birthDate,telecom";

/// Which patients are looked for.
pub(crate) struct Wanted {
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) family_name: Option<String>,
    pub(crate) birth_date: Option<Day>,
}

/// Who was found.
pub(crate) struct Found {
    pub(crate) page: Page<Person>,
    /// Whether somebody was left out whose record doesn't tell whether the number is theirs.
    pub(crate) left_out: bool,
}

/// A Patient of the server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Patient {
    pub(crate) id: String,
    active: Option<bool>,
    #[serde(default)]
    name: Vec<HumanName>,
    birth_date: Option<String>,
    #[serde(default)]
    telecom: Vec<ContactPoint>,
}

/// <https://hl7.org/fhir/R4/datatypes.html#ContactPoint>
#[derive(Deserialize)]
struct ContactPoint {
    system: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct HumanName {
    r#use: Option<String>,
    text: Option<String>,
    family: Option<String>,
    /// Null where a name has extensions alone.
    #[serde(default)]
    given: Vec<Option<String>>,
}

/// What `find_patient` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundPatients {
    pub(crate) patients: Vec<Person>,
}

/// A patient, for the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Person {
    pub(crate) patient_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<String>,
}

/// Finds patients whose records are in use.
pub(crate) async fn find(wanted: &Wanted, server: &Server<'_>) -> Result<Found, Failure> {
    let Wanted { phone, birth_date, .. } = wanted;
    let family_name = wanted.family_name.as_deref().map(str::trim).filter(|name| !letters(name).is_empty());
    if phone.is_none() && (family_name.is_none() || birth_date.is_none()) {
        return Err(Failure::invalid_arguments("give a telephone number, or a family name and a birth date"));
    }
    let mut parameters = Vec::new();
    parameters.extend(phone.as_ref().map(|phone| ("phone", escape(phone.as_str()))));
    parameters.extend(family_name.map(|name| ("family", escape(name))));
    parameters.extend(birth_date.map(|day| ("birthdate", day.to_string())));
    parameters.push(("_elements", ELEMENTS.to_owned()));
    // A record that doesn't tell the number fits by what else was asked for, and by a number alone it doesn't: the server may
    // have left the parameter out of account.
    let by_number_alone = family_name.is_none() && birth_date.is_none();
    let left_out = Cell::new(false);
    let has_number = |patient: &Patient, phone: &PhoneNumber| {
        patient.has_number(phone, server).unwrap_or_else(|| {
            left_out.set(left_out.get() || by_number_alone);
            !by_number_alone
        })
    };
    let fits = |patient: &Patient| {
        patient.in_use()
            && phone.as_ref().is_none_or(|phone| has_number(patient, phone))
            && family_name.is_none_or(|name| patient.has_family_name(name))
            && birth_date.is_none_or(|day| patient.birth_date.as_ref() == Some(&day.to_string()))
    };
    let search = Search { kind: "Patient", parameters: &parameters, limit: PATIENTS_MAX };
    let page = server.search(&search, fits).await?;
    let page = Page { found: page.found.into_iter().map(Person::from).collect(), more: page.more };
    Ok(Found { page, left_out: left_out.get() })
}

impl Patient {
    /// Whether the record is in use. One that was merged into another isn't.
    fn in_use(&self) -> bool {
        self.active != Some(false)
    }

    /// Whether one of its numbers is this one. None, where the server shows none, or one without its country may be it.
    pub(crate) fn has_number(&self, number: &PhoneNumber, server: &Server<'_>) -> Option<bool> {
        let is_number = |point: &&ContactPoint| matches!(point.system.as_deref(), None | Some("phone" | "sms"));
        let numbers = self.telecom.iter().filter(is_number).filter_map(|point| point.value.as_deref());
        let national = server.settings.national_numbers.as_ref();
        let same: Vec<Option<bool>> = numbers.map(|stored| number.is_written(stored, national)).collect();
        if same.contains(&Some(true)) {
            return Some(true);
        }
        let all_others = !same.is_empty() && !same.contains(&None);
        all_others.then_some(false)
    }

    /// Whether a family name of theirs begins so.
    fn has_family_name(&self, sought: &str) -> bool {
        let mut names = self.name.iter().filter_map(|name| name.family.as_ref().or(name.text.as_ref()));
        names.any(|name| begins(name, sought))
    }

    /// The name that the person goes by: the official one, else the usual one, else any that isn't old.
    fn name(&self) -> Option<String> {
        let rank = |name: &&HumanName| match name.r#use.as_deref() {
            Some("official") => 0,
            Some("usual") => 1,
            Some("old") => 3,
            _ => 2,
        };
        self.name.iter().min_by_key(rank).and_then(HumanName::written)
    }
}

impl HumanName {
    fn written(&self) -> Option<String> {
        if let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) {
            return Some(text.to_owned());
        }
        let given = self.given.iter().flatten();
        let parts: Vec<&str> = given.chain(&self.family).map(String::as_str).filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

impl From<Patient> for Person {
    fn from(patient: Patient) -> Self {
        Self { name: patient.name(), birth_date: patient.birth_date, patient_id: patient.id }
    }
}
