//! A vendor's OpenAPI document (3.0 or 3.1), and the operation that a request is. Source: <https://spec.openapis.org/oas/v3.1.0>.

use std::{fs, path::Path};

use anyhow::Context as _;
use jsonschema::Draft;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    errata::Erratum,
    sent::Sent,
    strict::{self, Unnamed},
};

/// A vendor's document.
#[derive(Debug)]
pub struct Contract {
    /// The file's name.
    pub name: String,
    /// As requests are held to it.
    document: Value,
    /// As answers are.
    lenient: Value,
}

/// An operation of a document, and what a request has in the places of its path.
#[derive(Debug)]
pub struct Operation<'a> {
    /// Whose.
    pub contract: &'a Contract,
    /// The path as the document has it, with its places: `/messages/{id}`.
    pub path: &'a str,
    /// In capitals.
    method: &'a str,
    /// Of the path: what all its operations have in common.
    item: &'a Value,
    /// Of the operation.
    pub(crate) body: &'a Value,
    /// What stands in the places, by their names.
    pub(crate) places: Vec<(&'a str, String)>,
}

impl Contract {
    /// Reads a document, and amends it.
    ///
    /// # Errors
    /// It can't be read, or has no paths, or nothing where an erratum wants it.
    pub fn read(file: &Path, errata: &[Erratum]) -> anyhow::Result<Self> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let mut document = serde_json::from_str(&text)?;
        for erratum in errata.iter().filter(|erratum| erratum.is_of(&name)) {
            erratum.amend(&mut document).with_context(|| name.clone())?;
        }
        Self::new(name, document)
    }

    /// Takes a document at its word.
    ///
    /// # Errors
    /// It has no paths.
    pub fn new(name: String, mut document: Value) -> anyhow::Result<Self> {
        anyhow::ensure!(document["paths"].is_object(), "{name} is no OpenAPI document: it has no `paths`");
        let mut lenient = document.clone();
        strict::document(&mut document, Unnamed::Refused);
        strict::document(&mut lenient, Unnamed::Allowed);
        Ok(Self { name, document, lenient })
    }

    /// What stands there, or where the reference there leads.
    pub(crate) fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        resolved(&self.document, node)
    }

    /// What is wrong with a part of a request by a schema.
    pub(crate) fn wrong(&self, schema: &Value, value: &Value) -> anyhow::Result<Vec<String>> {
        wrong(&self.document, schema, value).with_context(|| self.name.clone())
    }

    /// What is wrong with the body of an answer by a schema.
    pub(crate) fn wrong_answer(&self, schema: &Value, value: &Value) -> anyhow::Result<Vec<String>> {
        wrong(&self.lenient, schema, value).with_context(|| self.name.clone())
    }

    /// The operation that a request is. None: the document has no such operation. Of several paths that fit, the one with
    /// the fewest places.
    pub fn operation<'a>(&'a self, sent: &'a Sent) -> Option<Operation<'a>> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let operation = |(path, item): (&'a String, &'a Value)| {
            let body = item.get(sent.method.to_lowercase())?;
            let mut servers = self.servers(item, body).into_iter();
            let places = servers.find_map(|server| places(path, below(server, &sent.url)?))?;
            Some(Operation { contract: self, path, method: &sent.method, item, body, places })
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

    /// What it answers with a status, and how the document names that: by the status, by its range, or as any. None: nothing.
    pub fn response(&self, status: u16) -> Option<(&'a str, &'a Value)> {
        let names = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
        let found = names.iter().find_map(|name| self.responses()?.get_key_value(name.as_str()));
        found.map(|(name, response)| (name.as_str(), resolved(&self.contract.lenient, response)))
    }

    /// The statuses that it answers with, as the document names them.
    pub fn statuses(&self) -> impl Iterator<Item = &'a str> {
        self.responses().into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// The bodies that the document gives as examples of an answer: of the answer, or of its schema.
    pub fn examples(&self, response: &'a Value) -> Vec<&'a Value> {
        let given = |of: &'a Value| {
            let several = of["examples"].as_object().into_iter().flat_map(Map::values).map(|example| &example["value"]);
            several.chain([&of["example"]]).filter(|example| !example.is_null()).collect::<Vec<_>>()
        };
        let of_media = |media: &'a Value| match given(media) {
            none if none.is_empty() => given(resolved(&self.contract.lenient, &media["schema"])),
            some => some,
        };
        response["content"].as_object().into_iter().flat_map(Map::values).flat_map(of_media).collect()
    }

    fn responses(&self) -> Option<&'a Map<String, Value>> {
        self.contract.lenient["paths"][self.path][self.method.to_lowercase()]["responses"].as_object()
    }
}

fn resolved<'a>(document: &'a Value, mut node: &'a Value) -> &'a Value {
    while let Some(pointer) = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        let Some(next) = document.pointer(pointer) else { return node };
        node = next;
    }
    node
}

/// What is wrong with a value by a schema of a document.
fn wrong(document: &Value, schema: &Value, value: &Value) -> anyhow::Result<Vec<String>> {
    let whole = json!({ "allOf": [schema], "components": document["components"] });
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&whole)
        .map_err(|error| anyhow::anyhow!("the schema can't be used: {error}"))?;
    Ok(validator.iter_errors(value).map(|error| format!("at `{}`: {error}", error.instance_path())).collect())
}

/// The path of an address below that of a server. None: it is another server's. Of the scheme nothing is asked: documents
/// say `http` where they mean `https`.
fn below<'a>(server: &str, url: &'a Url) -> Option<&'a str> {
    let server = Url::parse(server).ok().filter(|server| server.host() == url.host())?;
    url.path().strip_prefix(server.path().trim_end_matches('/'))
}

/// What stands in the places of a path. None: it is another path.
pub(crate) fn places<'a>(template: &'a str, path: &str) -> Option<Vec<(&'a str, String)>> {
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
    use super::*;

    fn sent(method: &str, url: &str) -> Sent {
        Sent {
            package: "test".to_owned(),
            method: method.to_owned(),
            url: url.parse().expect("a URL"),
            headers: Default::default(),
            body: String::new(),
            answer: None,
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
