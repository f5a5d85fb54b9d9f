//! Telephone numbers as people type them into profiles, where they may lack their country.
//!
//! A number without its country is the number of many: `(431) 234-5678` is a line in Canada, and its digits are those of
//! `+43 1 2345678` in Austria. So it is the caller's only where the settings say which country such numbers are of.

use aftercall::PhoneNumber;

/// How many of a number's last digits a search asks for: a line's own, which every form of the number ends with.
const DIGITS_SEARCHED: usize = 7;
/// The longest country code (ITU-T E.164).
const COUNTRY_CODE_DIGITS_MAX: usize = 3;

/// What a number in a profile is to the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// It is the same.
    Same,
    /// It is the same if it is of the caller's country, which nobody says.
    Maybe,
    Other,
}

/// The term of a search for this number. The asterisk finds it however it was typed, with its country or without. Zendesk's page
/// searches so for a number without its country, of which these digits are the end:
/// <https://developer.zendesk.com/documentation/voice/talk-partner-edition/retrieving-the-zendesk-user-id-of-a-caller/>.
pub(super) fn term(phone: &PhoneNumber) -> String {
    let whole = digits(phone.as_str());
    let last = whole.len().saturating_sub(DIGITS_SEARCHED);
    format!("phone:*{}", &whole[last..])
}

/// What a number in a profile is to the caller's, where those without a country code are of the country with this one.
pub(super) fn likeness(stored: &str, phone: &PhoneNumber, country_code: Option<&str>) -> Likeness {
    // A zero that is dialled only within the country, as in `+44 (0)20 7946 0958`.
    let stored = stored.trim().replace("(0)", "");
    let (stored_digits, whole) = (digits(&stored), digits(phone.as_str()));
    let international =
        if stored.starts_with('+') { Some(stored_digits.as_str()) } else { stored_digits.strip_prefix("00") };
    if let Some(international) = international {
        return if international == whole { Likeness::Same } else { Likeness::Other };
    }
    let is_without = |code: usize| {
        let national = &whole[code..];
        stored_digits == national || stored_digits.strip_prefix('0') == Some(national)
    };
    match country_code {
        Some(code) if whole.starts_with(code) && (stored_digits == whole || is_without(code.len())) => Likeness::Same,
        Some(_) => Likeness::Other,
        None if (0..=COUNTRY_CODE_DIGITS_MAX.min(whole.len())).any(is_without) => Likeness::Maybe,
        None => Likeness::Other,
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(number: &str) -> PhoneNumber {
        number.parse().expect("a number")
    }

    #[test]
    fn a_search_asks_for_the_last_digits() {
        assert_eq!(term(&phone("+14155550123")), "phone:*5550123");
        assert_eq!(term(&phone("+12345")), "phone:*12345");
    }

    #[test]
    fn a_number_is_known_in_the_forms_that_people_type() {
        use Likeness::{Maybe, Other, Same};
        fn check(number: &str, country_code: Option<&str>, expected: Likeness, stored: &[&str]) {
            for stored in stored {
                assert_eq!(likeness(stored, &phone(number), country_code), expected, "{stored} {number}");
            }
        }
        let ann = "+14155550123";
        let whole = ["+14155550123", "+1 (415) 555-0123", " +1.415.555.0123", "001 415 5550123"];
        let national = ["(415) 555-0123", "415.555.0123", "1-415-555-0123", "14155550123"];
        let others =
            ["(415) 555-0124", "555-0123", "+49 415 5550123", "(415) 555-0123 x4", "5 415 555 0123", "", "n/a"];
        for country_code in [None, Some("1"), Some("49")] {
            check(ann, country_code, Same, &whole);
            check(ann, country_code, Other, &others);
        }
        check(ann, Some("1"), Same, &national);
        check(ann, None, Maybe, &national);
        check(ann, Some("49"), Other, &national);
        let london = ["020 7946 0958", "(020) 7946 0958", "20 7946 0958", "+44 (0)20 7946 0958", "0044 20 79460958"];
        check("+442079460958", Some("44"), Same, &london);
        check("+442079460958", None, Maybe, &london[..3]);
        // In Italy the zero is a part of the number.
        check("+390612345678", Some("39"), Same, &["06 1234 5678", "+39 06 1234 5678"]);
        check("+390612345678", Some("39"), Other, &["6 1234 5678"]);
        // The digits of another country's line.
        check("+4312345678", Some("1"), Other, &["(431) 234-5678"]);
        check("+14312345678", Some("1"), Same, &["(431) 234-5678"]);
        check("+4312345678", None, Maybe, &["(431) 234-5678"]);
        check("+12345", None, Other, &[""]);
    }
}
