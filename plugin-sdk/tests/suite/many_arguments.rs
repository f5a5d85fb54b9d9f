//! A tool has the arguments that its vendor asks for, and no lint of its author's counts them.

use aftercall::testing::Fake;
use aftercall::{Finding, Outcome};
use serde_json::json;

#[aftercall::plugin]
mod tools {
    use aftercall::{Failure, Finding, Outcome};

    /// Writes an address down.
    #[tool(effect = once, reconcile = find)]
    fn write(
        a: String,
        b: String,
        c: String,
        d: String,
        e: String,
        f: String,
        g: String,
        h: String,
    ) -> Result<Outcome, Failure> {
        Ok(Outcome::new([a, b, c, d, e, f, g, h].concat()))
    }

    fn find(
        a: String,
        b: String,
        c: String,
        d: String,
        e: String,
        f: String,
        g: String,
        h: String,
    ) -> Result<Finding, Failure> {
        Finding::happened([h, g, f, e, d, c, b, a].concat())
    }
}

#[test]
fn each_gets_its_own() {
    let arguments = json!({ "h": "8", "a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "6", "g": "7" });
    let outcome = Fake::new().call::<tools::Plugin>("write", arguments.clone());
    assert_eq!(outcome, Ok(Outcome::new("12345678")));
    let finding = Fake::new().reconcile::<tools::Plugin>("write", arguments);
    assert_eq!(finding, Ok(Finding::Happened(Outcome::new("87654321"))));
}
