//! Telephone numbers of records, beside the one that was on the line. A number without its country is somebody else's in the
//! next town: it is read as a whole one only as the tenant says that whole ones are written.

use aftercall::PhoneNumber;
use serde::Deserialize;

/// How whole national numbers stand in records that leave the country out.
#[derive(Deserialize)]
pub(crate) struct NationalNumbers {
    /// Without `+`.
    country_code: String,
    /// What they begin with before the area, such as `0`; empty where nothing stands there.
    prefixes: Vec<String>,
}

/// Whether a number of a record is the one that is meant. None: it lacks its country, and may be that or another.
pub(crate) fn is_same(stored: &str, meant: &PhoneNumber, national: Option<&NationalNumbers>) -> Option<bool> {
    let stored = stored.trim().trim_start_matches("tel:");
    let (has_plus, stored, meant) = (stored.starts_with('+'), digits(stored), digits(meant.as_str()));
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
        assert_eq!(is_same(stored, &meant, national), expected, "{stored:?} of {meant:?}");
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
