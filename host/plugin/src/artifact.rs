//! A component file: what it is, what it says of itself, what it imports. Nothing is compiled here.

use aftercall_core::{
    id::Sha256Hex,
    manifest::{self, Manifest},
};
use wasm_encoder::{CustomSection, Section as _};
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;

use crate::limits::{COMPONENT_BYTES_MAX, MANIFEST_BYTES_MAX};

/// The custom section of a component that holds its manifest, as JSON.
pub const MANIFEST_SECTION: &str = "aftercall:manifest";

/// A component that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// The SHA-256 digest of the file, manifest included.
    pub digest: Sha256Hex,
    /// What it says of itself and requests.
    pub manifest: Manifest,
    /// Its size in bytes.
    pub bytes: usize,
    /// What it imports, as `namespace:package/interface@version`, in the component's order.
    pub imports: Vec<String>,
    /// What it exports, likewise.
    pub exports: Vec<String>,
}

/// Why a file is no plugin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too large to be compiled.
    #[error("the file has {bytes} bytes, more than {COMPONENT_BYTES_MAX}: build it small, without debug information")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
    },
    /// Native code, which nobody may bring from outside.
    #[error("the file is compiled native code, which is never accepted: give the component that it was compiled from")]
    Precompiled,
    /// Neither a component nor a core module.
    #[error("the file is no WebAssembly component: `aftercall plugin build DIR` makes one")]
    NotWebAssembly,
    /// A core module.
    #[error("the file is a core module, not a component: build it for wasm32-wasip2, or with `aftercall plugin build`")]
    CoreModule,
    /// Damaged, or of a later format.
    #[error("the file is a damaged component: {0}")]
    Damaged(String),
    /// A component that says nothing of itself.
    #[error("the component has no section `{MANIFEST_SECTION}`: `aftercall plugin build DIR` embeds plugin.toml")]
    NoManifest,
    /// Two manifests: whoever reads one or the other would see another plugin.
    #[error("the component has more than one section `{MANIFEST_SECTION}`: build it anew")]
    TwoManifests,
    /// The manifest's bytes are not one.
    #[error("the component's manifest can't be read: {0}")]
    UnreadableManifest(String),
    /// The manifest contradicts itself.
    #[error("the component's manifest is wrong: {0}")]
    WrongManifest(#[from] manifest::Error),
}

impl Artifact {
    /// Looks at the bytes of a component file.
    ///
    /// # Errors
    /// Says why it is no plugin.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let outline = Outline::read(bytes)?;
        let manifest = match outline.manifests.as_slice() {
            [] => return Err(Error::NoManifest),
            [one] => read_manifest(one)?,
            _ => return Err(Error::TwoManifests),
        };
        Ok(Self {
            digest: Sha256Hex::of(bytes),
            manifest,
            bytes: bytes.len(),
            imports: outline.imports,
            exports: outline.exports,
        })
    }
}

/// The component with its manifest in it, so that one digest stands for both.
///
/// # Errors
/// The bytes are no component, or have a manifest already, or the manifest contradicts itself.
pub fn embed(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, Error> {
    manifest.check()?;
    if !Outline::read(component)?.manifests.is_empty() {
        return Err(Error::TwoManifests);
    }
    let json = serde_json::to_vec(manifest).expect("a manifest serialises: its maps have text keys");
    let mut bytes = component.to_vec();
    CustomSection { name: MANIFEST_SECTION.into(), data: json.into() }.append_to(&mut bytes);
    Ok(bytes)
}

fn read_manifest(json: &[u8]) -> Result<Manifest, Error> {
    if json.len() > MANIFEST_BYTES_MAX {
        return Err(Error::UnreadableManifest(format!("it has {} bytes, more than {MANIFEST_BYTES_MAX}", json.len())));
    }
    let manifest: Manifest =
        serde_json::from_slice(json).map_err(|error| Error::UnreadableManifest(error.to_string()))?;
    manifest.check()?;
    Ok(manifest)
}

struct Outline<'a> {
    manifests: Vec<&'a [u8]>,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > COMPONENT_BYTES_MAX {
            return Err(Error::TooLarge { bytes: bytes.len() });
        }
        if Engine::detect_precompiled(bytes).is_some() {
            return Err(Error::Precompiled);
        }
        if !bytes.starts_with(b"\0asm") {
            return Err(Error::NotWebAssembly);
        }
        let mut outline = Self { manifests: Vec::new(), imports: Vec::new(), exports: Vec::new() };
        outline.walk(bytes)?;
        Ok(outline)
    }

    fn walk(&mut self, bytes: &'a [u8]) -> Result<(), Error> {
        let damaged = |error: wasmparser::BinaryReaderError| Error::Damaged(error.to_string());
        // Sections of the modules and components inside are theirs, and say nothing about this one.
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(damaged)? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(Error::CoreModule),
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                    self.manifests.push(section.data());
                }
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        self.imports.push(import.map_err(damaged)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        self.exports.push(export.map_err(damaged)?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::Encode as _;

    use super::*;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    fn manifest() -> Manifest {
        serde_json::from_value(serde_json::json!({"name": "sms", "version": "1.0.0", "description": "Texts."}))
            .expect("a manifest")
    }

    #[test]
    fn a_manifest_comes_back_out_and_the_digest_covers_it() {
        let bytes = embed(EMPTY_COMPONENT, &manifest()).expect("embeds");
        let artifact = Artifact::read(&bytes).expect("reads");
        assert_eq!(artifact.manifest, manifest());
        assert_eq!(artifact.digest, Sha256Hex::of(&bytes));
        assert!(matches!(embed(&bytes, &manifest()), Err(Error::TwoManifests)));
    }

    #[test]
    fn what_is_no_plugin_is_refused_with_the_reason() {
        let section = |data: &[u8]| {
            let mut body = vec![18];
            body.extend_from_slice(MANIFEST_SECTION.as_bytes());
            body.extend_from_slice(data);
            let mut bytes = vec![0, u8::try_from(body.len()).expect("short")];
            bytes.extend(body);
            bytes
        };
        let with = |sections: &[Vec<u8>]| [EMPTY_COMPONENT.to_vec(), sections.concat()].concat();
        let native = Engine::default().precompile_component(EMPTY_COMPONENT).expect("compiles");
        for (bytes, words) in [
            (b"#!/bin/sh".to_vec(), "no WebAssembly component"),
            (Vec::new(), "no WebAssembly component"),
            (EMPTY_MODULE.to_vec(), "wasm32-wasip2"),
            (native, "native code"),
            (EMPTY_COMPONENT.to_vec(), "embeds plugin.toml"),
            ([EMPTY_COMPONENT, b"\x01\x7f"].concat(), "damaged"),
            (with(&[section(b"{")]), "can't be read"),
            (with(&[section(b"{}")]), "missing field `name`"),
            (with(&[section(b"{}"), section(b"{}")]), "more than one"),
            (vec![0; COMPONENT_BYTES_MAX + 1], "more than"),
        ] {
            let error = Artifact::read(&bytes).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_section_inside_a_nested_component_is_not_the_manifest() {
        let inner = embed(EMPTY_COMPONENT, &manifest()).expect("embeds");
        let mut outer = EMPTY_COMPONENT.to_vec();
        outer.push(4); // a component section
        inner.as_slice().encode(&mut outer);
        assert!(matches!(Artifact::read(&outer), Err(Error::NoManifest)));
    }
}
