//! ODS, looked at before it is read: its reader makes all cells that a few words may stand for.

use std::io::{BufRead, BufReader, Read, Seek};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::cell::MOST_CELLS;
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

const EVENTS_BETWEEN_LOOKS: u32 = 4096;
/// Rows and columns that a reader goes to.
const MOST_ROWS: u64 = 1_048_576;
const MOST_COLUMNS: u64 = 16_384;

/// Fails with MEMORY_LIMIT_EXCEEDED where the sheets together reach over more cells than are read. What cannot be read is left
/// to the reader.
pub(super) fn check(archive: &mut ZipArchive<impl Read + Seek>, cancel: &Cancel) -> Result<(), Failure> {
    let Ok(content) = archive.by_name("content.xml") else { return Ok(()) };
    check_content(BufReader::new(content), cancel)
}

fn check_content(content: impl BufRead, cancel: &Cancel) -> Result<(), Failure> {
    let mut reader = Reader::from_reader(content);
    reader.config_mut().check_end_names = false;
    reader.config_mut().expand_empty_elements = true;
    let (mut buffer, mut sheet, mut total, mut events) = (Vec::new(), Sheet::default(), 0_u64, 0_u32);
    loop {
        buffer.clear();
        events = events.wrapping_add(1);
        if events.is_multiple_of(EVENTS_BETWEEN_LOOKS) {
            cancel.check()?;
        }
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => match element.local_name().as_ref() {
                "table" => {
                    total += sheet.cells();
                    sheet = Sheet::default();
                }
                "table-row" => {
                    sheet.begin_row(repeated(&element, "table:number-rows-repeated").min(MOST_ROWS))
                }
                "table-cell" | "covered-table-cell" => {
                    sheet.begin_cell(repeated(&element, "table:number-columns-repeated").min(MOST_COLUMNS));
                    if element
                        .attributes()
                        .flatten()
                        .any(|attribute| attribute.key.as_ref().ends_with("value-type"))
                    {
                        sheet.fill_cell();
                    }
                }
                _ => sheet.fill_cell(),
            },
            Ok(Event::Text(_)) => sheet.fill_cell(),
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
        if total + sheet.cells() > MOST_CELLS {
            return Err(Code::MemoryLimitExceeded.because(format!(
                "The sheets of the workbook reach over more than {MOST_CELLS} cells; save it as XLSX"
            )));
        }
    }
}

fn repeated(element: &BytesStart<'_>, name: &str) -> u64 {
    let attribute = element.try_get_attribute(name).ok().flatten();
    attribute.and_then(|attribute| attribute.value.parse().ok()).unwrap_or(1)
}

/// How far the cells of a sheet reach that have something in them.
#[derive(Default)]
struct Sheet {
    rows: u64,
    columns: u64,
    /// The row and the column behind what was read, and behind what stands before it.
    row: (u64, u64),
    column: (u64, u64),
}

impl Sheet {
    fn begin_row(&mut self, repeats: u64) {
        self.row = (self.row.0 + repeats, self.row.0);
        self.column = (0, 0);
    }

    fn begin_cell(&mut self, repeats: u64) {
        self.column = (self.column.0 + repeats, self.column.0);
    }

    fn fill_cell(&mut self) {
        if self.column.0 > 0 {
            self.rows = self.rows.max(self.row.0);
            self.columns = self.columns.max(self.column.0);
        }
    }

    fn cells(&self) -> u64 {
        self.rows.min(MOST_ROWS) * self.columns.min(MOST_COLUMNS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(rows: &str) -> bool {
        let text = format!("<office:body><table:table>{rows}</table:table></office:body>");
        check_content(text.as_bytes(), &Cancel::default()).is_ok()
    }

    #[test]
    fn cells_are_counted_that_have_something_in_them() {
        let cell = |repeats: u32, inside: &str| {
            format!(
                "<table:table-cell table:number-columns-repeated=\"{repeats}\">{inside}</table:table-cell>"
            )
        };
        let row = |repeats: u32, cells: &str| {
            format!("<table:table-row table:number-rows-repeated=\"{repeats}\">{cells}</table:table-row>")
        };
        let text = "<text:p>x</text:p>";
        assert!(fits(&row(1000, &cell(16_384, text))));
        assert!(fits(&row(1_048_576, &cell(16_384, ""))));
        assert!(fits(&(row(1, &cell(3, text)) + &row(1_048_575, &cell(16_384, "")))));
        assert!(!fits(&row(1_048_576, &cell(16_384, text))));
        assert!(!fits(&row(20_000, &cell(16_384, text))));
        assert!(!fits(&(row(1_048_575, "") + &row(1, &(cell(16_383, "") + &cell(1, text))))));
        assert!(!fits(&row(
            1_048_576,
            "<table:table-cell office:value-type=\"float\" table:number-columns-repeated=\"9999\"/>"
        )));
    }
}
