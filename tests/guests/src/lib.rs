//! Components that misbehave, one misbehaviour each, for the tests of whatever runs components.
//!
//! Each is a few lines of WebAssembly in text, in `guests/THEME/NAME.wat`, and the parts of `prelude.wat` that it
//! names: written against the canonical ABI by hand, so that no guest toolchain is needed. They carry no manifest: a test
//! embeds the one that it needs. [`files`] has what is wrong as a file, before it could run at all.

pub mod files;

/// A component that misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guest {
    /// What its misbehaviour is about.
    pub theme: &'static str,
    /// How it misbehaves.
    pub name: &'static str,
    /// Its bytes.
    pub component: &'static [u8],
}

/// All guests, by theme and name.
pub const ALL: &[Guest] = include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// The component of that name.
///
/// # Panics
/// There is none.
pub fn component(name: &str) -> &'static [u8] {
    let guest = ALL.iter().find(|guest| guest.name == name);
    guest.unwrap_or_else(|| panic!("there is no tests/guests/guests/*/{name}.wat")).component
}
