//! Conditions on cells: which rows a `where` list keeps.

use serde::Deserialize;
use serde_json::Value;

use super::digits::{exact_text, wholes_order};
use super::row::Row;
use super::sheet::Table;
use super::value::{number, text_order};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// A `where` list as JavaScript hands it over.
#[derive(Deserialize)]
pub struct Filter {
    #[serde(rename = "where")]
    conditions: Vec<Condition>,
    #[serde(default)]
    r#match: Match,
}

#[derive(Deserialize, Default, PartialEq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Match {
    #[default]
    All,
    Any,
}

#[derive(Deserialize)]
struct Condition {
    field: String,
    operator: Operator,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    Contains,
    StartsWith,
    EndsWith,
    IsEmpty,
    IsNotEmpty,
    In,
}

impl Filter {
    /// Reads the JSON form.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("Invalid conditions: {error}")))
    }

    /// The fields that are looked at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.field.as_str())
    }

    /// The rows that hold all, or any, of the conditions, in their order.
    pub fn apply(&self, table: &Table, cancel: &Cancel) -> Result<Table, Failure> {
        let tests = self
            .conditions
            .iter()
            .map(|condition| Ok((table.column(&condition.field)?, Test::of(condition))))
            .collect::<Result<Vec<_>, Failure>>()?;
        let holds = |row: Row<'_>| {
            let mut outcomes = tests.iter().map(|(column, test)| test.holds(row.cell(*column)));
            match self.r#match {
                Match::All => outcomes.all(|held| held),
                Match::Any => outcomes.any(|held| held),
            }
        };
        let mut kept = Vec::new();
        for (position, row) in table.rows().enumerate() {
            if position % 4096 == 0 {
                cancel.check()?;
            }
            if holds(row) {
                kept.push(position as u32);
            }
        }
        Ok(table.pick(kept))
    }
}

/// A condition made ready to be asked of many cells.
enum Test {
    OneOf { operands: Vec<Operand>, wanted: bool },
    Ordered { operand: Operand, less: bool, equal: bool },
    Contains(Vec<u8>),
    StartsWith(Vec<u8>),
    EndsWith(Vec<u8>),
    Empty(bool),
}

struct Operand {
    text: Vec<u8>,
    number: Option<f64>,
    is_number: bool,
}

impl Operand {
    fn of(value: &Value) -> Self {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), exact_text),
            other => other.to_string(),
        };
        let number = value.as_f64().or_else(|| number(text.as_bytes()));
        Self { text: text.into_bytes(), number, is_number: value.is_number() }
    }

    /// A number equals every spelling of it, text equals itself.
    fn equals(&self, cell: &[u8]) -> bool {
        if !self.is_number {
            return self.text == cell;
        }
        number(cell) == self.number && wholes_order(cell, &self.text).is_eq()
    }
}

impl Test {
    fn of(condition: &Condition) -> Self {
        let value = &condition.value;
        let ordered = |less, equal| Self::Ordered { operand: Operand::of(value), less, equal };
        match condition.operator {
            Operator::Eq => Self::OneOf { operands: vec![Operand::of(value)], wanted: true },
            Operator::Ne => Self::OneOf { operands: vec![Operand::of(value)], wanted: false },
            Operator::In => Self::OneOf {
                operands: value
                    .as_array()
                    .map_or_else(Vec::new, |values| values.iter().map(Operand::of).collect()),
                wanted: true,
            },
            Operator::Gt => ordered(false, false),
            Operator::Gte => ordered(false, true),
            Operator::Lt => ordered(true, false),
            Operator::Lte => ordered(true, true),
            Operator::Contains => Self::Contains(Operand::of(value).text),
            Operator::StartsWith => Self::StartsWith(Operand::of(value).text),
            Operator::EndsWith => Self::EndsWith(Operand::of(value).text),
            Operator::IsEmpty => Self::Empty(true),
            Operator::IsNotEmpty => Self::Empty(false),
        }
    }

