//! Counting, summing and the like over groups of rows.

use serde::Deserialize;

use super::keys::{Keys, key_of};
use super::pipeline::{in_order, threads_for};
use super::row::has_value;
use super::sheet::Table;
use super::tally::{Part, Total, quoted};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Rows that a thread takes at once.
const ROWS_AT_ONCE: usize = 32 * 1024;

/// What aggregates gave.
pub struct Aggregated {
    /// The JSON text of an array with an object for each group.
    pub text: String,
    /// The places of aggregates, among those asked for, whose sums are of whole numbers that a number does not keep.
    pub lost_digits: Vec<u32>,
}

/// What to compute, as JavaScript hands it over: checked there for names that clash.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Aggregation {
    group_by: Vec<String>,
    aggregates: Vec<Aggregate>,
}

#[derive(Deserialize)]
struct Aggregate {
    operation: Operation,
    field: Option<String>,
    /// Of a percentile, 0–100.
    percent: Option<f64>,
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
    Median,
    Percentile,
}

impl Aggregation {
    /// Reads the JSON form.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("Invalid aggregates: {error}")))
    }

    /// One object per group, in the order of the groups' first rows. Without `groupBy`
    /// there is exactly one. Empty cells are left out of everything but a count without a field; text that is no
    /// number makes `sum`, `avg`, `median` and `percentile` fail with TYPE_MISMATCH, naming field and row. A sum beyond
    /// the largest number is written as `1e999`, which `JSON.parse` reads as `Infinity`.
    pub fn apply(&self, table: &Table, cancel: &Cancel) -> Result<Aggregated, Failure> {
        let columns = self.columns(|name| table.column(name))?;
        let mut totals = Totals::new(self);
        let kinds = totals.kinds();
        let mut start = 0;
        in_order(
            threads_for(table.len().div_ceil(ROWS_AT_ONCE) as u64),
            || {
                cancel.check()?;
                let slice = table.slice(start, start + ROWS_AT_ONCE);
                start += slice.len();
                Ok((!slice.is_empty()).then_some(slice))
            },
            |slice| kinds.of(&slice, &columns),
            |part| totals.take(part).map(|()| true),
        )?;
        Ok(totals.finish())
    }

    /// The names of the columns that are needed, each as often as it is used.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.aggregates.iter().filter_map(|aggregate| aggregate.field.as_deref());
        self.group_by.iter().map(String::as_str).chain(fields)
    }

    /// The places of the columns.
    pub(super) fn columns(
        &self,
        mut place: impl FnMut(&str) -> Result<usize, Failure>,
    ) -> Result<Columns, Failure> {
        let keys = self.group_by.iter().map(|field| place(field)).collect::<Result<_, _>>()?;
        let fields = self
            .aggregates
            .iter()
            .map(|aggregate| aggregate.field.as_deref().map(&mut place).transpose())
            .collect::<Result<_, _>>()?;
        Ok(Columns { keys, fields })
    }

    fn fresh(&self) -> Vec<Total> {
        let total = |aggregate: &Aggregate| match aggregate.operation {
            Operation::Count => Total::Counts(Vec::new()),
            Operation::Sum => Total::Means(Vec::new(), false),
            Operation::Avg => Total::Means(Vec::new(), true),
            Operation::Min => Total::Extremes(Vec::new(), false),
            Operation::Max => Total::Extremes(Vec::new(), true),
            Operation::CountDistinct => Total::Distinct(Vec::new()),
            Operation::Median => Total::Ranked(Vec::new(), 50.0, false),
            Operation::Percentile => Total::Ranked(Vec::new(), aggregate.percent.unwrap_or(50.0), false),
        };
        self.aggregates.iter().map(total).collect()
    }
}

/// Where the columns of an aggregation are in a table.
pub(super) struct Columns {
    keys: Vec<usize>,
    /// None where an aggregate names no field.
    fields: Vec<Option<usize>>,
}

/// What rows of a group have in the columns of its key; none for no value.
type Names = Vec<Option<String>>;

/// The aggregates of a part of the rows.
pub(super) struct Parts {
    names: Vec<Names>,
    keys: Keys,
    parts: Vec<Part>,
    rows: u64,
    /// The row of the part, and the aggregate, that meets text which is not a number.
    wrong: Option<(u64, usize)>,
}

impl Parts {
    /// Bytes of the cells in them.
    pub(super) fn size(&self) -> usize {
        // Of each key there are the cells as well.
        2 * self.keys.size() + self.parts.iter().map(Part::size).sum::<usize>()
    }
}

/// Which parts to make of rows; for threads.
pub(super) struct Kinds(Vec<Total>);

