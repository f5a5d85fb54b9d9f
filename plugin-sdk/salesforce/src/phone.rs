//! Telephone numbers, which an org has in many forms: Salesforce keeps a number as it was typed.

use aftercall::PhoneNumber;

/// How many of a number's last digits a query looks for; the whole is compared by [`PhoneNumber::is_written`].
const DIGITS_QUERIED: usize = 7;

/// A condition that this field has this number's last digits in their order, the very last at its end. Anything may
/// stand between them, other digits too: it finds more than it should, and what it finds is compared by
/// [`PhoneNumber::is_written`].
pub fn ends_with(field: &str, phone: &PhoneNumber) -> String {
    let digits = phone.as_str().trim_start_matches('+');
    let last: String =
        digits.chars().skip(digits.len().saturating_sub(DIGITS_QUERIED)).flat_map(|it| ['%', it]).collect();
    format!("{field} LIKE '{last}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_looks_for_the_last_digits() {
        fn check(phone: &str, condition: &str) {
            assert_eq!(ends_with("Phone", &phone.parse().expect("a number")), condition);
        }
        check("+14155550123", "Phone LIKE '%5%5%5%0%1%2%3'");
        check("+12345", "Phone LIKE '%1%2%3%4%5'");
    }
}
