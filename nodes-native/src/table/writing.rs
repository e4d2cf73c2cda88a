//! From a table to text: JSON records for JavaScript, JSON or CSV for a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use csv::WriterBuilder;

use super::pipeline::{in_order, threads_for};
use super::reading::delimiter_of;
use super::row::{Row, has_value};
use super::sheet::Table;
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// How a file is to be written.
#[derive(Clone, Copy, PartialEq)]
pub enum Format {
    /// An array of records, indented by two spaces.
    Json,
    /// A record in each line.
    JsonLines,
    /// Headers and rows with this delimiter.
    Csv {
        /// See [`delimiter_of`].
        delimiter: u8,
    },
}

impl Format {
    /// `json`, `jsonl`, or what separates the cells of CSV. INVALID_PARAMETERS for what cannot.
    pub fn named(form: &str) -> Result<Self, Failure> {
        Ok(match form {
            "json" => Self::Json,
            "jsonl" => Self::JsonLines,
            delimiter => Self::Csv { delimiter: delimiter_of(delimiter)? },
        })
    }
}

/// Rows that are made text at once.
const ROWS_AT_ONCE: usize = 16 * 1024;

/// Writes the table to a new file, through to the disk, and returns its size in bytes. An existing file is refused:
/// the caller writes beside its target and renames.
pub fn write_file(table: &Table, path: &Path, format: Format, cancel: &Cancel) -> Result<u64, Failure> {
    let mut file = create(path)?;
    write(table, format, &mut file, cancel)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// A new file. An existing one is refused.
pub(super) fn create(path: &Path) -> Result<File, Failure> {
    Ok(OpenOptions::new().write(true).create_new(true).open(path)?)
}

fn write(table: &Table, format: Format, out: &mut impl Write, cancel: &Cancel) -> Result<(), Failure> {
    let pieces = Pieces::of(table.headers(), format);
    let (mut start, mut is_first) = (0, true);
    out.write_all(&pieces.begin()?)?;
    in_order(
        threads_for(table.len().div_ceil(ROWS_AT_ONCE) as u64),
        || {
            let slice = table.slice(start, start + ROWS_AT_ONCE);
            start += slice.len();
            Ok((!slice.is_empty()).then_some(slice))
        },
        |slice| pieces.rows(&slice, cancel),
        |text: Result<Vec<u8>, Failure>| {
            out.write_all(pieces.following(&text?, &mut is_first))?;
            Ok(true)
        },
    )?;
    out.write_all(pieces.end(is_first))?;
    Ok(())
}

/// A file in pieces: its beginning, rows, and its end.
pub(super) struct Pieces {
    headers: Vec<String>,
    records: JsonRecords,
    format: Format,
}

impl Pieces {
    pub(super) fn of(headers: &[String], format: Format) -> Self {
        Self { headers: headers.to_vec(), records: JsonRecords::named(headers), format }
    }

    /// What stands before all rows.
    pub(super) fn begin(&self) -> Result<Vec<u8>, Failure> {
        match self.format {
            Format::Json => Ok(Vec::from(b"[")),
            Format::JsonLines => Ok(Vec::new()),
            Format::Csv { .. } if self.headers.is_empty() => Ok(Vec::new()),
            Format::Csv { delimiter } => csv_text(delimiter, |writer| writer.write_record(&self.headers)),
        }
    }

    /// Rows as text; of JSON each begins with what separates it from the row before.
    pub(super) fn rows(&self, table: &Table, cancel: &Cancel) -> Result<Vec<u8>, Failure> {
        cancel.check()?;
        let mut text = Vec::new();
        match self.format {
            Format::Json => table.rows().for_each(|row| {
                text.extend_from_slice(SEPARATOR);
                self.records.write_indented(row, &mut text);
            }),
            Format::JsonLines => table.rows().for_each(|row| {
                self.records.write(row, &mut text);
                text.push(b'\n');
            }),
            Format::Csv { delimiter } => {
                let width = self.headers.len();
                return csv_text(delimiter, |writer| {
                    table.rows().try_for_each(|row| writer.write_record(row.padded(width)))
                });
            }
        }
        Ok(text)
    }

    /// The part of such text that comes next.
    pub(super) fn following<'a>(&self, text: &'a [u8], is_first: &mut bool) -> &'a [u8] {
        if text.is_empty() || !std::mem::take(is_first) || self.format != Format::Json {
            return text;
        }
        &text[1..]
    }

    /// What stands behind all rows; `is_empty` where there were none.
    pub(super) fn end(&self, is_empty: bool) -> &'static [u8] {
        match self.format {
            Format::Json if is_empty => b"]",
            Format::Json => b"\n]",
            _ => b"",
        }
    }
}

