//! Values as names and texts: parameters of a query, fields of a form.

use aftercall::Failure;
use serde_json::{Map, Value};

use crate::mistakes::Mistakes;
use crate::template::{Declared, Template, Values};

/// Names with a template each.
pub(crate) struct Fields(Template);

impl Fields {
    /// Parameters of a query, by their names.
    pub(crate) fn of_query(
        fields: Map<String, Value>,
        declared: &Declared<'_>,
        place: &str,
        mistakes: &mut Mistakes,
    ) -> Self {
        Self::read(&Value::Object(fields), declared, place, mistakes)
    }

    /// Fields as one template: an object, or all arguments.
    pub(crate) fn read(template: &Value, declared: &Declared<'_>, place: &str, mistakes: &mut Mistakes) -> Self {
        let template = Template::read(template, declared, place, mistakes);
        match &template {
            Template::Object(members) => {
                for (name, _) in members.iter().filter(|(_, member)| !is_flat(member)) {
                    let message = "write a text, a number, true, false, one argument, or a list of these";
                    mistakes.at(format_args!("{place}.{name}"), message);
                }
            }
            Template::Arguments => {}
            _ => mistakes.at(place, "it is an object whose members are the fields, or `{\"$\": \"arguments\"}`"),
        }
        Self(template)
    }

    /// Names and texts in one call. What is null or isn't there is left out, a list repeats its name.
    ///
    /// # Errors
    /// `invalid-arguments`, where an argument is an object.
    pub(crate) fn fill(&self, values: &Values<'_>) -> Result<Vec<(String, String)>, Failure> {
        let Some(Value::Object(members)) = self.0.fill(values) else { return Ok(Vec::new()) };
        let mut fields = Vec::new();
        for (name, value) in members {
            let items = match value {
                Value::Array(items) => items,
                single => vec![single],
            };
            for item in items.into_iter().filter(|item| !item.is_null()) {
                let text = text(&item).ok_or_else(|| {
                    Failure::invalid_arguments(format!(
                        "`{name}` can only be a text, a number, true, false, or a list of these"
                    ))
                })?;
                fields.push((name.clone(), text));
            }
        }
        Ok(fields)
    }
}

/// Whether it comes to one text or a list of them, as far as the template can tell.
fn is_flat(template: &Template) -> bool {
    match template {
        Template::List(items) => items.iter().all(|item| {
            matches!(item, Template::Fixed(_) | Template::Argument(_) | Template::Key | Template::Conversation)
        }),
        Template::Object(_) | Template::Arguments => false,
        Template::Fixed(_) | Template::Argument(_) | Template::Key | Template::Conversation => true,
    }
}

/// A value as text, where it is no list, no object and not null.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
