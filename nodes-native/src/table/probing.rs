//! Joins of rows that come in batches with a table that is held, and looked up in.

use std::sync::Arc;

use super::joining::{Form, How, Joined, Naming, Side, kept};
use super::keys::Keys;
use super::matching::{Groups, NONE, look_up};
use super::sheet::{Segment, Table, column_of};
use crate::cancel::Cancel;
use crate::failure::Failure;

/// Joined rows that are made at once: one row may have millions of matches.
const PAIRS_AT_ONCE: usize = 64 * 1024;
/// Bytes after which no joined row is made at once with others: rows may be as wide as they like.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;
/// Bytes of a cell in a record, beyond its text and its name.
const MARKS: usize = "\"\":\"\",".len();
/// Rows without a match that are kept, fewer where they are wide, to tell of keys that are written in another way.
const MOST_KEPT: usize = 2_000;

/// The side that is held: the right one, but for [`How::Right`]. Rows come out in the order of those that come.
pub(super) struct Probe {
    held: Arc<Side>,
    /// Bytes of the cells of each held row.
    widths: Vec<u32>,
    /// Bytes that a record of a joined row has beyond its cells.
    named: usize,
    groups: Groups,
    index: Keys,
    /// The key among the columns of the rows that come.
    columns: Vec<usize>,
    how: How,
    form: Arc<Form>,
}

impl Probe {
    /// A join of rows with these columns. INVALID_PARAMETERS for a key that is no column, CANCELLED.
    pub(super) fn of(
        (coming, keys): (&Arc<[String]>, &[String]),
        (held, held_keys): (&Table, &[String]),
        how: How,
        naming: Naming,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        let columns = keys.iter().map(|key| column_of(coming, key)).collect::<Result<_, _>>()?;
        let (groups, index) = Groups::of(held, held_keys, cancel)?;
        let left: &[String] = if how == How::Right { held.headers() } else { coming };
        let form = Arc::new(Form::of(left, naming));
        let named = form.headers.iter().map(|name| name.len() + MARKS).sum();
        let held = Arc::new(Side::of(held)?);
        let mut widths = Vec::new();
        if !matches!(how, How::Semi | How::Anti) {
            widths.reserve_exact(held.table().len());
            for row in 0..held.table().len() as u32 {
                if row % 4096 == 0 {
                    cancel.check()?;
                }
                widths.push(u32::try_from(held.width(row)).unwrap_or(u32::MAX));
            }
        }
        Ok(Self { held, widths, named, groups, index, columns, how, form })
    }

    /// The names of the columns of joined rows.
    pub(super) fn headers(&self) -> &Arc<[String]> {
        &self.form.headers
    }

    /// Whether as many rows come out as there are pairs, and so maybe far more than come in.
    pub(super) fn multiplies(&self) -> bool {
        !matches!(self.how, How::Semi | How::Anti)
    }

    /// Looks up rows. What is found of them goes into the note.
    pub(super) fn join(&self, table: Table, note: &mut Note) -> Result<Batches<'_>, Failure> {
        let (group_of, has_blank) = look_up(&table, &self.columns, &self.index);
        note.has_blank |= has_blank;
        note.add(&table, &group_of)?;
        let coming = if self.multiplies() { Some(Arc::new(Side::of(&table)?)) } else { None };
        Ok(Batches { probe: self, table: Some(table), coming, group_of, row: 0, member: 0 })
    }

    /// The held rows that nothing matched, where they come out as well; `coming` has no rows, and the columns of those that came.
    pub(super) fn rest<'a>(
        &'a self,
        coming: &Table,
        tally: &Tally,
    ) -> Result<impl Iterator<Item = Table> + use<'a>, Failure> {
        let mut unmatched = match self.how {
            How::Full => self.groups.unmatched(&tally.is_matched).collect(),
            _ => Vec::new(),
        }
        .into_iter()
        .map(|row| (NONE, row));
        let coming = Arc::new(Side::of(coming)?);
        Ok(std::iter::from_fn(move || {
            let mut piece = Pairs::default();
            while !piece.is_full()
                && let Some(pair) = unmatched.next()
            {
                piece.push(pair, self.width(pair.1));
            }
            self.joined(&coming, piece)
        }))
    }

    /// Bytes of a record of a joined row, but for the cells of the row that comes.
    #[inline]
    fn width(&self, held: u32) -> usize {
        self.named + if held == NONE { 0 } else { self.widths[held as usize] as usize }
    }

    /// Nothing of no pairs.
    fn joined(&self, coming: &Arc<Side>, Pairs { pairs, .. }: Pairs) -> Option<Table> {
        if pairs.is_empty() {
            return None;
        }
        let (coming, held) = (Arc::clone(coming), Arc::clone(&self.held));
        let (left, right) = if self.how == How::Right { (held, coming) } else { (coming, held) };
        Some(Table::joined(Joined::paired(left, right, Arc::clone(&self.form), pairs)))
    }
}

