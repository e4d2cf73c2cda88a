//! Decimals of more digits than a number keeps, as `npm/nodes/src/data/decimal.ts` compares them.

use std::cmp::Ordering;

use super::value::number;

/// Digits of a decimal that a number always keeps.
const MOST_DIGITS: usize = 15;
/// The first whole number after which some have none of their own.
pub(super) const FIRST_UNSAFE: f64 = 9_007_199_254_740_992.0;

/// Whether a number is whole, and one of several that would be read as the same.
pub(crate) fn is_beyond_whole(number: f64) -> bool {
    number.abs() >= FIRST_UNSAFE && number.fract() == 0.0
}

/// Whether a number has probably lost digits where it was read: of those that were computed few have so many.
pub(crate) fn has_lost_digits(number: f64) -> bool {
    is_beyond_whole(number)
        && format!("{number:e}")
            .split('e')
            .next()
            .is_some_and(|mantissa| mantissa.bytes().filter(u8::is_ascii_digit).count() > MOST_DIGITS)
}

/// Whether a cell spells a whole number, without point and exponent, of which a number loses digits.
/// One that is written just as the number is written loses none.
pub(crate) fn loses_digits(cell: &[u8]) -> bool {
    let text = cell.trim_ascii();
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if digits.len() <= MOST_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    number(text).is_none_or(|number| {
        let is = |text: String| text.as_bytes() == without_leading_zeros(digits);
        is_beyond_whole(number) && !is(exact_text(number.abs())) && !is(number.abs().to_string())
    })
}

/// A number with all its digits where it is whole and large, else in its shortest form.
pub(crate) fn exact_text(number: f64) -> String {
    if is_beyond_whole(number) { format!("{number:.0}") } else { number.to_string() }
}

/// The order of two cells that spell the same number, by all digits that they have: with that of numbers a total order.
pub(crate) fn digits_order(left: &[u8], right: &[u8]) -> Ordering {
    if left == right || (is_kept(left) && is_kept(right)) {
        return Ordering::Equal;
    }
    let (left, right) = (Decimal::of(left), Decimal::of(right));
    let size = || left.exponent.cmp(&right.exponent).then_with(|| left.digits.cmp(&right.digits));
    left.sign.cmp(&right.sign).then_with(|| match left.sign {
        -1 => size().reverse(),
        0 => Ordering::Equal,
        _ => size(),
    })
}

/// Whether a number surely keeps all digits of a cell. Few digits with an exponent may be less than the least number.
fn is_kept(cell: &[u8]) -> bool {
    cell.len() <= MOST_DIGITS && !cell.iter().any(|byte| matches!(byte, b'e' | b'E'))
}

/// The same where one of them is a whole number of which a number loses digits; equal for fractions, which are read as the
/// nearest.
pub(crate) fn wholes_order(left: &[u8], right: &[u8]) -> Ordering {
    if loses_digits(left) || loses_digits(right) { digits_order(left, right) } else { Ordering::Equal }
}

/// 0.`digits` · 10^`exponent`.
struct Decimal {
    sign: i8,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn of(cell: &[u8]) -> Self {
        let text = cell.trim_ascii();
        let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        let mut parts = unsigned.splitn(2, |byte| matches!(byte, b'e' | b'E'));
        let mantissa = parts.next().unwrap_or_default();
        // One of too many digits is far below zero: a number above all would be none.
        let power = parts.next().map_or(0, |text| {
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(i64::MIN)
        });
        let whole = mantissa.iter().take_while(|&&byte| byte != b'.').count();
        let all: Vec<u8> = mantissa.iter().copied().filter(|&byte| byte != b'.').collect();
        let Some(leading) = all.iter().position(|&byte| byte != b'0') else {
            return Self { sign: 0, digits: Vec::new(), exponent: 0 };
        };
        let end = all.iter().rposition(|&byte| byte != b'0').map_or(leading, |last| last + 1);
        Self {
            sign: if text.starts_with(b"-") { -1 } else { 1 },
            digits: all[leading..end].to_vec(),
            exponent: (whole as i64 - leading as i64).saturating_add(power),
        }
    }
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_beyond_2_to_the_53_lose_digits_unless_they_are_a_number() {
        for text in
            ["9007199254740993", "-9007199254740993", "00012345678901234567891", " 10000000000000001 "]
        {
            assert!(loses_digits(text.as_bytes()), "{text}");
        }
        for text in [
            "9007199254740991",
            "9007199254740992",
            "10000000000000000",
            "1152921504606846976",
            "1152921504606847000",
            "1e30",
        ] {
            assert!(!loses_digits(text.as_bytes()), "{text}");
        }
        assert!(has_lost_digits(9007199254740992.0) && has_lost_digits(1.2345678901234567e19));
        assert!(!has_lost_digits(1e16) && !has_lost_digits(6.02e23) && !has_lost_digits(9007199254740991.0));
    }

    #[test]
    fn cells_of_one_number_are_ordered_by_their_digits() {
        let order = |left: &str, right: &str| digits_order(left.as_bytes(), right.as_bytes());
        assert_eq!(order("9007199254740992", "9007199254740993"), Ordering::Less);
        assert_eq!(order("-9007199254740992", "-9007199254740993"), Ordering::Greater);
        assert_eq!(order("9007199254740993.0", "+09007199254740993"), Ordering::Equal);
        assert_eq!(order("9007199254740993e0", "9.007199254740993E15"), Ordering::Equal);
        assert_eq!(order("0.00000000000000000010", "1e-19"), Ordering::Equal);
        assert_eq!(order("1.0000000000000000001", "1.0000000000000000002"), Ordering::Less);
        assert_eq!(order("0000000000000000000", "-0.0000000000000000"), Ordering::Equal);
        assert_eq!(order("1e-99999999999999999999", "1e-400"), Ordering::Less);
    }

    #[test]
    fn cells_of_one_number_are_in_a_total_order() {
        let ascending = ["-1e-400", "0", "1e-400", "1.50000000000000e-400", "2e-400", "1E-399"];
        for (at, left) in ascending.iter().enumerate() {
            for (other, right) in ascending.iter().enumerate() {
                assert_eq!(number(left.as_bytes()), number(right.as_bytes()));
                let order = digits_order(left.as_bytes(), right.as_bytes());
                assert_eq!(order, at.cmp(&other), "{left} {right}");
            }
        }
        assert_eq!(digits_order(b"4.9e-324", b"5e-324"), Ordering::Less);
        assert_eq!(digits_order(b"1e23", b"100000000000000000000000"), Ordering::Equal);
    }
}
