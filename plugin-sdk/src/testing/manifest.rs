//! The manifest of the plugin under test, beside what it sends: a request that the host wouldn't let leave fails the test.
//!
//! The manifest is read, and each request decided, as the host does it.

use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs};

use aftercall_core::egress::{Denial, Policy, Scheme, Sends, Target};
use aftercall_core::manifest::Manifest;
use http::Uri;

use super::Sent;

/// What the package under test asks for, where it has a manifest.
static ASKED: LazyLock<Option<Policy>> = LazyLock::new(|| {
    let folder = env::var_os("CARGO_MANIFEST_DIR")?;
    let text = fs::read_to_string(Path::new(&folder).join("plugin.toml")).ok()?;
    Some(asked(&text).unwrap_or_else(|error| panic!("plugin.toml: {error}")))
});

/// That the manifest of the package under test asks for this request, and as a read, where the call sends reads alone. `call`
/// says which kind of call that is.
///
/// # Panics
/// Where it doesn't.
pub(super) fn check_own(sent: &Sent, call: Option<&'static str>) {
    if let Some(asked) = &*ASKED {
        check(asked, sent, call).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

fn asked(manifest: &str) -> Result<Policy, String> {
    let manifest: Manifest = toml::from_str(manifest).map_err(|error| error.to_string())?;
    manifest.check().map_err(|error| error.to_string())?;
    let rules = manifest.egress_rules();
    // A tenant that grants all that is asked for.
    Ok(Policy { author: rules.clone(), operator: None, tenant: rules })
}

fn check(asked: &Policy, sent: &Sent, call: Option<&'static str>) -> Result<(), String> {
    let target = target(sent.request.method().as_str(), sent.request.uri());
    // A real server for a test, in the vendor's place.
    if target.host == "127.0.0.1" {
        return Ok(());
    }
    let line = sent.line();
    match asked.decide(&target, call.map_or(Sends::Anything, Sends::ReadsOf)) {
        Ok(_) => Ok(()),
        Err(Denial::WriteFromRead { call, .. }) => {
            Err(format!("the plugin sent {line}, which plugin.toml marks as a write, and {call} sends reads alone"))
        }
        Err(Denial::NoRule { .. }) => {
            let access = if call.is_some() || sent.request.method().is_safe() { "read" } else { "write" };
            let rule = format!("[[egress]]\nrule = \"{line}\"\naccess = \"{access}\"");
            Err(format!("the plugin sent {line}, which plugin.toml doesn't ask for; it would with\n\n{rule}\n"))
        }
    }
}

fn target(method: &str, uri: &Uri) -> Target {
    let scheme = if uri.scheme_str() == Some("http") { Scheme::Http } else { Scheme::Https };
    Target {
        method: method.to_owned(),
        scheme,
        host: uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase(),
        port: uri.port_u16().unwrap_or(scheme.port()),
        path: uri.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aftercall_core::egress::is_canonical_path;
    use http::Request;

    use super::*;
    use crate::path;

    #[test]
    fn what_is_sent_is_asked_for() {
        let manifest = r#"
            name = "notes"
            version = "0.1.0"
            description = "Notes."

            [[egress]]
            rule = "GET,POST https://api.example.com/v1/search"
            access = "read"

            [[egress]]
            rule = "POST https://*.example.com/v1/notes/*"
            access = "write"
        "#;
        let check = |line: &str, call: Option<&'static str>, expected: Result<(), &str>| {
            let (method, url) = line.split_once(' ').expect("a line");
            let request = Request::builder().method(method).uri(url).body(Vec::new()).expect("a request");
            let checked = check(&asked(manifest).expect("a manifest"), &Sent { request }, call);
            match (&checked, expected) {
                (Ok(()), Ok(())) => {}
                (Err(wrong), Err(words)) => assert!(wrong.contains(words), "{wrong}"),
                _ => panic!("{line}: {checked:?}"),
            }
        };
        check("GET https://api.example.com/v1/search?q=a", None, Ok(()));
        check("POST https://API.example.com:443/v1/search", Some("a reconcile"), Ok(()));
        check("POST https://eu.example.com/v1/notes/7", None, Ok(()));
        check("POST http://127.0.0.1:8080/anything", Some("a reconcile"), Ok(()));
        let marked = "marks as a write, and a reconcile sends reads alone";
        check("POST https://eu.example.com/v1/notes/7", Some("a reconcile"), Err(marked));
        let rule = "rule = \"DELETE https://eu.example.com/v1/notes/7\"\naccess = \"write\"";
        check("DELETE https://eu.example.com/v1/notes/7?x=1", None, Err(rule));
        check("GET https://eu.example.com/v1/notes/7", None, Err("access = \"read\""));
        check("POST http://api.example.com/v1/search", Some("a tool that reads"), Err("access = \"read\""));
        assert!(asked("name = \"notes\"").is_err());
    }

    #[test]
    fn the_sdk_sends_the_paths_that_the_host_lets_pass() {
        let paths = "/ /a /a/ /a//b // a /. /.. /a/../b /... /..;x/b /;x /a;b /a%2Fb /a%2fb /a%5Cb /a\\b /%2E /%2E%2E/b /%41 /%7E \
                     /%25 /%3B /%00 /%0A /%7F /%20 /%C3%BC /%3F%23 /% /%2 /%zz /%+1 /%2\u{e9} /a:b@c";
        for path in paths.split(' ').chain([""]) {
            assert_eq!(path::is_canonical(path), is_canonical_path(path), "{path}");
        }
    }
}
