//! What is made of the rows of a scan: a table, aggregates, a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::aggregate::{Aggregated, Aggregation, Parts, Totals};
use super::scan::{Scan, Taken};
use super::sheet::{Segment, Table, column_of};
use super::writing::{Format, Pieces, create, records_text};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Rows of joins that become a table.
const MOST_JOINED: usize = 10_000_000;

impl Scan {
    /// The rows as a table, at most so many. MEMORY_LIMIT_EXCEEDED where a join gives more than become a table.
    pub fn table(&self, most: Option<usize>, cancel: &Cancel) -> Result<(Table, Taken), Failure> {
        let (mut segments, mut rows) = (Vec::new(), 0);
        let size = |segment: &Result<Segment, Failure>| segment.as_ref().map_or(0, Segment::size);
        let taken = self.pull(None, cancel, Table::into_segment, size, |segment| {
            let segment = segment?;
            rows += segment.len();
            if rows > MOST_JOINED && self.multiplies() {
                return Err(Code::MemoryLimitExceeded.because(format!(
                    "The join would give more than {MOST_JOINED} rows, and the node that takes them needs all at once. Filter or \
                     aggregate them first, write them to a file, or join by more key fields"
                )));
            }
            segments.push(segment);
            Ok(most.is_none_or(|most| rows < most))
        })?;
        let table = Table::of(self.headers().into(), segments)?;
        Ok((most.map_or_else(|| table.clone(), |most| table.slice(0, most)), taken))
    }

    /// Counts the rows that come to each step, and are left at the end.
    pub fn counted(&self, cancel: &Cancel) -> Result<Taken, Failure> {
        self.pull(Some(&[]), cancel, drop, |()| 0, |()| Ok(true))
    }

    /// As [`Aggregation::apply`] of all rows.
    pub fn aggregate(
        &self,
        aggregation: &Aggregation,
        cancel: &Cancel,
    ) -> Result<(Aggregated, Taken), Failure> {
        let fields: Vec<&str> = aggregation.fields().collect();
        fields.iter().try_for_each(|field| self.column(field).map(|_| ()))?;
        let mut totals = Totals::new(aggregation);
        let kinds = totals.kinds();
        let taken = self.pull(
            Some(&fields),
            cancel,
            |table| {
                let columns = aggregation.columns(|name| column_of(table.headers(), name))?;
                Ok(kinds.of(&table, &columns))
            },
            |parts| parts.as_ref().map_or(0, Parts::size),
            |parts: Result<_, Failure>| totals.take(parts?).map(|()| true),
        )?;
        Ok((totals.finish(), taken))
    }

    /// Gives the rows as JSON texts of arrays of objects, and how many are in each, until `give` answers false. No row begins
    /// beyond so many bytes of a text.
    pub(super) fn texts(
        &self,
        bytes: usize,
        cancel: &Cancel,
        mut give: impl FnMut(String, usize) -> Result<bool, Failure>,
    ) -> Result<Taken, Failure> {
        let texts = |table: Table| {
            let (mut texts, mut start) = (Vec::new(), 0);
            while start < table.len() {
                let (text, count) = records_text(&table, start, bytes);
                texts.push((text, count));
                start += count;
            }
            texts
        };
        let size = |texts: &Vec<(String, usize)>| texts.iter().map(|(text, _)| text.capacity()).sum();
        self.pull(None, cancel, texts, size, |texts| {
            for (text, count) in texts {
                if !give(text, count)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Writes the rows to a new file, as [`super::writing::write_file`] does, and returns its size in bytes.
    pub fn write(&self, path: &Path, format: Format, cancel: &Cancel) -> Result<(u64, Taken), Failure> {
        let mut out = BufWriter::with_capacity(64 * 1024, create(path)?);
        let pieces = Pieces::of(self.headers(), format);
        let mut is_first = true;
        out.write_all(&pieces.begin()?)?;
        let taken = self.pull(
            None,
            cancel,
            |table| pieces.rows(&table, cancel),
            |text| text.as_ref().map_or(0, Vec::capacity),
            |text: Result<Vec<u8>, Failure>| {
                out.write_all(pieces.following(&text?, &mut is_first))?;
                Ok(true)
            },
        )?;
        out.write_all(pieces.end(is_first))?;
        let file = out.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        Ok((file.metadata()?.len(), taken))
    }
}
