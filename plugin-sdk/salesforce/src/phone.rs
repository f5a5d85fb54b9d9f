//! Telephone numbers, which an org has in many forms: Salesforce keeps a number as it was typed.

use aftercall::PhoneNumber;

/// How many of a number's last digits a query looks for; the whole is compared here.
const DIGITS_QUERIED: usize = 7;
/// The longest country code (ITU-T E.164).
const COUNTRY_CODE_DIGITS_MAX: usize = 3;

/// A condition that this field has this number's last digits in their order, the very last at its end. Anything may
/// stand between them, other digits too: it finds more than it should.
pub fn ends_with(field: &str, phone: &PhoneNumber) -> String {
    let digits = digits(phone.as_str());
    let last: String =
        digits.chars().skip(digits.len().saturating_sub(DIGITS_QUERIED)).flat_map(|it| ['%', it]).collect();
    format!("{field} LIKE '{last}'")
}

/// Whether a number as an org has it is this one: whole, or without its country code.
pub fn is_number(stored: &str, phone: &PhoneNumber) -> bool {
    let (stored_digits, whole) = (digits(stored), digits(phone.as_str()));
    if stored.trim_start().starts_with('+') {
        return stored_digits == whole;
    }
    // `00` before a country code, `0` before an area code.
    let national = stored_digits.trim_start_matches('0');
    whole.ends_with(national) && whole.len() - national.len() <= COUNTRY_CODE_DIGITS_MAX
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_in_any_form() {
        fn check(stored: &str, phone: &str, same: bool) {
            let phone: PhoneNumber = phone.parse().expect("a number");
            assert_eq!(is_number(stored, &phone), same, "{stored} {phone}");
        }
        let ann = "+14155550123";
        for same in
            ["+14155550123", "+1 (415) 555-0123", "(415) 555-0123", "415.555.0123", "1-415-555-0123", "001 415 5550123"]
        {
            check(same, ann, true);
        }
        for other in
            ["555-0123", "(415) 555-0124", "+49 415 555 0123", "(415) 555-0123 x4", "", "n/a", "3 415 555 0123"]
        {
            check(other, ann, false);
        }
        check("030 123456", "+4930123456", true);
        check("0049 30 12 34 56", "+4930123456", true);
        check("+49 30 123456", "+4930123456", true);
    }

    #[test]
    fn a_query_looks_for_the_last_digits() {
        fn check(phone: &str, condition: &str) {
            assert_eq!(ends_with("Phone", &phone.parse().expect("a number")), condition);
        }
        check("+14155550123", "Phone LIKE '%5%5%5%0%1%2%3'");
        check("+12345", "Phone LIKE '%1%2%3%4%5'");
    }
}
