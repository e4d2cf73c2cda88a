//! Flows as JSON, each text once: executions and versions of flows share them.

use rusqlite::{Connection, OptionalExtension};

/// The key of a document, which is added where it is new.
pub(super) fn keep(connection: &Connection, hash: &str, document: &str) -> rusqlite::Result<i64> {
    let known = connection
        .query_row("select key from documents where hash = ?", [hash], |row| row.get(0))
        .optional()?;
    match known {
        Some(key) => Ok(key),
        None => connection
            .prepare("insert into documents (hash, document) values (?, ?)")?
            .insert((hash, document)),
    }
}

/// Deletes a document that nothing needs any more.
pub(super) fn release(connection: &Connection, key: i64) -> rusqlite::Result<()> {
    connection
        .prepare(
            "delete from documents where key = ?1 and not exists (select 1 from executions where document = ?1) \
             and not exists (select 1 from flow_versions where document = ?1)",
        )?
        .execute([key])
        .map(|_| ())
}
