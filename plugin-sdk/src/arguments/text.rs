//! Texts that check themselves: what all their types have in common.

/// Makes a type of argument that is a text in one form: an id, a reference, a name. It is checked as it is read, so that a model
/// learns what would be right, and its schema says the form before.
///
/// The check is a function `fn(&str) -> Result<(), String>`, whose words are for the model; the schema is JSON. The type has
/// `as_str`, and is read, written, shown and compared as the text.
///
/// ```
/// aftercall::text_argument! {
///     /// The id of a record: digits, so that it changes no path that it stands in.
///     pub struct RecordId: is_record_id, {
///         "type": "string",
///         "pattern": "^[0-9]{1,20}$",
///         "description": "The id of a record, as a tool gave it.",
///     }
/// }
///
/// fn is_record_id(text: &str) -> Result<(), String> {
///     let sound = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
///     if sound { Ok(()) } else { Err(format!("{text:?} is no id of a record: digits, such as 512, as a tool gave it")) }
/// }
///
/// assert_eq!("512".parse::<RecordId>().unwrap().as_str(), "512");
/// assert!(serde_json::from_str::<RecordId>(r#""../512""#).is_err());
/// ```
#[macro_export]
macro_rules! text_argument {
    ($(#[$meta:meta])* $visible:vis struct $name:ident: $check:path, $schema:tt) => {
        $(#[$meta])*
        #[derive(
            Clone, Debug, PartialEq, Eq, Hash, $crate::__private::serde::Serialize, $crate::__private::serde::Deserialize,
        )]
        #[serde(crate = "::aftercall::__private::serde", try_from = "String", into = "String")]
        $visible struct $name(String);

        impl $name {
            /// As it is written.
            $visible fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                $check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl $crate::__private::schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut $crate::__private::schemars::SchemaGenerator) -> $crate::__private::schemars::Schema {
                $crate::__private::schemars::json_schema!($schema)
            }
        }
    };
}