const SEPARATOR: &[u8] = b",\n";

fn csv_text(
    delimiter: u8,
    write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let mut writer = WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(&mut text);
    write(&mut writer).map_err(|error| Code::ExecutionFailed.because(error.to_string()))?;
    writer.flush()?;
    drop(writer);
    Ok(text)
}

/// The JSON text of an array of rows from `start` on, and how many they are. No row begins beyond `bytes`: a row can
/// be far longer as JSON than it is in the table.
pub fn records_text(table: &Table, start: usize, bytes: usize) -> (String, usize) {
    let records = JsonRecords::of(table);
    let (mut text, mut count) = (vec![b'['], 0);
    for row in table.rows_from(start) {
        if count > 0 {
            if text.len() > bytes {
                break;
            }
            text.push(b',');
        }
        records.write(row, &mut text);
        count += 1;
    }
    text.push(b']');
    // Cells were checked when they were read, so nothing is replaced here.
    let text = String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    (text, count)
}

/// Writes rows as JSON objects; the headers are escaped once.
pub(crate) struct JsonRecords {
    keys: Vec<Vec<u8>>,
}

impl JsonRecords {
    /// For the columns of this table.
    pub(crate) fn of(table: &Table) -> Self {
        Self::named(table.headers())
    }

    fn named(headers: &[String]) -> Self {
        let key = |header: &String| {
            let mut key = Vec::new();
            write_string(header.as_bytes(), &mut key);
            key
        };
        Self { keys: headers.iter().map(key).collect() }
    }

    /// `{"a":"1","b":"2"}`
    pub(crate) fn write(&self, row: Row<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        for (position, (key, cell)) in self.keys.iter().zip(row.padded(self.keys.len())).enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            out.push(b':');
            write_value(cell, out);
        }
        out.push(b'}');
    }

    fn write_indented(&self, row: Row<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"  {");
        for (position, (key, cell)) in self.keys.iter().zip(row.padded(self.keys.len())).enumerate() {
            out.extend_from_slice(if position > 0 { b",\n    " } else { b"\n    " });
            out.extend_from_slice(key);
            out.extend_from_slice(b": ");
            write_value(cell, out);
        }
        out.extend_from_slice(if self.keys.is_empty() { b"}" } else { b"\n  }" });
    }
}

/// A cell as JSON.
#[inline]
fn write_value(cell: &[u8], out: &mut Vec<u8>) {
    if has_value(cell) {
        write_string(cell, out);
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Text as JSON.
fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut start = 0;
    for (position, &byte) in text.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[start..position]);
        start = position + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (DIGITS[(control >> 4) as usize], DIGITS[(control & 15) as usize]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        }
    }
    out.extend_from_slice(&text[start..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::reading::table_of as table;
    use super::*;

    const AWKWARD: &str = "a\",b\n\"x\\\n\ty\",\u{1}é\n2\n";

    #[test]
    fn records_are_json_whatever_the_cells_hold() {
        let table = table(AWKWARD);
        let mut text = Vec::new();
        table.rows().for_each(|row| JsonRecords::of(&table).write(row, &mut text));
        let objects: Vec<serde_json::Value> =
            serde_json::Deserializer::from_slice(&text).into_iter().collect::<Result<_, _>>().unwrap();
        assert_eq!(
            objects,
            [serde_json::json!({"a\"": "x\\\n\ty", "b": "\u{1}é"}), serde_json::json!({"a\"": "2", "b": ""})]
        );
    }

    #[test]
    fn a_file_of_json_is_indented_as_javascript_indents() {
        let table = table("a,b\n1,2\n3,4\n");
        let mut text = Vec::new();
        write(&table, Format::Json, &mut text, &Cancel::default()).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "[\n  {\n    \"a\": \"1\",\n    \"b\": \"2\"\n  },\n  {\n    \"a\": \"3\",\n    \"b\": \"4\"\n  }\n]"
        );
    }

    #[test]
    fn csv_that_was_written_reads_the_same() {
        let first = table(AWKWARD);
        let mut text = Vec::new();
        write(&first, Format::Csv { delimiter: b',' }, &mut text, &Cancel::default()).unwrap();
        let second = table(std::str::from_utf8(&text).unwrap());
        assert_eq!(first.headers(), second.headers());
        let cells = |table: &Table| {
            table
                .rows()
                .flat_map(|row| row.padded(2).map(<[u8]>::to_vec).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        assert_eq!(cells(&first), cells(&second));
    }
}
