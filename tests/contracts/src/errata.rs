//! What vendors' documents are wrong about, and what is right.

use std::fmt;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A correction of documents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erratum {
    /// How their files' names begin.
    documents: String,
    /// A JSON pointer, of which `*` stands for every member.
    at: String,
    /// Merged into what is there, as RFC 7396 has it.
    merge: Value,
    /// Why the document is wrong.
    why: String,
    /// Where the vendor says what is right.
    page: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Errata {
    #[serde(default)]
    erratum: Vec<Erratum>,
}

/// Reads the errata of a text in TOML.
///
/// # Errors
/// It has others, or one without a reason and a page.
pub fn read(text: &str) -> anyhow::Result<Vec<Erratum>> {
    let Errata { erratum: errata } = toml::from_str(text)?;
    for Erratum { at, why, page, .. } in &errata {
        anyhow::ensure!(!why.is_empty() && page.starts_with("https://"), "the erratum at {at} has no source");
    }
    Ok(errata)
}

impl fmt::Display for Erratum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}*: {}", self.documents, self.at)
    }
}

impl Erratum {
    /// Whether it corrects the document in this file.
    pub fn is_of(&self, file: &str) -> bool {
        file.starts_with(&self.documents)
    }

    /// Corrects a document.
    ///
    /// # Errors
    /// The document has no such place, or says there what is right.
    pub fn amend(&self, document: &mut Value) -> anyhow::Result<()> {
        let before = document.clone();
        let names: Vec<_> = self.at.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
        let found = amend(document, &names, &self.merge);
        anyhow::ensure!(found, "{}: the document has no such place", self.at);
        (*document != before).then_some(()).with_context(|| format!("{}: the document says so itself", self.at))
    }
}

/// Whether the place is there.
fn amend(node: &mut Value, names: &[String], patch: &Value) -> bool {
    match (names, node) {
        ([], node) => {
            merge(node, patch);
            true
        }
        ([any, rest @ ..], Value::Object(members)) if any == "*" => {
            // All of them, not the first that has the place.
            members.values_mut().filter_map(|member| amend(member, rest, patch).then_some(())).count() > 0
        }
        ([name, rest @ ..], Value::Object(members)) => {
            members.get_mut(name).is_some_and(|member| amend(member, rest, patch))
        }
        _ => false,
    }
}

fn merge(node: &mut Value, patch: &Value) {
    let Value::Object(patches) = patch else {
        node.clone_from(patch);
        return;
    };
    if !node.is_object() {
        *node = Value::Object(Map::new());
    }
    for (name, patch) in patches {
        merge(&mut node[name], patch);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_amended() {
        let check = |at: &str, merge: Value, expected: Result<Value, &str>| {
            let page = "https://example.com".to_owned();
            let erratum =
                Erratum { documents: "a".to_owned(), at: at.to_owned(), merge, why: "wrong".to_owned(), page };
            let mut document = json!({ "a/b": { "x": { "one": 1 }, "y": { "one": 1 } }, "c": [] });
            let amended = erratum.amend(&mut document).map(|()| document).map_err(|error| error.to_string());
            match (amended, expected) {
                (Ok(amended), Ok(expected)) => assert_eq!(amended, expected),
                (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
                (amended, _) => panic!("{at}: {amended:?}"),
            }
        };
        let amended = json!({ "a/b": { "x": { "one": 1, "two": { "deep": 2 } }, "y": { "one": 1 } }, "c": [] });
        check("/a~1b/x", json!({ "two": { "deep": 2 } }), Ok(amended));
        check(
            "/a~1b/*/one",
            json!("no"),
            Ok(json!({ "a/b": { "x": { "one": "no" }, "y": { "one": "no" } }, "c": [] })),
        );
        check("/a~1b/*/two", json!(2), Err("no such place"));
        check("/c/*", json!(2), Err("no such place"));
        check("/a~1b/x", json!({ "one": 1 }), Err("says so itself"));
    }

    #[test]
    fn an_erratum_has_a_source() {
        let read = |page: &str| {
            let text = "[[erratum]]\ndocuments = \"a\"\nat = \"/paths\"\nmerge = { b = 1 }\nwhy = \"it is wrong\"\n";
            read(&format!("{text}page = \"{page}\""))
        };
        assert!(
            read("https://example.com").is_ok_and(|errata| errata[0].is_of("a.json") && !errata[0].is_of("b.json"))
        );
        assert!(read("").is_err());
    }
}
