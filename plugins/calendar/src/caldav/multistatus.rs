//! A multistatus of WebDAV (RFC 4918, section 13), as far as a calendar's query fills it. Prefixes of namespaces are each
//! server's own; no two of the names that are read here differ by them alone.

/// One resource of the answer.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Resource {
    /// Its calendar object, where one came.
    pub(super) data: Option<String>,
    /// The status of the resource, or of its properties, that isn't a success.
    pub(super) refused: Option<u16>,
    /// Whether it isn't there any more. Of a property, 404 says only that the server doesn't tell it.
    pub(super) gone: bool,
}

/// The resources of a multistatus; none where it is something else.
pub(super) fn resources(xml: &str) -> Option<Vec<Resource>> {
    let mut resources: Vec<Resource> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut text = String::new();
    let mut is_multistatus = false;
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        push_text(&mut text, &rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("<![CDATA[") {
            let (raw, after) = after.split_once("]]>")?;
            text.push_str(raw);
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->")?.1;
            continue;
        }
        let (tag, after) = tag(rest)?;
        rest = after;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(closed) = tag.strip_prefix('/') {
            let name = open.pop().filter(|name| *name == local(closed))?;
            if let Some(resource) = resources.last_mut() {
                resource.take(name, open.last().copied(), std::mem::take(&mut text));
            }
            continue;
        }
        let name = local(tag);
        is_multistatus |= open.is_empty() && name == "multistatus";
        if name == "response" {
            resources.push(Resource::default());
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
        text.clear();
    }
    (is_multistatus && open.is_empty()).then_some(resources)
}

impl Resource {
    fn take(&mut self, name: &str, of: Option<&str>, text: String) {
        match name {
            "calendar-data" => self.data = Some(text),
            // `HTTP/1.1 404 Not Found`
            "status" => {
                let status = text.split_whitespace().nth(1).and_then(|code| code.parse::<u16>().ok());
                self.gone |= of == Some("response") && matches!(status, Some(404 | 410));
                self.refused = status.filter(|code| !(200..300).contains(code)).or(self.refused);
            }
            _ => {}
        }
    }
}

/// What stands between `<` and the `>` that ends the tag, which no attribute's value is.
fn tag(xml: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, character) in xml.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (None, '>') => return Some((&xml[1..at], &xml[at + 1..])),
            (Some(open), character) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

/// A tag's name without its prefix.
fn local(tag: &str) -> &str {
    let name = tag.split(|character: char| character.is_whitespace() || character == '/').next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default()
}

fn push_text(text: &mut String, mut escaped: &str) {
    while let Some((before, after)) = escaped.split_once('&') {
        text.push_str(before);
        match after.split_once(';').and_then(|(name, rest)| Some((entity(name)?, rest))) {
            Some((character, rest)) => {
                text.push(character);
                escaped = rest;
            }
            None => {
                text.push('&');
                escaped = after;
            }
        }
    }
    text.push_str(escaped);
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multistatus_is_read_in_every_dress() {
        fn check(xml: &str, expected: Option<&[(Option<&str>, Option<u16>)]>) {
            let found = resources(xml);
            let found = found.as_ref().map(|all| {
                all.iter()
                    .map(|each| (each.data.as_deref(), each.refused))
                    .collect::<Vec<(Option<&str>, Option<u16>)>>()
            });
            assert_eq!(found.as_deref(), expected, "{xml}");
        }
        let one = |data: &str| {
            format!(
                "<?xml version='1.0'?>\n<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:>x\"><D:response><D:href>/a</D:href>\
                 <D:propstat><D:prop><C:calendar-data>{data}</C:calendar-data></D:prop>\
                 <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
            )
        };
        check(&one("BEGIN:A&#13;\nEND:A"), Some(&[(Some("BEGIN:A\r\nEND:A"), None)]));
        check(&one("a &amp; b &lt;c&gt; &#x41; &nbsp; &"), Some(&[(Some("a & b <c> A &nbsp; &"), None)]));
        check(&one("<![CDATA[a <b> & c]]>"), Some(&[(Some("a <b> & c"), None)]));
        check(&one("a<!-- > -->b"), Some(&[(Some("ab"), None)]));
        check(&one(""), Some(&[(Some(""), None)]));
        check("<multistatus xmlns='DAV:'/>", Some(&[]));
        check("<multistatus xmlns='DAV:'></multistatus>", Some(&[]));
        let refused =
            "<multistatus><response><href>/</href><status>HTTP/1.1 507 Full</status></response></multistatus>";
        check(refused, Some(&[(None, Some(507))]));
        let gone = |xml: &str| resources(xml).expect("a multistatus")[0].gone;
        let missing =
            "<multistatus><response><propstat><status>HTTP/1.1 404 No</status></propstat></response></multistatus>";
        assert!(!gone(missing) && !gone(refused) && gone(&refused.replace("507", "404")));
        check(missing, Some(&[(None, Some(404))]));
        check("<html><body>hello</body></html>", None);
        check("<multistatus><response></multistatus>", None);
        check("<multistatus><response><href>", None);
        check("", None);
        check("BEGIN:VCALENDAR", None);
    }
}
