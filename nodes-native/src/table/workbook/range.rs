//! Cells chosen as people write them: `A2:D10`, `A:D`, `2:10`, and up to the end of the sheet, `A2:D`, `A2:`, `2:`.

use crate::failure::{Code, Failure};

/// Rows and columns that a sheet has at most, in Excel and in LibreOffice.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: u32 = 16_384;

/// A part of a sheet; rows and columns from 0, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellRange {
    pub(super) rows: (u32, u32),
    pub(super) columns: (u32, u32),
}

impl CellRange {
    /// Reads `A2:D10`, `A:D` or `2:10`, and without what is last, `A2:D`, `A2:`, `2:`, up to the end of the sheet; `$` is allowed
    /// before letters and numbers, and case does not matter.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let refused = || {
            Code::InvalidParameters.because(format!(
                "The range \"{text}\" cannot be read; write it as A2:D10, or as A:D for whole columns, or as 2:10 for whole rows, \
                 or as A2:D, A2: or 2: for all there is from there on"
            ))
        };
        let (first, last) = text.trim().split_once(':').ok_or_else(refused)?;
        let (from, to) = (corner(first).ok_or_else(refused)?, corner(last).ok_or_else(refused)?);
        let span = |from: Option<u32>, to: Option<u32>, most: u32| match (from, to) {
            (Some(from), Some(to)) if from <= to => Ok((from, to)),
            (Some(from), None) => Ok((from, most - 1)),
            (None, None) => Ok((0, most - 1)),
            _ => Err(refused()),
        };
        let (columns, rows) = (span(from.0, to.0, MOST_COLUMNS)?, span(from.1, to.1, MOST_ROWS)?);
        if from.0.is_none() && from.1.is_none() { Err(refused()) } else { Ok(Self { rows, columns }) }
    }
}

/// Column and row of one end, from 0; `None` for one that is unreadable or beyond a sheet.
fn corner(text: &str) -> Option<(Option<u32>, Option<u32>)> {
    let text = text.trim().strip_prefix('$').unwrap_or(text.trim());
    let digits = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (letters, number) = text.split_at(digits);
    let number = number.strip_prefix('$').unwrap_or(number);
    let column = match letters.len() {
        0 => None,
        1..=3 => Some(column_number(letters).filter(|&column| column < MOST_COLUMNS)?),
        _ => return None,
    };
    let row = match number {
        "" => None,
        _ if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(number.parse::<u32>().ok().filter(|row| (1..=MOST_ROWS).contains(row))? - 1)
        }
        _ => return None,
    };
    Some((column, row))
}

fn column_number(letters: &str) -> Option<u32> {
    let number = letters
        .bytes()
        .fold(0, |number, letter| number * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

/// A column as sheets name it: 0 is `A`, 26 is `AA`.
pub(super) fn column_letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'A' + (column % 26) as u8);
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    letters.iter().rev().map(|&letter| char::from(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_people_write_them() {
        let range = |text: &str| CellRange::parse(text).map(|range| (range.columns, range.rows)).ok();
        assert_eq!(range("A2:D10"), Some(((0, 3), (1, 9))));
        assert_eq!(range(" $b$1 : aa3 "), Some(((1, 26), (0, 2))));
        assert_eq!(range("B:C"), Some(((1, 2), (0, MOST_ROWS - 1))));
        assert_eq!(range("2:3"), Some(((0, MOST_COLUMNS - 1), (1, 2))));
        assert_eq!(range("XFD1048576:XFD1048576"), Some(((16383, 16383), (1_048_575, 1_048_575))));
        assert_eq!(range("A3:D"), Some(((0, 3), (2, MOST_ROWS - 1))));
        assert_eq!(range("B3:"), Some(((1, MOST_COLUMNS - 1), (2, MOST_ROWS - 1))));
        assert_eq!(range("3:"), Some(((0, MOST_COLUMNS - 1), (2, MOST_ROWS - 1))));
        for text in [
            "",
            ":",
            "A",
            "A1",
            ":A1",
            ":D",
            "D1:A1",
            "A5:A1",
            "A:3",
            "A0:B1",
            "XFE1:XFE2",
            "A1:B1048577",
            "AAAA1:B2",
            "A1:B2:C3",
            "é1:b2",
        ] {
            assert_eq!(range(text), None, "{text}");
        }
    }

    #[test]
    fn columns_have_letters() {
        let letters: Vec<_> = [0, 25, 26, 701, 702, 16_383].map(column_letters).into();
        assert_eq!(letters, ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
    }
}
