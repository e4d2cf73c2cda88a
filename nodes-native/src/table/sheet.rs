//! How cells lie in memory.
//!
//! A sheet is segments, each a buffer of rows: a row is its length, then its cells; lengths are LEB128 varints. A cell is twice
//! its length and its bytes, or, if it is in the dictionary, twice its number there plus one. That is at most about as
//! large as the CSV text itself, since a length takes the place of a delimiter, and smaller the more cells repeat. A cell
//! without a value, which only joins make, has a number that no entry has.
//! The start of every 64th row of a segment is indexed; rows between are reached by hopping over row lengths. Cells missing at the
//! end of a row take no space and read as empty.

use std::sync::Arc;

use super::dictionary::{Dictionary, NO_VALUE, Repeats};
use super::joining::Joined;
use super::row::{Row, has_value, read_length, write_length};
use crate::failure::{Code, Failure};

const ROWS_PER_BLOCK: u32 = 64;
/// The bytes that a varint of 64 bits takes at most.
const LONGEST_LENGTH: usize = 10;

/// Cells as they were read. Never changed after it is built, so that many tables can share it.
pub(crate) struct Sheet {
    headers: Arc<[String]>,
    segments: Vec<Segment>,
    rows: u32,
}

impl Sheet {
    /// The segment that a row is in; the row must be there.
    fn segment_of(&self, number: u32) -> usize {
        match &*self.segments {
            [_] => 0,
            segments => segments.partition_point(|segment| segment.first <= number) - 1,
        }
    }
}

impl Sheet {
    /// Whether a row is in a segment and best reached by hopping from one before it there.
    #[inline]
    fn is_close(&self, from: u32, number: u32, place: Place) -> bool {
        let segment = &self.segments[place.segment as usize];
        let within = number - segment.first;
        within < segment.rows && number - from <= within % ROWS_PER_BLOCK
    }
}

/// Rows that were read together; a sheet has many where several threads read it.
pub(crate) struct Segment {
    /// The number of its first row within the sheet.
    first: u32,
    rows: u32,
    bytes: Vec<u8>,
    dictionary: Dictionary,
    blocks: Vec<usize>,
    has_holes: bool,
}

impl Segment {
    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.rows as usize
    }

    /// Bytes of its rows.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.dictionary.size()
    }

    fn row_at(&self, offset: usize) -> (Row<'_>, usize) {
        let (length, start) = read_length(&self.bytes, offset);
        let end = start + length;
        (Row::of(&self.bytes[start..end], &self.dictionary), end)
    }

    /// Where a row of this segment begins.
    fn offset_of(&self, number: u32) -> usize {
        let number = number - self.first;
        self.skip(self.blocks[(number / ROWS_PER_BLOCK) as usize], number % ROWS_PER_BLOCK)
    }

    fn skip(&self, offset: usize, rows: u32) -> usize {
        (0..rows).fold(offset, |offset, _| {
            let (length, start) = read_length(&self.bytes, offset);
            start + length
        })
    }
}

/// Builds a segment row by row.
pub(crate) struct SheetBuilder {
    headers: Arc<[String]>,
    segment: Segment,
    repeats: Repeats,
}

impl SheetBuilder {
    /// `capacity` is the expected size of the text in bytes; the buffer is reserved once and never doubled.
    pub(crate) fn new(headers: impl Into<Arc<[String]>>, capacity: usize) -> Result<Self, Failure> {
        let headers = headers.into();
        let mut bytes = Vec::new();
        reserve(&mut bytes, capacity)?;
        let repeats = Repeats::new(headers.len());
        let dictionary = Dictionary::default();
        let segment = Segment { first: 0, rows: 0, bytes, dictionary, blocks: Vec::new(), has_holes: false };
        Ok(Self { headers, segment, repeats })
    }

