//! Counting, summing and the like over groups of rows.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::failure::{Code, Failure};
use super::super::work::Cancel;
use super::sheet::Table;
use super::value::{number, text_order};

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

    /// One object per group, in the order of the groups' first rows, as the JSON text of an array. Without `groupBy`
    /// there is exactly one. Empty cells are left out of everything but a count without a field; text that is no
    /// number makes `sum` and `avg` fail with TYPE_MISMATCH, naming field and row.
    pub(crate) fn apply(&self, table: &Table, cancel: &Cancel) -> Result<String, Failure> {
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
        let objects: Vec<Value> =
            groups.into_iter().map(|(names, tallies)| self.object(names, tallies)).collect();
        Ok(Value::Array(objects).to_string())
    }

    fn object(&self, names: Vec<String>, tallies: Vec<Tally<'_>>) -> Value {
        let mut object = Map::new();
        object.extend(self.group_by.iter().cloned().zip(names.into_iter().map(Value::String)));
        object.extend(
            self.aggregates
                .iter()
                .map(|aggregate| aggregate.r#as.clone())
                .zip(tallies.into_iter().map(Tally::result)),
        );
        Value::Object(object)
    }
}

/// The running state of one aggregate of one group. Cells are borrowed from the sheet.
enum Tally<'a> {
    Count(u64),
    Mean { sum: f64, count: u64, divide: bool },
    Extreme { greatest: bool, number: Option<f64>, text: Option<&'a [u8]>, numeric: bool },
    Distinct(HashSet<&'a [u8]>),
}

impl<'a> Tally<'a> {
    fn of(aggregate: &Aggregate) -> Self {
        let extreme = |greatest| Self::Extreme { greatest, number: None, text: None, numeric: true };
        match aggregate.operation {
            Operation::Count => Self::Count(0),
            Operation::Sum => Self::Mean { sum: 0.0, count: 0, divide: false },
            Operation::Avg => Self::Mean { sum: 0.0, count: 0, divide: true },
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
            Self::Mean { sum, count, .. } => {
                *sum += number(cell).ok_or("text")?;
                *count += 1;
            }
            Self::Extreme { greatest, number: best, text, numeric } => {
                let greatest = *greatest;
                match number(cell) {
                    Some(value) if best.is_none_or(|best| (value > best) == greatest && value != best) => {
                        *best = Some(value)
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

    fn result(self) -> Value {
        match self {
            Self::Count(count) => json!(count),
            Self::Mean { count: 0, divide: true, .. } => Value::Null,
            Self::Mean { sum, count, divide: true } => shortest(sum / count as f64),
            Self::Mean { sum, .. } => shortest(sum),
            Self::Extreme { number: Some(number), numeric: true, .. } => shortest(number),
            Self::Extreme { text: Some(text), .. } => {
                Value::String(String::from_utf8_lossy(text).into_owned())
            }
            Self::Extreme { .. } => Value::Null,
            Self::Distinct(cells) => json!(cells.len()),
        }
    }
}

/// Whole numbers without a fraction, as JavaScript writes them.
fn shortest(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

#[cfg(test)]
mod tests {
    use super::super::reading::{Layout, read};
    use super::*;

    fn run(text: &str, spec: &str) -> Result<String, Failure> {
        let layout = Layout { delimiter: b',', has_headers: true, skip_empty_lines: true };
        let table = read(text.as_bytes(), text.len(), &layout, &Cancel::default())?;
        Aggregation::from_json(spec)?.apply(&table, &Cancel::default())
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
    fn text_is_not_summed_but_has_a_least() {
        let sum = r#"{"groupBy":[],"aggregates":[{"operation":"sum","field":"region","as":"s"}]}"#;
        let failure = run(SALES, sum).unwrap_err();
        assert_eq!(failure.code, Code::TypeMismatch);
        assert!(failure.message.contains("\"region\": item 0 holds text"), "{failure}");
        let least = r#"{"groupBy":[],"aggregates":[{"operation":"min","field":"region","as":"s"}]}"#;
        assert_eq!(run(SALES, least).unwrap(), r#"[{"s":"north"}]"#);
    }
}
