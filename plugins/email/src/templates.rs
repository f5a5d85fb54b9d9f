//! Templates that the settings name, and what is filled in.

use std::collections::BTreeMap;

use aftercall::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sendgrid::mail::Content;
use crate::settings::{Settings, listed};

/// Longest value of a variable, in characters. Protects the look of the email.
const VALUE_CHARS_MAX: usize = 1_000;

/// A dynamic template of SendGrid.
#[derive(Deserialize)]
pub(crate) struct Template {
    template_id: String,
    /// Where the template has no subject of its own.
    subject: String,
    #[serde(rename = "for")]
    fits: String,
    /// What each variable is, by its name in the template.
    #[serde(default)]
    pub(crate) variables: Values,
}

/// Texts by the names of variables: what is filled in, or what each is.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Values(BTreeMap<String, String>);

// An object by the variables' names would leave its fields open, which some providers have no word for.
/// A variable and its value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    /// The variable's name, from list_templates, such as first_name.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// What stands in its place, such as Ann: plain text in one line.
    #[schemars(length(min = 1, max = 1000))]
    value: String,
}

/// What `list_templates` gives.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Templates {
    /// Emails for `send_template`.
    templates: Vec<Offer>,
    /// Several emails in time, for `start_followup`.
    followups: Vec<Offer>,
}

/// A template or a follow-up, for the model.
#[derive(Serialize, JsonSchema)]
struct Offer {
    name: String,
    /// When it fits.
    #[serde(rename = "for")]
    fits: String,
    /// What to fill in, all of it.
    variables: Vec<Variable>,
    /// Of a follow-up: how many hours after its start each of its emails goes out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after_hours: Vec<u64>,
}

/// A variable, for the model.
#[derive(Serialize, JsonSchema)]
struct Variable {
    name: String,
    /// What it is.
    meaning: String,
}

impl Templates {
    pub(crate) fn of(settings: &Settings) -> Result<(String, Self), Failure> {
        let text = format!(
            "the templates are: {}; the follow-ups: {}",
            listed(&settings.template_names()),
            listed(&settings.followup_names())
        );
        let template = |(name, template): (&str, &Template)| Offer {
            name: name.to_owned(),
            fits: template.fits.clone(),
            variables: template.variables.described(),
            after_hours: Vec::new(),
        };
        let templates = settings.templates.iter().map(template).collect();
        let mut followups = Vec::new();
        for (name, followup) in settings.followups.iter() {
            followups.push(Offer {
                name: name.to_owned(),
                fits: followup.fits.clone(),
                variables: followup.variables(settings)?.described(),
                after_hours: followup.after_hours().collect(),
            });
        }
        Ok((text, Self { templates, followups }))
    }
}

impl Template {
    /// The email with these values, of which it takes those that it has variables for. Handlebars writes them into HTML
    /// escaped, unless the template asks for them raw: <https://www.twilio.com/docs/sendgrid/for-developers/sending-email/using-handlebars>
    pub(crate) fn filled(&self, values: &Values) -> Content<'_> {
        let data = values.0.iter().filter(|(name, _)| self.variables.0.contains_key(*name));
        Content::Template {
            template_id: &self.template_id,
            subject: &self.subject,
            data: data.map(|(name, value)| (name.clone(), value.as_str().into())).collect(),
        }
    }
}

impl Values {
    /// Adds those of others.
    pub(crate) fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.clone());
    }

    fn described(&self) -> Vec<Variable> {
        let variable = |(name, meaning): (&String, &String)| Variable { name: name.clone(), meaning: meaning.clone() };
        self.0.iter().map(variable).collect()
    }

    /// What the model gave for the declared variables, of which none may be missing. What isn't one, or can't stand in an email,
    /// is refused.
    pub(crate) fn read(given: Option<Vec<Given>>, declared: &Self) -> Result<Self, Failure> {
        let wrong = |words: String| Err(Failure::invalid_arguments(format!("variables: {words}")));
        let mut values = BTreeMap::new();
        for Given { name, value } in given.into_iter().flatten() {
            let Some(meaning) = declared.0.get(&name) else {
                return wrong(format!(
                    "there is no {name:?}; there are: {}",
                    declared.0.keys().cloned().collect::<Vec<_>>().join(", ")
                ));
            };
            if value.trim().is_empty() {
                return wrong(format!("{name:?} is empty; give it: {meaning}"));
            }
            if value.contains(char::is_control) {
                return wrong(format!("{name:?} has a line break or another control character; write it in one line"));
            }
            if value.chars().count() > VALUE_CHARS_MAX {
                return wrong(format!("{name:?} is too long; give {VALUE_CHARS_MAX} characters at most"));
            }
            if values.contains_key(&name) {
                return wrong(format!("{name:?} is there twice; give it once"));
            }
            values.insert(name, value);
        }
        match declared.0.iter().find(|(name, _)| !values.contains_key(*name)) {
            Some((name, meaning)) => wrong(format!("{name:?} is missing; give it: {meaning}")),
            None => Ok(Self(values)),
        }
    }
}
