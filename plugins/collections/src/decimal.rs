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
}
