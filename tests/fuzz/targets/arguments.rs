//! A schema and arguments, up to a zero byte: complaints in bounds, and what was read is read again as the same.
#![no_main]

use aftercall_core::{
    effect::Arguments,
    limits::SCHEMA_COMPLAINTS_MAX,
    schema::{Schema, read_arguments},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let (schema, arguments) = text.split_once('\0').unwrap_or(("{\"type\":\"object\"}", text));
    let Ok(arguments) = read_arguments(arguments) else { return };
    let written = Value::Object(arguments.clone()).to_string();
    let again = read_arguments(&written).expect("what was read can be written and read");
    assert_eq!(Arguments::of(&again).digest(), Arguments::of(&arguments).digest(), "{written}");
    let Ok(schema) = serde_json::from_str::<Value>(schema) else { return };
    match Schema::compile(&schema) {
        Ok(schema) => {
            let complaints = schema.complaints(&Value::Object(arguments));
            assert!(complaints.len() <= SCHEMA_COMPLAINTS_MAX + 1, "{complaints:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
