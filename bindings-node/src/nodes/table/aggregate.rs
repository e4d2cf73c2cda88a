//! Counting, summing and the like over groups of rows.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::super::failure::{Code, Failure};
use super::super::work::Cancel;
use super::digits::{digits_order, is_beyond_whole, loses_digits};
use super::sheet::Table;
use super::sum::Sum;
use super::value::{number, text_order};

/// What aggregates gave.
pub(crate) struct Aggregated {
    /// The JSON text of an array with an object for each group.
    pub(crate) text: String,
    /// The places of aggregates, among those asked for, whose sums are of whole numbers that a number does not keep.
    pub(crate) lost_digits: Vec<u32>,
}

/// What to compute, as JavaScript hands it over: checked there for names that clash.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Aggregation {
    group_by: Vec<String>,
    aggregates: Vec<Aggregate>,
}

#[derive(Deserialize)]
struct Aggregate {
    operation: Operation,
    field: Option<String>,
    r#as: String,
}

#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(rename_all = "camelCase")]
enum Operation {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    CountDistinct,
}

impl Aggregation {
    /// Reads the JSON form.
    pub(crate) fn from_json(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("Invalid aggregates: {error}")))
    }

    /// One object per group, in the order of the groups' first rows. Without `groupBy`
    /// there is exactly one. Empty cells are left out of everything but a count without a field; text that is no
    /// number makes `sum` and `avg` fail with TYPE_MISMATCH, naming field and row. A sum beyond the largest number is
    /// written as `1e999`, which `JSON.parse` reads as `Infinity`.
    pub(crate) fn apply(&self, table: &Table, cancel: &Cancel) -> Result<Aggregated, Failure> {
        let keys = self.group_by.iter().map(|field| table.column(field)).collect::<Result<Vec<_>, _>>()?;
        let columns = self
            .aggregates
            .iter()
            .map(|aggregate| aggregate.field.as_deref().map(|field| table.column(field)).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let fresh = || self.aggregates.iter().map(Tally::of).collect::<Vec<_>>();
        let mut numbers: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut groups: Vec<(Vec<String>, Vec<Tally<'_>>)> = Vec::new();
        if keys.is_empty() {
            groups.push((Vec::new(), fresh()));
            numbers.insert(Vec::new(), 0);
        }
        let mut key = Vec::new();
        for (position, row) in table.rows().enumerate() {
            if position % 4096 == 0 {
                cancel.check()?;
            }
            key.clear();
            for &column in &keys {
                let cell = row.cell(column);
                key.extend_from_slice(&(cell.len() as u64).to_le_bytes());
                key.extend_from_slice(cell);
            }
            let group = match numbers.get(&key) {
                Some(&group) => group,
                None => {
                    let names =
                        keys.iter().map(|&column| String::from_utf8_lossy(row.cell(column)).into_owned());
                    groups.push((names.collect(), fresh()));
                    numbers.insert(key.clone(), groups.len() - 1);
                    groups.len() - 1
                }
            };
            for ((tally, column), aggregate) in groups[group].1.iter_mut().zip(&columns).zip(&self.aggregates)
            {
                tally.add(column.map(|column| row.cell(column))).map_err(|text| {
                    let field = aggregate.field.as_deref().unwrap_or_default();
                    let operation = format!("{:?}", aggregate.operation).to_lowercase();
                    Code::TypeMismatch.because(format!(
                        "Cannot take the {operation} of field \"{field}\": item {position} holds {text}, not a number"
                    ))
                })?;
            }
        }
        let loses = |at: usize| groups.iter().any(|(_, tallies)| tallies[at].lost_digits());
        let lost_digits = (0..columns.len()).filter(|&at| loses(at)).map(|at| at as u32).collect();
        let mut text = String::from("[");
        for (position, (names, tallies)) in groups.into_iter().enumerate() {
            text.push_str(if position == 0 { "{" } else { ",{" });
            self.write_fields(&names, tallies, &mut text);
            text.push('}');
        }
        text.push(']');
        Ok(Aggregated { text, lost_digits })
    }

    fn write_fields(&self, names: &[String], tallies: Vec<Tally<'_>>, text: &mut String) {
        let keys = self.group_by.iter().map(String::as_str);
        let results = self.aggregates.iter().map(|aggregate| aggregate.r#as.as_str());
        let values = names.iter().map(|name| quoted(name)).chain(tallies.into_iter().map(Tally::json));
        for (position, (key, value)) in keys.chain(results).zip(values).enumerate() {
            if position > 0 {
                text.push(',');
            }
            text.extend([quoted(key).as_str(), ":", &value]);
        }
    }
}

/// The running state of one aggregate of one group. Cells are borrowed from the sheet.
enum Tally<'a> {
    Count(u64),
    Mean { sum: Sum, count: u64, divide: bool, is_whole: bool, lost: bool },
    Extreme { greatest: bool, number: Option<(f64, &'a [u8])>, text: Option<&'a [u8]>, numeric: bool },
    Distinct(HashSet<&'a [u8]>),
}

impl<'a> Tally<'a> {
    fn of(aggregate: &Aggregate) -> Self {
        let extreme = |greatest| Self::Extreme { greatest, number: None, text: None, numeric: true };
        let mean = |divide| Self::Mean { sum: Sum::default(), count: 0, divide, is_whole: true, lost: false };
        match aggregate.operation {
            Operation::Count => Self::Count(0),
            Operation::Sum => mean(false),
            Operation::Avg => mean(true),
            Operation::Min => extreme(false),
            Operation::Max => extreme(true),
            Operation::CountDistinct => Self::Distinct(HashSet::new()),
        }
    }

    /// `cell` is none where the aggregate names no field. Fails with the kind of text that is not a number.
    fn add(&mut self, cell: Option<&'a [u8]>) -> Result<(), &'static str> {
        let cell = match cell {
            Some([]) => return Ok(()),
            Some(cell) => cell,
            None => {
                if let Self::Count(count) = self {
                    *count += 1;
                }
                return Ok(());
            }
        };
        match self {
            Self::Count(count) => *count += 1,
            Self::Mean { sum, count, is_whole, lost, .. } => {
                let number = number(cell).ok_or("text")?;
                sum.add(number);
                *count += 1;
                // Numbers of this size that are not spelled in full may be measured or computed.
                *is_whole &= number.fract() == 0.0 && !is_beyond_whole(number);
                *lost |= if *is_whole { is_beyond_whole(sum.value()) } else { loses_digits(cell) };
            }
            Self::Extreme { greatest, number: best, text, numeric } => {
                let greatest = *greatest;
                match number(cell) {
                    Some(value)
                        if best.is_none_or(|(best, digits)| {
                            let order = value.total_cmp(&best).then_with(|| digits_order(cell, digits));
                            order.is_ne() && order.is_gt() == greatest
                        }) =>
                    {
                        *best = Some((value, cell))
                    }
                    Some(_) => {}
                    None => *numeric = false,
                }
                if text.is_none_or(|text| {
                    let order = text_order(cell, text);
                    order.is_ne() && order.is_gt() == greatest
                }) {
                    *text = Some(cell);
                }
            }
            Self::Distinct(cells) => {
                cells.insert(cell);
            }
        }
        Ok(())
    }

    /// Whether whole numbers were added that a number does not keep.
    fn lost_digits(&self) -> bool {
        matches!(self, Self::Mean { lost: true, .. })
    }

    /// The result as JSON text. The least or greatest number is text where a number loses digits of it.
    fn json(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Mean { count: 0, divide: true, .. } => NULL.to_owned(),
            Self::Mean { sum, count, divide: true, .. } => written(sum.value() / count as f64),
            Self::Mean { sum, .. } => written(sum.value()),
            Self::Extreme { number: Some((_, cell)), numeric: true, .. } if loses_digits(cell) => {
                quoted(&String::from_utf8_lossy(cell.trim_ascii()))
            }
            Self::Extreme { number: Some((number, _)), numeric: true, .. } => written(number),
            Self::Extreme { text: Some(text), .. } => quoted(&String::from_utf8_lossy(text)),
            Self::Extreme { .. } => NULL.to_owned(),
            Self::Distinct(cells) => cells.len().to_string(),
        }
    }
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

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::reading::{Layout, read};
    use super::*;

    fn run(text: &str, spec: &str) -> Result<String, Failure> {
        let layout = Layout { delimiter: b',', has_headers: true, skip_empty_lines: true };
        let table = read(text.as_bytes(), text.len(), &layout, &Cancel::default())?;
        Ok(Aggregation::from_json(spec)?.apply(&table, &Cancel::default())?.text)
    }

    const SALES: &str = "region,sum\nnorth,1\nsouth,2.5\nnorth,\nnorth,3\n";

    #[test]
    fn groups_keep_the_order_of_their_first_rows() {
        let spec = r#"{"groupBy":["region"],"aggregates":[{"operation":"count","as":"rows"},{"operation":"count","field":"sum","as":"filled"},
            {"operation":"sum","field":"sum","as":"total"},{"operation":"avg","field":"sum","as":"mean"},
            {"operation":"min","field":"sum","as":"least"},{"operation":"max","field":"sum","as":"most"},
            {"operation":"countDistinct","field":"sum","as":"kinds"}]}"#;
        assert_eq!(
            run(SALES, spec).unwrap(),
            concat!(
                r#"[{"region":"north","rows":3,"filled":2,"total":4,"mean":2,"least":1,"most":3,"kinds":2},"#,
                r#"{"region":"south","rows":1,"filled":1,"total":2.5,"mean":2.5,"least":2.5,"most":2.5,"kinds":1}]"#
            )
        );
    }

    #[test]
    fn without_groups_there_is_one_object_even_of_nothing() {
        let spec = r#"{"groupBy":[],"aggregates":[{"operation":"sum","field":"sum","as":"s"},{"operation":"avg","field":"sum","as":"a"},
            {"operation":"max","field":"sum","as":"m"}]}"#;
        assert_eq!(run("region,sum\n", spec).unwrap(), r#"[{"s":0,"a":null,"m":null}]"#);
    }

    #[test]
    fn numbers_are_written_as_javascript_reads_them_back() {
        let spec = r#"{"groupBy":[],"aggregates":[{"operation":"sum","field":"n","as":"s"},{"operation":"min","field":"n","as":"m"}]}"#;
        assert_eq!(run("n\n1e308\n1e308\n-0\n", spec).unwrap(), r#"[{"s":1e999,"m":-0}]"#);
        assert_eq!(run("n\n-1e308\n-1e308\n", spec).unwrap(), r#"[{"s":-1e999,"m":-1e308}]"#);
    }

    #[test]
    fn text_is_not_summed_but_has_a_least() {
        let sum = r#"{"groupBy":[],"aggregates":[{"operation":"sum","field":"region","as":"s"}]}"#;
        let failure = run(SALES, sum).unwrap_err();
        assert_eq!(failure.code, Code::TypeMismatch);
        assert!(failure.message.contains("\"region\": item 0 holds text"), "{failure}");
        let least = r#"{"groupBy":[],"aggregates":[{"operation":"min","field":"region","as":"s"}]}"#;
        assert_eq!(run(SALES, least).unwrap(), r#"[{"s":"north"}]"#);
    }
}
