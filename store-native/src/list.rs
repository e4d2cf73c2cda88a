//! Filters as SQL.
//!
//! An index has one flow, parent or tag with one status in the order of lists, so a list is a merge of such ranges, one for
//! each status. What else a filter says is checked on the rows of the ranges.

use rusqlite::types::Value;
use rusqlite::{Connection, Statement, ToSql};
use serde::{Deserialize, Serialize};

use super::apply::{LATEST, first_key};
use super::failure::{Code, Trouble};
use super::row::{COLUMNS, StoredRow};
use super::search;
use super::status;

/// Rows of a range that are counted to find the smallest.
const SAMPLE: u32 = 2000;

/// `ExecutionFilter`, and which page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    flow_id: Option<String>,
    /// Nothing for all; empty for none.
    status: Option<Vec<String>>,
    parent_id: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    from: Option<f64>,
    to: Option<f64>,
    ended_from: Option<f64>,
    text: Option<String>,
    limit: u32,
    cursor: Option<String>,
}

/// `ExecutionPage`.
#[derive(Serialize)]
struct Page {
    executions: Vec<StoredRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// An index that the rows can be taken from: where a range of it comes from, with a condition.
#[derive(Clone)]
struct Source {
    from: &'static str,
    key: &'static str,
    condition: String,
    status: &'static str,
}

/// Conditions and the values that they name.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    /// Of the text, which no range has.
    text: Option<String>,
    values: Vec<(String, Value)>,
}

impl Conditions {
    fn value(&mut self, name: &str, value: impl Into<Value>) {
        self.values.push((name.to_owned(), value.into()));
    }

    fn add(&mut self, text: &str, name: &str, value: impl Into<Value>) {
        self.texts.push(text.to_owned());
        self.value(name, value);
    }

    /// All but that of the text, to be added to others.
    fn range(&self) -> String {
        self.texts.iter().map(|text| format!(" and {text}")).collect()
    }

    /// The values that a statement names.
    fn used_by(&self, statement: &Statement<'_>) -> Vec<(&str, &dyn ToSql)> {
        self.values
            .iter()
            .filter(|(name, _)| matches!(statement.parameter_index(name), Ok(Some(_))))
            .map(|(name, value)| (name.as_str(), value as &dyn ToSql))
            .collect()
    }
}

/// A page of a list, as JSON.
pub(super) fn page(connection: &Connection, filter: &Filter) -> Result<String, Trouble> {
    let statuses = statuses(filter)?;
    let conditions = conditions(filter)?;
    if statuses.is_empty() {
        return Ok(json(Vec::new(), filter.limit));
    }
    let search = Search { connection, filter, statuses, conditions };
    Ok(json(search.rows()?, filter.limit))
}

/// A list that is looked for.
struct Search<'a> {
    connection: &'a Connection,
    filter: &'a Filter,
    statuses: Vec<u8>,
    conditions: Conditions,
}

