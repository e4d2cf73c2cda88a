//! Files that are read when their rows are needed, block by block, so that they may be larger than memory.
//!
//! A scan is a file and steps: filters, and joins with tables that are held. What takes its rows pulls them through: each block of
//! the file becomes a small table on some thread, goes through the steps there, and comes to the taker in its order. Only a few
//! blocks are in memory at once. A file that is no longer as it was when the scan began is refused.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::blocks::Blocks;
use super::condition::Filter;
use super::joining::{How, Naming};
use super::pipeline::{in_order, threads_for};
use super::probing::{JoinTold, Note, Probe, Tally};
use super::reading::{BLOCK, Beginning, Doubts, Layout, Part, became_shorter, open};
use super::sheet::{Segment, Table, column_of};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Joined rows of a block that a thread makes ahead at each step, or twice as many as came. A block that becomes more is worked on
/// when its turn comes, piece by piece.
const MOST_AHEAD: usize = 64 * 1024;
/// Bytes after which a thread makes no more of the joined rows of a block ahead; the same then becomes of the block.
const BYTES_AHEAD: usize = 16 * 1024 * 1024;

/// Rows of a file to come, as the steps leave them. Cloning is cheap.
#[derive(Clone)]
pub struct Scan {
    path: Arc<Path>,
    layout: Layout,
    identity: Identity,
    /// The columns of the file.
    columns: Arc<[String]>,
    headers: Arc<[String]>,
    steps: Vec<Step>,
}

#[derive(Clone)]
enum Step {
    Filter(Arc<Filter>),
    Join(Arc<Probe>),
}

/// How many rows came to each step, and at the end how many were left.
pub type Counts = Vec<u64>;

/// What there is to say of the rows that were taken.
pub struct Taken {
    /// How many they are.
    pub counts: Counts,
    /// Of the text as far as it was read.
    pub doubts: Doubts,
    /// Of each join in turn; of none unless all rows were taken.
    pub joins: Vec<JoinTold>,
}

/// What was found on the way of some rows.
struct Notes {
    counts: Counts,
    /// Of each step; those of filters stay empty.
    joins: Vec<Note>,
}

impl Notes {
    fn of(scan: &Scan) -> Self {
        let joins = scan.steps.iter().map(|_| Note::default()).collect();
        Self { counts: vec![0; scan.steps.len() + 1], joins }
    }
}

/// Where goes what is found on the way of rows.
enum Found<'a> {
    /// Kept until the turn of these rows comes; the most rows that may come to a step.
    Ahead(&'a mut Notes, u64),
    /// To what was found of all rows before: notes of many joined rows are not gathered.
    Now(&'a mut Findings),
}

impl Found<'_> {
    fn count(&mut self, at: usize, rows: usize) {
        let counts = match self {
            Self::Ahead(notes, _) => &mut notes.counts,
            Self::Now(all) => &mut all.counts,
        };
        counts[at] += rows as u64;
    }

    /// The note of a step that goes on, or another one.
    fn note(&mut self, at: usize) -> Note {
        match self {
            Self::Ahead(notes, _) => std::mem::take(&mut notes.joins[at]),
            Self::Now(_) => Note::default(),
        }
    }

    fn put(&mut self, at: usize, probe: &Probe, note: Note) -> Result<(), Failure> {
        match self {
            Self::Ahead(notes, _) => notes.joins[at] = note,
            Self::Now(all) => {
                if let Some(tally) = &mut all.joins[at] {
                    tally.add(probe, note)?;
                }
            }
        }
        Ok(())
    }

    /// Whether more rows came to a step than may.
    fn is_beyond(&self) -> bool {
        matches!(self, Self::Ahead(notes, most) if notes.counts.iter().any(|count| count > most))
    }
}