/// Pairs of rows that are joined at once.
#[derive(Default)]
struct Pairs {
    pairs: Vec<(u32, u32)>,
    /// Of the records that they become.
    bytes: usize,
}

impl Pairs {
    fn is_full(&self) -> bool {
        self.pairs.len() >= PAIRS_AT_ONCE || self.bytes >= BYTES_AT_ONCE
    }

    #[inline]
    fn push(&mut self, pair: (u32, u32), bytes: usize) {
        self.pairs.push(pair);
        self.bytes += bytes;
    }
}

/// Joined rows of a batch, made as far as they are asked for.
pub(super) struct Batches<'a> {
    probe: &'a Probe,
    /// What came, as long as it was not told of.
    table: Option<Table>,
    /// Where pairs come out.
    coming: Option<Arc<Side>>,
    group_of: Vec<u32>,
    row: usize,
    member: usize,
}

impl Iterator for Batches<'_> {
    type Item = Table;

    fn next(&mut self) -> Option<Table> {
        let how = self.probe.how;
        let Some(coming) = &self.coming else {
            return self.table.take().map(|table| kept(&table, &self.group_of, how == How::Semi));
        };
        let mut piece = Pairs::default();
        while !piece.is_full() {
            let Some(&group) = self.group_of.get(self.row) else { break };
            let members = match group {
                NONE if how == How::Inner => &[],
                NONE => &[NONE][..],
                group => self.probe.groups.members_of(group),
            };
            let row = self.row as u32;
            let own = if members.is_empty() { 0 } else { coming.width(row) };
            while !piece.is_full()
                && let Some(&member) = members.get(self.member)
            {
                piece.push(how.pair(row, member), own + self.probe.width(member));
                self.member += 1;
            }
            if self.member == members.len() {
                (self.row, self.member) = (self.row + 1, 0);
            }
        }
        self.probe.joined(coming, piece)
    }
}

/// What was found of rows that were looked up, on some thread.
#[derive(Default)]
pub(super) struct Note {
    group_of: Vec<u32>,
    has_blank: bool,
    /// Rows without a match, the first ones.
    unmatched: Vec<Table>,
    kept: usize,
    kept_bytes: usize,
}

impl Note {
    fn add(&mut self, table: &Table, group_of: &[u32]) -> Result<(), Failure> {
        self.group_of.extend_from_slice(group_of);
        if self.kept < MOST_KEPT && self.kept_bytes < BYTES_AT_ONCE {
            let rows = (0..).zip(group_of).filter(|(_, group)| **group == NONE).map(|(row, _)| row);
            let rows: Vec<u32> = rows.take(MOST_KEPT - self.kept).collect();
            self.kept += rows.len();
            if !rows.is_empty() {
                // Of joined rows a copy, so that the cells that they were made of are let go of.
                let unmatched = table.pick(rows).by_itself()?;
                self.kept_bytes += unmatched.own_bytes();
                self.unmatched.push(unmatched);
            }
        }
        Ok(())
    }
}

