//! Text in a query of SOQL, in which it is text and no syntax
//! (developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm).

/// The text as a literal, with its quotes.
pub fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_syntax() {
        fn check(text: &str, literal: &str) {
            assert_eq!(quoted(text), literal);
        }
        check("ann@example.com", "'ann@example.com'");
        check("o'neil@example.com", r"'o\'neil@example.com'");
        check(r"a\' OR Name != '", r"'a\\\' OR Name != \''");
        check("a\nb\r\tc", r"'a\nb\r\tc'");
        check("Zoë %_", "'Zoë %_'");
    }
}