    fn holds(&self, cell: &[u8]) -> bool {
        match self {
            Self::OneOf { operands, wanted } => {
                operands.iter().any(|operand| operand.equals(cell)) == *wanted
            }
            // An empty cell is neither above nor below anything.
            Self::Ordered { .. } if cell.is_empty() => false,
            Self::Ordered { operand, less, equal } => {
                let order = match (number(cell), operand.number) {
                    (Some(left), Some(right)) => left
                        .partial_cmp(&right)
                        .map(|order| order.then_with(|| wholes_order(cell, &operand.text))),
                    _ if operand.is_number => None,
                    _ => Some(text_order(cell, &operand.text)),
                };
                order.is_some_and(|order| if order.is_eq() { *equal } else { order.is_lt() == *less })
            }
            Self::Contains(text) => text.is_empty() || cell.windows(text.len()).any(|window| window == text),
            Self::StartsWith(text) => cell.starts_with(text),
            Self::EndsWith(text) => cell.ends_with(text),
            Self::Empty(wanted) => cell.is_empty() == *wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::table_of;
    use super::*;

    fn kept(filter: &str) -> Result<Vec<String>, Failure> {
        let text = "n,t\n5,apple\n10,pear\n,fig\n5.0,plum\nx,\n";
        let table = table_of(text);
        let table = Filter::from_json(filter)?.apply(&table, &Cancel::default())?;
        Ok(table.rows().map(|row| String::from_utf8(row.cell(1).to_vec()).unwrap()).collect())
    }

    #[test]
    fn every_operator_keeps_its_rows() {
        let cases = [
            (r#"{"field":"n","operator":"eq","value":5}"#, vec!["apple", "plum"]),
            (r#"{"field":"n","operator":"eq","value":"5"}"#, vec!["apple"]),
            (r#"{"field":"n","operator":"ne","value":5}"#, vec!["pear", "fig", ""]),
            (r#"{"field":"n","operator":"gt","value":5}"#, vec!["pear"]),
            (r#"{"field":"n","operator":"gte","value":"5"}"#, vec!["apple", "pear", "plum", ""]),
            (r#"{"field":"n","operator":"lt","value":10}"#, vec!["apple", "plum"]),
            (r#"{"field":"n","operator":"lte","value":10}"#, vec!["apple", "pear", "plum"]),
            (r#"{"field":"t","operator":"contains","value":"p"}"#, vec!["apple", "pear", "plum"]),
            (r#"{"field":"t","operator":"startsWith","value":"p"}"#, vec!["pear", "plum"]),
            (r#"{"field":"t","operator":"endsWith","value":"e"}"#, vec!["apple"]),
            (r#"{"field":"t","operator":"isEmpty"}"#, vec![""]),
            (r#"{"field":"n","operator":"isNotEmpty"}"#, vec!["apple", "pear", "plum", ""]),
            (r#"{"field":"n","operator":"in","value":[10,"x"]}"#, vec!["pear", ""]),
        ];
        for (condition, expected) in cases {
            assert_eq!(kept(&format!("{{\"where\":[{condition}]}}")).unwrap(), expected, "{condition}");
        }
    }

    #[test]
    fn conditions_hold_together_or_one_of_them() {
        let list =
            r#"[{"field":"n","operator":"eq","value":5},{"field":"t","operator":"startsWith","value":"p"}]"#;
        assert_eq!(kept(&format!("{{\"where\":{list}}}")).unwrap(), ["plum"]);
        assert_eq!(
            kept(&format!("{{\"where\":{list},\"match\":\"any\"}}")).unwrap(),
            ["apple", "pear", "plum"]
        );
    }

    #[test]
    fn a_field_that_is_no_column_is_refused_by_name() {
        let failure = kept(r#"{"where":[{"field":"z","operator":"isEmpty"}]}"#).unwrap_err();
        assert_eq!(failure.message, "Field \"z\" is not a column; the columns are \"n\", \"t\"");
    }
}
