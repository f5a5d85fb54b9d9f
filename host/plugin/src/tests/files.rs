//! Files that no host should take in, and such as it may take in without falling over.

use std::time::{Duration, Instant};

use aftercall_guests::files;

use super::world::{host, look_at, packed};
use crate::{InUse, Limits, Reroutes};

/// How long a host may take over one of them, on a machine that has other things to do.
const TAKES_MAX: Duration = Duration::from_secs(5);

/// Each file, and the words with which it is refused. None: it is odd, and a plugin.
const EXPECTED: &[(&str, Option<&str>)] = &[
    ("is-empty", Some("no WebAssembly component")),
    ("is-a-script", Some("no WebAssembly component")),
    ("is-text", Some("no WebAssembly component")),
    ("is-native-code", Some("native code, which is never accepted")),
    ("is-a-core-module", Some("wasm32-wasip2")),
    ("is-of-a-later-format", Some("damaged component: unknown binary version")),
    ("is-cut-in-half", Some("damaged component: unexpected end")),
    ("is-cut-by-a-byte", Some("damaged component: unexpected end")),
    ("is-enormous", Some("more than 33554432")),
    ("is-all-zeroes-behind-its-head", Some("damaged")),
    ("lies-about-a-length", Some("damaged component: unexpected end")),
    ("has-no-manifest", Some("no section `aftercall:manifest`")),
    ("has-two-manifests", Some("more than one section `aftercall:manifest`")),
    ("has-its-manifest-inside", Some("no section `aftercall:manifest`")),
    ("has-a-manifest-of-nonsense", Some("manifest can't be read")),
    ("has-a-deep-manifest", Some("manifest can't be read")),
    ("has-a-huge-manifest", Some("300000 bytes, more than 262144")),
    ("has-a-manifest-of-five-thousand-rules", Some("does not export `aftercall:tool/tools@0.1.0`")),
    ("has-ten-thousand-modules", Some("modules count exceeds limit of 1000")),
    ("has-a-hundred-core-instances", Some("103 core module instances, which exceeds the configured maximum of 16")),
    ("has-ten-thousand-core-instances", Some("instances count exceeds limit of 1000")),
    ("has-ten-thousand-instances", Some("instances count exceeds limit of 1000")),
    ("has-a-million-types", None),
    ("has-a-type-of-a-billion-parts", Some("type size exceeds the limit")),
    ("has-a-deep-type", Some("type nesting is too deep")),
    ("has-components-in-components", None),
    ("has-a-deep-function", None),
    ("has-a-function-of-fifty-thousand-locals", None),
    ("has-a-64-bit-memory", Some("memory64 must be enabled")),
    ("has-a-shared-memory", Some("threads must be enabled")),
    ("has-collected-memory", Some("gc types are disabled")),
    ("has-exceptions", Some("exceptions proposal not enabled")),
    ("has-streams", Some("requires the component model async feature")),
    ("has-sets-of-what-to-wait-for", Some("requires the component model async feature")),
];

#[test]
fn every_file_has_its_test() {
    let names: Vec<_> = files::ALL.iter().map(|file| file.name).collect();
    let tested: Vec<_> = EXPECTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, tested);
}

#[tokio::test]
async fn files_are_refused_with_the_reason() {
    let host = host(Limits::default(), Reroutes::new());
    let plugin = packed("behaves");
    for (name, expected) in EXPECTED {
        let file = files::make(name, &plugin);
        let begun = Instant::now();
        let got = look_at(&host, &file).await.map_err(|error| error.to_string());
        let took = begun.elapsed();
        match (got, expected) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => assert!(error.contains(words), "{name}: {error}"),
            (got, expected) => panic!("{name}: {got:?} instead of {expected:?}"),
        }
        assert!(took <= TAKES_MAX, "{name}: took {took:?}");
    }
    assert_eq!(host.in_use(), InUse::default());
}
