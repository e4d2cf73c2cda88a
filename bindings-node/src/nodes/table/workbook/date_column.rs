//! Which columns of text are dates, as `cell.rs` writes those that it reads: each comes back as it was written.
//!
//! Other text may stand beside dates, such as `n/a`. Where one date would not come back, all of the column stays text, so that a sheet
//! does not sort some as dates and others as text.

use rust_xlsxwriter::ExcelDateTime;

/// Before it, Excel has a day that there was not.
const FIRST_MONTH: (u16, u16) = (1900, 3);

/// What the cells of a column spell.
#[derive(Clone, Default)]
pub(super) struct Column {
    is_seen: bool,
    /// Some date would not come back as it was written.
    has_losses: bool,
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
        self.has_losses |= matches!(spelled(text), Spelled::LossyDate);
    }

    /// The date of a cell, as days of a sheet.
    pub(super) fn date(&self, text: &str) -> Option<(f64, Precision)> {
        if !self.is_seen || self.has_losses {
            return None;
        }
        match spelled(text.as_bytes()) {
            Spelled::Date(days, precision) => Some((days, precision)),
            _ => None,
        }
    }
}

enum Spelled {
    Date(f64, Precision),
    /// A day that there is not, or one before March 1900, of which programs make different days; a time that is written otherwise, or
    /// has a zone, or is midnight, which is read as a day.
    LossyDate,
    Other,
}

fn spelled(text: &[u8]) -> Spelled {
    // Nearly all text that is none is seen here.
    if text.len() < 10 || text[4] != b'-' || text[7] != b'-' {
        return Spelled::Other;
    }
    let (date, time) = text.split_at(10);
    let parts = (digits(&date[..4]), digits(&date[5..7]), digits(&date[8..]));
    let (Some(year), Some(month), Some(day)) = parts else { return Spelled::Other };
    let time = match time {
        [] => None,
        [b'T' | b' ', first, ..] if first.is_ascii_digit() => match time_of_day(time) {
            Some(time) => Some(time),
            None => return Spelled::LossyDate,
        },
        _ => return Spelled::Other,
    };
    if (year, month) < FIRST_MONTH {
        return Spelled::LossyDate;
    }
    let precision = match time {
        None => Precision::Day,
        Some((.., 0)) => Precision::Second,
        Some(_) => Precision::Millisecond,
    };
    let (hour, minute, second, ms) = time.unwrap_or_default();
    ExcelDateTime::from_ymd(year, month as u8, day as u8)
        .and_then(|date| date.and_hms_milli(hour, minute as u8, second as u8, ms))
        .map_or(Spelled::LossyDate, |date| Spelled::Date(date.to_excel(), precision))
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

/// Up to four digits; `None` where one is none.
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
    fn dates_and_times_beside_other_text_are_dates() {
        use Precision::{Day, Millisecond, Second};
        let cells = [
            "2025-10-13",
            "2025-10-13T12:00:00",
            "2025-10-13T00:00:00.500",
            "1900-03-01",
            "9999-12-31",
            "n/a",
            "",
            "2025-10-13 to 2025-10-14",
            "2025-10-1x",
            "12:30:00",
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
