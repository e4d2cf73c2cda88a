//! Small texts of an installation, in collections. What a change means is said in `npm/storage/src/executions/entries.ts`.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// A change of one entry, as JavaScript gives it in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryChange {
    id: String,
    /// Nothing where the entry is deleted.
    entry: Option<Content>,
    /// The hash that must be there, `""` for no entry; nothing for any.
    if_hash: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    hash: String,
    content: String,
}

#[derive(Serialize)]
struct Listed {
    id: String,
    hash: String,
    content: String,
}

/// An entry, as JSON.
pub(super) fn find(connection: &Connection, collection: &str, id: &str) -> rusqlite::Result<Option<String>> {
    let found = connection
        .query_row(
            "select hash, content from entries where collection = ? and id = ?",
            [collection, id],
            |row| Ok(Content { hash: row.get(0)?, content: row.get(1)? }),
        )
        .optional()?;
    found.as_ref().map(json).transpose()
}

/// Ids of all entries of a collection, as a list in JSON.
pub(super) fn ids(connection: &Connection, collection: &str) -> rusqlite::Result<String> {
    let ids: Vec<String> = connection
        .prepare("select id from entries where collection = ? order by id")?
        .query_map([collection], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    json(&ids)
}

/// All entries of a collection, as a list in JSON.
pub(super) fn list(connection: &Connection, collection: &str) -> rusqlite::Result<String> {
    let entries: Vec<Listed> = connection
        .prepare("select id, hash, content from entries where collection = ? order by id")?
        .query_map([collection], |row| {
            Ok(Listed { id: row.get(0)?, hash: row.get(1)?, content: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    json(&entries)
}

/// Changes entries within a transaction that writes; the answer is a list of the ids that were refused, in JSON.
pub(super) fn change(
    connection: &Connection,
    collection: &str,
    changes: &[EntryChange],
) -> rusqlite::Result<String> {
    let mut hash = connection.prepare("select hash from entries where collection = ? and id = ?")?;
    let mut keep = connection
        .prepare("insert or replace into entries (collection, id, hash, content) values (?, ?, ?, ?)")?;
    let mut remove = connection.prepare("delete from entries where collection = ? and id = ?")?;
    let mut refused = Vec::new();
    for EntryChange { id, entry, if_hash } in changes {
        let found: Option<String> = hash.query_row([collection, id], |row| row.get(0)).optional()?;
        // What is there already is the same change again, whose answer was lost.
        if found.as_ref() == entry.as_ref().map(|entry| &entry.hash) {
            continue;
        }
        if if_hash.as_ref().is_some_and(|expected| *expected != found.unwrap_or_default()) {
            refused.push(id);
        } else if let Some(Content { hash, content }) = entry {
            keep.execute([collection, id, hash, content])?;
        } else {
            remove.execute([collection, id])?;
        }
    }
    json(&refused)
}

fn json(answer: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(answer).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
