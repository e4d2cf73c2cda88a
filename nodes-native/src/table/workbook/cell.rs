//! What a cell is as text, and as JSON.

use std::fmt::Write as _;

use calamine::{DataType, ExcelDateTime};

/// Cells that the sheets of a workbook reach over together where its reader keeps all of them in memory.
pub(super) const MOST_CELLS: u64 = 20_000_000;

/// A cell's value in the words of JSON; a date is text in ISO form.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CellValue {
    Empty,
    Text(String),
    Number(f64),
    Bool(bool),
}

impl CellValue {
    pub(super) fn of(data: &impl DataType) -> Self {
        if let Some(time) = data.get_datetime() {
            return Self::Text(time_text(&time));
        }
        if let Some(number) = data.get_float() {
            return Self::Number(number);
        }
        if let Some(number) = data.get_int() {
            return Self::Number(number as f64);
        }
        if let Some(value) = data.get_bool() {
            return Self::Bool(value);
        }
        if let Some(error) = data.get_error() {
            return Self::Text(error.to_string());
        }
        let text = data.get_string().or_else(|| data.get_datetime_iso()).or_else(|| data.get_duration_iso());
        text.map_or(Self::Empty, |text| Self::Text(text.to_owned()))
    }

    /// As a cell of a table of text: a number in its shortest form without an exponent, `TRUE` or `FALSE`.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) if *number == 0.0 => "0".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        }
    }

    /// As JSON; an empty cell is `null`, and so is a number that JSON has no word for.
    pub(super) fn json(&self) -> serde_json::Value {
        match self {
            Self::Empty => serde_json::Value::Null,
            Self::Text(text) => text.as_str().into(),
            // A whole number without `.0`, as JavaScript writes it.
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 9.007_199_254_740_992e15 => {
                (*number as i64).into()
            }
            Self::Number(number) => (*number).into(),
            Self::Bool(value) => (*value).into(),
        }
    }
}

/// `2026-01-31`, with `T12:30:00` where it is not midnight; a time alone or a duration as `12:30:00`.
fn time_text(time: &ExcelDateTime) -> String {
    if time.is_duration() || (0.0..1.0).contains(&time.as_f64()) {
        let ms = (time.as_f64() * 86_400_000.0).round();
        let sign = if ms < 0.0 { "-" } else { "" };
        let ms = ms.abs() as u64;
        let mut text = format!("{sign}{:02}:{:02}:{:02}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        push_fraction(&mut text, (ms % 1000) as u16);
        return text;
    }
    let (year, month, day, hour, minute, second, ms) = time.to_ymd_hms_milli();
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second, ms) != (0, 0, 0, 0) {
        let _ = write!(text, "T{hour:02}:{minute:02}:{second:02}");
        push_fraction(&mut text, ms);
    }
    text
}

fn push_fraction(text: &mut String, ms: u16) {
    if ms > 0 {
        let _ = write!(text, ".{ms:03}");
    }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        let texts: Vec<_> =
            [0.0, -0.0, 5.0, 0.1, 1e21, 1e-7, -2.5].map(|number| CellValue::Number(number).text()).into();
        assert_eq!(texts, ["0", "0", "5", "0.1", "1000000000000000000000", "0.0000001", "-2.5"]);
    }

    #[test]
    fn dates_are_in_iso_form() {
        let text = |value, kind| time_text(&ExcelDateTime::new(value, kind, false));
        assert_eq!(text(45943.0, DateTime), "2025-10-13");
        assert_eq!(text(45943.5, DateTime), "2025-10-13T12:00:00");
        assert_eq!(text(0.25, DateTime), "06:00:00");
        assert_eq!(text(1.5, TimeDelta), "36:00:00");
        assert_eq!(text(-0.5, TimeDelta), "-12:00:00");
    }
}
