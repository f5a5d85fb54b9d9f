//! Telephone numbers of records, beside the one that was on the line. A number without its country is somebody else's in the
//! next town: it is read as a whole one only as the tenant says that whole ones are written.

use serde::Deserialize;

use crate::PhoneNumber;

/// The country codes of two digits; 1 and 7 have one, the others three (ITU-T, List of E.164 assigned country codes).
const OF_TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95", "98",
];

/// How whole national numbers stand in records that leave the country out: a tenant's setting.
#[derive(Clone, Debug, Deserialize)]
pub struct NationalNumbers {
    /// Without `+`.
    country_code: String,
    /// What they begin with before the area, such as `0`; empty where nothing stands there.
    prefixes: Vec<String>,
}

impl PhoneNumber {
    /// The digits after the country code: area code and local number.
    pub fn national(&self) -> &str {
        let digits = self.as_str().trim_start_matches('+');
        let code = match digits.get(..2) {
            _ if digits.starts_with(['1', '7']) => 1,
            Some(two) if OF_TWO_DIGITS.contains(&two) => 2,
            _ => 3,
        };
        digits.get(code..).unwrap_or_default()
    }

    /// Whether one of a record's numbers is this one, as [`is_written`](PhoneNumber::is_written) has each: one that is makes up
    /// for those of which it isn't known.
    pub fn is_among<'a>(
        &self,
        stored: impl IntoIterator<Item = &'a str>,
        national: Option<&NationalNumbers>,
    ) -> Option<bool> {
        let mut all = Some(false);
        for stored in stored {
            match self.is_written(stored, national) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => all = None,
            }
        }
        all
    }

    /// Whether a record's number, in whatever form it was typed, is this one. None: it lacks its country, and may be this or
    /// another. Without `national`, each number that lacks its country may.
    pub fn is_written(&self, stored: &str, national: Option<&NationalNumbers>) -> Option<bool> {
        let stored = stored.trim().trim_start_matches("tel:");
        let (has_plus, stored, meant) = (stored.starts_with('+'), digits(stored), digits(self.as_str()));
        if has_plus {
            return Some(stored == meant);
        }
        // As most countries dial abroad; no national number begins so.
        if let Some(international) = stored.strip_prefix("00") {
            return Some(international == meant);
        }
        if let Some(whole) = national.and_then(|national| national.international(&stored)) {
            return Some(whole == meant);
        }
        if meant.ends_with(stored.trim_start_matches('0')) { None } else { Some(false) }
    }
}

impl NationalNumbers {
    /// The number with its country, if it is written as a whole one: after the longest prefix that it has.
    fn international(&self, stored: &str) -> Option<String> {
        let without = self.prefixes.iter().filter_map(|prefix| stored.strip_prefix(prefix.as_str()));
        without.min_by_key(|rest| rest.len()).map(|rest| format!("{}{rest}", self.country_code))
    }
}

/// The digits of a number, without an extension and what is dialled only within the country.
fn digits(number: &str) -> String {
    let number = number.split([';', ',', '#', 'x', 'X']).next().unwrap_or_default();
    number.replace("(0)", "").chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn national(country_code: &str, prefixes: &[&str]) -> NationalNumbers {
        let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        NationalNumbers { country_code: country_code.to_owned(), prefixes }
    }

    fn check(stored: &str, meant: &str, national: Option<&NationalNumbers>, expected: Option<bool>) {
        let meant: PhoneNumber = meant.parse().expect("E.164");
        assert_eq!(meant.is_written(stored, national), expected, "{stored:?} of {meant:?}");
    }

    #[test]
    fn one_number_of_several_is_enough() {
        let meant: PhoneNumber = "+16175550123".parse().expect("E.164");
        for (stored, expected) in [
            (&[][..], Some(false)),
            (&["+16175550124"], Some(false)),
            (&["617 555 0123", "+16175550124"], None),
            (&["617 555 0123", "+16175550123"], Some(true)),
        ] {
            assert_eq!(meant.is_among(stored.iter().copied(), None), expected, "{stored:?}");
        }
    }

    #[test]
    fn a_country_s_code_has_one_to_three_digits() {
        for (number, national) in [
            ("+14155550123", "4155550123"),
            ("+74951234567", "4951234567"),
            ("+447917528642", "7917528642"),
            ("+4930123456", "30123456"),
            ("+982112345678", "2112345678"),
            ("+38640414559", "40414559"),
            ("+35312345678", "12345678"),
            ("+12", "2"),
            ("+44", ""),
        ] {
            assert_eq!(number.parse::<PhoneNumber>().expect("E.164").national(), national, "{number}");
        }
    }

    #[test]
    fn a_number_with_its_country_is_the_same_however_it_is_written() {
        for stored in ["+16175550123", "+1 (617) 555-0123", "tel:+1-617-555-0123;ext=7", "+1.617.555.0123 ext. 7"] {
            check(stored, "+16175550123", None, Some(true));
        }
        for stored in ["+49 (0)30 1234567", "0049 30 1234567", "+49301234567"] {
            check(stored, "+49301234567", None, Some(true));
        }
        check("+6175550123", "+16175550123", None, Some(false));
        check("+44 30 1234567", "+49301234567", None, Some(false));
        check("0044 30 1234567", "+49301234567", None, Some(false));
        check("+1 617 555 0123 / +1 617 555 0124", "+16175550123", None, Some(false));
    }

    #[test]
    fn a_number_without_its_country_may_be_anybodys() {
        for stored in ["555-0123", "(617) 555-0123", "1-617-555-0123", "home: 555 0123", "0123", ""] {
            check(stored, "+16175550123", None, None);
        }
        check("555-0123", "+12125550123", None, None);
        check("555-0123", "+442075550123", None, None);
        check("030 / 123 45 67", "+49301234567", None, None);
        check("617-555-0124", "+16175550123", None, Some(false));
    }

    #[test]
    fn a_whole_national_number_is_read_as_the_tenant_says() {
        let america = national("1", &["", "1"]);
        for (stored, expected) in [
            ("(617) 555-0123", true),
            ("1-617-555-0123", true),
            ("617.555.0123 ext. 7", true),
            ("617-555-0124", false),
            ("555-0123", false),
            ("1-555-0123", false),
        ] {
            check(stored, "+16175550123", Some(&america), Some(expected));
        }
        check("(617) 555-0123", "+446175550123", Some(&america), Some(false));
        let germany = national("49", &["0"]);
        check("030 / 123 45 67", "+49301234567", Some(&germany), Some(true));
        check("030 / 123 45 68", "+49301234567", Some(&germany), Some(false));
        check("030 / 123 45 67", "+43301234567", Some(&germany), Some(false));
        // Of a town that the record doesn't name.
        check("123 45 67", "+49301234567", Some(&germany), None);
        check("30 123 45 67", "+49301234567", Some(&germany), None);
        check("06 1234 5678", "+390612345678", Some(&national("39", &[""])), Some(true));
        check("8 (495) 123-45-67", "+74951234567", Some(&national("7", &["8"])), Some(true));
    }
}