    /// Adds a row of at most as many cells as there are columns.
    pub(crate) fn push<'a>(&mut self, cells: impl Iterator<Item = &'a [u8]>) -> Result<(), Failure> {
        let segment = &mut self.segment;
        if segment.rows == u32::MAX {
            return Err(too_many_rows());
        }
        if segment.rows.is_multiple_of(ROWS_PER_BLOCK) {
            segment.blocks.push(segment.bytes.len());
        }
        let start = segment.bytes.len();
        make_room(&mut segment.bytes, LONGEST_LENGTH)?;
        segment.bytes.push(0);
        for (column, cell) in cells.enumerate() {
            make_room(&mut segment.bytes, cell.len() + 2 * LONGEST_LENGTH)?;
            if !has_value(cell) {
                segment.has_holes = true;
                write_length(&mut segment.bytes, NO_VALUE << 1 | 1);
                continue;
            }
            match self.repeats.find(&mut segment.dictionary, column, cell) {
                Some(entry) => write_length(&mut segment.bytes, (entry as usize) << 1 | 1),
                None => {
                    write_length(&mut segment.bytes, cell.len() << 1);
                    segment.bytes.extend_from_slice(cell);
                }
            }
        }
        let length = segment.bytes.len() - start - 1;
        if length < 0x80 {
            segment.bytes[start] = length as u8;
        } else {
            let mut prefix = Vec::with_capacity(LONGEST_LENGTH);
            write_length(&mut prefix, length);
            segment.bytes.splice(start..=start, prefix);
        }
        segment.rows += 1;
        Ok(())
    }

    /// The rows so far, to be put together with others of the same columns.
    pub(crate) fn segment(mut self) -> Segment {
        self.segment.bytes.shrink_to_fit();
        self.segment
    }

    /// The finished table over all rows.
    pub(crate) fn finish(self) -> Table {
        let headers = Arc::clone(&self.headers);
        let segment = self.segment();
        let rows = segment.rows;
        let sheet = Sheet { headers, segments: Vec::from([segment]), rows };
        Table { source: Source::Sheet(Arc::new(sheet)), selection: Selection::Range(0, rows) }
    }
}

/// Rows of a sheet, or joined ones, in an order. Cloning is cheap: rows and selection are shared.
#[derive(Clone)]
pub struct Table {
    source: Source,
    selection: Selection,
}

#[derive(Clone)]
enum Source {
    Sheet(Arc<Sheet>),
    Joined(Arc<Joined>),
}

#[derive(Clone)]
enum Selection {
    /// Rows from the first number up to, not including, the second, in the order of the source.
    Range(u32, u32),
    /// Rows by number, in any order.
    Picked(Arc<[u32]>),
}

impl Table {
    /// The rows of these segments one after the other. MEMORY_LIMIT_EXCEEDED for more rows than a table holds.
    pub(crate) fn of(headers: Arc<[String]>, segments: Vec<Segment>) -> Result<Table, Failure> {
        let mut rows = 0_u32;
        let mut kept = Vec::with_capacity(segments.len());
        for segment in segments.into_iter().filter(|segment| segment.rows > 0) {
            let first = rows;
            rows = rows.checked_add(segment.rows).ok_or_else(too_many_rows)?;
            kept.push(Segment { first, ..segment });
        }
        let sheet = Sheet { headers, segments: kept, rows };
        Ok(Table { source: Source::Sheet(Arc::new(sheet)), selection: Selection::Range(0, rows) })
    }

    /// Joined rows.
    pub(crate) fn joined(rows: Joined) -> Table {
        let count = rows.row_count() as u32;
        Table { source: Source::Joined(Arc::new(rows)), selection: Selection::Range(0, count) }
    }

    /// The names of the columns, all distinct.
    pub fn headers(&self) -> &[String] {
        self.source_headers()
    }

    /// The headers, to be shared with another table.
    pub(crate) fn shared_headers(&self) -> Arc<[String]> {
        Arc::clone(self.source_headers())
    }

