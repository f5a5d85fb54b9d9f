//! The tenant's credential is a canary. All guests run against a vendor that repeats what it was sent, and whatever
//! comes of them, in memory, in words or in structures, is searched for it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use aftercall_core::{ports::Tools as _, secret::Secret, tool::AttemptEnd};
use base64::{Engine as _, engine::general_purpose};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::world::{CREDENTIAL, World, grant, host, packed, packed_with, plugin, reroutes, tenant};
use crate::{
    Grant, Limits,
    credential::Supplied,
    testing::{Events, Records, Vendor},
};

/// The forms in which a secret could be found. Of base64, what doesn't depend on where it stands.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        ("as it is", secret.to_owned().into_bytes()),
        ("as JSON with escaped slashes", secret.replace('/', "\\/").into_bytes()),
        ("in percent codes", percent.clone().into_bytes()),
        ("in small percent codes", percent.to_lowercase().into_bytes()),
        ("in hexadecimal digits", hex.clone().into_bytes()),
        ("in large hexadecimal digits", hex.to_uppercase().into_bytes()),
        ("in reverse", secret.bytes().rev().collect()),
        ("as a list of bytes", format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).into()),
    ];
    for offset in 0..3 {
        let padded = [vec![0; offset], secret.as_bytes().to_vec()].concat();
        let (first, last) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [general_purpose::STANDARD_NO_PAD, general_purpose::URL_SAFE_NO_PAD] {
            forms.push(("in base64", engine.encode(&padded).as_bytes()[first..last].to_vec()));
        }
    }
    forms
}

/// Where a secret is in some bytes: its form.
fn found(secret: &str, bytes: &[u8]) -> Option<&'static str> {
    let is_in = |form: &[u8]| bytes.windows(form.len()).any(|window| window == form);
    forms(secret).into_iter().find(|(_, form)| is_in(form)).map(|(name, _)| name)
}

/// What is searched, piece by piece, with the place where it came from.
#[derive(Default)]
struct Haystack(Vec<(String, Vec<u8>)>);

impl Haystack {
    fn add(&mut self, place: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.to_owned(), bytes.into()));
    }

    /// What a call came to, as a structure, in words, and byte for byte.
    fn add_end(&mut self, guest: &str, end: &AttemptEnd) {
        self.add(&format!("{guest}: its end"), format!("{end:?}"));
        match &end.result {
            Ok(outcome) => {
                self.add(&format!("{guest}: its text"), outcome.text.as_bytes());
                self.add(&format!("{guest}: its data"), outcome.data.as_ref().map_or("", |data| data.as_str()));
            }
            Err(failure) => self.add(&format!("{guest}: its failure"), failure.message.as_bytes()),
        }
        for write in &end.captured {
            self.add(&format!("{guest}: a write that was kept"), json!(write).to_string());
        }
    }

    fn assert_is_free_of(&self, secret: &str) {
        for (place, bytes) in &self.0 {
            assert_eq!(found(secret, bytes), None, "{place}: {}", String::from_utf8_lossy(bytes));
        }
    }
}

/// What the host traces, at the level of everything.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<Vec<u8>>>);