/// What became of a block.
enum Passed<T> {
    Made(Vec<T>, Notes),
    /// More than is made ahead would come of it.
    Large(Table),
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
        let columns = Arc::clone(&headers);
        Ok(Self { path: path.into(), layout, identity, columns, headers, steps: Vec::new() })
    }

    /// The names of the columns, all distinct.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The same rows as far as a filter lets them through. INVALID_PARAMETERS for a field that is no column.
    pub fn filtered(&self, filter: Filter) -> Result<Self, Failure> {
        filter.fields().try_for_each(|field| self.column(field).map(|_| ()))?;
        let mut filtered = self.clone();
        filtered.steps.push(Step::Filter(Arc::new(filter)));
        Ok(filtered)
    }

    /// The same rows joined with those of a table, which must have some. They are the left side, but for [`How::Right`]; the order
    /// is that of these rows. INVALID_PARAMETERS for a key that is no column, CANCELLED.
    pub fn joined(
        &self,
        keys: &[String],
        (held, held_keys): (&Table, &[String]),
        how: How,
        naming: Naming,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let probe = Probe::of((&self.headers, keys), (held, held_keys), how, naming, cancel)?;
        let mut joined = self.clone();
        if probe.multiplies() {
            joined.headers = Arc::clone(probe.headers());
        }
        joined.steps.push(Step::Join(Arc::new(probe)));
        Ok(joined)
    }

    /// Whether more rows may come out than the file has.
    pub(super) fn multiplies(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Join(probe) if probe.multiplies()))
    }

    /// The column of that name; INVALID_PARAMETERS, naming the columns there are, for an unknown name.
    pub(super) fn column(&self, name: &str) -> Result<usize, Failure> {
        column_of(&self.headers, name)
    }

    /// Gives the rows to `work`, block by block on several threads, and what it makes of them to `take`, in the order of the
    /// file, until that answers false. Of the columns only the `wanted` ones and those of filters, where some are named and nothing
    /// is joined. `size` tells how many bytes in memory something made takes, for the bound of what is made ahead.
    ///
    /// Fails with EXECUTION_FAILED for a file that has changed, DESERIALIZATION_FAILED for a row that is not readable, CANCELLED,
    /// and as `take` does.
    pub(super) fn pull<T: Send>(
        &self,
        wanted: Option<&[&str]>,
        cancel: &Cancel,
        work: impl Fn(Table) -> T + Sync,
        size: impl Fn(&T) -> usize + Sync,
        mut take: impl FnMut(T) -> Result<bool, Failure>,
    ) -> Result<Taken, Failure> {
        let (file, length) = open(&self.path)?;
        self.demand_same(&file)?;
        let mut blocks = Blocks::new(&file, self.layout.delimiter, BLOCK, cancel);
        let mut all = Findings::of(self);
        let Some((beginning, first)) = Beginning::of(&mut blocks, &self.layout)? else {
            return all.told(self, Doubts::default(), &self.columns);
        };
        let mut doubts = beginning.doubts();
        let is_joined = self.steps.iter().any(|step| matches!(step, Step::Join(_)));
        let columns = wanted.filter(|_| !is_joined).map(|wanted| self.places(wanted)).transpose()?;
        let headers = match &columns {
            Some(columns) => columns.iter().map(|&column| self.columns[column].clone()).collect(),
            None => Arc::clone(&self.columns),
        };
        let (mut first, mut rows, mut goes_on) = (Some(first), beginning.rows, true);
        let next = || {
            let block = match first.take() {
                Some(first) => Some(first),
                None => blocks.next()?,
            };
            cancel.report(blocks.taken(), length);
            Ok(block)
        };
        let through = |block: Vec<u8>| {
            let Part { segment, rows, doubts } = beginning.read(&block, columns.as_deref());
            drop(block);
            let passed =
                segment.map(|segment| self.pass_block(Arc::clone(&headers), segment, cancel, (&work, &size)));
            (passed, rows, doubts)
        };
        in_order(threads_for(length.div_ceil(BLOCK as u64)), next, through, |(passed, count, found)| {
            let passed = passed.map_err(|fault| fault.after(rows))??;
            doubts.add(found, rows);
            rows += count;
            match passed {
                Passed::Made(made, notes) => {
                    all.add(self, notes)?;
                    for made in made {
                        goes_on = goes_on && take(made)?;
                    }
                }
                Passed::Large(table) => {
                    let mut give = |table| take(work(table));
                    goes_on = self.pass(0, table, &mut Found::Now(&mut all), cancel, &mut give)?;
                }
            }
            Ok(goes_on)
        })
        .map_err(|failure| self.located(failure))?;
        if goes_on && blocks.taken() < length {
            return Err(self.located(became_shorter()));
        }
        goes_on = goes_on && self.pass_rest(&mut all, &headers, cancel, &mut |table| take(work(table)))?;
        self.demand_same(&file)?;
        if goes_on {
            return all.told(self, doubts, &headers);
        }
        Ok(Taken { counts: all.counts, doubts, joins: Vec::new() })
    }

    fn pass_block<T>(
        &self,
        headers: Arc<[String]>,
        segment: Segment,
        cancel: &Cancel,
        (work, size): (&impl Fn(Table) -> T, &impl Fn(&T) -> usize),
    ) -> Result<Passed<T>, Failure> {
        let table = Table::of(headers, Vec::from([segment]))?;
        // Cloning it would keep its rows from being handed on without a copy.
        let again = self.multiplies().then(|| table.clone());
        let most = if again.is_some() { MOST_AHEAD.max(2 * table.len()) as u64 } else { u64::MAX };
        let (mut notes, mut made, mut bytes) = (Notes::of(self), Vec::new(), 0);
        let mut found = Found::Ahead(&mut notes, most);
        let is_all = self.pass(0, table, &mut found, cancel, &mut |table| {
            let one = work(table);
            if again.is_some() {
                bytes += size(&one);
            }
            made.push(one);
            Ok(bytes <= BYTES_AHEAD)
        })?;
        Ok(match again {
            Some(table) if !is_all => Passed::Large(table),
            _ => Passed::Made(made, notes),
        })
    }

    /// Gives what becomes of rows from a step on, until `give` answers false.
    fn pass(
        &self,
        at: usize,
        table: Table,
        found: &mut Found<'_>,
        cancel: &Cancel,
        give: &mut dyn FnMut(Table) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        found.count(at, table.len());
        match self.steps.get(at) {
            None => give(table),
            Some(Step::Filter(filter)) => {
                let kept = filter.apply(&table, cancel)?;
                drop(table);
                self.pass(at + 1, kept, found, cancel, give)
            }
            Some(Step::Join(probe)) => {
                let mut note = found.note(at);
                let pieces = probe.join(table, &mut note)?;
                found.put(at, probe, note)?;
                for joined in pieces {
                    cancel.check()?;
                    if !self.pass(at + 1, joined, found, cancel, give)? || found.is_beyond() {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// Gives what comes after all rows of the file: rows of the held sides that nothing matched.
    fn pass_rest(
        &self,
        all: &mut Findings,
        headers: &Arc<[String]>,
        cancel: &Cancel,
        give: &mut dyn FnMut(Table) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        let mut coming = Arc::clone(headers);
        for (at, step) in self.steps.iter().enumerate() {
            let Step::Join(probe) = step else { continue };
            let nothing = Table::of(Arc::clone(&coming), Vec::new())?;
            let Some(tally) = &all.joins[at] else { continue };
            for rest in probe.rest(&nothing, tally)? {
                cancel.check()?;
                if !self.pass(at + 1, rest, &mut Found::Now(all), cancel, give)? {
                    return Ok(false);
                }
            }
            if probe.multiplies() {
                coming = Arc::clone(probe.headers());
            }
        }
        Ok(true)
    }

    /// The places of these columns and of those that filters look at, in their order.
    fn places(&self, wanted: &[&str]) -> Result<Vec<usize>, Failure> {
        let filters = self.steps.iter().filter_map(|step| match step {
            Step::Filter(filter) => Some(filter),
            Step::Join(_) => None,
        });
        let fields = filters.flat_map(|filter| filter.fields());
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

/// What was found on the way of all rows so far.
struct Findings {
    counts: Counts,
    /// Of each step; none for filters.
    joins: Vec<Option<Tally>>,
}

impl Findings {
    fn of(scan: &Scan) -> Self {
        let joins = scan.steps.iter().map(|step| match step {
            Step::Filter(_) => None,
            Step::Join(probe) => Some(Tally::of(probe)),
        });
        Self { counts: vec![0; scan.steps.len() + 1], joins: joins.collect() }
    }

    /// Takes up the notes that come next.
    fn add(&mut self, scan: &Scan, notes: Notes) -> Result<(), Failure> {
        self.counts.iter_mut().zip(notes.counts).for_each(|(count, more)| *count += more);
        for ((step, tally), note) in scan.steps.iter().zip(&mut self.joins).zip(notes.joins) {
            if let (Step::Join(probe), Some(tally)) = (step, tally) {
                tally.add(probe, note)?;
            }
        }
        Ok(())
    }

    /// What there is to say once all rows were taken, which came with these columns.
    fn told(self, scan: &Scan, doubts: Doubts, headers: &Arc<[String]>) -> Result<Taken, Failure> {
        let (mut coming, mut joins) = (Arc::clone(headers), Vec::new());
        for (step, tally) in scan.steps.iter().zip(self.joins) {
            if let (Step::Join(probe), Some(tally)) = (step, tally) {
                joins.push(tally.told(probe, Arc::clone(&coming))?);
                if probe.multiplies() {
                    coming = Arc::clone(probe.headers());
                }
            }
        }
        Ok(Taken { counts: self.counts, doubts, joins })
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

#[cfg(test)]
mod tests {
    use super::super::reading::table_of;
    use super::*;

    #[test]
    fn a_block_whose_rows_become_many_on_the_way_is_not_worked_on_ahead() {
        let never = Cancel::default();
        let path = std::env::temp_dir().join(format!("scan-{}.csv", std::process::id()));
        std::fs::write(&path, "k\nx\nx\n").unwrap();
        let layout = Layout { delimiter: b',', has_headers: true, skip_empty_lines: true, first_row: 1 };
        let scan = Scan::open(path.clone(), layout, &never).unwrap();
        std::fs::remove_file(path).unwrap();
        let of = |keys: &str| vec![keys.to_owned()];
        let passed = |matches: usize| {
            let many = table_of(&format!("k,w\n{}", "x,1\n".repeat(matches)));
            let naming = || Naming::from_json(r#"{"right":[null,"w"],"shared":[0,null]}"#).unwrap();
            let scan = scan.joined(&of("k"), (&many, &of("k")), How::Inner, naming(), &never).unwrap();
            let others = table_of("w,k\n2,y\n");
            let naming = Naming::from_json(r#"{"right":[null,"other"],"shared":[null,0]}"#).unwrap();
            let scan = scan.joined(&of("w"), (&others, &of("w")), How::Inner, naming, &never).unwrap();
            let block = table_of("k\nx\nx\n").into_segment().unwrap();
            let work = |table: Table| assert!(table.is_empty());
            scan.pass_block(Arc::clone(&scan.columns), block, &never, (&work, &|()| 0)).unwrap()
        };
        assert!(
            matches!(passed(MOST_AHEAD / 2), Passed::Made(_, notes) if notes.counts == [2, MOST_AHEAD as u64, 0])
        );
        assert!(matches!(passed(MOST_AHEAD), Passed::Large(table) if table.len() == 2));
    }
}
