//! What is made of the rows of a scan: a table, aggregates, a file.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::aggregate::{Aggregated, Aggregation, Totals};
use super::scan::{Counts, Scan, Taken};
use super::sheet::{Segment, Table, column_of};
use super::writing::{Format, Pieces, create};
use crate::cancel::Cancel;
use crate::failure::Failure;

impl Scan {
    /// The rows as a table, at most so many.
    pub fn table(&self, most: Option<usize>, cancel: &Cancel) -> Result<(Table, Taken), Failure> {
        let (mut segments, mut rows) = (Vec::new(), 0);
        let taken = self.pull(None, cancel, Table::into_segment, |segment: Result<Segment, Failure>| {
            let segment = segment?;
            rows += segment.len();
            segments.push(segment);
            Ok(most.is_none_or(|most| rows < most))
        })?;
        let table = Table::of(self.headers().into(), segments)?;
        Ok((most.map_or_else(|| table.clone(), |most| table.slice(0, most)), taken))
    }

    /// How many rows come to each filter, and are left at the end.
    pub fn counts(&self, cancel: &Cancel) -> Result<Counts, Failure> {
        Ok(self.pull(Some(&[]), cancel, drop, |()| Ok(true))?.counts)
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
            |parts: Result<_, Failure>| totals.take(parts?).map(|()| true),
        )?;
        Ok((totals.finish(), taken))
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
