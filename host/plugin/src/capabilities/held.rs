//! What the table of handles holds for a component: headers and requests are made of its texts, and nobody else
//! counts how many of them there are.

use std::any::Any;

use wasmtime_wasi_http::{
    FieldMap,
    p2::{
        bindings::http::types::{Method, Scheme},
        types::{HostIncomingResponse, HostOutgoingRequest},
    },
};

use super::State;
use crate::{limits::Reached, meter::Meter};

/// What a header costs beside its name and value, in bytes.
const FIELD_BYTES: usize = 64;

impl State {
    /// Takes note of how many handles are held, and of the bytes behind them.
    ///
    /// This is done at each tick of the engine's clock, and not at each call of a capability: wasmtime's own
    /// implementation of `wasi:http` asks nobody. What a component can hand over within a tick is bounded by what can be
    /// copied in that time.
    pub(crate) fn see_held(&mut self, meter: &Meter) -> Result<(), Reached> {
        let (mut handles, mut bytes) = (0_usize, 0_usize);
        for resource in self.table.iter_mut() {
            handles += 1;
            bytes = bytes.saturating_add(bytes_of(resource));
        }
        meter.see_handles(handles);
        self.held.set(bytes)
    }
}

fn bytes_of(resource: &(dyn Any + Send)) -> usize {
    if let Some(fields) = resource.downcast_ref::<FieldMap>() {
        return fields_bytes(fields);
    }
    if let Some(response) = resource.downcast_ref::<HostIncomingResponse>() {
        return fields_bytes(&response.headers);
    }
    let Some(request) = resource.downcast_ref::<HostOutgoingRequest>() else { return 0 };
    let method = if let Method::Other(text) = &request.method { text.capacity() } else { 0 };
    let scheme = if let Some(Scheme::Other(text)) = &request.scheme { text.capacity() } else { 0 };
    let texts = [&request.authority, &request.path_with_query].into_iter().flatten().map(String::capacity);
    texts.sum::<usize>() + method + scheme + fields_bytes(&request.headers)
}

fn fields_bytes(fields: &FieldMap) -> usize {
    fields.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES).sum()
}
