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
/// Rows without a match that are kept, to tell of keys that are written in another way.
const MOST_KEPT: usize = 2_000;

/// The side that is held: the right one, but for [`How::Right`]. Rows come out in the order of those that come.
pub(super) struct Probe {
    held: Arc<Side>,
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
        Ok(Self { held: Arc::new(Side::of(held)?), groups, index, columns, how, form })
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
        note.add(&table, &group_of);
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
            let pairs: Vec<_> = unmatched.by_ref().take(PAIRS_AT_ONCE).collect();
            (!pairs.is_empty()).then(|| self.joined(&coming, pairs))
        }))
    }

    fn joined(&self, coming: &Arc<Side>, pairs: Vec<(u32, u32)>) -> Table {
        let (coming, held) = (Arc::clone(coming), Arc::clone(&self.held));
        let (left, right) = if self.how == How::Right { (held, coming) } else { (coming, held) };
        Table::joined(Joined::paired(left, right, Arc::clone(&self.form), pairs))
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
        let mut pairs = Vec::new();
        while pairs.len() < PAIRS_AT_ONCE {
            let Some(&group) = self.group_of.get(self.row) else { break };
            if group == NONE {
                if how != How::Inner {
                    pairs.push(how.pair(self.row as u32, NONE));
                }
                self.row += 1;
                continue;
            }
            let members = &self.probe.groups.members_of(group)[self.member..];
            let taken = members.len().min(PAIRS_AT_ONCE - pairs.len());
            pairs.extend(members[..taken].iter().map(|&member| how.pair(self.row as u32, member)));
            if taken == members.len() {
                (self.row, self.member) = (self.row + 1, 0);
            } else {
                self.member += taken;
            }
        }
        (!pairs.is_empty()).then(|| self.probe.joined(coming, pairs))
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
}

impl Note {
    fn add(&mut self, table: &Table, group_of: &[u32]) {
        self.group_of.extend_from_slice(group_of);
        if self.kept < MOST_KEPT {
            let rows = (0..).zip(group_of).filter(|(_, group)| **group == NONE).map(|(row, _)| row);
            let rows: Vec<u32> = rows.take(MOST_KEPT - self.kept).collect();
            self.kept += rows.len();
            if !rows.is_empty() {
                self.unmatched.push(table.pick(rows));
            }
        }
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
            if room == 0 {
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
        let taken = scan.pull(None, &never, |table| table, take).unwrap();
        let expected = [(0, b"1"), (MOST_MATCHES, b"2"), (MOST_MATCHES + 1, b"3")];
        assert_eq!(begins, expected.map(|(row, cell)| (row, cell.to_vec())));
        assert_eq!(taken.counts, [3, 2 * MOST_MATCHES as u64 + 1]);
        assert!(largest <= PAIRS_AT_ONCE);
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
