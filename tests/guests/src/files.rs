//! What is wrong as a file: cut off, of another kind, or made of more than anybody needs. Each is made from a plugin
//! that is in order.

use wasm_encoder::Encode as _;

/// A file that no host should take, or at least not fall over.
#[derive(Debug, Clone, Copy)]
pub struct HostileFile {
    /// What is wrong with it.
    pub name: &'static str,
    /// Makes it from the bytes of a component with a manifest.
    pub make: fn(&[u8]) -> Vec<u8>,
}

const MAGIC_OF_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const MAGIC_OF_MODULE: &[u8] = b"\0asm\x01\0\0\0";
const MANIFEST_SECTION: &[u8] = b"aftercall:manifest";

// Sections of a component (component-model/design/mvp/Binary.md).
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;
const COMPONENT: u8 = 4;
const INSTANCE: u8 = 5;
const TYPE: u8 = 7;
const CANON: u8 = 8;

/// All files, in the order of what they have in common.
pub const ALL: &[HostileFile] = &[
    file("is-empty", |_| Vec::new()),
    file("is-a-script", |_| b"#!/bin/sh\nrm -rf /\n".to_vec()),
    file("is-text", |_| b"(component)".to_vec()),
    file("is-native-code", |_| native_code()),
    file("is-a-core-module", |_| MAGIC_OF_MODULE.to_vec()),
    file("is-of-a-later-format", |plugin| [b"\0asm\x0e\0\x01\0", &plugin[8..]].concat()),
    file("is-cut-in-half", |plugin| plugin[..plugin.len() / 2].to_vec()),
    file("is-cut-by-a-byte", |plugin| plugin[..plugin.len() - 1].to_vec()),
    file("is-enormous", |plugin| with(plugin, CUSTOM, &[&[1, b'x'][..], &vec![0; 32 << 20]].concat())),
    file("is-all-zeroes-behind-its-head", |_| [MAGIC_OF_COMPONENT, &[0; 4096]].concat()),
    file("lies-about-a-length", |plugin| [plugin, &[CUSTOM, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, b'x']].concat()),
    file("has-no-manifest", |_| MAGIC_OF_COMPONENT.to_vec()),
    file("has-two-manifests", |plugin| with_manifest(plugin, b"{}")),
    file("has-its-manifest-inside", |plugin| with(MAGIC_OF_COMPONENT, COMPONENT, plugin)),
    file("has-a-manifest-of-nonsense", |_| with_manifest(MAGIC_OF_COMPONENT, b"\xff\xfe{")),
    file("has-a-deep-manifest", |_| with_manifest(MAGIC_OF_COMPONENT, &b"[".repeat(200_000))),
    file("has-a-huge-manifest", |_| with_manifest(MAGIC_OF_COMPONENT, &b" ".repeat(300_000))),
    file("has-a-manifest-of-five-thousand-rules", |_| with_manifest(MAGIC_OF_COMPONENT, &many_rules())),
    file("has-ten-thousand-modules", |plugin| [plugin, &section(CORE_MODULE, MAGIC_OF_MODULE).repeat(10_000)].concat()),
    file("has-a-hundred-core-instances", |plugin| with_core_instances(plugin, 100)),
    file("has-ten-thousand-core-instances", |plugin| with_core_instances(plugin, 10_000)),
    file("has-ten-thousand-instances", |plugin| with(plugin, INSTANCE, &list(10_000, &[0x01, 0x00]))),
    file("has-a-million-types", |plugin| with_types(plugin, &list(1_000_000, &[0x7f]))),
    file("has-a-type-of-a-billion-parts", |plugin| with_types(plugin, &doubled_types())),
    file("has-a-deep-type", |plugin| with_types(plugin, &nested_types())),
    file("has-components-in-components", |plugin| with(plugin, COMPONENT, &nested_components(2_000))),
    file("has-a-deep-function", |plugin| with(plugin, CORE_MODULE, &module_of(&deep_function()))),
    file("has-a-function-of-fifty-thousand-locals", |plugin| with(plugin, CORE_MODULE, &module_of(&many_locals()))),
    file("has-a-64-bit-memory", |plugin| with(plugin, CORE_MODULE, &module(&[5, 3, 1, 4, 1]))),
    file("has-a-shared-memory", |plugin| with(plugin, CORE_MODULE, &module(&[5, 4, 1, 3, 1, 1]))),
    file("has-collected-memory", |plugin| with(plugin, CORE_MODULE, &module(&[1, 3, 1, 0x5f, 0]))),
    file("has-exceptions", |plugin| with(plugin, CORE_MODULE, &module(&[1, 4, 1, 0x60, 0, 0, 13, 3, 1, 0, 0]))),
    file("has-streams", |plugin| with(plugin, TYPE, &[1, 0x66, 1, 0x7d])),
    file("has-sets-of-what-to-wait-for", |plugin| with(plugin, CANON, &[1, 0x1f])),
];

