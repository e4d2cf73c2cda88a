//! Operations that choose an order or a representative: sort, reverse, unique, group.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::digits::digits_order;
use super::row::Row;
use super::sheet::Table;
use super::value::{number, text_order};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Rows between two looks at whether the work is cancelled.
const ROWS_PER_LOOK: usize = 4096;
/// Rows that are ordered without such a look.
const ROWS_AT_ONCE: usize = 32 * 1024;

/// A column to order rows by, as JavaScript hands it over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderBy {
    field: String,
    descending: bool,
    /// Whether rows with an empty cell come first; else last. In either direction.
    empty_first: bool,
    /// Cells are compared as text, also where they spell numbers.
    as_text: bool,
}

impl OrderBy {
    /// Reads the JSON form of a list of them.
    pub fn list_from_json(text: &str) -> Result<Vec<Self>, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("Invalid order: {error}")))
    }
}

/// How the cells of a column are compared.
struct Compared<'a> {
    cells: Vec<&'a [u8]>,
    /// Where all cells with text spell one, and the order is not that of text. What an empty cell has here is not looked at.
    numbers: Option<Vec<f64>>,
    descending: bool,
    empty: Ordering,
}

impl<'a> Compared<'a> {
    /// `None` where some cells spell numbers and others do not. CANCELLED.
    fn of(table: &'a Table, by: &OrderBy, cancel: &Cancel) -> Result<Option<Self>, Failure> {
        let column = table.column(&by.field)?;
        let mut cells: Vec<&[u8]> = Vec::with_capacity(table.len());
        for row in table.rows() {
            if cells.len().is_multiple_of(ROWS_PER_LOOK) {
                cancel.check()?;
            }
            cells.push(row.cell(column));
        }
        let mut numbers = Vec::new();
        if !by.as_text {
            numbers.reserve_exact(cells.len());
            let (mut has_numbers, mut has_text) = (false, false);
            for cell in &cells {
                if numbers.len().is_multiple_of(ROWS_PER_LOOK) {
                    cancel.check()?;
                }
                let number = number(cell);
                has_numbers |= number.is_some();
                has_text |= number.is_none() && !cell.is_empty();
                if has_numbers && has_text {
                    return Ok(None);
                }
                // Adding zero turns -0 into 0, which `total_cmp` would tell apart.
                numbers.push(number.unwrap_or_default() + 0.0);
            }
            if has_text {
                numbers.clear();
            }
        }
        let numbers = (numbers.len() == cells.len()).then_some(numbers);
        let empty = if by.empty_first { Ordering::Less } else { Ordering::Greater };
        Ok(Some(Compared { cells, numbers, descending: by.descending, empty }))
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let (one, other) = (self.cells[a], self.cells[b]);
        match (one.is_empty(), other.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return self.empty,
            (false, true) => return self.empty.reverse(),
            (false, false) => {}
        }
        let order = match &self.numbers {
            Some(numbers) => numbers[a].total_cmp(&numbers[b]).then_with(|| digits_order(one, other)),
            None => text_order(one, other),
        };
        if self.descending { order.reverse() } else { order }
    }
}

/// Stable order by several columns, of which later ones count where earlier ones are equal. `None` where a column has cells that
/// spell numbers beside others that do not, and is not ordered as text. CANCELLED.
pub fn order(table: &Table, by: &[OrderBy], cancel: &Cancel) -> Result<Option<Table>, Failure> {
    let mut columns = Vec::with_capacity(by.len());
    for each in by {
        let Some(column) = Compared::of(table, each, cancel)? else { return Ok(None) };
        columns.push(column);
    }
    let order = ordered(table.len() as u32, cancel, |a, b| {
        let compared = columns.iter().map(|column| column.compare(a as usize, b as usize));
        compared.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })?;
    Ok(Some(table.pick(order)))
}

