//! Two corpora: what must not get through in any way that a component or a vendor has of saying it, and what must.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use http::uri::{Authority, PathAndQuery, Scheme};

use super::{
    site::{Answers, Site, kept},
    *,
};

const TARGETS: &str = include_str!("ssrf.txt");
const BENIGN: &str = include_str!("benign.txt");

const CATEGORIES: [&str; 27] = [
    "decimal",
    "octal",
    "hex",
    "mixed",
    "short",
    "plain",
    "ipv6",
    "v4-mapped",
    "v4-compatible",
    "nat64",
    "6to4",
    "teredo",
    "zone",
    "malformed-ipv6",
    "userinfo",
    "backslash",
    "unicode-dots",
    "unicode-digits",
    "trailing-dots",
    "idn",
    "percent",
    "whitespace",
    "authority",
    "scheme",
    "ports",
    "rebinding",
    "redirect-chain",
];

struct Target {
    category: &'static str,
    text: String,
    /// Addresses or hops.
    more: Option<&'static str>,
}

fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.starts_with('#'))
}

fn targets(port: u16) -> Vec<Target> {
    let target = |line: &'static str| {
        let mut columns = line.split('\t');
        let category = columns.next().expect("a category");
        let text = unescape(columns.next().expect("a target")).replace("{port}", &port.to_string());
        Target { category, text, more: columns.next() }
    };
    lines(TARGETS).map(target).collect()
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (code, behind) = after.split_at(1);
        rest = behind;
        out.push(match code {
            "t" => '\t',
            "r" => '\r',
            "n" => '\n',
            "0" => '\0',
            "\\" => '\\',
            "u" => {
                let (hex, behind) = rest[1..].split_once('}').expect("a number in braces");
                rest = behind;
                char::from_u32(u32::from_str_radix(hex, 16).expect("a number")).expect("a character")
            }
            other => panic!("{other} stands for nothing"),
        });
    }
    out + rest
}

/// Every way in which a component can hand an address over: whole, and in the parts of `wasi:http`, which it can cut
/// wherever it likes. What is no URI is refused there.
fn spellings(text: &str) -> Vec<Uri> {
    let whole = text.parse().ok();
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let cuts: [&[char]; 3] = [&['/', '?', '#'], &['/', '?', '#', '\\'], &[]];
    let in_parts = cuts.map(|cut| {
        let (authority, path) = rest.split_at(rest.find(cut).unwrap_or(rest.len()));
        parts(scheme, authority, path)
    });
    let as_path = parts("https", "vendor.test", text);
    whole.into_iter().chain(in_parts.into_iter().flatten()).chain(as_path).collect()
}

/// As `wasmtime-wasi-http` puts a request together.
fn parts(scheme: &str, authority: &str, path: &str) -> Option<Uri> {
    let path_is_one = path.is_empty() || path.starts_with(['/', '?']);
    let mut uri = Uri::builder().scheme(Scheme::try_from(scheme).ok()?).authority(authority.parse::<Authority>().ok()?);
    if path_is_one && !path.is_empty() {
        uri = uri.path_and_query(path.parse::<PathAndQuery>().ok()?);
    }
    uri.build().ok().filter(|_| path_is_one)
}

/// A grant of everything, everywhere, at the schemes' own ports and at this one.
fn permissive(port: u16) -> Vec<Asked> {
    let places =
        ["http://*/**".into(), "https://*/**".into(), format!("http://*:{port}/**"), format!("https://*:{port}/**")];
    places.map(|place| read(format!("GET,HEAD,POST {place}"))).into()
}

/// Connections to loopback, which must not come.
async fn canary() -> (Site, Option<Site>) {
    let four = Site::start(|_| kept("200 OK", &[], "inside")).await;
    let six = Site::at(&format!("[::1]:{}", four.port), |_| kept("200 OK", &[], "inside")).await;
    (four, six.ok())
}

/// A vendor that redirects from `/hop/N` over N further hops to what stands in the cell.
async fn redirecting() -> (Site, Arc<Mutex<String>>) {
    let to = Arc::new(Mutex::new(String::new()));
    let cell = Arc::clone(&to);
    let site = Site::start(move |path| {
        let hop = path.trim_start_matches("/hop/").parse().unwrap_or(0_u32);
        let next = hop.checked_sub(1).map(|next| format!("/hop/{next}"));
        let location = next.unwrap_or_else(|| cell.lock().expect("not poisoned").clone());
        kept("302 Found", &[&format!("location: {location}")], "")
    })
    .await;
    (site, to)
}

/// What did not come to a connection.
fn is_refused(error: &Error) -> bool {
    matches!(
        error,
        Error::Denied(_) | Error::Invalid(_) | Error::Prohibited(_) | Error::BadRedirect { .. } | Error::Circle { .. }
    )
}

fn resolver(targets: &[Target]) -> Arc<Answers> {
    let all = Answers::to_all([127, 0, 0, 1]);
    for Target { text, more, .. } in targets.iter().filter(|target| target.category == "rebinding") {
        let uri: Uri = text.parse().expect("a URI");
        if let Some(addresses) = more {
            all.add(uri.host().expect("a host"), &[&addresses.split(' ').collect::<Vec<_>>()]);
        }
    }
    Arc::new(all)
}

