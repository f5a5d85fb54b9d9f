//! `METHOD URL`: refused, or it has one reading, and that is where it leads.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some((method, url)) = text.split_once(' ') {
        aftercall_plugin::fuzzing::url(method, url);
    }
});