/// The numbers of so many rows in a stable order. CANCELLED.
///
/// Parts are ordered, then merged, with looks at `cancel` in between: a comparison that answered otherwise once it fired would be
/// no order, and the sort of the standard library may panic on such.
fn ordered(rows: u32, cancel: &Cancel, compare: impl Fn(u32, u32) -> Ordering) -> Result<Vec<u32>, Failure> {
    let mut order: Vec<u32> = (0..rows).collect();
    for part in order.chunks_mut(ROWS_AT_ONCE) {
        cancel.check()?;
        part.sort_by(|&a, &b| compare(a, b));
    }
    let (mut length, mut merged) = (ROWS_AT_ONCE, Vec::new());
    while length < order.len() {
        merged.clear();
        merged.reserve_exact(order.len());
        for parts in order.chunks(2 * length) {
            let (mut left, mut right) = parts.split_at(length.min(parts.len()));
            while let (&[first, ref others_left @ ..], &[second, ref others_right @ ..]) = (left, right) {
                if merged.len().is_multiple_of(ROWS_PER_LOOK) {
                    cancel.check()?;
                }
                if compare(second, first).is_lt() {
                    merged.push(second);
                    right = others_right;
                } else {
                    merged.push(first);
                    left = others_left;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut order, &mut merged);
        length *= 2;
    }
    Ok(order)
}

/// Stable order by a column. Its cells are compared as numbers when every cell with text in it spells one, empty
/// cells first; otherwise all are compared as text.
pub fn sort(table: &Table, field: &str, descending: bool) -> Result<Table, Failure> {
    let column = table.column(field)?;
    let cells: Vec<&[u8]> = table.rows().map(|row| row.cell(column)).collect();
    let mut order: Vec<u32> = (0..cells.len() as u32).collect();
    // Adding zero turns -0 into 0, which `total_cmp` would tell apart.
    let numbers: Option<Vec<f64>> =
        cells
            .iter()
            .map(|cell| {
                if cell.is_empty() {
                    Some(f64::NEG_INFINITY)
                } else {
                    number(cell).map(|number| number + 0.0)
                }
            })
            .collect();
    match numbers {
        Some(numbers) => sort_by(&mut order, descending, |a, b| {
            numbers[a].total_cmp(&numbers[b]).then_with(|| digits_order(cells[a], cells[b]))
        }),
        None => sort_by(&mut order, descending, |a, b| text_order(cells[a], cells[b])),
    }
    Ok(table.pick(order))
}

/// The rows from last to first.
pub fn reverse(table: &Table) -> Table {
    table.pick((0..table.len() as u32).rev().collect())
}

/// The first row of each distinct cell of a column, or of each distinct row.
pub fn unique(table: &Table, field: Option<&str>) -> Result<Table, Failure> {
    let key = key_of(table, field)?;
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut kept = Vec::new();
    let mut buffer = Vec::new();
    for (position, row) in table.rows().enumerate() {
        buffer.clear();
        key(row, &mut buffer);
        if !seen.contains(&buffer) {
            seen.insert(buffer.clone());
            kept.push(position as u32);
        }
    }
    Ok(table.pick(kept))
}

/// Rows put together by a cell: the keys as first met, and a table with the rows of the first key, then the second …
pub struct Groups {
    /// The cells grouped by, as first met.
    pub keys: Vec<String>,
    /// How many rows each key has.
    pub sizes: Vec<u32>,
    /// All rows: those of the first key, then those of the second, and so on.
    pub table: Table,
}

/// Groups by a column.
pub fn group(table: &Table, field: &str) -> Result<Groups, Failure> {
    let column = table.column(field)?;
    let mut numbers: HashMap<&[u8], usize> = HashMap::new();
    let mut groups: Vec<(&[u8], Vec<u32>)> = Vec::new();
    for (position, row) in table.rows().enumerate() {
        let cell = row.cell(column);
        let group = *numbers.entry(cell).or_insert_with(|| {
            groups.push((cell, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(position as u32);
    }
    Ok(Groups {
        keys: groups.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect(),
        sizes: groups.iter().map(|(_, rows)| rows.len() as u32).collect(),
        table: table.pick(groups.into_iter().flat_map(|(_, rows)| rows).collect()),
    })
}

fn sort_by(order: &mut [u32], descending: bool, compare: impl Fn(usize, usize) -> Ordering) {
    order.sort_by(|&a, &b| {
        let (a, b) = (a as usize, b as usize);
        if descending { compare(b, a) } else { compare(a, b) }
    });
}

type Key<'a> = Box<dyn Fn(Row<'_>, &mut Vec<u8>) + 'a>;

fn key_of<'a>(table: &Table, field: Option<&str>) -> Result<Key<'a>, Failure> {
    Ok(match field {
        Some(field) => {
            let column = table.column(field)?;
            Box::new(move |row, key| key.extend_from_slice(row.cell(column)))
        }
        None => {
            let width = table.headers().len();
            Box::new(move |row, key| {
                for cell in row.padded(width) {
                    key.extend_from_slice(&(cell.len() as u64).to_le_bytes());
                    key.extend_from_slice(cell);
                }
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::reading::table_of as table;
    use super::*;

    fn column(table: &Table, column: usize) -> String {
        let cells: Vec<_> =
            table.rows().map(|row| String::from_utf8_lossy(row.cell(column)).into_owned()).collect();
        cells.join(" ")
    }

    #[test]
    fn sorting_is_numeric_when_all_cells_are_and_stable() {
        let numbers = table("n,id\n10,a\n9,b\n,c\n9.0,d\n-1,e\n");
        assert_eq!(column(&sort(&numbers, "n", false).unwrap(), 1), "c e b d a");
        assert_eq!(column(&sort(&numbers, "n", true).unwrap(), 1), "a b d e c");
        let mixed = table("n,id\n10,a\n9,b\nx,c\n");
        assert_eq!(column(&sort(&mixed, "n", false).unwrap(), 1), "a b c");
    }

    #[test]
    fn several_columns_order_rows_that_earlier_ones_leave_equal() {
        let by = |text: &str| OrderBy::list_from_json(text).unwrap();
        let one = |field: &str, more: &str| {
            format!(r#"{{"field":"{field}","descending":false,"emptyFirst":false,"asText":false{more}}}"#)
        };
        let rows = table("n,t,id\n10,b,1\n9,a,2\n,c,3\n10,a,4\n9.0,b,5\n");
        let never = Cancel::default();
        let ordered = |text: &str| column(&order(&rows, &by(text), &never).unwrap().unwrap(), 2);
        assert_eq!(ordered(&format!("[{},{}]", one("n", ""), one("t", ""))), "2 5 4 1 3");
        let first = r#"[{"field":"n","descending":true,"emptyFirst":true,"asText":false}]"#;
        assert_eq!(ordered(first), "3 1 4 2 5");
        let text = r#"[{"field":"n","descending":false,"emptyFirst":false,"asText":true}]"#;
        assert_eq!(ordered(text), "1 4 2 5 3");
        let mixed = table("n,id\n10,a\nx,b\n");
        assert!(order(&mixed, &by(&format!("[{}]", one("n", ""))), &never).unwrap().is_none());
        assert!(order(&rows, &by(&format!("[{}]", one("missing", ""))), &never).is_err());
    }

    #[test]
    fn many_rows_are_in_a_stable_order_whatever_they_were_in() {
        for rows in [ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 5 * ROWS_AT_ONCE + 7] {
            let rows = rows as u32;
            for key in [|row| row / 3, |row| u32::MAX - row, |row: u32| row.wrapping_mul(2_654_435_761) >> 20]
            {
                let mut expected: Vec<u32> = (0..rows).collect();
                expected.sort_by_key(|&row| key(row));
                let order = ordered(rows, &Cancel::default(), |a, b| key(a).cmp(&key(b))).unwrap();
                assert!(order == expected);
            }
        }
    }

    #[test]
    fn an_order_ends_soon_once_it_is_cancelled() {
        let rows = 16 * ROWS_AT_ONCE as u32;
        let key = |row: u32| row.wrapping_mul(2_654_435_761);
        let made = std::cell::Cell::new(0);
        let run = |cancel: &Cancel, fires: usize| {
            made.set(0);
            ordered(rows, cancel, |a, b| {
                made.set(made.get() + 1);
                if made.get() == fires {
                    cancel.fire();
                }
                key(a).cmp(&key(b))
            })
        };
        run(&Cancel::default(), 0).unwrap();
        let all = made.get();
        for fires in [1, all / 2, all - all / 20] {
            assert_eq!(run(&Cancel::default(), fires).unwrap_err().code, Code::Cancelled);
            assert!(made.get() <= fires + 20 * ROWS_AT_ONCE && made.get() < all);
        }
        let (rows, fired) = (table("n\n1\n"), Cancel::default());
        fired.fire();
        let by = r#"[{"field":"n","descending":false,"emptyFirst":false,"asText":true}]"#;
        let by = OrderBy::list_from_json(by).unwrap();
        assert!(order(&rows, &by, &fired).is_err_and(|failure| failure.code == Code::Cancelled));
    }

    #[test]
    fn numbers_too_small_for_a_number_are_in_the_order_of_their_digits() {
        let cells: Vec<String> = (0..200)
            .map(|row| match row % 3 {
                0 => format!("{}e-400", 9 - row % 10),
                1 => format!("{}.50000000000000e-400", row % 10),
                _ => format!("{}.5e-400", row % 7),
            })
            .collect();
        let rows = table(&format!("n\n{}\n", cells.join("\n")));
        let key = |cell: &str| (cell.trim_end_matches("e-400").parse::<f64>().unwrap() * 10.0) as u64;
        let sorted = column(&sort(&rows, "n", false).unwrap(), 0);
        assert!(sorted.split(' ').map(key).is_sorted());
    }

    #[test]
    fn minus_zero_sorts_as_zero() {
        let zeros = table("n,id\n0,a\n-0,b\n0,c\n");
        assert_eq!(column(&sort(&zeros, "n", false).unwrap(), 1), "a b c");
        assert_eq!(column(&sort(&zeros, "n", true).unwrap(), 1), "a b c");
    }

    #[test]
    fn unique_keeps_the_first_by_key_or_by_row() {
        let rows = table("k,id\na,1\nb,2\na,1\na,3\n");
        assert_eq!(column(&unique(&rows, Some("k")).unwrap(), 1), "1 2");
        assert_eq!(column(&unique(&rows, None).unwrap(), 1), "1 2 3");
        assert_eq!(column(&reverse(&rows), 1), "3 1 2 1");
    }

    #[test]
    fn groups_come_in_the_order_of_their_first_rows() {
        let groups = group(&table("k,id\nb,1\na,2\nb,3\n"), "k").unwrap();
        assert_eq!((groups.keys, groups.sizes), (vec!["b".to_owned(), "a".to_owned()], vec![2, 1]));
        assert_eq!(column(&groups.table, 1), "1 3 2");
    }
}
