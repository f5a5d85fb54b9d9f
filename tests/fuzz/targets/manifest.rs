//! A manifest of any bytes: refused in words, or it is what it says, also once it is inside a component.
#![no_main]

use aftercall_core::manifest::Manifest;
use aftercall_plugin::{Artifact, embed};
use libfuzzer_sys::fuzz_target;

const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fuzz_target!(|bytes: &[u8]| {
    let manifest = match serde_json::from_slice::<Manifest>(bytes) {
        Ok(manifest) => manifest,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    match embed(EMPTY_COMPONENT, &manifest) {
        Ok(component) => {
            let artifact = Artifact::read(&component).expect("what was embedded is read");
            assert_eq!(artifact.manifest, manifest);
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(manifest.check().is_err());
        }
    }
});
