//! What a tenant's settings give names to, so that a model may choose among them.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Failure;

/// What there is of a kind, by name: a setting that is an object. A list within, since a tree for each kind would weigh more in a
/// component than the few dozens in it.
///
/// ```
/// # use aftercall::Named;
/// let stages: Named<u32> = serde_json::from_str(r#"{ "new": 1, "won": 2 }"#).unwrap();
/// assert_eq!(stages.named("won", "stage", "stages"), Ok(&2));
/// let unknown = stages.named("lost", "stage", "stages").unwrap_err();
/// assert_eq!(unknown.message, r#"there is no `stage` "lost"; there are: new, won"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T>(Vec<(String, T)>);

/// One of them, for a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Offer {
    name: String,
    /// When it is the one to choose.
    #[serde(rename = "for")]
    fits: String,
}

impl<T> Named<T> {
    /// Whether the tenant named none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names, for `#[choices(…)]` of the [macro](macro@crate::plugin).
    pub fn names(&self) -> Vec<String> {
        self.iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// The names with what each is for, for a tool that lists them.
    pub fn offers(&self, fits: impl Fn(&T) -> &str) -> Vec<Offer> {
        self.iter().map(|(name, value)| Offer { name: name.to_owned(), fits: fits(value).to_owned() }).collect()
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The one that an argument names, by this setting.
    ///
    /// # Errors
    /// As [`Failure::no_such`]; `misconfigured` where the setting has none.
    pub fn named(&self, name: &str, argument: &str, setting: &str) -> Result<&T, Failure> {
        if self.is_empty() {
            let words = format!("no `{argument}` may be chosen: the plugin's settings have no `{setting}`");
            return Err(Failure::misconfigured(words));
        }
        self.get(name).ok_or_else(|| Failure::no_such(argument, name, self.names()))
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Named<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(Named(all))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FailureKind;

    #[test]
    fn a_setting_that_names_nothing_is_the_tenants_to_mend() {
        let none = Named::<u8>::default();
        let failure = none.named("won", "stage", "stages").expect_err("there is none");
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert_eq!(failure.message, "no `stage` may be chosen: the plugin's settings have no `stages`");
        assert_eq!(none.names(), <[String; 0]>::default());
    }

    #[test]
    fn each_is_told_with_what_it_is_for() {
        let all: Named<String> = serde_json::from_str(r#"{ "b": "Second.", "a": "First." }"#).expect("an object");
        assert_eq!(all.names(), ["b", "a"], "as they were given");
        let told = serde_json::to_value(all.offers(String::as_str)).expect("JSON");
        assert_eq!(told, serde_json::json!([{ "name": "b", "for": "Second." }, { "name": "a", "for": "First." }]));
    }
}
