//! `aftercall:tool/settings`: the plugin's settings in this tenant.

use wasmtime::component::{HasSelf, Linker};

use super::State;
use crate::bindings::aftercall::tool::settings;

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    settings::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl settings::Host for State {
    fn get(&mut self) -> wasmtime::Result<String> {
        self.use_capability("settings")?;
        Ok(self.settings.to_string())
    }
}
