//! Flows and their versions. What a version is, and when a save is refused, is said in `npm/storage/src/executions/flows/`.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::document;
use super::failure::{Code, Trouble};

/// A change of flows, as JavaScript gives it in JSON. Times are in ms since the epoch.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct FlowChange(Change);

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Change {
    Save(NewVersion),
    Remove {
        id: String,
        at: f64,
    },
    /// One step of it.
    Prune {
        deleted_before: Option<f64>,
        keep_versions: Option<i64>,
        limit: i64,
    },
}

/// A version to be saved.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewVersion {
    id: String,
    /// Of the content, without the times of saves.
    hash: String,
    document: String,
    document_hash: String,
    /// JSON.
    item: String,
    at: f64,
    /// The number that the current version must have; 0 for none.
    if_version: Option<i64>,
}

/// A question about flows, likewise.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct FlowQuestion(Question);

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Question {
    Find { id: String, version: Option<i64> },
    List { prefix: String },
    History { id: String, before: Option<i64>, limit: i64 },
}

/// What became of a save.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    /// The number of the current version after it.
    version: i64,
    is_refused: bool,
    saved_at: Option<f64>,
}

/// A version, with how its flow stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    version: i64,
    hash: String,
    saved_at: f64,
    document: String,
    item: String,
    deleted_at: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct History {
    deleted_at: Option<f64>,
    versions: Vec<Version>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version: i64,
    hash: String,
    saved_at: f64,
}

/// Changes flows within a transaction that writes; the answer is JSON.
pub(super) fn change(connection: &Connection, change: &FlowChange) -> Result<String, Trouble> {
    match &change.0 {
        Change::Save(version) => json(&save(connection, version)?),
        Change::Remove { id, at } => json(&remove(connection, id, *at)?),
        Change::Prune { deleted_before, keep_versions, limit } => {
            json(&prune(connection, *deleted_before, *keep_versions, *limit)?)
        }
    }
}

/// Answers a question as JSON.
pub(super) fn read(connection: &Connection, question: &FlowQuestion) -> Result<String, Trouble> {
    match &question.0 {
        Question::Find { id, version } => json(&find(connection, id, *version)?),
        Question::List { prefix } => Ok(list(connection, prefix)?),
        Question::History { id, before, limit } => json(&history(connection, id, *before, *limit)?),
    }
}

fn json(answer: &impl Serialize) -> Result<String, Trouble> {
    serde_json::to_string(answer).map_err(|error| {
        Code::SerializationError.because(format!("What is stored of flows cannot be told: {error}")).into()
    })
}

fn save(connection: &Connection, new: &NewVersion) -> rusqlite::Result<Saved> {
    let before: Option<(i64, i64, bool, String, i64, f64)> = connection
        .query_row(
            "select f.key, f.version, f.deleted_at is not null, v.hash, v.document, v.saved_at \
             from flows f join flow_versions v on v.flow = f.key and v.version = f.version where f.id = ?",
            [&new.id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
        )
        .optional()?;
    let current = before.as_ref().filter(|(_, _, is_deleted, ..)| !is_deleted);
    let version = current.map_or(0, |&(_, version, ..)| version);
    let is_same = current.is_some_and(|(_, _, _, hash, ..)| *hash == new.hash);
    if let Some(expected) = new.if_version
        && expected != version
        // The same save again, whose answer was lost.
        && !(is_same && expected + 1 == version)
    {
        let saved_at = current.map(|&(.., saved_at)| saved_at);
        return Ok(Saved { version, is_refused: true, saved_at });
    }
    let document = document::keep(connection, &new.document_hash, &new.document)?;
    if let Some(&(key, version, _, _, earlier, saved_at)) = current
        && is_same
    {
        // Only the times in the document differ.
        connection.execute(
            "update flow_versions set document = ?3 where flow = ?1 and version = ?2",
            [key, version, document],
        )?;
        connection.execute("update flows set item = ?2 where key = ?1", params![key, new.item])?;
        if earlier != document {
            document::release(connection, earlier)?;
        }
        return Ok(Saved { version, is_refused: false, saved_at: Some(saved_at) });
    }
    // Numbers go on after a deletion, so that each names one content.
    let version = before.as_ref().map_or(0, |&(_, version, ..)| version) + 1;
    let key = match before {
        Some((key, ..)) => {
            connection.execute(
                "update flows set version = ?2, item = ?3, deleted_at = null where key = ?1",
                params![key, version, new.item],
            )?;
            key
        }
        None => connection
            .prepare("insert into flows (id, version, item) values (?, ?, ?)")?
            .insert(params![new.id, version, new.item])?,
    };
    connection.execute(
        "insert into flow_versions (flow, version, hash, document, saved_at) values (?, ?, ?, ?, ?)",
        params![key, version, new.hash, document, new.at],
    )?;
    Ok(Saved { version, is_refused: false, saved_at: Some(new.at) })
}

/// What lists showed of a flow that is deleted by this; nothing where there is none.
fn remove(connection: &Connection, id: &str, at: f64) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "update flows set deleted_at = ?2 where id = ?1 and deleted_at is null returning item",
            params![id, at],
            |row| row.get(0),
        )
        .optional()
}

