//! Which columns of text are numbers.
//!
//! A column is taken as a whole: numbers beside text that looks like one but would lose something as a number, such as the
//! zeros of `00501`, are neither summed nor compared as meant. `npm/nodes/src/types/spreadsheet/cell-types.ts` has the same
//! rule for what is read; a test compares the two.

/// Digits that a number in a sheet keeps.
pub(super) const MOST_DIGITS: usize = 15;

/// What the cells of a column spell.
#[derive(Clone, Default)]
pub(super) struct Column {
    is_seen: bool,
    /// Some number would not come back as it was written.
    has_losses: bool,
    has_zeros_at_end: bool,
    /// Digits behind the decimal point, of those that have one.
    places: Option<usize>,
    has_uneven_places: bool,
}

impl Column {
    /// Notes what a cell spells.
    pub(super) fn add(&mut self, text: &[u8]) {
        self.is_seen = true;
        match spelled(text) {
            Spelled::Other => {}
            Spelled::LossyNumber => self.has_losses = true,
            Spelled::Number { places: 0 } => {}
            Spelled::Number { places } => {
                self.has_zeros_at_end |= text.ends_with(b"0");
                self.has_uneven_places |= *self.places.get_or_insert(places) != places;
            }
        }
    }

    /// The number of a cell, with the places that it shows where it ends with zeros: 100.5 and 2 of `100.50`, 7.25 and 0 of `7.25`.
    pub(super) fn number(&self, text: &str) -> Option<(f64, usize)> {
        // Amounts have as many places in each cell. What ends with a zero beside others is probably a version, or a section.
        if !self.is_seen || self.has_losses || (self.has_zeros_at_end && self.has_uneven_places) {
            return None;
        }
        let Spelled::Number { places } = spelled(text.as_bytes()) else { return None };
        Some((text.parse().ok()?, if places > 0 && text.ends_with('0') { places } else { 0 }))
    }
}

enum Spelled {
    Number {
        places: usize,
    },
    /// With zeros before it, a sign, an exponent, a decimal comma or thousands set apart, or more digits than a number keeps.
    LossyNumber,
    Other,
}

fn spelled(text: &[u8]) -> Spelled {
    let unsigned = match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    };
    let (mantissa, exponent) = split(unsigned, |byte| byte.eq_ignore_ascii_case(&b'e'));
    let (whole, fraction) = split(mantissa, |byte| *byte == b'.');
    let decimals = fraction.unwrap_or_default();
    let is_number = whole.len() + decimals.len() > 0 && are_digits(whole) && are_digits(decimals);
    if !is_number || !exponent.is_none_or(is_exponent) {
        return if is_separated(unsigned) { Spelled::LossyNumber } else { Spelled::Other };
    }
    let is_plain =
        exponent.is_none() && !whole.is_empty() && fraction.is_none_or(|digits| !digits.is_empty());
    let is_lossy = !is_plain
        || text[0] == b'+'
        || (whole.len() > 1 && whole[0] == b'0')
        || whole.len() + decimals.len() > MOST_DIGITS
        || (text[0] == b'-' && [whole, decimals].concat().iter().all(|digit| *digit == b'0'));
    if is_lossy { Spelled::LossyNumber } else { Spelled::Number { places: decimals.len() } }
}

/// Whether digits stand apart, as in `1.234,56`: those beside them are in the same notation.
fn is_separated(text: &[u8]) -> bool {
    matches!(text, [first, .., last] if first.is_ascii_digit() && last.is_ascii_digit())
        && text.iter().all(|byte| byte.is_ascii_digit() || b".,' ".contains(byte))
}

fn split(text: &[u8], is_mark: impl Fn(&u8) -> bool) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(is_mark) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn are_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

fn is_exponent(text: &[u8]) -> bool {
    let digits = match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    };
    !digits.is_empty() && are_digits(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(cells: &[&str]) -> Vec<Option<(f64, usize)>> {
        let mut column = Column::default();
        for cell in cells {
            column.add(cell.as_bytes());
        }
        cells.iter().map(|cell| column.number(cell)).collect()
    }

    #[test]
    fn numbers_beside_other_text_are_numbers() {
        assert_eq!(
            numbers(&["0", "-2.5", "n/a", "", "123456789012345", "0x10", "inf", "1-2", " 1", "-"]),
            [
                Some((0.0, 0)),
                Some((-2.5, 0)),
                None,
                None,
                Some((123456789012345.0, 0)),
                None,
                None,
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn a_column_is_text_where_one_number_would_lose_something() {
        for lossy in [
            "007",
            "+1",
            "1e5",
            "-1.5E-7",
            "-0",
            "-0.00",
            ".5",
            "5.",
            "1234567890123456",
            "00.5",
            "1,5",
            "1.234,56",
            "1'000",
            "1.2.3",
        ] {
            assert_eq!(numbers(&["5", lossy, "2.5"]), [None, None, None], "{lossy}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_places_of_amounts_but_not_of_versions() {
        assert_eq!(
            numbers(&["100.50", "20", "7.25", "3.00"]),
            [Some((100.5, 2)), Some((20.0, 0)), Some((7.25, 0)), Some((3.0, 2))]
        );
        assert_eq!(numbers(&["1.9", "1.10", "2"]), [None, None, None]);
        assert_eq!(numbers(&["1.9", "1.11"]), [Some((1.9, 0)), Some((1.11, 0))]);
    }
}
