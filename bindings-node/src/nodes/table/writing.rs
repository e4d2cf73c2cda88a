//! From a table to text: JSON records for JavaScript, JSON or CSV for a file.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::Path;

use csv::WriterBuilder;

use super::super::failure::{Code, Failure};
use super::super::work::Cancel;
use super::sheet::{Row, Table};

/// How a file is to be written.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    /// An array of records, indented by two spaces.
    Json,
    /// Headers and rows with this delimiter.
    Csv { delimiter: u8 },
}

/// Writes the table to a new file, through to the disk, and returns its size in bytes. An existing file is refused:
/// the caller writes beside its target and renames.
pub(crate) fn write_file(
    table: &Table,
    path: &Path,
    format: Format,
    cancel: &Cancel,
) -> Result<u64, Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut out = BufWriter::with_capacity(64 * 1024, file);
    match format {
        Format::Json => write_json(table, &mut out, cancel)?,
        Format::Csv { delimiter } => write_csv(table, delimiter, &mut out, cancel)?,
    }
    let file = out.into_inner().map_err(|error| error.into_error())?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn write_json(table: &Table, out: &mut impl Write, cancel: &Cancel) -> Result<(), Failure> {
    let records = JsonRecords::of(table);
    let mut buffer = Vec::new();
    let mut separator: &[u8] = b"[\n";
    for (position, row) in table.rows().enumerate() {
        if position % 1024 == 0 {
            cancel.check()?;
        }
        buffer.extend_from_slice(separator);
        records.write_indented(row, &mut buffer);
        out.write_all(&buffer)?;
        buffer.clear();
        separator = b",\n";
    }
    out.write_all(if table.len() == 0 { b"[]" } else { b"\n]" })?;
    Ok(())
}

fn write_csv(table: &Table, delimiter: u8, out: &mut impl Write, cancel: &Cancel) -> Result<(), Failure> {
    let width = table.headers().len();
    let mut writer = WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(out);
    let failed = |error: csv::Error| Code::ExecutionFailed.because(error.to_string());
    if width > 0 {
        writer.write_record(table.headers()).map_err(failed)?;
    }
    for (position, row) in table.rows().enumerate() {
        if position % 1024 == 0 {
            cancel.check()?;
        }
        writer.write_record(row.padded(width)).map_err(failed)?;
    }
    writer.flush()?;
    Ok(())
}

/// Writes rows as JSON objects; the headers are escaped once.
pub(crate) struct JsonRecords {
    keys: Vec<Vec<u8>>,
}

impl JsonRecords {
    /// For the columns of this table.
    pub(crate) fn of(table: &Table) -> Self {
        let key = |header: &String| {
            let mut key = Vec::new();
            write_string(header.as_bytes(), &mut key);
            key
        };
        Self { keys: table.headers().iter().map(key).collect() }
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
            write_string(cell, out);
        }
        out.push(b'}');
    }

    fn write_indented(&self, row: Row<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"  {");
        for (position, (key, cell)) in self.keys.iter().zip(row.padded(self.keys.len())).enumerate() {
            out.extend_from_slice(if position > 0 { b",\n    " } else { b"\n    " });
            out.extend_from_slice(key);
            out.extend_from_slice(b": ");
            write_string(cell, out);
        }
        out.extend_from_slice(if self.keys.is_empty() { b"}" } else { b"\n  }" });
    }
}

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
    use super::super::reading::{Layout, read};
    use super::*;

    fn table(text: &str) -> Table {
        let layout = Layout { delimiter: b',', has_headers: true, skip_empty_lines: true };
        read(text.as_bytes(), text.len(), &layout, &Cancel::default()).unwrap()
    }

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
        write_json(&table, &mut text, &Cancel::default()).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "[\n  {\n    \"a\": \"1\",\n    \"b\": \"2\"\n  },\n  {\n    \"a\": \"3\",\n    \"b\": \"4\"\n  }\n]"
        );
    }

    #[test]
    fn csv_that_was_written_reads_the_same() {
        let first = table(AWKWARD);
        let mut text = Vec::new();
        write_csv(&first, b',', &mut text, &Cancel::default()).unwrap();
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