impl Kinds {
    /// Aggregates the rows of a part.
    pub(super) fn of(&self, table: &Table, columns: &Columns) -> Parts {
        let parts = self.0.iter().map(Total::part).collect();
        let mut made = Parts { names: Vec::new(), keys: Keys::default(), parts, rows: 0, wrong: None };
        let mut buffer = Vec::new();
        for row in table.rows() {
            let key = key_of(row, &columns.keys, &mut buffer);
            let (group, is_new) = made.keys.enter(key);
            if is_new {
                let name = |&column: &usize| {
                    let cell = row.cell(column);
                    has_value(cell).then(|| String::from_utf8_lossy(cell).into_owned())
                };
                made.names.push(columns.keys.iter().map(name).collect());
                made.parts.iter_mut().for_each(Part::begin);
            }
            for (at, (part, column)) in made.parts.iter_mut().zip(&columns.fields).enumerate() {
                if !part.add(group, column.map(|column| row.cell(column))) {
                    made.wrong = Some((made.rows, at));
                    return made;
                }
            }
            made.rows += 1;
        }
        made
    }
}

/// The aggregates of all rows so far.
pub(super) struct Totals<'a> {
    aggregation: &'a Aggregation,
    keys: Keys,
    names: Vec<Names>,
    totals: Vec<Total>,
    rows: u64,
}

impl<'a> Totals<'a> {
    pub(super) fn new(aggregation: &'a Aggregation) -> Self {
        let mut totals = Self {
            aggregation,
            keys: Keys::default(),
            names: Vec::new(),
            totals: aggregation.fresh(),
            rows: 0,
        };
        if aggregation.group_by.is_empty() {
            totals.group(&[], Vec::new());
        }
        totals
    }

    pub(super) fn kinds(&self) -> Kinds {
        Kinds(self.aggregation.fresh())
    }

    fn group(&mut self, key: &[u8], names: Names) -> u32 {
        let (group, is_new) = self.keys.enter(key);
        if is_new {
            self.names.push(names);
            self.totals.iter_mut().for_each(Total::begin);
        }
        group
    }

    /// Takes up the part that comes next. TYPE_MISMATCH where it met text that is not a number.
    pub(super) fn take(&mut self, made: Parts) -> Result<(), Failure> {
        if let Some((row, at)) = made.wrong {
            let aggregate = &self.aggregation.aggregates[at];
            let field = aggregate.field.as_deref().unwrap_or_default();
            let operation = format!("{:?}", aggregate.operation).to_lowercase();
            let position = self.rows + row;
            return Err(Code::TypeMismatch.because(format!(
                "Cannot take the {operation} of field \"{field}\": item {position} holds text, not a number"
            )));
        }
        let Parts { keys, names, parts, rows, .. } = made;
        let groups: Vec<u32> =
            (0..).zip(names).map(|(number, names)| self.group(keys.key(number), names)).collect();
        for (total, part) in self.totals.iter_mut().zip(parts) {
            total.take(part, &groups);
        }
        self.rows += rows;
        Ok(())
    }

    /// The groups as JSON.
    pub(super) fn finish(mut self) -> Aggregated {
        let lost = self.totals.iter().enumerate().filter(|(_, total)| total.lost_digits());
        let lost_digits = lost.map(|(at, _)| at as u32).collect();
        let results = self.aggregation.aggregates.iter().map(|aggregate| &aggregate.r#as);
        let fields: Vec<String> =
            self.aggregation.group_by.iter().chain(results).map(|name| quoted(name)).collect();
        let mut text = String::from("[");
        for (group, names) in self.names.iter().enumerate() {
            text.push_str(if group == 0 { "{" } else { ",{" });
            let values = names.iter().map(|name| name.as_deref().map_or("null".to_owned(), quoted));
            let values = values.chain(self.totals.iter_mut().map(|total| total.json(group)));
            for (position, (field, value)) in fields.iter().zip(values).enumerate() {
                text.extend([if position == 0 { "" } else { "," }, field, ":", &value]);
            }
            text.push('}');
        }
        text.push(']');
        Aggregated { text, lost_digits }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::table_of;
    use super::*;

    fn run(text: &str, spec: &str) -> Result<String, Failure> {
        let table = table_of(text);
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
    fn percentiles_lie_between_numbers() {
        let of = |operation: &str, cells: &str| {
            let spec = format!(r#"{{"groupBy":[],"aggregates":[{{{operation},"field":"n","as":"m"}}]}}"#);
            run(&format!("n,x\n{cells}"), &spec).unwrap()
        };
        let median = r#""operation":"median""#;
        assert_eq!(of(median, "3,\n,\n1,\n2,\n"), r#"[{"m":2}]"#);
        assert_eq!(of(median, "0.2,\n0.1,\n"), r#"[{"m":0.15}]"#);
        assert_eq!(of(median, ",\n"), r#"[{"m":null}]"#);
        let percentile = |percent| format!(r#""operation":"percentile","percent":{percent}"#);
        let cells = "10,\n-5,\n40,\n20,\n";
        for (percent, found) in [(0, "-5"), (25, "6.25"), (90, "34"), (100, "40")] {
            assert_eq!(of(&percentile(percent), cells), format!(r#"[{{"m":{found}}}]"#), "{percent}");
        }
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
