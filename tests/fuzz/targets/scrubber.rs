//! A secret, a pattern of chunks and a body, each up to a zero byte: no form of the secret is left, wherever the body was cut.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (secret, chunks, body) = (next(), next(), next());
    if let Ok(secret) = std::str::from_utf8(secret)
        && (4..=64).contains(&secret.len())
    {
        aftercall_plugin::fuzzing::scrubber(secret, chunks, body);
    }
});
