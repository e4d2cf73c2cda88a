//! Files that are read when their rows are needed, block by block, so that they may be larger than memory.
//!
//! A scan is a file and filters. What takes its rows pulls them through: each block of the file becomes a small table on some
//! thread, goes through the filters there, and comes to the taker in its order. Only a few blocks are in memory at once. A file that
//! is no longer as it was when the scan began is refused.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::blocks::Blocks;
use super::condition::Filter;
use super::pipeline::{in_order, threads_for};
use super::reading::{BLOCK, Beginning, Doubts, Layout, Part, became_shorter, open};
use super::sheet::{Segment, Table, column_of};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Rows of a file to come, as far as filters let them through. Cloning is cheap.
#[derive(Clone)]
pub struct Scan {
    path: Arc<Path>,
    layout: Layout,
    identity: Identity,
    headers: Arc<[String]>,
    filters: Vec<Arc<Filter>>,
}

/// How many rows came to each filter, and at the end how many were left.
pub type Counts = Vec<u64>;

/// What there is to say of the rows that were taken.
pub struct Taken {
    /// How many they are.
    pub counts: Counts,
    /// Of the text as far as it was read.
    pub doubts: Doubts,
}

impl Scan {
    /// A scan of all rows. Fails as reading the first of them does.
    pub fn open(path: PathBuf, layout: Layout, cancel: &Cancel) -> Result<Self, Failure> {
        let (file, _) = open(&path)?;
        let identity = Identity::of(&file.metadata()?);
        let mut blocks = Blocks::new(file, layout.delimiter, BLOCK, cancel);
        let beginning = Beginning::of(&mut blocks, &layout)?;
        let headers =
            beginning.map_or_else(|| Arc::new([]) as Arc<[String]>, |(beginning, _)| beginning.headers);
        Ok(Self { path: path.into(), layout, identity, headers, filters: Vec::new() })
    }

    /// The names of the columns, all distinct.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The same rows as far as a filter lets them through. INVALID_PARAMETERS for a field that is no column.
    pub fn filtered(&self, filter: Filter) -> Result<Self, Failure> {
        filter.fields().try_for_each(|field| self.column(field).map(|_| ()))?;
        let mut filtered = self.clone();
        filtered.filters.push(Arc::new(filter));
        Ok(filtered)
    }

    /// The column of that name; INVALID_PARAMETERS, naming the columns there are, for an unknown name.
    pub(super) fn column(&self, name: &str) -> Result<usize, Failure> {
        column_of(&self.headers, name)
    }

    /// Gives the rows to `work`, block by block on several threads, and what it makes of them to `take`, in the order of the
    /// file, until that answers false. Of the columns only the `wanted` ones and those of filters, where some are named.
    ///
    /// Fails with EXECUTION_FAILED for a file that has changed, DESERIALIZATION_FAILED for a row that is not readable, CANCELLED,
    /// and as `take` does.
    pub(super) fn pull<T: Send>(
        &self,
        wanted: Option<&[&str]>,
        cancel: &Cancel,
        work: impl Fn(Table) -> T + Sync,
        mut take: impl FnMut(T) -> Result<bool, Failure>,
    ) -> Result<Taken, Failure> {
        let (file, size) = open(&self.path)?;
        self.demand_same(&file)?;
        let mut blocks = Blocks::new(&file, self.layout.delimiter, BLOCK, cancel);
        let mut counts = vec![0; self.filters.len() + 1];
        let Some((beginning, first)) = Beginning::of(&mut blocks, &self.layout)? else {
            return Ok(Taken { counts, doubts: Doubts::default() });
        };
        let mut doubts = beginning.doubts();
        let columns = wanted.map(|wanted| self.columns(wanted)).transpose()?;
        let headers = match &columns {
            Some(columns) => columns.iter().map(|&column| self.headers[column].clone()).collect(),
            None => Arc::clone(&self.headers),
        };
        let (mut first, mut rows, mut goes_on) = (Some(first), beginning.rows, true);
        let next = || {
            let block = match first.take() {
                Some(first) => Some(first),
                None => blocks.next()?,
            };
            cancel.report(blocks.taken(), size);
            Ok(block)
        };
        let through = |block: Vec<u8>| {
            let Part { segment, rows, doubts } = beginning.read(&block, columns.as_deref());
            drop(block);
            (segment.map(|segment| self.filter(Arc::clone(&headers), segment, cancel, &work)), rows, doubts)
        };
        in_order(threads_for(size.div_ceil(BLOCK as u64)), next, through, |(made, count, found)| {
            let (made, kept) = made.map_err(|fault| fault.after(rows))??;
            doubts.add(found, rows);
            rows += count;
            counts.iter_mut().zip(kept).for_each(|(count, kept)| *count += kept);
            goes_on = take(made)?;
            Ok(goes_on)
        })
        .map_err(|failure| self.located(failure))?;
        if goes_on && blocks.taken() < size {
            return Err(self.located(became_shorter()));
        }
        self.demand_same(&file)?;
        Ok(Taken { counts, doubts })
    }

    fn filter<T>(
        &self,
        headers: Arc<[String]>,
        segment: Segment,
        cancel: &Cancel,
        work: &impl Fn(Table) -> T,
    ) -> Result<(T, Counts), Failure> {
        let mut table = Table::of(headers, Vec::from([segment]))?;
        let mut kept = Vec::from([table.len() as u64]);
        for filter in &self.filters {
            table = filter.apply(&table, cancel)?;
            kept.push(table.len() as u64);
        }
        Ok((work(table), kept))
    }

    /// The places of these columns and of those that filters look at, in their order.
    fn columns(&self, wanted: &[&str]) -> Result<Vec<usize>, Failure> {
        let fields = self.filters.iter().flat_map(|filter| filter.fields());
        let mut columns = wanted
            .iter()
            .copied()
            .chain(fields)
            .map(|name| self.column(name))
            .collect::<Result<Vec<_>, _>>()?;
        columns.sort_unstable();
        columns.dedup();
        Ok(columns)
    }

    fn demand_same(&self, file: &File) -> Result<(), Failure> {
        if Identity::of(&file.metadata()?) == self.identity {
            return Ok(());
        }
        Err(Code::ExecutionFailed.because(format!(
            "The file has changed since its rows began to be streamed: {}. Write it before it is read, or read it without `stream`",
            self.path.display()
        )))
    }

    /// A failure of a row, with the file that it is in: it is met by another node than the one that reads the file.
    fn located(&self, failure: Failure) -> Failure {
        if failure.code != Code::DeserializationFailed {
            return failure;
        }
        failure.code.because(format!("{} (in {})", failure.message, self.path.display()))
    }
}

/// What tells whether a file is still the same.
#[derive(Clone, PartialEq)]
struct Identity {
    size: u64,
    modified: Option<SystemTime>,
    /// Device and number of the file, where there are such.
    number: Option<(u64, u64)>,
}

impl Identity {
    fn of(facts: &Metadata) -> Self {
        #[cfg(unix)]
        let number = {
            use std::os::unix::fs::MetadataExt;
            Some((facts.dev(), facts.ino()))
        };
        #[cfg(not(unix))]
        let number = None;
        Self { size: facts.len(), modified: facts.modified().ok(), number }
    }
}
