//! Which columns of text are dates, as ISO 8601 writes them.
//!
//! A column is taken as a whole, as it is for numbers: a sheet sorts and filters neither text among dates nor dates among text.

use rust_xlsxwriter::ExcelDateTime;

/// Before it, Excel has a day that there was not.
const FIRST_MONTH: (u16, u16) = (1900, 3);

/// What the cells of a column spell.
#[derive(Clone, Default)]
pub(super) struct Column {
    is_seen: bool,
    /// Some date is one that no sheet has.
    has_losses: bool,
}

/// The last part of a date that is not left to chance: how it is shown.
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
    /// A day that there is not, or one before March 1900, of which programs make different days; a time with a zone, or with more digits than milliseconds.
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
    let (time, precision) = match time {
        [] => ((0, 0, 0, 0), Precision::Day),
        [b'T' | b' ', time @ ..] => match time_of_day(time) {
            Time::Kept(hour, minute, second, ms) => {
                let precision = if ms == 0 { Precision::Second } else { Precision::Millisecond };
                ((hour, minute, second, ms), precision)
            }
            Time::Lossy => return Spelled::LossyDate,
            Time::Other => return Spelled::Other,
        },
        _ => return Spelled::Other,
    };
    if (year, month) < FIRST_MONTH {
        return Spelled::LossyDate;
    }
    let (hour, minute, second, ms) = time;
    ExcelDateTime::from_ymd(year, month as u8, day as u8)
        .and_then(|date| date.and_hms_milli(hour, minute as u8, second as u8, ms))
        .map_or(Spelled::LossyDate, |date| Spelled::Date(date.to_excel(), precision))
}

enum Time {
    /// Hour, minute, second and milliseconds.
    Kept(u16, u16, u16, u16),
    Lossy,
    Other,
}

/// `10:30`, with `:15` and `.250` where it has them; lossy with a zone, more digits, or an hour that no day has.
fn time_of_day(text: &[u8]) -> Time {
    let [h1, h2, b':', m1, m2, rest @ ..] = text else { return Time::Other };
    let (Some(hour), Some(minute)) = (digits(&[*h1, *h2]), digits(&[*m1, *m2])) else { return Time::Other };
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => match digits(&[*s1, *s2]) {
            Some(second) => (second, rest),
            None => return Time::Other,
        },
        _ => (0, rest),
    };
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            rest.split_at(count)
        }
        _ => (&rest[..0], rest),
    };
    if !rest.is_empty() && !is_zone(rest) {
        return Time::Other;
    }
    let kept = &fraction[..fraction.len().min(3)];
    let has_more = fraction[kept.len()..].iter().any(|digit| *digit != b'0');
    if !rest.is_empty() || has_more || hour > 23 || minute > 59 || second > 59 {
        return Time::Lossy;
    }
    let ms = digits(kept).unwrap_or(0) * 10_u16.pow(3 - kept.len() as u32);
    Time::Kept(hour, minute, second, ms)
}

/// `Z`, `+02`, `+0200` or `+02:00`.
fn is_zone(text: &[u8]) -> bool {
    match text {
        b"Z" | b"z" => true,
        [b'+' | b'-', offset @ ..] => {
            (2..=5).contains(&offset.len())
                && offset.iter().all(|byte| byte.is_ascii_digit() || *byte == b':')
        }
        _ => false,
    }
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
            "2025-10-13 06:00",
            "2025-10-13T00:00:00.500",
            "1900-03-01",
            "9999-12-31",
            "n/a",
            "",
            "2025-10-13 to 2025-10-14",
            "2025-10-13T1200",
            "2025-10-1x",
            "12:30:00",
        ];
        let mut expected = vec![
            Some((45943.0, Day)),
            Some((45943.5, Second)),
            Some((45943.25, Second)),
            Some((45943.0 + 500.0 / 86_400_000.0, Millisecond)),
            Some((61.0, Day)),
            Some((2_958_465.0, Day)),
        ];
        expected.resize(cells.len(), None);
        assert_eq!(dates(&cells), expected);
    }

    #[test]
    fn a_column_is_text_where_one_date_would_lose_something() {
        let losses = [
            "2025-02-30",
            "2025-13-01",
            "1899-12-31",
            "1900-02-28",
            "0001-01-01",
            "2025-10-13T12:00:00Z",
            "2025-10-13 12:00:00+02:00",
            "2025-10-13T12:00:00.123456",
            "2025-10-13T24:00:00",
            "2025-10-13T12:60:00",
            "2025-10-13T23:59:60",
        ];
        for lossy in losses {
            assert_eq!(dates(&["2025-10-13", lossy]), [None, None], "{lossy}");
        }
        assert_eq!(
            dates(&["2025-10-13T12:00:00.1200"]),
            [Some((45943.5 + 120.0 / 86_400_000.0, Precision::Millisecond))]
        );
    }
}
