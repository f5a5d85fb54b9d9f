//! The contract (`wit/next`) as Rust types and traits.

wasmtime::component::bindgen!({
    path: "../../wit/next",
    world: "aftercall:tool/plugin",
    imports: { "aftercall:tool/state": async | trappable, default: trappable },
    exports: { default: async },
    require_store_data_send: true,
    with: {
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:http": wasmtime_wasi_http::p2::bindings::http,
    },
});