    fn source_headers(&self) -> &Arc<[String]> {
        match &self.source {
            Source::Sheet(sheet) => &sheet.headers,
            Source::Joined(joined) => joined.headers(),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match &self.selection {
            Selection::Range(start, end) => (end - start) as usize,
            Selection::Picked(rows) => rows.len(),
        }
    }

    /// Whether rows that this table was made of have cells without a value, which other operations than those of a scan take
    /// for empty text.
    pub fn has_holes(&self) -> bool {
        match &self.source {
            Source::Sheet(sheet) => sheet.segments.iter().any(|segment| segment.has_holes),
            Source::Joined(joined) => joined.has_holes(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column of that name; INVALID_PARAMETERS, naming the columns there are, when it is missing.
    pub(crate) fn column(&self, name: &str) -> Result<usize, Failure> {
        column_of(self.headers(), name)
    }

    /// The only segment, where this is all of it and no other table shares it; else a copy of the rows.
    pub(crate) fn into_segment(self) -> Result<Segment, Failure> {
        let Table { source, selection } = self;
        match (source, selection) {
            (Source::Sheet(sheet), Selection::Range(0, rows))
                if rows == sheet.rows && sheet.segments.len() == 1 =>
            {
                match Arc::try_unwrap(sheet) {
                    Ok(mut sheet) => Ok(sheet.segments.remove(0)),
                    Err(sheet) => {
                        let source = Source::Sheet(sheet);
                        Table { source, selection: Selection::Range(0, rows) }.copied()
                    }
                }
            }
            (source, selection) => Table { source, selection }.copied(),
        }
    }

    /// A copy of the rows.
    pub(super) fn copied(&self) -> Result<Segment, Failure> {
        let mut builder = SheetBuilder::new(self.shared_headers(), 0)?;
        let width = self.headers().len();
        self.rows().try_for_each(|row| builder.push(row.padded(width)))?;
        Ok(builder.segment())
    }

    /// The same rows in a sheet, where they are joined ones.
    pub(super) fn by_itself(&self) -> Result<Table, Failure> {
        match &self.source {
            Source::Sheet(_) => Ok(self.clone()),
            Source::Joined(_) => Table::of(self.shared_headers(), Vec::from([self.copied()?])),
        }
    }

    /// Where the rows of a sheet lie, in order, for [`Table::row_at`]; none of joined rows.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        let mut rows = self.rows();
        std::iter::from_fn(move || match &self.source {
            Source::Sheet(sheet) => rows.number().map(|number| rows.find(sheet, number).0),
            Source::Joined(_) => None,
        })
    }

    /// The row at a place of this table.
    #[inline]
    pub(super) fn row_at(&self, place: Place) -> Row<'_> {
        match &self.source {
            Source::Sheet(sheet) => sheet.segments[place.segment as usize].row_at(place.offset).0,
            Source::Joined(joined) => joined.row(place.offset),
        }
    }

    /// The rows in order.
    pub(crate) fn rows(&self) -> Rows<'_> {
        self.rows_from(0)
    }

    /// The rows in order from a position on.
    pub(crate) fn rows_from(&self, position: usize) -> Rows<'_> {
        Rows { table: self, position, next: None }
    }

    /// The same source, showing the rows at these positions of this table.
    pub fn pick(&self, positions: Vec<u32>) -> Table {
        let rows = match &self.selection {
            Selection::Range(0, _) => positions,
            Selection::Range(start, _) => positions.into_iter().map(|position| start + position).collect(),
            Selection::Picked(rows) => {
                positions.into_iter().map(|position| rows[position as usize]).collect()
            }
        };
        Table { source: self.source.clone(), selection: Selection::Picked(rows.into()) }
    }

    /// The rows at positions `start..end`, both cut to the length of the table.
    pub fn slice(&self, start: usize, end: usize) -> Table {
        let end = end.min(self.len());
        let start = start.min(end);
        let selection = match &self.selection {
            Selection::Range(first, _) => Selection::Range(first + start as u32, first + end as u32),
            Selection::Picked(rows) => Selection::Picked(rows[start..end].into()),
        };
        Table { source: self.source.clone(), selection }
    }

    /// Bytes that this table keeps alive beyond those of the table it was made from; all of them for one just read.
    pub fn own_bytes(&self) -> usize {
        match (&self.selection, &self.source) {
            (Selection::Range(0, rows), Source::Sheet(sheet)) if *rows == sheet.rows => {
                sheet.segments.iter().map(Segment::size).sum()
            }
            (Selection::Range(0, rows), Source::Joined(joined)) if *rows as usize == joined.row_count() => {
                joined.own_bytes()
            }
            (Selection::Range(..), _) => 0,
            (Selection::Picked(rows), _) => rows.len() * size_of::<u32>(),
        }
    }
}

/// The column of that name; INVALID_PARAMETERS, naming the columns there are, when it is missing.
pub(super) fn column_of(headers: &[String], name: &str) -> Result<usize, Failure> {
    headers.iter().position(|header| header == name).ok_or_else(|| {
        let known = headers.iter().map(|header| format!("\"{header}\"")).collect::<Vec<_>>().join(", ");
        Code::InvalidParameters.because(format!("Field \"{name}\" is not a column; the columns are {known}"))
    })
}

/// Where a row lies.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    segment: u32,
    offset: usize,
}

