//! Amounts as CRMs keep them, compared without floats.

/// Digits after the point that are compared: those of the currency with most of them.
const FRACTION_DIGITS: usize = 3;
/// Digits before the point of the largest amount that is compared.
const WHOLE_DIGITS_MAX: usize = 15;
/// More than any that is compared.
pub(crate) const MOST: i64 = i64::MAX;

/// A decimal number in thousandths. `None` of what is none, or says more than that.
pub(crate) fn thousandths(text: &str) -> Option<i64> {
    let (sign, digits) = match text.trim().strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.trim()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let are_digits = [whole, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if !are_digits || !(1..=WHOLE_DIGITS_MAX).contains(&whole.len()) || fraction.len() > FRACTION_DIGITS {
        return None;
    }
    let digits: i64 = format!("{whole}{fraction:0<FRACTION_DIGITS$}").parse().ok()?;
    Some(sign * digits)
}

/// Whether a field says what it was set to: the same text, or another form of the same number.
pub(crate) fn is_same(told: &str, set: &str) -> bool {
    told.split_whitespace().eq(set.split_whitespace())
        || thousandths(told).is_some_and(|told| thousandths(set) == Some(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_whole() {
        fn check(text: &str, expected: Option<i64>) {
            assert_eq!(thousandths(text), expected, "{text}");
        }
        check("420.50", Some(420_500));
        check("420.5", Some(420_500));
        check("420", Some(420_000));
        check("0.001", Some(1));
        check("-3.2", Some(-3_200));
        check("1.0000", Some(1_000));
        check("999999999999999.999", Some(999_999_999_999_999_999));
        for other in ["", ".5", "-", "1.2345", "1e3", "1,000", "1 000", "\u{661}", "9999999999999999"] {
            check(other, None);
        }
    }

    #[test]
    fn a_field_may_have_another_form() {
        for (told, set, same) in [
            ("150.0", "150.00", true),
            (" a  b\r\n", "a b", true),
            ("150.1", "150", false),
            ("2026-12-01", "2026-12-02", false),
            ("", "0", false),
        ] {
            assert_eq!(is_same(told, set), same, "{told} {set}");
        }
    }
}