/// The file of that name.
///
/// # Panics
/// There is none.
pub fn make(name: &str, plugin: &[u8]) -> Vec<u8> {
    let file = ALL.iter().find(|file| file.name == name);
    (file.unwrap_or_else(|| panic!("there is no hostile file `{name}`")).make)(plugin)
}

const fn file(name: &'static str, make: fn(&[u8]) -> Vec<u8>) -> HostileFile {
    HostileFile { name, make }
}

/// The head of an ELF file as wasmtime marks its compiled components: a class of 64 bits, an ABI of its own (200).
fn native_code() -> Vec<u8> {
    let mut head = vec![0; 64];
    head[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\xc8");
    head[16] = 1; // relocatable
    head[20] = 1; // version
    head[48] = 2; // flags: a component
    head[52] = 64; // this head's size
    head[58] = 64; // a section header's size
    head
}

fn many_rules() -> Vec<u8> {
    let rule = br#"{"rule":"GET https://a.com/","access":"read"},"#;
    let head = br#"{"name":"guest","version":"1","description":"d","egress":["#;
    let mut json = [head, &rule.repeat(5_000)[..]].concat();
    json.pop();
    json.extend_from_slice(b"]}");
    json
}

/// With a component in it that is made of so many instances of one module, which has a memory, and is instantiated.
fn with_core_instances(plugin: &[u8], n: usize) -> Vec<u8> {
    let module = module(&[5, 3, 1, 0, 1]);
    let inner = with(&with(MAGIC_OF_COMPONENT, CORE_MODULE, &module), CORE_INSTANCE, &list(n, &[0x00, 0x00, 0x00]));
    // The component that a plugin's tools are exported by is its only other one.
    with(&with(plugin, COMPONENT, &inner), INSTANCE, &[1, 0x00, 0x01, 0x00])
}

/// With a component in it that has those types.
fn with_types(plugin: &[u8], types: &[u8]) -> Vec<u8> {
    with(plugin, COMPONENT, &with(MAGIC_OF_COMPONENT, TYPE, types))
}

/// Thirty types, each a pair of the one before.
fn doubled_types() -> Vec<u8> {
    let mut types = vec![30, 0x6f, 2, 0x7f, 0x7f];
    for before in 0..29 {
        types.extend([0x6f, 2, before, before]);
    }
    types
}

/// A hundred and twenty types, each a list of the one before.
fn nested_types() -> Vec<u8> {
    let mut types = vec![120, 0x70, 0x7f];
    for before in 0..119_i32 {
        types.push(0x70);
        // Signed, as a type's index is: a negative number would be a primitive type.
        before.encode(&mut types);
    }
    types
}

fn nested_components(depth: usize) -> Vec<u8> {
    (0..depth).fold(MAGIC_OF_COMPONENT.to_vec(), |inner, _| with(MAGIC_OF_COMPONENT, COMPONENT, &inner))
}

/// Ten thousand blocks, one in the other.
fn deep_function() -> Vec<u8> {
    [&[0][..], &[0x02, 0x40].repeat(10_000), &[0x0b; 10_001]].concat()
}

fn many_locals() -> Vec<u8> {
    // One group of 50,000 of i64, and an end.
    [1, 0xd0, 0x86, 0x03, 0x7e, 0x0b].to_vec()
}

/// A module of one function without parameters and results.
fn module_of(body: &[u8]) -> Vec<u8> {
    let mut code = vec![1];
    body.encode(&mut code);
    [MAGIC_OF_MODULE, &[1, 4, 1, 0x60, 0, 0], &[3, 2, 1, 0], &section(10, &code)].concat()
}

fn module(sections: &[u8]) -> Vec<u8> {
    [MAGIC_OF_MODULE, sections].concat()
}

fn with_manifest(component: &[u8], manifest: &[u8]) -> Vec<u8> {
    let length = u8::try_from(MANIFEST_SECTION.len()).expect("a short name");
    with(component, CUSTOM, &[&[length], MANIFEST_SECTION, manifest].concat())
}

fn with(component: &[u8], id: u8, data: &[u8]) -> Vec<u8> {
    [component, &section(id, data)].concat()
}

fn section(id: u8, data: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    data.encode(&mut section);
    section
}

/// A list of so many equal things.
fn list(n: usize, of: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    n.encode(&mut list);
    list.extend(of.repeat(n));
    list
}
