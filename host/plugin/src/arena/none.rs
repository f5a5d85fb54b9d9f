//! Systems and processors for which there is no arena: code lies where wasmtime puts it.

use std::{convert::Infallible, io, sync::Arc};

use wasmtime::{Config, Engine, component::Component};

/// None.
#[derive(Debug)]
pub(crate) enum Arena {}

/// None.
#[derive(Debug)]
pub(crate) struct Place(Infallible);

/// No arena.
pub(crate) fn for_an_engine(_: &mut Config) -> Option<Arc<Arena>> {
    None
}

impl Arena {
    pub(crate) fn place(self: &Arc<Self>, _: usize) -> io::Result<Place> {
        match **self {}
    }
}

impl Place {
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match self.0 {}
    }

    /// # Safety
    /// There is none.
    pub(crate) unsafe fn load(self, _: &Engine) -> wasmtime::Result<Component> {
        match self.0 {}
    }
}
