//! Deletion, retention and vacuum: long work in small steps, between which the writer serves others.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use super::failure::{Code, Failure};
use super::search;
use super::status::FINISHED;

/// Executions that one step looks at, and deletes at most: a writer waits for one step.
const STEP: usize = 32;
/// Pages that one step gives back.
const PAGES: u32 = 500;

/// What is to be deleted of finished executions; what either says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    ended_before: Option<f64>,
    keep_per_flow: Option<u32>,
}

impl Retention {
    /// Reads the JSON form. UNSUPPORTED_OPERATION.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| {
            Code::UnsupportedOperation.because(format!("The rule of retention is malformed: {error}"))
        })
    }
}

/// Work that is under way.
pub struct Removal {
    kind: Kind,
    /// How many were deleted.
    pub(super) count: u64,
}

enum Kind {
    /// By id, from this place on.
    Ids(Arc<[String]>, usize),
    /// Those that ended before a time, after a key.
    Ended {
        before: f64,
        after: i64,
    },
    /// All but the last ones of each flow, from the flow after this one on; then those that ended before a time. In this order,
    /// so that those that are deleted for their age count among the last ones.
    Superseded {
        keep: u32,
        after: Option<String>,
        then_before: Option<f64>,
    },
    Vacuum,
    Done,
}

impl Removal {
    /// Of finished executions, by their ids.
    pub fn of_ids(ids: Vec<String>) -> Self {
        Self { kind: Kind::Ids(ids.into(), 0), count: 0 }
    }

    /// Of finished executions, by a rule.
    pub fn of(retention: &Retention) -> Self {
        let kind = match (retention.ended_before, retention.keep_per_flow) {
            (then_before, Some(keep)) => Kind::Superseded { keep, after: None, then_before },
            (Some(before), None) => Kind::Ended { before, after: -1 },
            (None, None) => Kind::Done,
        };
        Self { kind, count: 0 }
    }

    /// Gives room back to the system.
    pub fn vacuum() -> Self {
        Self { kind: Kind::Vacuum, count: 0 }
    }

    /// Whether it runs outside of transactions.
    pub(super) fn is_vacuum(&self) -> bool {
        matches!(self.kind, Kind::Vacuum)
    }

    /// One step, within a transaction that writes unless it is a vacuum. Whether it was the last.
    pub(super) fn step(&self, connection: &Connection) -> rusqlite::Result<Step> {
        match &self.kind {
            Kind::Done => Ok(Step { next: None, count: 0 }),
            Kind::Ids(ids, from) => {
                let end = ids.len().min(*from + STEP);
                let mut count = 0;
                for id in &ids[*from..end] {
                    let key: Option<i64> = connection
                        .prepare("select key from executions where id = ? and status >= ?")?
                        .query_row(params![id, FINISHED], |row| row.get(0))
                        .optional()?;
                    if let Some(key) = key {
                        delete(connection, key)?;
                        count += 1;
                    }
                }
                let next = if end == ids.len() { Kind::Done } else { Kind::Ids(ids.clone(), end) };
                Ok(Step::to(next, count))
            }
            Kind::Ended { before, after } => {
                let looked_at: Vec<(i64, bool)> = connection
                    .prepare(
                        "select key, status >= ?2 and coalesce(ended_at, updated_at) < ?3 from executions where key > ?1 order by key limit ?4",
                    )?
                    .query_map(params![*after, FINISHED, *before, STEP as i64], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?
                    .collect::<Result<_, _>>()?;
                let mut count = 0;
                for &(key, is_over) in &looked_at {
                    if is_over {
                        delete(connection, key)?;
                        count += 1;
                    }
                }
                let next = match looked_at.last() {
                    Some(&(last, _)) => Kind::Ended { before: *before, after: last },
                    None => Kind::Done,
                };
                Ok(Step::to(next, count))
            }
            Kind::Superseded { keep, after, then_before } => {
                let flow: Option<String> = match after {
                    None => {
                        connection.query_row("select min(flow_id) from executions", [], |row| row.get(0))?
                    }
                    Some(after) => connection.query_row(
                        "select min(flow_id) from executions where flow_id > ?",
                        [after.as_str()],
                        |row| row.get(0),
                    )?,
                };
                let Some(flow) = flow else {
                    let next = then_before.map_or(Kind::Done, |before| Kind::Ended { before, after: -1 });
                    return Ok(Step::to(next, 0));
                };
                let keys: Vec<i64> = connection
                    .prepare(
                        // By status, so that the index has each part in order.
                        "select key from executions where flow_id = ?1 and status = 6 \
                         union all select key from executions where flow_id = ?1 and status = 7 \
                         union all select key from executions where flow_id = ?1 and status = 8 \
                         order by key desc limit ?2 offset ?3",
                    )?
                    .query_map(params![flow, STEP as i64, *keep], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                for &key in &keys {
                    delete(connection, key)?;
                }
                let after = if keys.len() < STEP { Some(flow) } else { after.clone() };
                Ok(Step::to(
                    Kind::Superseded { keep: *keep, after, then_before: *then_before },
                    keys.len() as u64,
                ))
            }
            Kind::Vacuum => {
                let mut statement = connection.prepare(&format!("pragma incremental_vacuum({PAGES})"))?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                let left: i64 = connection.query_row("pragma freelist_count", [], |row| row.get(0))?;
                if left > 0 {
                    return Ok(Step::to(Kind::Vacuum, 0));
                }
                // Readers that are in the way leave the rest for the next time.
                connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
                Ok(Step::to(Kind::Done, 0))
            }
        }
    }

    /// Takes over what a step did, once it is on disk. Whether all is done.
    pub(super) fn advance(&mut self, step: Step) -> bool {
        self.count += step.count;
        if let Some(next) = step.next {
            self.kind = next;
        }
        matches!(self.kind, Kind::Done)
    }
}

/// What a step did, and where the next one begins.
pub(super) struct Step {
    next: Option<Kind>,
    count: u64,
}

impl Step {
    fn to(next: Kind, count: u64) -> Self {
        Self { next: Some(next), count }
    }
}

/// Deletes an execution, and what only it needed.
fn delete(connection: &Connection, key: i64) -> rusqlite::Result<()> {
    let run = |sql: &str| connection.prepare(sql)?.execute([key]);
    run(
        "delete from tags where execution = ?1 and status = (select status from executions where key = ?1) \
         and tag in (select value from json_each((select tags from executions where key = ?1)))",
    )?;
    search::remove(connection, key)?;
    run("delete from heads where execution = ?")?;
    run("delete from records where execution = ?")?;
    let blobs: Vec<i64> = connection
        .prepare("select blob from blob_uses where execution = ?")?
        .query_map([key], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    run("delete from blob_uses where execution = ?")?;
    for blob in blobs {
        connection
            .prepare(
                "delete from blobs where key = ?1 and not exists (select 1 from blob_uses where blob = ?1)",
            )?
            .execute([blob])?;
    }
    let document: i64 = connection
        .prepare("delete from executions where key = ? returning document")?
        .query_row([key], |row| row.get(0))?;
    super::document::release(connection, document)
}
