//! States that programs keep of executions by hand. What a change means is said in `npm/storage/src/executions/states.ts`.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// A change of one state, as JavaScript gives it in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateChange {
    id: String,
    /// Nothing where the state is deleted.
    state: Option<Content>,
    /// The hash that must be there, `""` for no state; nothing for any.
    if_hash: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    hash: String,
    content: String,
}

/// A state, as JSON.
pub(super) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let found = connection
        .query_row("select hash, content from states where id = ?", [id], |row| {
            Ok(Content { hash: row.get(0)?, content: row.get(1)? })
        })
        .optional()?;
    found.as_ref().map(json).transpose()
}

/// Ids of all states, as a list in JSON.
pub(super) fn ids(connection: &Connection) -> rusqlite::Result<String> {
    let ids: Vec<String> = connection
        .prepare("select id from states order by id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    json(&ids)
}

/// Changes states within a transaction that writes; the answer is a list of the ids that were refused, in JSON.
pub(super) fn change(connection: &Connection, changes: &[StateChange]) -> rusqlite::Result<String> {
    let mut hash = connection.prepare("select hash from states where id = ?")?;
    let mut keep =
        connection.prepare("insert or replace into states (id, hash, content) values (?, ?, ?)")?;
    let mut remove = connection.prepare("delete from states where id = ?")?;
    let mut refused = Vec::new();
    for StateChange { id, state, if_hash } in changes {
        let found: Option<String> = hash.query_row([id], |row| row.get(0)).optional()?;
        // What is there already is the same change again, whose answer was lost.
        if found.as_ref() == state.as_ref().map(|state| &state.hash) {
            continue;
        }
        if if_hash.as_ref().is_some_and(|expected| *expected != found.unwrap_or_default()) {
            refused.push(id);
        } else if let Some(Content { hash, content }) = state {
            keep.execute([id, hash, content])?;
        } else {
            remove.execute([id])?;
        }
    }
    json(&refused)
}

fn json(answer: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(answer).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
