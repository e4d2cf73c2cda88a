//! The row of an execution as lists and `get` show it: JSON of `StoredExecution`.

use rusqlite::Row;
use serde::Serialize;

use super::status;

/// What [`StoredRow::read`] reads, of an execution `e`.
pub(super) const COLUMNS: &str = "e.id, e.flow_id, e.name, \
     (select hash from documents where key = e.document), \
     e.parent_id, e.\"trigger\", e.tags, e.started_at, e.status, e.epoch, e.updated_at, e.ended_at, e.wake_at, e.reason, e.error, \
     e.summary, e.head_bytes, \
     (select max(sequence) from records where execution = e.key), \
     (select total from records where execution = e.key order by sequence desc limit 1), \
     e.key";

/// A row of a list. Times are in ms since the epoch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoredRow {
    id: String,
    flow_id: String,
    name: String,
    document_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    trigger: String,
    tags: Vec<String>,
    started_at: f64,
    status: &'static str,
    epoch: i64,
    updated_at: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wake_at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    sequence: i64,
    bytes: i64,
    #[serde(skip)]
    pub(super) key: i64,
}

impl StoredRow {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let tags: Option<String> = row.get(6)?;
        let status: u8 = row.get(8)?;
        Ok(Self {
            id: row.get(0)?,
            flow_id: row.get(1)?,
            name: row.get(2)?,
            document_hash: row.get(3)?,
            parent_id: row.get(4)?,
            trigger: row.get(5)?,
            tags: tags.map_or(Ok(Vec::new()), |tags| {
                serde_json::from_str(&tags).map_err(|error| unreadable(6, error))
            })?,
            started_at: row.get(7)?,
            status: status::NAMES
                .get(usize::from(status))
                .ok_or(rusqlite::Error::IntegralValueOutOfRange(8, i64::from(status)))?,
            epoch: row.get(9)?,
            updated_at: row.get(10)?,
            ended_at: row.get(11)?,
            wake_at: row.get(12)?,
            reason: row.get(13)?,
            error: row.get(14)?,
            summary: row.get(15)?,
            sequence: row.get::<_, Option<i64>>(17)?.unwrap_or(0),
            bytes: row.get::<_, i64>(16)? + row.get::<_, Option<i64>>(18)?.unwrap_or(0),
            key: row.get(19)?,
        })
    }

    /// As JSON.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn unreadable(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
