//! The operations that no document has, as the pages describe them on which their vendors or their standards do. What such a
//! page says is listed in a short form, of which an OpenAPI document is made for each host.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    fields::{self, Fields},
    openapi::{Contract, Operation, places},
    sent::Sent,
};

/// The listed operations, such as `GET https://api.example.com/messages/{id}`.
#[derive(Debug)]
pub struct Pages {
    contracts: Vec<Contract>,
    operations: BTreeMap<String, Page>,
    hosts: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    shapes: BTreeMap<String, Fields>,
    operations: BTreeMap<String, Page>,
    /// Hosts that take what another one takes, such as those of a region.
    #[serde(default)]
    hosts: BTreeMap<String, String>,
}

/// What a page says of an operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Its address.
    page: String,
    /// The parameters of the query, with their types; one with `!` behind it must be there. None of them: it has no query.
    #[serde(default)]
    query: Fields,
    /// None: a request has no body.
    body: Option<Content>,
    /// What is answered with success. None: an answer has no body.
    answer: Option<Content>,
    /// What of this nobody has seen on the page.
    unverified: Option<String>,
}

/// What a body is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    /// An object in JSON with these fields.
    Fields(Fields),
    /// A media type, of which this list says no more, or a type of JSON.
    Named(String),
}

impl Pages {
    /// Reads a list in TOML.
    ///
    /// # Errors
    /// It isn't one, an operation in it has no page or no host, or a field has a type that there isn't.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let List { shapes, operations, hosts: same } = toml::from_str(text)?;
        let mut schemas = Map::new();
        for (name, listed) in &shapes {
            schemas.insert(name.clone(), fields::schema(listed).with_context(|| name.clone())?);
        }
        let mut hosts: BTreeMap<String, Value> = BTreeMap::new();
        for (operation, page) in &operations {
            anyhow::ensure!(page.page.starts_with("https://"), "{operation} is listed without a page");
            let (method, host, path) = parts(operation).with_context(|| format!("{operation} is no operation"))?;
            let described = described(page).with_context(|| operation.clone())?;
            hosts.entry(host).or_insert_with(|| json!({}))[path][method.to_lowercase()] = described;
        }
        let contract = |(host, paths): (String, Value)| {
            let document = json!({
                "servers": [{ "url": host }],
                "paths": paths,
                "components": { "schemas": schemas },
            });
            Contract::new(host, document)
        };
        let contracts = hosts.into_iter().map(contract).collect::<anyhow::Result<_>>()?;
        Ok(Self { contracts, operations, hosts: same })
    }

    /// Makes a request to a host that takes what another one takes a request to that one.
    ///
    /// # Panics
    /// Where the list names a host that is none.
    pub fn bring_home(&self, sent: &mut Sent) {
        if let Some(home) = sent.url.host_str().and_then(|host| self.hosts.get(host)) {
            sent.url.set_host(Some(home)).expect("it is a host");
        }
    }

    /// The operations, in their order.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// A document of each host, named as the host is: `https://api.example.com`.
    pub fn contracts(&self) -> impl Iterator<Item = &Contract> {
        self.contracts.iter()
    }

    /// Whether a document is one of these. They say nothing of how a vendor refuses.
    pub fn has(&self, contract: &Contract) -> bool {
        self.contracts().any(|known| known.name == contract.name)
    }

    /// The operations of which something isn't confirmed by their pages, and what.
    pub fn unverified(&self) -> impl Iterator<Item = (&str, &str)> {
        self.operations.iter().filter_map(|(operation, page)| Some((operation.as_str(), page.unverified.as_deref()?)))
    }
}

/// How an operation of a host's document is listed.
pub fn listed(operation: &Operation<'_>, method: &str) -> String {
    format!("{method} {}{}", operation.contract.name, operation.path)
}

/// Whether a request is this operation.
pub fn is_of(operation: &str, sent: &Sent) -> bool {
    let mut url = sent.url.clone();
    url.set_query(None);
    operation
        .split_once(' ')
        .is_some_and(|(method, template)| method == sent.method && places(template, url.as_str()).is_some())
}

/// The method, the host with its scheme, and the path of a listed operation.
fn parts(operation: &str) -> Option<(&str, String, &str)> {
    let (method, address) = operation.split_once(' ')?;
    let rest = address.strip_prefix("https://")?;
    let (host, path) = rest.split_at(rest.find('/')?);
    Some((method, format!("https://{host}"), path))
}

/// An operation as OpenAPI describes it.
fn described(page: &Page) -> anyhow::Result<Value> {
    let mut parameters = Vec::new();
    for (name, kind) in fields::each(&page.query) {
        let (name, required) = fields::required(name);
        parameters.push(json!({ "name": name, "in": "query", "required": required, "schema": fields::kind(kind)? }));
    }
    let mut operation = json!({ "parameters": parameters });
    if let Some(body) = &page.body {
        let (of, described) = media(body)?;
        operation["requestBody"] = json!({ "required": true, "content": { of: described } });
    }
    // Pages show bodies, and seldom of what type they are.
    let answer = page.answer.as_ref().map(|answer| anyhow::Ok(json!({ "*/*": media(answer)?.1 }))).transpose()?;
    operation["responses"] = json!({ "204": {}, "2XX": { "content": answer } });
    Ok(operation)
}