#[tokio::test]
async fn none_gets_through() {
    let (four, six) = canary().await;
    let (start, to) = redirecting().await;
    let targets = targets(four.port);
    let resolver = resolver(&targets);
    let setup = Setup { reroute: &["start.test"], rules: permissive(four.port), resolver, ..Setup::default() };
    let outlet = setup.outlet(start.port);
    for Target { category, text, more } in &targets {
        let refuse = |way: &str, got: Result<Response<Bytes>, Error>| match got {
            Err(error) if is_refused(&error) => {}
            got => panic!("{category} {text:?} {way}: {got:?}"),
        };
        for (uri, method) in spellings(text).into_iter().flat_map(|uri| [(uri.clone(), "GET"), (uri, "POST")]) {
            let request = Request::builder().method(method).uri(uri.clone()).body(Bytes::new()).expect("a request");
            refuse(&format!("as {uri}"), door(&outlet, writes()).send(request).await);
        }
        if HeaderValue::from_str(text).is_ok() || text.chars().all(|c| !c.is_control()) {
            *to.lock().expect("not poisoned") = text.clone();
            let hops = if category == &"redirect-chain" { more.expect("hops") } else { "0" };
            for scheme in ["http", "https"] {
                let request = request("GET", &format!("{scheme}://start.test/hop/{hops}"), &[], "");
                refuse("as a redirect", door(&outlet, Purpose::Reads("a read tool")).send(request).await);
            }
        }
    }
    assert_eq!(four.connections() + six.map_or(0, |six| six.connections()), 0, "something got through to loopback");
    assert!(start.requests.all().len() >= 2 * targets.len() - 60, "most were tried as redirects too");

    let mut counts = BTreeMap::new();
    for target in &targets {
        *counts.entry(target.category).or_insert(0) += 1;
    }
    assert!(targets.len() >= 300, "{} are too few", targets.len());
    assert_eq!(counts.keys().copied().collect::<BTreeSet<_>>(), CATEGORIES.into(), "{counts:?}");
    assert!(counts.values().all(|count| *count >= 6), "{counts:?}");
}

#[tokio::test]
async fn none_passes_for_the_host_that_was_granted() {
    let (four, _six) = canary().await;
    let rules = vec![read("GET http://vendor.test/**"), read(format!("GET http://vendor.test:{}/**", four.port))];
    let outlet = Setup { rules, ..Setup::default() }.outlet(four.port);
    let alike = ["idn", "trailing-dots", "unicode-dots", "percent", "malformed-ipv6", "zone"];
    for Target { text, .. } in targets(four.port).iter().filter(|target| alike.contains(&target.category)) {
        for uri in spellings(text).into_iter().filter(|uri| uri.host() != Some("vendor.test")) {
            let request = Request::get(uri.clone()).body(Bytes::new()).expect("a request");
            let error = door(&outlet, writes()).send(request).await.expect_err("it is another host");
            assert!(matches!(error, Error::Denied(_) | Error::Invalid(_)), "{uri}: {error}");
        }
    }
    assert_eq!(four.connections(), 0);
}

#[tokio::test]
async fn what_is_in_order_gets_through() {
    let site = Site::at("127.0.0.2:0", |path| kept("200 OK", &[], path)).await.expect("loopback");
    let (start, to) = redirecting().await;
    let setup = Setup {
        reroute: &["start.test"],
        allow: vec!["127.0.0.2/32"],
        rules: permissive(site.port),
        resolver: Arc::new(Answers::to_all([127, 0, 0, 2])),
        ..Setup::default()
    };
    let outlet = setup.outlet(start.port);
    let mut count = 0;
    for line in lines(BENIGN) {
        let (text, path) = line.split_once('\t').expect("two columns");
        let connects = text.contains("{port}");
        let text = text.replace("{port}", &site.port.to_string());
        let spellings = spellings(&text);
        assert!(!spellings.is_empty(), "{text} can be said");
        for uri in spellings {
            let door = door(&outlet, writes());
            let request = Request::get(uri).body(Bytes::new()).expect("a request");
            if connects {
                let answer = door.send(request).await.unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(answer.body(), &path.to_ascii_lowercase(), "{text}");
            } else {
                let admitted = door.admit(request.into_parts().0).unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(&admitted.asked_for[url::Position::BeforePath..], path, "{text}");
            }
        }
        if connects {
            to.lock().expect("not poisoned").clone_from(&text);
            let request = request("GET", "http://start.test/hop/0", &[], "");
            let answer = door(&outlet, Purpose::Reads("a read tool")).send(request).await;
            let answer = answer.unwrap_or_else(|error| panic!("{text} as a redirect: {error}"));
            assert_eq!(answer.body(), &path.to_ascii_lowercase(), "{text}");
        }
        count += 1;
    }
    assert!(count >= 40, "{count} are too few");
}