impl Search<'_> {
    /// The rows of the page, and one more where there is one.
    fn rows(&self) -> Result<Vec<StoredRow>, Trouble> {
        let text = self.filter.text.as_deref().unwrap_or_default();
        let words = search::words(text);
        let source =
            smallest(self.connection, self.filter, &self.statuses, &self.conditions, words.is_some())?;
        match (source, words) {
            (Some(source), _) if !search::is_short(text) => Ok(self.read(&self.ranges(&source, ""), None)?),
            (Some(source), _) => self.of_short_text(&source, text),
            (None, words) => Ok(self.read(&self.indexed(), Some(words.unwrap_or_default()))?),
        }
    }

    /// Of a text that is too short for the index. If it is common, the newest rows have it often enough; if it is not, few words of the
    /// index begin with it.
    fn of_short_text(&self, source: &Source, text: &str) -> Result<Vec<StoredRow>, Trouble> {
        let newest = self.ranges(source, &format!(" order by key desc limit {SAMPLE}"));
        let found = self.read(&newest, None)?;
        if found.len() > self.filter.limit as usize {
            return Ok(found);
        }
        match search::words_beginning(self.connection, text)? {
            Some(words) => Ok(self.read(&self.indexed(), Some(words))?),
            None => Ok(self.read(&self.ranges(source, ""), None)?),
        }
    }

    /// Selects keys of a source, in order; of the text, of those only that `some` leaves.
    fn ranges(&self, source: &Source, some: &str) -> String {
        let limit = self.filter.limit + 1;
        let Some(text) = &self.conditions.text else {
            let range = self.conditions.range();
            return format!("{} order by key desc limit {limit}", ranges(source, &self.statuses, &range));
        };
        let all = ranges(source, &self.statuses, &self.conditions.range());
        let all = if some.is_empty() { format!("{all} order by key desc") } else { format!("{all}{some}") };
        format!(
            "select e.key as key from ({all}) a cross join executions e on e.key = a.key where {text} \
             order by a.key desc limit {limit}"
        )
    }

    /// Selects keys by the index of texts, in order.
    fn indexed(&self) -> String {
        let among = self.statuses.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let range = self.conditions.range();
        let text = self.conditions.text.as_deref().unwrap_or("true");
        let limit = self.filter.limit + 1;
        let part = |from: &str, key: &str, more: &str| {
            let range = range.replace("e.key", key);
            format!(
                "select * from (select {key} as key from {from} cross join executions e on e.key = {key} \
                 where {more} and e.status in ({among}){range} and {text} order by {key} desc limit {limit})"
            )
        };
        format!(
            "{} union all {} order by key desc limit {limit}",
            part(
                "search s",
                "s.rowid",
                "s.search match :match and s.rowid not in (select execution from unindexed)"
            ),
            part("unindexed u", "u.execution", "true"),
        )
    }

    /// Reads the rows of keys.
    fn read(&self, keys: &str, words: Option<String>) -> rusqlite::Result<Vec<StoredRow>> {
        let mut statement = self.connection.prepare(&format!(
            "with page (key) as ({keys}) \
             select {COLUMNS} from page cross join executions e on e.key = page.key order by page.key desc"
        ))?;
        let mut values = self.conditions.used_by(&statement);
        if let Some(words) = &words {
            values.push((":match", words));
        }
        statement.query_map(values.as_slice(), StoredRow::read)?.collect()
    }
}

fn json(mut rows: Vec<StoredRow>, limit: u32) -> String {
    let is_last = rows.len() <= limit as usize;
    rows.truncate(limit as usize);
    let next = if is_last { None } else { rows.last().map(|row| row.key.to_string()) };
    serde_json::to_string(&Page { executions: rows, next }).unwrap_or_default()
}

