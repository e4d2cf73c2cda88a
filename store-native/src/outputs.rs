//! The cache of outputs of nodes: entries up to a bound, of which those that were not used for longest go first.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// What one entry takes beside its output. The same as in other caches; see `npm/storage/src/executions/kept-outputs.ts`.
const ENTRY_BYTES: i64 = 512;
/// Entries that are looked at together when there is no room.
const STEP: i64 = 100;

/// Entries to be kept, as JavaScript gives them in JSON; their outputs are beside it, one after the other.
#[derive(Deserialize)]
pub struct NewOutputs {
    entries: Vec<Entry>,
    /// Keys of entries that were found since the last call, in their order.
    used: Vec<String>,
    /// Bytes that all entries take at most.
    limit: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    key: String,
    node_type: String,
    execution_id: String,
    node_id: String,
    stored_at: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<f64>,
    /// Bytes of the output.
    length: usize,
}

/// The entries that are removed: all that is given must hold.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFilter {
    expired_at: Option<f64>,
    node_type: Option<String>,
    /// At most so many at once.
    limit: i64,
}

/// An entry, as JSON, and its output.
pub type FoundOutput = (String, Vec<u8>);

pub(super) fn find(connection: &Connection, key: &str, now: f64) -> rusqlite::Result<Option<FoundOutput>> {
    connection
        .prepare(
            "select node_type, execution_id, node_id, stored_at, expires_at, output from cached_outputs \
             where key = ?1 and (expires_at is null or expires_at > ?2)",
        )?
        .query_row(params![key, now], |row| {
            let output: Vec<u8> = row.get(5)?;
            let entry = Entry {
                key: key.to_owned(),
                node_type: row.get(0)?,
                execution_id: row.get(1)?,
                node_id: row.get(2)?,
                stored_at: row.get(3)?,
                expires_at: row.get(4)?,
                length: output.len(),
            };
            let facts = serde_json::to_string(&entry)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
            Ok((facts, output))
        })
        .optional()
}

/// Entries, and the bytes of their outputs.
pub(super) fn size(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection.query_row("select entries, bytes from cache_size", [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Notes uses, and keeps entries, within a transaction that writes.
pub(super) fn keep(connection: &Connection, new: &NewOutputs, outputs: &[u8]) -> rusqlite::Result<()> {
    let mut used: i64 =
        connection.query_row("select coalesce(max(used), 0) from cached_outputs", [], |row| row.get(0))?;
    let mut touch = connection.prepare("update cached_outputs set used = ?2 where key = ?1")?;
    for key in &new.used {
        used += 1;
        touch.execute(params![key, used])?;
    }
    let (mut entries, mut bytes) = size(connection)?;
    let mut remove =
        connection.prepare("delete from cached_outputs where key = ? returning length(output)")?;
    let mut add = connection.prepare("insert into cached_outputs values (?, ?, ?, ?, ?, ?, ?, ?)")?;
    let mut rest = outputs;
    for entry in &new.entries {
        let (output, after) = rest.split_at_checked(entry.length).unwrap_or((rest, &[]));
        rest = after;
        if let Some(length) = remove.query_row([&entry.key], |row| row.get::<_, i64>(0)).optional()? {
            entries -= 1;
            bytes -= length;
        }
        if output.len() as i64 + ENTRY_BYTES > new.limit {
            continue;
        }
        used += 1;
        add.execute(params![
            entry.key,
            entry.node_type,
            entry.execution_id,
            entry.node_id,
            entry.stored_at,
            entry.expires_at,
            used,
            output
        ])?;
        entries += 1;
        bytes += output.len() as i64;
    }
    let mut oldest =
        connection.prepare("select rowid, length(output) from cached_outputs order by used limit ?")?;
    let mut evict = connection.prepare("delete from cached_outputs where rowid = ?")?;
    while entries > 0 && bytes + entries * ENTRY_BYTES > new.limit {
        let candidates: Vec<(i64, i64)> =
            oldest.query_map([STEP], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        if candidates.is_empty() {
            break;
        }
        for (row, length) in candidates {
            if bytes + entries * ENTRY_BYTES <= new.limit {
                break;
            }
            evict.execute([row])?;
            entries -= 1;
            bytes -= length;
        }
    }
    set_size(connection, entries, bytes)
}

/// Removes some entries, within a transaction that writes; how many.
pub(super) fn clear(connection: &Connection, filter: &OutputFilter) -> rusqlite::Result<usize> {
    let (expired, of_type) = (filter.expired_at, filter.node_type.as_deref());
    // Each condition alone, so that its index is used.
    let condition = match (expired, of_type) {
        (None, None) => "?1 is null and ?2 is null",
        (Some(_), None) => "expires_at <= ?1 and ?2 is null",
        (None, Some(_)) => "?1 is null and node_type = ?2",
        (Some(_), Some(_)) => "expires_at <= ?1 and node_type = ?2",
    };
    let lengths: Vec<i64> = connection
        .prepare(&format!(
            "delete from cached_outputs where rowid in (select rowid from cached_outputs where {condition} limit ?3) \
             returning length(output)"
        ))?
        .query_map(params![expired, of_type, filter.limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let (entries, bytes) = size(connection)?;
    set_size(connection, entries - lengths.len() as i64, bytes - lengths.iter().sum::<i64>())?;
    Ok(lengths.len())
}

fn set_size(connection: &Connection, entries: i64, bytes: i64) -> rusqlite::Result<()> {
    connection.execute("update cache_size set entries = ?, bytes = ?", [entries, bytes]).map(|_| ())
}
