//! Lengths of time as people write them.

/// Units by what follows the number, in ms.
const UNITS: [(&str, f64); 5] =
    [("ms", 1.0), ("s", 1000.0), ("m", 60_000.0), ("h", 3_600_000.0), ("d", 86_400_000.0)];

/// What to write where a text is no duration.
pub(crate) const EXAMPLES: &str = "`250ms`, `10s`, `5m`, `1.5h` or `2d`";

/// The ms of a duration such as `250ms`, `10s`, `5m`, `1.5h` or `2d`: a decimal number, then its unit. `None` for any
/// other text.
#[must_use]
pub fn duration_ms(text: &str) -> Option<f64> {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &text[number.len()..])?;
    let (whole, fraction) =
        number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let mut ms = digits(whole)? * factor;
    if let Some(fraction) = fraction {
        ms += digits(fraction)? * factor / 10_f64.powi(fraction.len() as i32);
    }
    ms.is_finite().then_some(ms)
}

/// The number that digits stand for. Reading any float as text takes as much code as a tenth of the WebAssembly module.
fn digits(text: &str) -> Option<f64> {
    let mut number = None;
    for byte in text.bytes() {
        let digit = byte.is_ascii_digit().then(|| f64::from(byte - b'0'))?;
        number = Some(number.unwrap_or(0.0) * 10.0 + digit);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::duration_ms;

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        let read = ["250ms", "10s", "5m", "1.5h", "2d", "0s", "0.5ms"].map(duration_ms);
        let ms = [250.0, 10_000.0, 300_000.0, 5_400_000.0, 172_800_000.0, 0.0, 0.5];
        assert_eq!(read, ms.map(Some));
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "", "s", "10", "10 s", "10S", "-1s", "+1s", "1e3s", "1.s", ".5s", "1.2.3s", "10sec", "1h30m",
            "infs", "é1s",
        ] {
            assert_eq!(duration_ms(text), None, "{text}");
        }
    }
}
