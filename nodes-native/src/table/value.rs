//! What a cell means: as a number, and in order.
//!
//! Cells are text. Text counts as a number when all of it, but for spaces around, is a finite decimal
//! (`-1.5e3`); `0x10`, `1,000` and `Infinity` are text. Text is ordered by UTF-16 code units, as JavaScript compares
//! strings, so that a table and the array made from it sort alike.

use std::cmp::Ordering;

/// The number that a cell spells, if it spells one.
pub(crate) fn number(cell: &[u8]) -> Option<f64> {
    if let Some(number) = digits(cell) {
        return Some(number as f64);
    }
    let text = cell.trim_ascii();
    let (&first, _) = text.split_first()?;
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.') || !text.iter().all(is_decimal_byte) {
        return None;
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// The number that a cell of nothing but a few digits spells, which are exact in a floating-point number.
#[inline]
fn digits(cell: &[u8]) -> Option<u64> {
    if !(1..=15).contains(&cell.len()) {
        return None;
    }
    cell.iter().try_fold(0, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

fn is_decimal_byte(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

/// JavaScript's order of two strings, given as UTF-8.
pub(crate) fn text_order(left: &[u8], right: &[u8]) -> Ordering {
    match left.iter().zip(right).find(|(a, b)| a != b) {
        None => left.len().cmp(&right.len()),
        // Characters beyond U+FFFF are surrogates in UTF-16 and so come before U+E000..U+FFFF, whose first bytes are EE and EF.
        Some((a, b)) => rank(*a).cmp(&rank(*b)),
    }
}

fn rank(byte: u8) -> (bool, u8) {
    (matches!(byte, 0xee | 0xef), byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_numbers_and_nothing_else_is() {
        for (text, value) in [
            ("1", 1.0),
            (" -1.5e3 ", -1500.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+7", 7.0),
            ("007", 7.0),
            ("123456789012345", 123456789012345.0),
        ] {
            assert_eq!(number(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", " ", "-", ".", "e5", "1e", "0x10", "1,000", "Infinity", "nan", "1e999", "1 2", "--1"]
        {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn text_is_ordered_as_javascript_orders_it() {
        let mut words =
            ["b", "\u{1F600}", "a", "\u{FF21}", "é", "", "aa", "\u{D7FF}", "\u{E000}", "\u{1F601}"];
        words.sort_by(|a, b| text_order(a.as_bytes(), b.as_bytes()));
        let mut expected = words;
        expected.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
        assert_eq!(words, expected);
    }
}