impl io::Write for Traces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Traces {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The memory that `fishes` returned.
fn memory(end: &AttemptEnd) -> Vec<u8> {
    let digits = end.result.as_ref().expect("it returns its memory").text.as_bytes();
    let value = |digit: u8| u8::try_from(char::from(digit).to_digit(16).expect("a digit")).expect("a byte");
    digits.chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

#[tokio::test]
async fn the_canary_is_never_found() {
    let traces = Traces::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(traces.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    tracing::trace!("the traces are taken");
    let vendor = Vendor::repeating().await;
    let mut seen = Haystack::default();
    for guest in aftercall_guests::ALL {
        let host = host(Limits::default(), reroutes(&vendor));
        let installed = match host.install(&packed(guest.name)) {
            Ok(installed) => installed,
            Err(error) => {
                seen.add(guest.name, format!("{error} {error:?}"));
                continue;
            }
        };
        // Who would spin or wait is not given long to do so; `fishes` has a whole memory to return.
        let brief = Limits { cpu_ms_max: 20, wall_ms_max: 1_000, request_ms_max: 500, ..Limits::default() };
        let limits = if guest.name == "fishes" { Limits::default() } else { brief };
        let grant = Grant { limits, ..grant(&installed) };
        host.grant(tenant(), &grant).expect("grants");
        seen.add(guest.name, format!("{installed:?} {grant:?}"));
        let world = World { host, installed };
        let mut invocation = world.invocation(&json!("vendor.test"));
        seen.add(guest.name, format!("{invocation:?}"));
        match world.host.list_tools(&tenant(), &plugin()).await {
            Ok(tools) => seen.add(guest.name, format!("{tools:?}")),
            Err(error) => seen.add(guest.name, format!("{error} {error:?}")),
        }
        let finding = world.host.reconcile(&invocation).await;
        seen.add(guest.name, format!("{finding:?}"));
        let end = world.host.call(&invocation, Records::working(&Events::default())).await;
        seen.add_end(guest.name, &end);
        if guest.name == "fishes" {
            let memory = memory(&end);
            assert!(found("[credential]", &memory).is_some(), "it got the answer, without the credential");
            seen.add("fishes: its memory", memory);
        }
        invocation.context.dry_run = true;
        seen.add_end(guest.name, &world.host.call(&invocation, Records::failing()).await);
    }
    let sent = vendor.requests.all().concat();
    assert!(found(CREDENTIAL, sent.as_bytes()).is_some(), "the vendor is sent the credential");
    let traced = traces.0.lock().expect("not poisoned").clone();
    assert!(found("the traces are taken", &traced).is_some());
    seen.add("the traces", traced);
    seen.assert_is_free_of(CREDENTIAL);
}

#[tokio::test]
async fn a_rehearsal_shows_a_write_without_its_credential() {
    let vendor = Vendor::repeating().await;
    let canned = json!({"status": 201, "body": "{}"});
    let world = World::installing(&packed_with("posts", &canned), Limits::default(), reroutes(&vendor));
    let mut invocation = world.invocation(&json!("vendor.test"));
    invocation.context.dry_run = true;
    let end = world.host.call(&invocation, Records::failing()).await;
    let shown = json!(end.captured).to_string();
    assert!(shown.contains(r#"["x-api-key","[credential]"]"#), "{shown}");
    assert_eq!(found(CREDENTIAL, shown.as_bytes()), None);
}

#[test]
fn an_error_about_a_credential_does_not_show_it() {
    let world = World::of("behaves");
    for value in [format!("{CREDENTIAL}\r\nx: y"), format!("{CREDENTIAL}\0"), CREDENTIAL.repeat(400)] {
        let mut grant = grant(&world.installed);
        grant.credentials.insert("api".to_owned(), Supplied::Secret(Secret::new(value)));
        let error = world.host.grant(tenant(), &grant).expect_err("it fits no header");
        assert_eq!(found(CREDENTIAL, format!("{error} {error:?} {grant:?}").as_bytes()), None, "{error}");
    }
}

/// That the search finds what there is: a guest that is given the secret where it shouldn't be, as a setting.
#[tokio::test]
async fn the_search_finds_a_secret_that_is_there() {
    let vendor = Vendor::repeating().await;
    let host = host(Limits::default(), reroutes(&vendor));
    let installed = host.install(&packed("fishes")).expect("installs");
    let given = Grant { settings: json!({"color": CREDENTIAL}), ..grant(&installed) };
    host.grant(tenant(), &given).expect("grants");
    let world = World { host, installed };
    let end = world.call(&json!("vendor.test")).await;
    assert_eq!(found(CREDENTIAL, &memory(&end)), Some("as it is"));
    let text = end.result.expect("its memory").text;
    assert_eq!(found(CREDENTIAL, text.as_bytes()), Some("in hexadecimal digits"));
    for (name, form) in forms(CREDENTIAL) {
        assert!(found(CREDENTIAL, &[b"<", &form[..], b">"].concat()).is_some(), "{name}");
    }
}
