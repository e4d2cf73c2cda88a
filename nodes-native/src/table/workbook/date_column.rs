//! Which columns of text are dates, as `cell.rs` writes those that it reads: each comes back as it was written.
//!
//! Words may stand beside dates, such as `n/a`. Where anything else begins as a number does, all of the column stays text: as a date it
//! would not come back, or a sheet would sort it away from the others.

use rust_xlsxwriter::ExcelDateTime;

/// Before it, Excel has a day that there was not.
const FIRST_MONTH: (u16, u16) = (1900, 3);

/// What the cells of a column spell.
#[derive(Clone, Default)]
pub(super) struct Column {
    is_seen: bool,
    has_others: bool,
}

/// How much of a date is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Precision {
    Day,
    Second,
    Millisecond,
}

impl Column {
    /// Notes what a cell spells.
    pub(super) fn add(&mut self, text: &[u8]) {
        self.is_seen = true;
        let is_word = !matches!(text, [b'+' | b'-', next, ..] | [next, ..] if next.is_ascii_digit());
        self.has_others |= !is_word && date_in(text).is_none();
    }

    /// Notes a number, which a date is to a sheet as well.
    pub(super) fn add_number(&mut self) {
        self.has_others = true;
    }

    /// The date of a cell, as days of a sheet.
    pub(super) fn date(&self, text: &str) -> Option<(f64, Precision)> {
        if self.is_seen && !self.has_others { date_in(text.as_bytes()) } else { None }
    }
}

/// A date, as days of a sheet; `None` of all that would not come back as it is: days that there are not, and those before March 1900, of
/// which programs make different ones; times with a zone, and midnight, which is read as a day.
fn date_in(text: &[u8]) -> Option<(f64, Precision)> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, time @ ..] = text else { return None };
    let (year, month, day) = (digits(&[*y1, *y2, *y3, *y4])?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?);
    if (year, month) < FIRST_MONTH {
        return None;
    }
    let date = ExcelDateTime::from_ymd(year, month as u8, day as u8).ok()?;
    if time.is_empty() {
        return Some((date.to_excel(), Precision::Day));
    }
    let (hour, minute, second, ms) = time_of_day(time)?;
    let precision = if ms == 0 { Precision::Second } else { Precision::Millisecond };
    let time = date.and_hms_milli(hour, minute as u8, second as u8, ms).ok()?;
    Some((time.to_excel(), precision))
}

/// Hour, minute, second and milliseconds of `T10:30:15` or `T10:30:15.250`; `None` of midnight, and of all that is not a time of a day
/// in one of these forms.
fn time_of_day(text: &[u8]) -> Option<(u16, u16, u16, u16)> {
    let [b'T', h1, h2, b':', m1, m2, b':', s1, s2, fraction @ ..] = text else { return None };
    let ms = match fraction {
        [] => 0,
        [b'.', ms @ ..] if ms.len() == 3 && ms != b"000" => digits(ms)?,
        _ => return None,
    };
    let time = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, digits(&[*s1, *s2])?, ms);
    (time.0 <= 23 && time.1 <= 59 && time.2 <= 59 && time != (0, 0, 0, 0)).then_some(time)
}

/// The number of up to four digits; `None` with any other character.
fn digits(text: &[u8]) -> Option<u16> {
    text.iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u16::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(cells: &[&str]) -> Vec<Option<(f64, Precision)>> {
        let mut column = Column::default();
        for cell in cells {
            column.add(cell.as_bytes());
        }
        cells.iter().map(|cell| column.date(cell)).collect()
    }

    #[test]
    fn dates_and_times_beside_words_are_dates() {
        use Precision::{Day, Millisecond, Second};
        let cells = [
            "2025-10-13",
            "2025-10-13T12:00:00",
            "2025-10-13T00:00:00.500",
            "1900-03-01",
            "9999-12-31",
            "n/a",
            "",
            "on 2025-10-14",
            "-",
        ];
        let mut expected = vec![
            Some((45943.0, Day)),
            Some((45943.5, Second)),
            Some((45943.0 + 500.0 / 86_400_000.0, Millisecond)),
            Some((61.0, Day)),
            Some((2_958_465.0, Day)),
        ];
        expected.resize(cells.len(), None);
        assert_eq!(dates(&cells), expected);
    }

    #[test]
    fn a_column_is_text_where_one_date_would_not_come_back() {
        let losses = [
            "2025",
            "-5",
            "2025-10",
            "2025-1-5",
            "5.1.2025",
            "12:30:00",
            "2025-10-13 to 2025-10-14",
            "2025-02-30",
            "2025-13-01",
            "1899-12-31",
            "1900-02-28",
            "0001-01-01",
            "2025-10-13T00:00:00",
            "2025-10-13 12:00:00",
            "2025-10-13T12:00",
            "2025-10-13T1200",
            "2025-10-13T10:30.5",
            "2025-10-13T12:00:00.",
            "2025-10-13T12:00:00.1",
            "2025-10-13T12:00:00.000",
            "2025-10-13T12:00:00.123456",
            "2025-10-13T12:00:00,123",
            "2025-10-13T12:00:00Z",
            "2025-10-13 12:00:00 UTC",
            "2025-10-13T24:00:00",
            "2025-10-13T12:60:00",
            "2025-10-13T23:59:60",
        ];
        for lossy in losses {
            assert_eq!(dates(&["2025-10-13", lossy]), [None, None], "{lossy}");
        }
    }
}
