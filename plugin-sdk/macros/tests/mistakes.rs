//! What the macro says of mistakes. The cases bring stand-ins of the SDK's types, so that they compile in no time.

#[test]
fn mistakes_are_reported_at_their_places() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
