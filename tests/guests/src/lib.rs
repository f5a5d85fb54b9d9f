//! Components that misbehave, one misbehaviour each, for the tests of whatever runs components.
//!
//! Each is a core module in text beside this crate, written against the canonical ABI by hand, so that no guest
//! toolchain is needed. They carry no manifest: a test embeds the one that it needs.

/// All guests, by name.
pub const ALL: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// The component of that name.
///
/// # Panics
/// There is none.
pub fn component(name: &str) -> &'static [u8] {
    ALL.iter().find(|(guest, _)| *guest == name).unwrap_or_else(|| panic!("there is no tests/guests/{name}.wat")).1
}