/// What was found of all rows so far.
pub(super) struct Tally {
    is_matched: Vec<bool>,
    pairs: u64,
    unmatched: u64,
    has_blank: bool,
    kept: Vec<Segment>,
}

impl Tally {
    pub(super) fn of(probe: &Probe) -> Self {
        Self {
            is_matched: vec![false; probe.groups.len()],
            pairs: 0,
            unmatched: 0,
            has_blank: false,
            kept: Vec::new(),
        }
    }

    /// Takes up the note that comes next.
    pub(super) fn add(&mut self, probe: &Probe, note: Note) -> Result<(), Failure> {
        for group in note.group_of {
            if group == NONE {
                self.unmatched += 1;
            } else {
                self.is_matched[group as usize] = true;
                self.pairs += probe.groups.members_of(group).len() as u64;
            }
        }
        self.has_blank |= note.has_blank;
        for table in note.unmatched {
            let room = MOST_KEPT.saturating_sub(self.kept.iter().map(Segment::len).sum());
            if room == 0 || self.kept.iter().map(Segment::size).sum::<usize>() >= BYTES_AT_ONCE {
                break;
            }
            // A copy, so that the cells of the batch are let go of.
            self.kept.push(table.slice(0, room).copied()?);
        }
        Ok(())
    }

    /// What there is to say at the end; `coming` are the columns of the rows that came.
    pub(super) fn told(self, probe: &Probe, coming: Arc<[String]>) -> Result<JoinTold, Failure> {
        let unmatched_held = || probe.groups.unmatched(&self.is_matched);
        Ok(JoinTold {
            pairs: self.pairs,
            unmatched: self.unmatched,
            unmatched_held: unmatched_held().count() as u64,
            have_blank_keys: self.has_blank && probe.groups.has_blank,
            without_match: Table::of(coming, self.kept)?,
            held_without_match: probe.held.table().pick(unmatched_held().take(MOST_KEPT).collect()),
        })
    }
}

/// What there is to say of a join whose rows were all taken.
pub struct JoinTold {
    /// Pairs of rows with equal keys.
    pub pairs: u64,
    /// Rows without a match among those that came.
    pub unmatched: u64,
    /// Rows without a match among those that are held.
    pub unmatched_held: u64,
    /// Whether both sides have rows with empty text in a key.
    pub have_blank_keys: bool,
    /// The first rows without a match among those that came.
    pub without_match: Table,
    /// The same of those that are held.
    pub held_without_match: Table,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::PathBuf;

    use super::super::condition::Filter;
    use super::super::join::Matched;
    use super::super::reading::{Layout, table_of};
    use super::super::scan::Scan;
    use super::super::writing::records_text;
    use super::*;

    const LAYOUT: Layout =
        Layout { delimiter: b',', has_headers: true, skip_empty_lines: true, first_row: 1 };

    /// A file that is there as long as this is.
    struct Source(PathBuf);

