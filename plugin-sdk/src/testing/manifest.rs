//! The manifest of the plugin under test, beside what it sends: a request that the host wouldn't let leave fails the test.
//!
//! The manifest is read, and each request decided, as the host does it.

use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs};

use aftercall_core::egress::{Denial, Policy, Scheme, Sends, Target};
use aftercall_core::manifest::{AskedAccess, Manifest};
use http::Uri;

use super::Sent;

/// What the package under test asks for, where it has a manifest.
static ASKED: LazyLock<Option<Asked>> = LazyLock::new(|| {
    let folder = env::var_os("CARGO_MANIFEST_DIR")?;
    let text = fs::read_to_string(Path::new(&folder).join("plugin.toml")).ok()?;
    Some(Asked::by(&text).unwrap_or_else(|error| panic!("plugin.toml: {error}")))
});

/// What a manifest asks for, granted as it is.
struct Asked {
    policy: Policy,
    /// Of each of the author's rules.
    access: Vec<AskedAccess>,
}

/// That the manifest of the package under test asks for this request, as a write where it is one, and as a read where the call
/// sends reads alone. `call` says which kind of call that is.
///
/// # Panics
/// Where it doesn't.
pub(super) fn check_own(sent: &Sent, call: Option<&'static str>) {
    if let Some(asked) = &*ASKED {
        asked.check(sent, call).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

impl Asked {
    fn by(manifest: &str) -> Result<Self, String> {
        let manifest: Manifest = toml::from_str(manifest).map_err(|error| error.to_string())?;
        manifest.check().map_err(|error| error.to_string())?;
        let rules = manifest.egress_rules();
        // A tenant that grants all that is asked for.
        let policy = Policy { author: rules.clone(), operator: None, tenant: rules };
        Ok(Self { policy, access: manifest.egress.iter().map(|rule| rule.access).collect() })
    }

    fn check(&self, sent: &Sent, call: Option<&'static str>) -> Result<(), String> {
        let target = target(sent.request.method().as_str(), sent.request.uri());
        // A real server for a test, in the vendor's place.
        if target.host == "127.0.0.1" {
            return Ok(());
        }
        let line = sent.line();
        match self.policy.decide(&target, call.map_or(Sends::Anything, Sends::ReadsOf)) {
            // The host would take a write for nothing that could be in doubt, and let a rehearsal send it.
            Ok(allowed) if self.access[allowed.author_rule] == AskedAccess::Read && !sent.reads => Err(format!(
                "the plugin sent {line} as a write, which plugin.toml marks as a read; mark its rule `access = \"write\"`, \
                 or say `.reads_only()` of the request if it changes nothing"
            )),
            Ok(_) => Ok(()),
            Err(Denial::WriteFromRead { call, .. }) => {
                Err(format!("the plugin sent {line}, which plugin.toml marks as a write, and {call} sends reads alone"))
            }
            Err(Denial::NoRule { .. }) => {
                let access = if call.is_some() || sent.reads { "read" } else { "write" };
                let rule = format!("[[egress]]\nrule = \"{line}\"\naccess = \"{access}\"");
                Err(format!("the plugin sent {line}, which plugin.toml doesn't ask for; it would with\n\n{rule}\n"))
            }
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

            [[egress]]
            rule = "POST https://own.example.com/**"
            access = "as-granted"
        "#;
        let asked = Asked::by(manifest).expect("a manifest");
        let check = |line: &str, reads: bool, call: Option<&'static str>, expected: Result<(), &str>| {
            let (method, url) = line.split_once(' ').expect("a line");
            let request = Request::builder().method(method).uri(url).body(Vec::new()).expect("a request");
            let checked = asked.check(&Sent { request, reads }, call);
            match (&checked, expected) {
                (Ok(()), Ok(())) => {}
                (Err(wrong), Err(words)) => assert!(wrong.contains(words), "{wrong}"),
                _ => panic!("{line}: {checked:?}"),
            }
        };
        let (read, write) = (true, false);
        check("GET https://api.example.com/v1/search?q=a", read, None, Ok(()));
        check("POST https://API.example.com:443/v1/search", read, Some("a reconcile"), Ok(()));
        check("POST https://eu.example.com/v1/notes/7", write, None, Ok(()));
        check("POST https://own.example.com/v1/7", write, None, Ok(()));
        check("POST http://127.0.0.1:8080/anything", write, Some("a reconcile"), Ok(()));
        let as_a_write = "as a write, which plugin.toml marks as a read; mark its rule `access = \"write\"`";
        check("POST https://api.example.com/v1/search", write, None, Err(as_a_write));
        check("GET https://api.example.com/v1/search", write, Some("a reconcile"), Err(as_a_write));
        let marked = "marks as a write, and a reconcile sends reads alone";
        check("POST https://eu.example.com/v1/notes/7", write, Some("a reconcile"), Err(marked));
        let rule = "rule = \"DELETE https://eu.example.com/v1/notes/7\"\naccess = \"write\"";
        check("DELETE https://eu.example.com/v1/notes/7?x=1", write, None, Err(rule));
        check("GET https://eu.example.com/v1/notes/7", read, None, Err("access = \"read\""));
        check("POST https://eu.example.com/v1/search", read, None, Err("access = \"read\""));
        check("POST http://api.example.com/v1/search", write, Some("a tool that reads"), Err("access = \"read\""));
        assert!(Asked::by("name = \"notes\"").is_err());
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
