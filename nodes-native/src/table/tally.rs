//! Aggregates in the making: of a part of the rows, and of all parts in their order.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::digits::{FIRST_UNSAFE, digits_order, is_beyond_whole, loses_digits};
use super::sum::Sum;
use super::value::{number, text_order};

/// Cells of fewer bytes lose no digits as numbers.
const LONG_NUMBER: usize = 16;

type Distinct = HashSet<Box<[u8]>, RandomState>;

/// One aggregate over a part of the rows, by the groups of that part.
pub(super) enum Part {
    Counts(Vec<u64>),
    /// Numbers are added in the order of all rows, so that sums have the same bits however rows are cut into parts: of each
    /// row its group and number, and the places in the list of those that lose digits.
    Numbers {
        numbers: Vec<(u32, f64)>,
        losing: Vec<u32>,
    },
    Extremes(Vec<Extreme>, bool),
    Distinct(Vec<Distinct>),
}

impl Part {
    /// A further group begins.
    pub(super) fn begin(&mut self) {
        match self {
            Self::Counts(counts) => counts.push(0),
            Self::Numbers { .. } => {}
            Self::Extremes(extremes, _) => extremes.push(Extreme::default()),
            Self::Distinct(sets) => sets.push(Distinct::default()),
        }
    }

    /// Adds a cell of a group, none where the aggregate names no field. False for text that is not a number where one is needed.
    #[inline]
    pub(super) fn add(&mut self, group: u32, cell: Option<&[u8]>) -> bool {
        let at = group as usize;
        let Some(cell) = cell else {
            if let Self::Counts(counts) = self {
                counts[at] += 1;
            }
            return true;
        };
        if cell.is_empty() {
            return true;
        }
        match self {
            Self::Counts(counts) => counts[at] += 1,
            Self::Numbers { numbers, losing } => {
                let Some(number) = number(cell) else { return false };
                if cell.len() >= LONG_NUMBER && loses_digits(cell) {
                    losing.push(numbers.len() as u32);
                }
                numbers.push((group, number));
            }
            Self::Extremes(extremes, greatest) => extremes[at].add(cell, *greatest),
            Self::Distinct(sets) => {
                if !sets[at].contains(cell) {
                    sets[at].insert(cell.into());
                }
            }
        }
        true
    }
}

impl Part {
    /// Bytes of the cells in it.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Counts(_) | Self::Numbers { .. } => 0,
            Self::Extremes(extremes, _) => extremes.iter().map(Extreme::size).sum(),
            Self::Distinct(sets) => sets.iter().flatten().map(|cell| cell.len()).sum(),
        }
    }
}

/// One aggregate over all rows so far, by group.
pub(super) enum Total {
    Counts(Vec<u64>),
    Means(Vec<Mean>, bool),
    Extremes(Vec<Extreme>, bool),
    Distinct(Vec<Distinct>),
    /// All numbers, the percentile that is wanted of them, and whether some lost digits.
    Ranked(Vec<Vec<f64>>, f64, bool),
}

impl Total {
    pub(super) fn begin(&mut self) {
        match self {
            Self::Counts(counts) => counts.push(0),
            Self::Means(means, _) => means.push(Mean::default()),
            Self::Extremes(extremes, _) => extremes.push(Extreme::default()),
            Self::Distinct(sets) => sets.push(Distinct::default()),
            Self::Ranked(lists, ..) => lists.push(Vec::new()),
        }
    }

    /// The same of no rows, for a part of them.
    pub(super) fn part(&self) -> Part {
        match self {
            Self::Counts(_) => Part::Counts(Vec::new()),
            Self::Means(..) | Self::Ranked(..) => Part::Numbers { numbers: Vec::new(), losing: Vec::new() },
            Self::Extremes(_, greatest) => Part::Extremes(Vec::new(), *greatest),
            Self::Distinct(_) => Part::Distinct(Vec::new()),
        }
    }

    /// Takes up the part that comes next; `groups` are its groups among all.
    pub(super) fn take(&mut self, part: Part, groups: &[u32]) {
        let of = |group: usize| groups[group] as usize;
        match (self, part) {
            (Self::Counts(counts), Part::Counts(part)) => {
                part.into_iter().enumerate().for_each(|(group, count)| counts[of(group)] += count);
            }
            (Self::Means(means, _), Part::Numbers { numbers, losing }) => {
                let mut losing = losing.into_iter().peekable();
                for (at, (group, number)) in numbers.into_iter().enumerate() {
                    let loses = losing.next_if_eq(&(at as u32)).is_some();
                    means[of(group as usize)].add(number, loses);
                }
            }
            (Self::Extremes(extremes, greatest), Part::Extremes(part, _)) => {
                part.into_iter()
                    .enumerate()
                    .for_each(|(group, extreme)| extremes[of(group)].take(extreme, *greatest));
            }
            (Self::Distinct(sets), Part::Distinct(part)) => {
                part.into_iter().enumerate().for_each(|(group, set)| sets[of(group)].extend(set));
            }
            (Self::Ranked(lists, _, lost), Part::Numbers { numbers, losing }) => {
                *lost |= !losing.is_empty();
                numbers.into_iter().for_each(|(group, number)| lists[of(group as usize)].push(number));
            }
            _ => {}
        }
    }

    /// Whether there were whole numbers that a number does not keep.
    pub(super) fn lost_digits(&self) -> bool {
        match self {
            Self::Means(means, _) => means.iter().any(|mean| mean.lost),
            Self::Ranked(.., lost) => *lost,
            _ => false,
        }
    }