/// Deletes some versions of deleted flows, and some that are superseded; how many.
fn prune(
    connection: &Connection,
    deleted_before: Option<f64>,
    keep_versions: Option<i64>,
    limit: i64,
) -> rusqlite::Result<usize> {
    let gone: Vec<(i64, i64, i64)> = connection
        .prepare(
            "select v.flow, v.version, v.document from flows f join flow_versions v on v.flow = f.key \
             where f.deleted_at < ?1 or v.version <= f.version - ?2 limit ?3",
        )?
        .query_map(params![deleted_before, keep_versions, limit], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    for &(flow, version, document) in &gone {
        connection.execute("delete from flow_versions where flow = ? and version = ?", [flow, version])?;
        document::release(connection, document)?;
        connection.execute(
            "delete from flows where key = ?1 and not exists (select 1 from flow_versions where flow = ?1)",
            [flow],
        )?;
    }
    Ok(gone.len())
}

fn find(connection: &Connection, id: &str, version: Option<i64>) -> rusqlite::Result<Option<Found>> {
    connection
        .query_row(
            "select v.version, v.hash, v.saved_at, d.document, f.item, f.deleted_at from flows f \
             join flow_versions v on v.flow = f.key and v.version = coalesce(?2, f.version) \
             join documents d on d.key = v.document where f.id = ?1",
            params![id, version],
            |row| {
                Ok(Found {
                    version: row.get(0)?,
                    hash: row.get(1)?,
                    saved_at: row.get(2)?,
                    document: row.get(3)?,
                    item: row.get(4)?,
                    deleted_at: row.get(5)?,
                })
            },
        )
        .optional()
}

/// What lists show, as a list in JSON.
fn list(connection: &Connection, prefix: &str) -> rusqlite::Result<String> {
    let items: Vec<String> = connection
        .prepare("select item from flows where deleted_at is null and substr(id, 1, length(?1)) = ?1")?
        .query_map([prefix], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(format!("[{}]", items.join(",")))
}

/// Versions before a number, the last one first; nothing where there is no such flow.
fn history(
    connection: &Connection,
    id: &str,
    before: Option<i64>,
    limit: i64,
) -> rusqlite::Result<Option<History>> {
    let flow: Option<(i64, Option<f64>)> = connection
        .query_row("select key, deleted_at from flows where id = ?", [id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((key, deleted_at)) = flow else { return Ok(None) };
    let versions = connection
        .prepare(
            "select version, hash, saved_at from flow_versions where flow = ?1 and (?2 is null or version < ?2) \
             order by version desc limit ?3",
        )?
        .query_map(params![key, before, limit], |row| {
            Ok(Version { version: row.get(0)?, hash: row.get(1)?, saved_at: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(History { deleted_at, versions }))
}