    impl Source {
        fn of(name: &str, text: &str) -> Self {
            let path = std::env::temp_dir().join(format!("probing-{}-{name}.csv", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }

        fn scan(&self) -> Scan {
            Scan::open(self.0.clone(), LAYOUT, &Cancel::default()).unwrap()
        }
    }

    impl Drop for Source {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn naming() -> Naming {
        Naming::from_json(r#"{"right":[null,"w"],"shared":[0,null]}"#).unwrap()
    }

    fn keys() -> Vec<String> {
        vec!["k".to_owned()]
    }

    fn texts(table: &Table) -> String {
        records_text(table, 0, usize::MAX).0
    }

    /// Rows of which keys come again at distances that blocks do not keep together, and some never match.
    fn rows(count: usize, keys: usize, name: &str) -> String {
        let mut text = format!("k,{name}\n");
        for row in 0..count {
            writeln!(text, "{},{name} of row {row}", row * 7 % keys).unwrap();
        }
        text
    }

    #[test]
    fn rows_that_come_in_blocks_are_joined_as_all_at_once() {
        let never = Cancel::default();
        let (left, right) = (rows(90_000, 3000, "v"), rows(4000, 3500, "w"));
        let (streamed, other) = (Source::of("left", &left), Source::of("right", &right));
        let (left, right) = (table_of(&left), table_of(&right));
        for how in [How::Inner, How::Left, How::Right, How::Full, How::Semi, How::Anti] {
            let naming = || {
                if matches!(how, How::Semi | How::Anti) {
                    Naming::from_json(r#"{"right":[],"shared":[]}"#).unwrap()
                } else {
                    naming()
                }
            };
            let matched =
                Matched::of((left.clone(), &keys()), (right.clone(), &keys()), how, &never).unwrap();
            let expected = matched.join(how, naming(), &never).unwrap();
            let (scan, held) =
                if how == How::Right { (other.scan(), &left) } else { (streamed.scan(), &right) };
            let scan = scan.joined(&keys(), (held, &keys()), how, naming(), &never).unwrap();
            let (table, taken) = scan.table(None, &never).unwrap();
            assert_eq!(table.headers(), expected.headers());
            assert!(texts(&table) == texts(&expected));
            assert_eq!(table.has_holes(), expected.has_holes());
            let [told] = &taken.joins[..] else { panic!("not told") };
            assert_eq!(told.pairs, matched.pairs());
            let unmatched = [matched.unmatched_left(), matched.unmatched_right()];
            let [coming, held] = if how == How::Right { [1, 0] } else { [0, 1] };
            assert_eq!([told.unmatched, told.unmatched_held], [unmatched[coming], unmatched[held]]);
            assert_eq!(taken.counts.last(), Some(&(table.len() as u64)));
        }
    }

    #[test]
    fn rows_of_many_matches_are_made_piece_by_piece_and_in_order() {
        let never = Cancel::default();
        let held = table_of(&format!("k,w\n{}", "x,1\n".repeat(MOST_MATCHES)));
        let source = Source::of("many", "k,v\nx,1\nno,2\nx,3\n");
        let scan = source.scan().joined(&keys(), (&held, &keys()), How::Left, naming(), &never).unwrap();
        let (mut begins, mut rows, mut largest) = (Vec::new(), 0, 0);
        let take = |table: Table| {
            largest = largest.max(table.len());
            for row in table.rows() {
                if begins.last().is_none_or(|(_, cell)| cell != row.cell(1)) {
                    begins.push((rows, row.cell(1).to_vec()));
                }
                rows += 1;
            }
            Ok(true)
        };
        let taken = scan.pull(None, &never, |table| table, Table::own_bytes, take).unwrap();
        let expected = [(0, b"1"), (MOST_MATCHES, b"2"), (MOST_MATCHES + 1, b"3")];
        assert_eq!(begins, expected.map(|(row, cell)| (row, cell.to_vec())));
        assert_eq!(taken.counts, [3, 2 * MOST_MATCHES as u64 + 1]);
        assert!(largest <= PAIRS_AT_ONCE);
    }

    #[test]
    fn wide_rows_are_made_few_at_once_and_few_bytes_ahead() {
        use std::sync::Mutex;

        /// Bytes that were made and not let go of yet, and the most there ever were.
        struct Made<'a>(usize, &'a Mutex<(usize, usize)>);

        impl Drop for Made<'_> {
            fn drop(&mut self) {
                self.1.lock().unwrap().0 -= self.0;
            }
        }

        let never = Cancel::default();
        // The mean of the held rows is small where few of them are wide.
        let (wide, wider) = ("w".repeat(20_000), "w".repeat(1_000_000));
        let narrow = "narrow,1\n".repeat(5_000);
        let many = (format!("x,{wide}\n").repeat(100), 100);
        for (held, matches) in [many, (format!("{narrow}x,{wider}\n"), 1)] {
            let held = format!("k,w\n{held}");
            let held = table_of(&held);
            let source = Source::of("wide", &format!("k,v\n{}", "x,1\n".repeat(50)));
            let scan = source.scan();
            let scan = scan.joined(&keys(), (&held, &keys()), How::Inner, naming(), &never).unwrap();
            let now = Mutex::new((0, 0));
            let shared = &now;
            let work = |table: Table| {
                let bytes = table.rows().map(|row| row.padded(3).map(<[u8]>::len).sum::<usize>()).sum();
                assert!(bytes < BYTES_AT_ONCE + wider.len() + 100);
                let mut now = shared.lock().unwrap();
                now.0 += bytes;
                now.1 = now.1.max(now.0);
                Made(bytes, shared)
            };
            let taken = scan.pull(None, &never, work, |made| made.0, |_| Ok(true)).unwrap();
            assert_eq!(taken.counts, [50, 50 * matches]);
            let most = now.lock().unwrap().1;
            assert!(most < 30 * 1024 * 1024, "{most} bytes at once");
        }
    }

    #[test]
    fn joins_of_joined_rows_tell_of_all_however_many_there_are_on_the_way() {
        let never = Cancel::default();
        let held = table_of(&format!("k,w\n{}", "x,1\n".repeat(MOST_MATCHES)));
        let source = Source::of("chain", "k,v\nx,1\nno,2\nx,3\n");
        let scan = source.scan().joined(&keys(), (&held, &keys()), How::Left, naming(), &never).unwrap();
        let others = table_of("w,z\n2,never\n");
        let naming = Naming::from_json(r#"{"right":[null,"z"],"shared":[null,null,0]}"#).unwrap();
        let w = vec!["w".to_owned()];
        let scan = scan.joined(&w, (&others, &w), How::Full, naming, &never).unwrap();
        let scan =
            scan.filtered(Filter::from_json(r#"{"where":[{"field":"z","operator":"isNotEmpty"}]}"#).unwrap());
        let (table, taken) = scan.unwrap().table(None, &never).unwrap();
        assert_eq!(texts(&table), r#"[{"k":null,"v":null,"w":"2","z":"never"}]"#);
        let many = 2 * MOST_MATCHES as u64;
        assert_eq!(taken.counts, [3, many + 1, many + 2, 1]);
        let [first, second] = &taken.joins[..] else { panic!("not told") };
        assert_eq!([first.pairs, first.unmatched, first.unmatched_held], [many, 1, 0]);
        assert_eq!([second.pairs, second.unmatched, second.unmatched_held], [0, many + 1, 1]);
        assert_eq!([first.without_match.len(), second.without_match.len()], [1, MOST_KEPT]);
    }

    /// More than a thread makes ahead.
    const MOST_MATCHES: usize = 400_000;

    #[test]
    fn fields_without_a_value_match_nothing_and_are_groups_of_their_own() {
        use super::super::aggregate::Aggregation;
        let never = Cancel::default();
        let source = Source::of("holes", "k,v\na,1\nb,2\nc,3\n");
        let held = table_of("k,w\na,\nb,x\n");
        let joined = source.scan().joined(&keys(), (&held, &keys()), How::Left, naming(), &never).unwrap();
        let spec = r#"{"groupBy":["w"],"aggregates":[{"operation":"count","as":"n"}]}"#;
        let groups = joined.aggregate(&Aggregation::from_json(spec).unwrap(), &never).unwrap().0;
        assert_eq!(groups.text, r#"[{"w":"","n":1},{"w":"x","n":1},{"w":null,"n":1}]"#);
        let others = table_of("w,z\n,empty\nx,found\n");
        let naming = Naming::from_json(r#"{"right":[null,"z"],"shared":[null,null,0]}"#).unwrap();
        let w = vec!["w".to_owned()];
        let twice = joined.joined(&w, (&others, &w), How::Full, naming, &never).unwrap();
        assert_eq!(
            texts(&twice.table(None, &never).unwrap().0),
            concat!(
                r#"[{"k":"a","v":"1","w":"","z":"empty"},{"k":"b","v":"2","w":"x","z":"found"},"#,
                r#"{"k":"c","v":"3","w":null,"z":null}]"#
            )
        );
    }
}
