//! XLS, looked at before it is read: its reader takes memory for as many cells as the file says that there are.
//!
//! What is handed on is a container of its own with the workbook alone in it, so that nothing else of a hostile file is
//! looked at.

use std::io::{Cursor, Read, Seek, Write};

use cfb::{CompoundFile, Version};

use super::cell::MOST_CELLS;
use crate::failure::{Code, Failure};

/// Bytes of the workbook in the container.
const LARGEST_STREAM: u64 = 512 << 20;
/// The streams in which a workbook stands, in order of precedence.
const STREAMS: [&str; 2] = ["/Workbook", "/Book"];

/// Records that begin a sheet, say how large it is, and hold a row of cells.
const BEGIN: [u16; 4] = [0x0009, 0x0209, 0x0409, 0x0809];
const DIMENSIONS: [u16; 2] = [0x0000, 0x0200];
const MANY_CELLS: [u16; 2] = [0x00bd, 0x00be];
const CELLS: [u16; 14] = [
    0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x00d6, 0x00fd, 0x0201, 0x0203, 0x0204, 0x0205,
    0x027e,
];

/// The workbook of an XLS file in a container of its own.
pub(super) fn sound(source: impl Read + Seek) -> Result<Cursor<Vec<u8>>, Failure> {
    let damaged = |error: std::io::Error| {
        Code::DeserializationFailed.because(format!("This is no XLS workbook, or a damaged one: {error}"))
    };
    let mut file = CompoundFile::open(source).map_err(damaged)?;
    let Some(name) = STREAMS.into_iter().find(|name| file.is_stream(name)) else {
        let is_protected = file.is_stream("/EncryptedPackage");
        let what = if is_protected {
            "is protected by a password; save it without one"
        } else {
            "has no workbook in it"
        };
        return Err(Code::DeserializationFailed.because(format!("The file {what}")));
    };
    let mut bytes = Vec::new();
    let stream = file.open_stream(name).map_err(damaged)?;
    stream.take(LARGEST_STREAM + 1).read_to_end(&mut bytes).map_err(damaged)?;
    if bytes.len() as u64 > LARGEST_STREAM {
        return Err(
            Code::MemoryLimitExceeded.because(format!("The workbook is larger than {LARGEST_STREAM} bytes"))
        );
    }
    check(&bytes)?;
    let mut own = CompoundFile::create_with_version(Version::V3, Cursor::new(Vec::new())).map_err(damaged)?;
    let mut stream = own.create_stream(name).map_err(damaged)?;
    stream.write_all(&bytes).and_then(|()| stream.flush()).map_err(damaged)?;
    drop(stream);
    own.flush().map_err(damaged)?;
    let mut own = own.into_inner();
    own.set_position(0);
    Ok(own)
}

/// Fails with MEMORY_LIMIT_EXCEEDED where the sheets together reach over more cells than are read. What cannot be read is left
/// to the reader.
fn check(mut records: &[u8]) -> Result<(), Failure> {
    let (mut total, mut area) = (0_u64, Area::default());
    while let [low, high, short, long, rest @ ..] = records {
        let kind = u16::from_le_bytes([*low, *high]);
        let length = usize::from(u16::from_le_bytes([*short, *long])).min(rest.len());
        let (data, after) = rest.split_at(length);
        records = after;
        if BEGIN.contains(&kind) {
            total += area.cells();
            area = Area::default();
        } else if DIMENSIONS.contains(&kind) {
            total += said(data);
        } else if MANY_CELLS.contains(&kind) {
            area.take(number(data, 0), number(data, 2));
            area.take(number(data, 0), number(data, data.len().saturating_sub(2)));
        } else if CELLS.contains(&kind) {
            area.take(number(data, 0), number(data, 2));
        }
        if total + area.cells() > MOST_CELLS {
            return Err(Code::MemoryLimitExceeded.because(format!(
                "The sheets of the workbook reach over more than {MOST_CELLS} cells; save it as XLSX"
            )));
        }
    }
    Ok(())
}

fn number(data: &[u8], at: usize) -> u64 {
    data.get(at..at + 2).map_or(0, |bytes| u64::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

/// How many cells a sheet says that it has.
fn said(data: &[u8]) -> u64 {
    let long = |at: usize| number(data, at) | number(data, at + 2) << 16;
    let (rows, columns) = match data.len() {
        10 => (number(data, 2), number(data, 6)),
        14 | 16 => (long(4), number(data, 10)),
        _ => (0, 0),
    };
    rows.saturating_mul(columns)
}

/// The rows and columns that cells lie in.
#[derive(Default)]
struct Area {
    rows: u64,
    columns: u64,
}

impl Area {
    fn take(&mut self, row: u64, column: u64) {
        self.rows = self.rows.max(row + 1);
        self.columns = self.columns.max(column + 1);
    }

    fn cells(&self) -> u64 {
        self.rows * self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, data: &[u16]) -> Vec<u8> {
        let words = [kind, data.len() as u16 * 2].into_iter().chain(data.iter().copied());
        words.flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn sheets_are_counted_by_what_they_say_and_by_where_their_cells_lie() {
        let sheet = |last_row: u16, last_column: u16| {
            [record(0x0809, &[0x0600, 0x0010]), record(0x0203, &[last_row, last_column, 0, 0, 0, 0, 0])]
                .concat()
        };
        let says = |rows: u32, columns: u16| {
            record(0x0200, &[0, 0, rows as u16, (rows >> 16) as u16, 0, columns, 0])
        };
        assert!(check(&sheet(65_535, 255)).is_ok());
        assert!(check(&sheet(65_535, 65_535)).is_err());
        assert!(check(&[sheet(65_535, 255), sheet(65_535, 255)].concat()).is_err());
        assert!(check(&says(65_536, 256)).is_ok());
        assert!(check(&says(u32::MAX, 5)).is_err());
        assert!(check(&record(0x00bd, &[65_535, 0, 0, 0, 0, 9_999])).is_err());
        assert!(check(&[0x00, 0x02, 0xff, 0xff, 1]).is_ok(), "a record that is cut off");
    }
}