/// A body's type, and what OpenAPI says of it.
fn media(of: &Content) -> anyhow::Result<(&str, Value)> {
    let schema = match of {
        Content::Named(media) if media.contains('/') => return Ok((media, json!({}))),
        Content::Named(kind) => fields::kind(kind)?,
        Content::Fields(listed) => fields::schema(listed)?,
    };
    Ok(("application/json", json!({ "schema": schema })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer, check::check, sent::Answer};

    const LIST: &str = r#"
        [shapes.Message]
        "id!" = "string"
        parts = "integer"

        [operations."GET https://api.example.com/messages"]
        page = "https://docs.example.com/list"
        query = { "since!" = "string", "page[size]" = "integer", tag = "string[]" }
        answer = { "messages[]!" = "Message" }

        [operations."POST https://api.example.com/messages"]
        page = "https://docs.example.com/send"
        body = { "message!.to!" = "string" }
        answer = "Message"
        unverified = "the answer"

        [operations."PUT https://files.example.com/{name}.ics"]
        page = "https://docs.example.com/files"
        body = "text/calendar"
    "#;

    fn complaints(request: &str, media: &str, body: &str, answered: (u16, &str)) -> Vec<String> {
        let (method, url) = request.split_once(' ').expect("a method and an address");
        let typed = |media: &str| [("content-type".to_owned(), media.to_owned())].into_iter().collect();
        let sent = Sent {
            package: "test".to_owned(),
            method: method.to_owned(),
            url: url.parse().expect("a URL"),
            headers: typed(media),
            body: body.to_owned(),
            answer: None,
        };
        let pages = Pages::read(LIST).expect("a list");
        let operation = pages.contracts().find_map(|contract| contract.operation(&sent)).expect("it is listed");
        let name = listed(&operation, method);
        assert!(pages.operations().any(|known| known == name), "{name}");
        let answer = Answer { status: answered.0, headers: typed("application/json"), body: answered.1.to_owned() };
        let mut complaints = check(&operation, &sent).expect("the list can be used");
        complaints.extend(answer::check(&operation, &answer).expect("the list can be used"));
        complaints
    }

    #[test]
    fn what_the_page_does_not_say_is_told() {
        const JSON: &str = "application/json";
        let (list, send) = ("GET https://api.example.com/messages", "POST https://api.example.com/messages");
        let put = "PUT https://files.example.com/a.ics";
        let (none, one) = ((200, r#"{"messages":[]}"#), (201, r#"{"id":"1"}"#));
        for (request, media, body, answered, expected) in [
            (format!("{list}?since=1&page[size]=5&tag=a&tag=b"), "", "", none, &[][..]),
            (format!("{list}?since=1&size=5"), "", "", none, &["no parameter `size`"]),
            (list.to_owned(), "", "", none, &["the query lacks `since`"]),
            (format!("{list}?since=1&page[size]=all"), "", "", none, &["`page[size]` in the query"]),
            (format!("{list}?since=1"), "", "", (200, r#"{"messages":[{"id":"1","part":1}]}"#), &["part"]),
            (format!("{list}?since=1"), JSON, "{}", none, &["no body"]),
            (send.to_owned(), JSON, r#"{"message":{"to":"+1"}}"#, one, &[]),
            (send.to_owned(), JSON, r#"{"message":{"tow":"+1"}}"#, one, &["tow", "to"]),
            (send.to_owned(), JSON, "{}", one, &["message"]),
            (send.to_owned(), JSON, "", one, &["the body is missing"]),
            (send.to_owned(), JSON, r#"{"message":{"to":"+1"}}"#, (201, r#"{"parts":"1"}"#), &["id", "at `/parts`"]),
            (put.to_owned(), "text/calendar", "BEGIN:VCALENDAR", (204, ""), &[]),
            (put.to_owned(), JSON, "{}", (201, "{}"), &["no body of the type", "has no body"]),
        ] {
            let complaints = complaints(&request, media, body, answered);
            let told = complaints.len() == expected.len()
                && expected.iter().all(|words| complaints.iter().any(|complaint| complaint.contains(words)));
            assert!(told, "{request} {body} {answered:?}: {complaints:?}");
        }
    }

    #[test]
    fn a_list_says_where_it_has_its_facts() {
        let pages = Pages::read(LIST).expect("a list");
        assert_eq!(Vec::from_iter(pages.unverified()), [("POST https://api.example.com/messages", "the answer")]);
        for wrong in [
            r#"operations."GET https://api.example.com/" = { page = "" }"#,
            r#"operations."GET /messages" = { page = "https://docs.example.com" }"#,
            r#"operations."GET https://api.example.com/" = { page = "https://docs.example.com", answer = "text" }"#,
            r#"operations."GET https://api.example.com/" = { page = "https://docs.example.com", bodies = {} }"#,
        ] {
            assert!(Pages::read(wrong).is_err(), "{wrong}");
        }
    }
}