/// The statuses that are asked for, by number.
fn statuses(filter: &Filter) -> Result<Vec<u8>, Trouble> {
    let Some(names) = &filter.status else { return Ok((0..status::COUNT).collect()) };
    let mut numbers = names
        .iter()
        .map(|name| {
            status::number(name).ok_or_else(|| {
                Code::UnsupportedOperation
                    .because(format!("There is no status `{name}`; there are {}", status::NAMES.join(", ")))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// All that a filter says but the statuses.
fn conditions(filter: &Filter) -> Result<Conditions, Trouble> {
    let mut all = Conditions::default();
    if let Some(cursor) = &filter.cursor {
        let key: i64 = cursor.parse().map_err(|_| {
            Code::UnsupportedOperation
                .because(format!("`{cursor}` is no cursor; take `next` of the page before as it is"))
        })?;
        all.add("e.key < :cursor", ":cursor", key);
    }
    // Times as ranges of keys, and then exactly: they may have parts of a ms, or lie before those that keys can name.
    if let Some(from) = filter.from {
        all.add("e.key >= :first", ":first", first_key(from));
        all.add("e.started_at >= :from", ":from", from);
    }
    if let Some(to) = filter.to {
        let end = if to.ceil() >= LATEST { i64::MAX } else { first_key(to.ceil()).max(first_key(1.0)) };
        all.add("e.key < :end", ":end", end);
        all.add("e.started_at < :to", ":to", to);
    }
    if let Some(ended) = filter.ended_from {
        all.add("e.ended_at >= :ended", ":ended", ended);
    }
    if let Some(flow) = &filter.flow_id {
        all.add("e.flow_id = :flow", ":flow", flow.clone());
    }
    if let Some(parent) = &filter.parent_id {
        all.add("e.parent_id = :parent", ":parent", parent.clone());
    }
    for (place, tag) in filter.tags.iter().enumerate() {
        let name = format!(":tag{place}");
        all.add(
            &format!(
                "exists (select 1 from tags where tag = {name} and status = e.status and execution = e.key)"
            ),
            &name,
            tag.clone(),
        );
    }
    if let Some(text) = filter.text.as_ref().filter(|text| !text.is_empty()) {
        // `lower` of SQLite knows ASCII letters and no others.
        all.text = Some(
            "(instr(lower(e.id), :text) or instr(lower(e.flow_id), :text) or instr(lower(e.name), :text) \
             or instr(lower(e.error), :text))"
                .to_owned(),
        );
        all.value(":text", text.to_ascii_lowercase());
    }
    Ok(all)
}

/// The index with the fewest rows, as far as [`SAMPLE`] of them tell; nothing for the one of texts.
fn smallest(
    connection: &Connection,
    filter: &Filter,
    statuses: &[u8],
    conditions: &Conditions,
    by_text: bool,
) -> Result<Option<Source>, Trouble> {
    let mut sources = Vec::new();
    if filter.parent_id.is_some() {
        sources.push(indexed("executions e indexed by executions_by_parent", "e.parent_id = :parent"));
    }
    for place in 0..filter.tags.len() {
        sources.push(Source {
            from: "tags t cross join executions e on e.key = t.execution",
            key: "t.execution",
            condition: format!("t.tag = :tag{place}"),
            status: "t.status",
        });
    }
    if filter.flow_id.is_some() {
        sources.push(indexed("executions e indexed by executions_by_flow", "e.flow_id = :flow"));
    }
    if sources.is_empty() {
        let all = indexed("executions e indexed by executions_by_status", "true");
        return Ok(if by_text { None } else { Some(all) });
    }
    if sources.len() == 1 && !by_text {
        return Ok(sources.pop());
    }
    let mut best: Option<(u32, Source)> = None;
    for source in sources {
        let sql = format!(
            "select count(*) from (select 1 from ({}) limit {SAMPLE})",
            ranges(&Source { from: alone(source.from), ..source.clone() }, statuses, "")
        );
        let mut statement = connection.prepare(&sql)?;
        let count: u32 = statement.query_row(conditions.used_by(&statement).as_slice(), |row| row.get(0))?;
        if best.as_ref().is_none_or(|(least, _)| count < *least) {
            best = Some((count, source));
        }
    }
    // Where all are large, a text that can be looked up is the rarest thing that is known.
    Ok(best.filter(|(count, _)| !by_text || *count < SAMPLE).map(|(_, source)| source))
}

/// The part of a source that has the index alone.
fn alone(from: &'static str) -> &'static str {
    if from.starts_with("tags") { "tags t" } else { from }
}

fn indexed(from: &'static str, condition: &str) -> Source {
    Source { from, key: "e.key", condition: condition.to_owned(), status: "e.status" }
}

/// Selects keys, status by status: each part is in order, and so is what is merged of them.
fn ranges(source: &Source, statuses: &[u8], range: &str) -> String {
    let Source { from, key, condition, status } = source;
    let range = range.replace("e.key", key);
    statuses
        .iter()
        .map(|number| {
            format!("select {key} as key from {from} where {condition} and {status} = {number}{range}")
        })
        .collect::<Vec<_>>()
        .join(" union all ")
}
