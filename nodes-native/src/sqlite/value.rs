//! Values on their way between JavaScript and SQLite, as JSON.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Whole numbers beyond it lose digits in JavaScript.
const MOST_EXACT: u64 = (1 << 53) - 1;
/// Bytes that a value counts for beside its text, as the node library counts them.
const BYTES_PER_VALUE: u64 = 16;

/// A value for a statement: what JSON has a word for, or `{"integer": "…"}`, `{"real": "Infinity"}`, `{"bytes": "<base64>"}`.
pub(super) struct Given(Value);

impl Given {
    /// The number of a statement.
    pub(super) fn place(&self) -> Option<usize> {
        match self.0 {
            Value::Integer(place) => usize::try_from(place).ok(),
            _ => None,
        }
    }
}

impl rusqlite::ToSql for Given {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(GivenVisitor).map(Given)
    }
}

struct GivenVisitor;

impl<'de> Visitor<'de> for GivenVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of SQLite")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Integer(i64::from(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Real(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Real(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (kind, text) =
            map.next_entry::<String, String>()?.ok_or_else(|| A::Error::custom("a value without a kind"))?;
        match kind.as_str() {
            "integer" => text.parse().map(Value::Integer).map_err(A::Error::custom),
            "real" => text.parse().map(Value::Real).map_err(A::Error::custom),
            "bytes" => STANDARD.decode(text).map(Value::Blob).map_err(A::Error::custom),
            _ => Err(A::Error::custom("a value of an unknown kind")),
        }
    }
}

/// Writes a value as JSON: bytes as base64, whole numbers that JavaScript would round as text. Answers whether it was such a
/// number, and what the value counts for in memory; fails where text is not UTF-8.
pub(super) fn write(value: ValueRef<'_>, to: &mut Vec<u8>) -> Result<(bool, u64), std::str::Utf8Error> {
    let mut bytes = BYTES_PER_VALUE;
    let mut is_wide = false;
    match value {
        ValueRef::Null => to.extend(b"null"),
        ValueRef::Integer(number) => {
            is_wide = number.unsigned_abs() > MOST_EXACT;
            let text = number.to_string();
            if is_wide {
                bytes += 2 * text.len() as u64;
                write_text(&text, to);
            } else {
                to.extend(text.as_bytes());
            }
        }
        // JSON has no infinity, but a number that JavaScript reads as such.
        ValueRef::Real(number) if number.is_infinite() => {
            to.extend(if number > 0.0 { &b"1e999"[..] } else { &b"-1e999"[..] });
        }
        ValueRef::Real(number) => {
            let _ = serde_json::to_writer(to, &number);
        }
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text)?;
            bytes += 2 * utf16_length(text);
            write_text(text, to);
        }
        ValueRef::Blob(blob) => {
            let text = STANDARD.encode(blob);
            bytes += 2 * text.len() as u64;
            write_text(&text, to);
        }
    }
    Ok((is_wide, bytes))
}

fn write_text(text: &str, to: &mut Vec<u8>) {
    let _ = serde_json::to_writer(to, text);
}

fn utf16_length(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let leads = bytes.iter().filter(|&&byte| (byte as i8) >= -0x40).count();
    let pairs = bytes.iter().filter(|&&byte| byte >= 0xf0).count();
    (leads + pairs) as u64
}
