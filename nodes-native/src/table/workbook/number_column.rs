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
                // `1.0` is how programs write a whole number among decimals.
                self.has_zeros_at_end |= places > 1 && text.ends_with(b"0");
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
        Some((number_in(text.as_bytes())?, if places > 1 && text.ends_with('0') { places } else { 0 }))
    }
}

enum Spelled {
    Number {
        /// Digits behind the decimal point; of a number with an exponent none.
        places: usize,
    },
    /// With zeros before it, a sign, a decimal comma or thousands set apart, more digits than a number keeps, or an exponent as
    /// identifiers have it, such as `1e5`.
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
    let is_plain = text[0] != b'+'
        && !whole.is_empty()
        && fraction.is_none_or(|digits| !digits.is_empty())
        && !(whole.len() > 1 && whole[0] == b'0');
    match exponent {
        _ if !is_plain => Spelled::LossyNumber,
        None if fraction.is_none() && whole.len() <= MOST_DIGITS && text != b"-0" => {
            Spelled::Number { places: 0 }
        }
        None if fraction.is_some() && is_kept(text, &[whole, decimals].concat()) => {
            Spelled::Number { places: decimals.len() }
        }
        Some(exponent)
            if (fraction.is_some() || exponent[0] == b'-')
                && is_in_range(text, &[whole, decimals].concat()) =>
        {
            Spelled::Number { places: 0 }
        }
        _ => Spelled::LossyNumber,
    }
}

/// Whether a decimal number comes back as it was written, but for zeros at its end.
fn is_kept(text: &[u8], digits: &[u8]) -> bool {
    significant_in(digits) <= MOST_DIGITS
        || number_in(text).is_some_and(|number| number.abs() >= 1e-6 && number.to_string().as_bytes() == text)
}

/// Whether a number with an exponent is one that there is, with all of its digits.
fn is_in_range(text: &[u8], digits: &[u8]) -> bool {
    let significant = significant_in(digits);
    number_in(text).is_some_and(|number| {
        number.is_finite() && (number != 0.0) == (significant > 0) && significant <= MOST_DIGITS + 2
    })
}

/// Digits without zeros at both ends.
fn significant_in(digits: &[u8]) -> usize {
    let first = digits.iter().position(|digit| *digit != b'0');
    let last = digits.iter().rposition(|digit| *digit != b'0');
    first.zip(last).map_or(0, |(first, last)| last - first + 1)
}

fn number_in(text: &[u8]) -> Option<f64> {
    // Without the sign of a zero.
    std::str::from_utf8(text).ok()?.parse::<f64>().ok().map(|number| number + 0.0)
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
        let losses = [
            "007",
            "+1",
            "1e5",
            "1E+5",
            "1.5e400",
            "1e-400",
            "-0",
            ".5",
            "5.",
            "00.5",
            "1234567890123456",
            "0.1234567890123456789",
            "1,5",
            "1.234,56",
            "1 000",
            "1.2.3",
        ];
        for lossy in losses {
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
        assert_eq!(numbers(&["1.0", "2.5", "3.25"]), [Some((1.0, 0)), Some((2.5, 0)), Some((3.25, 0))]);
        assert_eq!(numbers(&["-0.00", "2.50"]), [Some((0.0, 2)), Some((2.5, 2))]);
        assert_eq!(numbers(&["1.9", "1.11"]), [Some((1.9, 0)), Some((1.11, 0))]);
    }

    #[test]
    fn what_programs_write_of_their_numbers_is_numbers() {
        let cells = ["0.30000000000000004", "1", "9.8e-05", "0.0001", "1.5e+300", "1e-7"];
        let expected = [0.30000000000000004, 1.0, 9.8e-5, 0.0001, 1.5e300, 1e-7];
        assert_eq!(numbers(&cells), expected.map(|number| Some((number, 0))));
    }
}
