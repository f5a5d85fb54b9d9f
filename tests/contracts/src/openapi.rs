//! A vendor's OpenAPI document (3.0 or 3.1), and the operation that a request is. Source: <https://spec.openapis.org/oas/v3.1.0>.

use std::{fs, path::Path};

use anyhow::Context as _;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use crate::{sent::Sent, strict};

/// A vendor's document.
#[derive(Debug)]
pub struct Contract {
    /// The file's name.
    pub name: String,
    document: Value,
}

/// An operation of a document, and what a request has in the places of its path.
#[derive(Debug)]
pub struct Operation<'a> {
    /// Whose.
    pub contract: &'a Contract,
    /// The path as the document has it, with its places: `/messages/{id}`.
    pub path: &'a str,
    /// Of the path: what all its operations have in common.
    item: &'a Value,
    /// Of the operation.
    pub(crate) body: &'a Value,
    /// What stands in the places, by their names.
    pub(crate) places: Vec<(&'a str, String)>,
}

impl Contract {
    /// Reads a document.
    ///
    /// # Errors
    /// It can't be read, or has no paths.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::new(name, serde_json::from_str(&text)?)
    }

    /// Takes a document at its word.
    ///
    /// # Errors
    /// It has no paths.
    pub fn new(name: String, mut document: Value) -> anyhow::Result<Self> {
        anyhow::ensure!(document["paths"].is_object(), "{name} is no OpenAPI document: it has no `paths`");
        strict::document(&mut document);
        Ok(Self { name, document })
    }

    /// The schemas and what else operations refer to.
    pub(crate) fn components(&self) -> &Value {
        &self.document["components"]
    }

    /// What stands there, or where the reference there leads.
    pub(crate) fn resolved<'a>(&'a self, mut node: &'a Value) -> &'a Value {
        while let Some(pointer) = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            let Some(next) = self.document.pointer(pointer) else { return node };
            node = next;
        }
        node
    }

    /// The operation that a request is. None: the document has no such operation. Of several paths that fit, the one with
    /// the fewest places.
    pub fn operation<'a>(&'a self, sent: &Sent) -> Option<Operation<'a>> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let operation = |(path, item): (&'a String, &'a Value)| {
            let body = item.get(sent.method.to_lowercase())?;
            let mut servers = self.servers(item, body).into_iter();
            let places = servers.find_map(|server| places(path, below(server, &sent.url)?))?;
            Some(Operation { contract: self, path, item, body, places })
        };
        paths.filter_map(operation).min_by_key(|operation| operation.places.len())
    }

    /// The addresses that a path is below: its operation's own, its own, or the document's.
    fn servers<'a>(&'a self, item: &'a Value, operation: &'a Value) -> Vec<&'a str> {
        let listed = |of: &'a Value| of["servers"].as_array().filter(|servers| !servers.is_empty());
        let servers = listed(operation).or_else(|| listed(item)).or_else(|| listed(&self.document));
        servers.into_iter().flatten().filter_map(|server| server["url"].as_str()).collect()
    }
}

impl<'a> Operation<'a> {
    /// Its parameters, and those that all operations of its path have.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'a Value> {
        let of = |node: &'a Value| node["parameters"].as_array().into_iter().flatten();
        let contract = self.contract;
        of(self.body).chain(of(self.item)).map(|parameter| contract.resolved(parameter))
    }
}

/// The path of an address below that of a server. None: it is another server's. Of the scheme nothing is asked: documents
/// say `http` where they mean `https`.
fn below<'a>(server: &str, url: &'a Url) -> Option<&'a str> {
    let server = Url::parse(server).ok().filter(|server| server.host() == url.host())?;
    url.path().strip_prefix(server.path().trim_end_matches('/'))
}

/// What stands in the places of a path. None: it is another path.
fn places<'a>(template: &'a str, path: &str) -> Option<Vec<(&'a str, String)>> {
    let (templates, segments) = (template.split('/'), path.split('/'));
    if templates.clone().count() != segments.clone().count() {
        return None;
    }
    let mut found = Vec::new();
    for (template, segment) in templates.zip(segments) {
        match template.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
            None if template == segment => {}
            None => return None,
            Some((before, (name, behind))) => {
                let value = segment.strip_prefix(before)?.strip_suffix(behind).filter(|value| !value.is_empty())?;
                found.push((name, percent_decode_str(value).decode_utf8_lossy().into_owned()));
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(method: &str, url: &str) -> Sent {
        Sent {
            package: "test".to_owned(),
            method: method.to_owned(),
            url: url.parse().expect("a URL"),
            headers: Default::default(),
            body: String::new(),
        }
    }

    #[test]
    fn the_operation_of_a_request_is_found() {
        let paths = json!({
            "/messages": { "get": {}, "post": {} },
            "/messages/{id}": { "get": {} },
            "/messages/last": { "get": {} },
            "/files/{name}.json": { "servers": [{ "url": "https://files.example.com" }], "get": {} },
        });
        let document = json!({ "servers": [{ "url": "http://api.example.com/v1/" }], "paths": paths });
        let contract = Contract::new("test".to_owned(), document).expect("a document");
        for (method, url, expected) in [
            ("GET", "https://api.example.com/v1/messages?a=b", Some(("/messages", ""))),
            ("POST", "https://api.example.com/v1/messages", Some(("/messages", ""))),
            ("PUT", "https://api.example.com/v1/messages", None),
            ("GET", "https://api.example.com/v1/messages/a%2Fb", Some(("/messages/{id}", "a/b"))),
            ("GET", "https://api.example.com/v1/messages/last", Some(("/messages/last", ""))),
            ("GET", "https://api.example.com/v1/messages/", None),
            ("GET", "https://api.example.com/messages", None),
            ("GET", "https://example.com/v1/messages", None),
            ("GET", "https://files.example.com/files/a.json", Some(("/files/{name}.json", "a"))),
            ("GET", "https://files.example.com/files/a.xml", None),
            ("GET", "https://api.example.com/v1/files/a.json", None),
        ] {
            let sent = sent(method, url);
            let found = contract.operation(&sent);
            let found = found.map(|found| (found.path, found.places.first().map_or("", |(_, value)| value).to_owned()));
            assert_eq!(found, expected.map(|(path, value)| (path, value.to_owned())), "{method} {url}");
        }
    }
}
