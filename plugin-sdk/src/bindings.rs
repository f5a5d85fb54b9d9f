//! The contract, as bindings of the world `plugin`. WASI's own interfaces are those of `wasip2`, so that
//! a plugin and the crates beneath it share one set of types.

wit_bindgen::generate!({
    path: "../wit/next",
    world: "plugin",
    with: {
        "wasi:clocks/monotonic-clock@0.2.12": ::wasip2::clocks::monotonic_clock,
        "wasi:http/outgoing-handler@0.2.12": ::wasip2::http::outgoing_handler,
        "wasi:http/types@0.2.12": ::wasip2::http::types,
        "wasi:io/error@0.2.12": ::wasip2::io::error,
        "wasi:io/poll@0.2.12": ::wasip2::io::poll,
        "wasi:io/streams@0.2.12": ::wasip2::io::streams,
    },
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "::aftercall::bindings",
});
