//! Compiled code on its way into the engine, where nobody else can change it any more.

use std::{
    io::{self, Read},
    sync::Arc,
};

use bytes::Bytes;
use wasmtime::{Engine, component::Component};

use crate::arena::{Arena, Place};

/// How much is read at once, in bytes: what a core's own cache still holds when it is looked at.
const PIECE_BYTES: usize = 256 << 10;

/// A component's native code, in the host's memory.
#[derive(Debug)]
pub(crate) enum Native {
    /// Anywhere: it is copied when it is loaded.
    Bytes(Bytes),
    /// Where it will run.
    Placed(Place),
}

impl Native {
    /// Reads code of a length, and shows each piece of it: what `see` sees is what is loaded.
    pub(crate) fn read(
        mut from: impl Read,
        len: usize,
        arena: Option<&Arc<Arena>>,
        mut see: impl FnMut(&[u8]),
    ) -> io::Result<Self> {
        let mut fill = |bytes: &mut [u8]| {
            bytes.chunks_mut(PIECE_BYTES).try_for_each(|piece| from.read_exact(piece).map(|()| see(piece)))
        };
        match arena {
            Some(arena) => {
                let mut place = arena.place(len)?;
                fill(place.bytes_mut())?;
                Ok(Self::Placed(place))
            }
            None => {
                let mut bytes = vec![0; len];
                fill(&mut bytes)?;
                Ok(Self::Bytes(bytes.into()))
            }
        }
    }

    /// Loads it into the engine of its arena.
    ///
    /// # Safety
    /// It was compiled by wasmtime.
    pub(crate) unsafe fn load(self, engine: &Engine) -> wasmtime::Result<Component> {
        match self {
            // SAFETY: as above.
            Self::Bytes(bytes) => unsafe { Component::deserialize(engine, bytes) },
            // SAFETY: as above.
            Self::Placed(place) => unsafe { place.load(engine) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_what_is_loaded() {
        let code: Vec<u8> = (0..PIECE_BYTES * 2 + 1).map(|byte| byte.to_le_bytes()[0]).collect();
        let arena = crate::arena::for_an_engine(&mut wasmtime::Config::new());
        for arena in [arena.as_ref(), None] {
            let mut seen = Vec::new();
            let native = Native::read(&code[..], code.len(), arena, |piece| seen.extend_from_slice(piece));
            let there = match native.expect("reads") {
                Native::Bytes(bytes) => bytes.into(),
                Native::Placed(mut place) => place.bytes_mut().to_vec(),
            };
            assert!(seen == code && there == code);
            let short = Native::read(&code[..], code.len() + 1, arena, |_| {}).expect_err("is not all there");
            assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
