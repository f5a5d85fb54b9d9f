//! The operations that no document has, each with the page on which its vendor or its standard describes it.

use std::collections::BTreeMap;

use crate::{openapi::places, sent::Sent};

/// Pages by their operations, such as `GET https://api.example.com/messages/{id}`.
#[derive(Debug)]
pub struct Pages(BTreeMap<String, String>);

impl Pages {
    /// Reads a list in TOML.
    ///
    /// # Errors
    /// It isn't one, or an operation in it has no page.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let pages: BTreeMap<String, String> = toml::from_str(text)?;
        for (operation, page) in &pages {
            anyhow::ensure!(page.starts_with("https://"), "{operation} is listed without a page");
        }
        Ok(Self(pages))
    }

    /// The operations, in their order.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The operation that a request is. None: it isn't listed. Of several that fit, the one with the fewest places.
    pub fn operation(&self, sent: &Sent) -> Option<&str> {
        let fitting = self.operations().filter_map(|operation| Some((filled_places(operation, sent)?, operation)));
        fitting.min().map(|(_, operation)| operation)
    }
}

/// Whether a request is this operation.
pub fn is_of(operation: &str, sent: &Sent) -> bool {
    filled_places(operation, sent).is_some()
}

/// How many places of an operation a request fills. None: it is another operation.
fn filled_places(operation: &str, sent: &Sent) -> Option<usize> {
    let (method, template) = operation.split_once(' ')?;
    let mut url = sent.url.clone();
    url.set_query(None);
    (method == sent.method).then(|| places(template, url.as_str())).flatten().map(|places| places.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_by_its_method_and_its_path() {
        let list = r#"
            "GET https://api.example.com/messages/{id}" = "https://docs.example.com/read"
            "GET https://api.example.com/messages/last" = "https://docs.example.com/last"
            "POST https://api.example.com/messages" = "https://docs.example.com/send"
        "#;
        let pages = Pages::read(list).expect("a list");
        for (method, url, expected) in [
            ("GET", "https://api.example.com/messages/7?x=1", Some("GET https://api.example.com/messages/{id}")),
            ("GET", "https://api.example.com/messages/last", Some("GET https://api.example.com/messages/last")),
            ("POST", "https://api.example.com/messages", Some("POST https://api.example.com/messages")),
            ("PUT", "https://api.example.com/messages", None),
            ("POST", "https://api.example.com/messages/7", None),
            ("POST", "https://example.com/messages", None),
        ] {
            let sent = Sent {
                package: "test".to_owned(),
                method: method.to_owned(),
                url: url.parse().expect("a URL"),
                headers: Default::default(),
                body: String::new(),
                answer: None,
            };
            assert_eq!(pages.operation(&sent), expected, "{method} {url}");
        }
        assert!(Pages::read("\"GET https://api.example.com/\" = \"\"").is_err());
    }
}