/// Walks the rows of a table; neighbouring rows of a sheet are reached without going through the index.
pub(crate) struct Rows<'a> {
    table: &'a Table,
    position: usize,
    /// The number of the row that follows the one given last, and where that is, if it is in the same segment.
    next: Option<(u32, Place)>,
}

impl<'a> Rows<'a> {
    /// The number of the next row within the source.
    #[inline]
    fn number(&mut self) -> Option<u32> {
        let position = self.position;
        self.position += 1;
        match &self.table.selection {
            Selection::Range(start, end) => {
                (position < (end - start) as usize).then(|| start + position as u32)
            }
            Selection::Picked(rows) => rows.get(position).copied(),
        }
    }

    #[inline]
    fn find(&mut self, sheet: &'a Sheet, number: u32) -> (Place, Row<'a>) {
        let place = match self.next {
            Some((row, place)) if row <= number && sheet.is_close(row, number, place) => {
                let offset = sheet.segments[place.segment as usize].skip(place.offset, number - row);
                Place { offset, ..place }
            }
            _ => {
                let segment = sheet.segment_of(number);
                Place { segment: segment as u32, offset: sheet.segments[segment].offset_of(number) }
            }
        };
        let (row, end) = sheet.segments[place.segment as usize].row_at(place.offset);
        self.next = Some((number + 1, Place { offset: end, ..place }));
        (place, row)
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    #[inline]
    fn next(&mut self) -> Option<Row<'a>> {
        let number = self.number()?;
        Some(match &self.table.source {
            Source::Sheet(sheet) => self.find(sheet, number).1,
            Source::Joined(joined) => joined.row(number as usize),
        })
    }
}

pub(super) fn too_many_rows() -> Failure {
    Code::MemoryLimitExceeded.because("A table holds at most 4294967295 rows")
}

/// Grows in steps of an eighth, so that the buffer is never doubled.
#[inline]
fn make_room(bytes: &mut Vec<u8>, needed: usize) -> Result<(), Failure> {
    if bytes.capacity() - bytes.len() < needed {
        let step = (bytes.capacity() / 8).max(64 * 1024).max(needed);
        reserve(bytes, step)?;
    }
    Ok(())
}

fn reserve(bytes: &mut Vec<u8>, additional: usize) -> Result<(), Failure> {
    bytes.try_reserve_exact(additional).map_err(|_| {
        Code::MemoryLimitExceeded.because(format!("No memory for a table of {additional} more bytes"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: u32) -> Table {
        let mut builder = SheetBuilder::new(vec!["n".into(), "text".into()], 16).unwrap();
        for number in 0..rows {
            let (n, text) = (number.to_string(), "x".repeat((number % 300) as usize));
            builder.push([n.as_bytes(), text.as_bytes()].into_iter()).unwrap();
        }
        builder.finish()
    }

    fn first_cells(table: &Table) -> Vec<u32> {
        table.rows().map(|row| std::str::from_utf8(row.cell(0)).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn a_scan_and_an_arbitrary_order_see_the_same_rows() {
        let table = numbered(1000);
        assert_eq!(first_cells(&table), (0..1000).collect::<Vec<_>>());
        let order: Vec<u32> = (0..1000).map(|n| (n * 617) % 1000).collect();
        assert_eq!(first_cells(&table.pick(order.clone())), order);
        let sparse: Vec<u32> = (0..1000).step_by(7).collect();
        assert_eq!(first_cells(&table.pick(sparse.clone())), sparse);
        assert_eq!(table.rows_from(299).next().unwrap().cell(1).len(), 299);
    }

    #[test]
    fn slices_of_picks_of_slices_keep_their_order() {
        let table = numbered(200).slice(100, 500);
        assert_eq!(table.len(), 100);
        let picked = table.pick(vec![9, 3, 70]);
        assert_eq!(first_cells(&picked), [109, 103, 170]);
        assert_eq!(first_cells(&picked.slice(1, 2)), [103]);
        assert_eq!(first_cells(&picked.pick(vec![2, 0])), [170, 109]);
    }

    #[test]
    fn a_short_row_reads_as_empty_cells() {
        let mut builder = SheetBuilder::new(vec!["a".into(), "b".into(), "c".into()], 0).unwrap();
        builder.push([&b"1"[..]].into_iter()).unwrap();
        let table = builder.finish();
        let row = table.rows().next().unwrap();
        assert_eq!(row.cell(2), b"");
        assert_eq!(row.padded(3).collect::<Vec<_>>(), [&b"1"[..], b"", b""]);
    }
}