    /// The result of a group as JSON text. The least or greatest number is text where a number loses digits of it.
    pub(super) fn json(&mut self, group: usize) -> String {
        match self {
            Self::Counts(counts) => counts[group].to_string(),
            Self::Distinct(sets) => sets[group].len().to_string(),
            Self::Extremes(extremes, _) => extremes[group].json(),
            Self::Ranked(lists, percent, _) => {
                percentile(&mut lists[group], *percent).map_or(NULL.to_owned(), written)
            }
            Self::Means(means, divide) => match &means[group] {
                Mean { count: 0, .. } if *divide => NULL.to_owned(),
                Mean { sum, count, .. } if *divide => written(sum.mean(*count)),
                Mean { sum, .. } => written(sum.value()),
            },
        }
    }
}

/// The number below which so many percent of the others lie, between two of them as far as that is from both; `data/percentile.ts`
/// does the same, for the same bits.
///
/// Puts the numbers in another order: finding two of them takes less than sorting all.
fn percentile(numbers: &mut [f64], percent: f64) -> Option<f64> {
    let place = numbers.len().checked_sub(1)? as f64 * percent / 100.0;
    let part = place.fract();
    let (_, &mut low, above) = numbers.select_nth_unstable_by(place as usize, f64::total_cmp);
    let next = if part == 0.0 { None } else { above.iter().copied().min_by(f64::total_cmp) };
    let high = next.unwrap_or(low);
    if low == high {
        return Some(low);
    }
    if part == 0.5 {
        // As decimals are added, unless that passes the largest number.
        let mut sum = Sum::default();
        sum.add(low);
        sum.add(high);
        let mean = sum.mean(2);
        if mean.is_finite() {
            return Some(mean);
        }
    }
    let range = high - low;
    Some(if range.is_finite() { low + range * part } else { low * (1.0 - part) + high * part })
}

/// A sum, and how many numbers are in it.
pub(super) struct Mean {
    sum: Sum,
    count: u64,
    is_whole: bool,
    lost: bool,
}

impl Default for Mean {
    fn default() -> Self {
        Self { sum: Sum::default(), count: 0, is_whole: true, lost: false }
    }
}

impl Mean {
    fn add(&mut self, number: f64, loses: bool) {
        self.sum.add(number);
        self.count += 1;
        // Numbers of this size that are not spelled in full may be measured or computed.
        self.is_whole = self.is_whole && number.abs() < FIRST_UNSAFE && number as i64 as f64 == number;
        self.lost |= if self.is_whole { is_beyond_whole(self.sum.total()) } else { loses };
    }
}

/// The least or greatest cell: as a number where all are, else as text. Of equal ones the first.
#[derive(Default)]
pub(super) struct Extreme {
    number: Option<(f64, Vec<u8>)>,
    text: Option<Vec<u8>>,
    has_words: bool,
}

impl Extreme {
    /// Bytes of the cells in it.
    fn size(&self) -> usize {
        self.number.as_ref().map_or(0, |(_, digits)| digits.len()) + self.text.as_ref().map_or(0, Vec::len)
    }

    fn add(&mut self, cell: &[u8], greatest: bool) {
        match number(cell) {
            Some(number) => self.add_number(number, cell, greatest),
            None => self.has_words = true,
        }
        self.add_text(cell, greatest);
    }

    fn add_number(&mut self, value: f64, cell: &[u8], greatest: bool) {
        match &mut self.number {
            Some((best, digits)) => {
                let order = value.total_cmp(best).then_with(|| digits_order(cell, digits));
                if order.is_ne() && order.is_gt() == greatest {
                    *best = value;
                    set(digits, cell);
                }
            }
            none => *none = Some((value, cell.to_vec())),
        }
    }

    fn add_text(&mut self, cell: &[u8], greatest: bool) {
        match &mut self.text {
            Some(text) => {
                let order = text_order(cell, text);
                if order.is_ne() && order.is_gt() == greatest {
                    set(text, cell);
                }
            }
            none => *none = Some(cell.to_vec()),
        }
    }

    /// Takes up what comes next.
    fn take(&mut self, other: Extreme, greatest: bool) {
        self.has_words |= other.has_words;
        if let Some((value, cell)) = other.number {
            self.add_number(value, &cell, greatest);
        }
        if let Some(text) = other.text {
            self.add_text(&text, greatest);
        }
    }

    fn json(&self) -> String {
        match (&self.number, &self.text) {
            (Some((number, cell)), _) if !self.has_words => {
                if loses_digits(cell) {
                    quoted(&String::from_utf8_lossy(cell.trim_ascii()))
                } else {
                    written(*number)
                }
            }
            (_, Some(text)) => quoted(&String::from_utf8_lossy(text)),
            _ => NULL.to_owned(),
        }
    }
}

fn set(place: &mut Vec<u8>, cell: &[u8]) {
    place.clear();
    place.extend_from_slice(cell);
}

const NULL: &str = "null";

/// A number in JSON that `JSON.parse` reads as exactly this one, infinity and the sign of zero included.
fn written(number: f64) -> String {
    match number {
        f64::INFINITY => "1e999".to_owned(),
        f64::NEG_INFINITY => "-1e999".to_owned(),
        _ if number.fract() == 0.0 && number.abs() < 1e16 => number.to_string(),
        // With an exponent where there would be many zeros.
        _ => format!("{number:?}"),
    }
}

/// Text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
