//! Pages as HAPI gives them: the next one is at the base, by an id of the search, and not at the type
//! (<https://hapifhir.io/hapi-fhir/docs/server_plain/paging.html>).

use std::collections::BTreeMap;

use http::StatusCode;
use url::form_urlencoded::{Serializer, parse};

use super::base;
use super::kind::Kind;
use super::refused::Refused;

/// The link to a page of a search, whose query is without the parameters of paging. Its id says what is searched, so that
/// nothing need be kept of it; HAPI's is a UUID.
pub(super) fn url(kind: Kind, query: &str, count: usize, offset: usize) -> String {
    let mut page = Serializer::new(String::new());
    page.append_pair("_getpages", &format!("{}?{query}", kind.name()));
    page.append_pair("_getpagesoffset", &offset.to_string());
    page.append_pair("_count", &count.to_string());
    page.append_pair("_bundletype", "searchset");
    format!("{}?{}", base(), page.finish())
}

/// The search at a type that a query at the base is a page of.
pub(super) fn search_of(query: &str) -> Result<(Kind, String), Refused> {
    let mut given: BTreeMap<String, String> = parse(query.as_bytes()).into_owned().collect();
    let mut take = |name: &str| {
        given
            .remove(name)
            .ok_or_else(|| Refused::bad_request(format!("A page at the base needs the parameter '{name}'")))
    };
    let (id, offset, count) = (take("_getpages")?, take("_getpagesoffset")?, take("_count")?);
    given.remove("_bundletype");
    if let Some(name) = given.keys().next() {
        return Err(Refused::bad_request(format!("The parameter '{name}' of a page is not supported")));
    }
    let search = id.split_once('?').and_then(|(kind, query)| Some((Kind::named(kind)?, query)));
    let (kind, query) = search.ok_or_else(|| {
        let diagnostics = format!("Search ID \"{id}\" does not exist and may have expired");
        Refused::new(StatusCode::GONE, "processing", diagnostics)
    })?;
    let mut query = Serializer::new(query.to_owned());
    query.append_pair("_count", &count).append_pair("_offset", &offset);
    Ok((kind, query.finish()))
}
