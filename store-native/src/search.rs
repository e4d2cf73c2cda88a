//! The index for text in lists: which executions have three characters one after the other in id, flow id, name or error.
//!
//! It is written behind, many executions at once: one by one it would cost more than all else that is written of an execution.
//! Lists look through those that it does not have yet.

use rusqlite::{Connection, OptionalExtension};

/// Notes that an execution must be indexed.
pub(super) const TOUCH: &str = "insert or ignore into unindexed (execution) values (?)";

/// Executions that one step indexes at most.
const STEP: i64 = 1000;
/// Pages that one step of putting together writes.
const MERGED_PAGES: i64 = 200;
/// Trigrams of a text that are asked for at most; all rows that have them are compared with the text anyway.
const MOST_TRIGRAMS: usize = 24;

/// Words of the index that one query asks for at most.
const MOST_WORDS: usize = 300;
/// A query that finds nothing.
const NO_WORD: &str = "\"\u{1}\u{1}\u{1}\"";

/// Indexes some executions, within a transaction that writes; how many.
pub(super) fn index_some(connection: &Connection) -> rusqlite::Result<usize> {
    let mut rows = connection.prepare(
        "select u.execution, e.id || char(10) || e.flow_id || char(10) || e.name || char(10) || coalesce(e.error, '') || char(10, 10), \
         exists (select 1 from search_docsize where id = u.execution) \
         from unindexed u left join executions e on e.key = u.execution order by u.execution limit ?",
    )?;
    let rows: Vec<(i64, Option<String>, bool)> = rows
        .query_map([STEP], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut insert = connection.prepare("insert into search (rowid, words) values (?, ?)")?;
    let mut delete = connection.prepare("delete from search where rowid = ?")?;
    let mut done = connection.prepare("delete from unindexed where execution = ?")?;
    for (key, words, is_indexed) in &rows {
        if *is_indexed {
            delete.execute([key])?;
        }
        if let Some(words) = words {
            // The tokenizer would end at a NUL.
            insert.execute((key, words.replace('\0', "\n")))?;
        }
        done.execute([key])?;
    }
    Ok(rows.len())
}

/// Puts some parts of the index together, within a transaction that writes; whether there was something to do.
pub(super) fn put_together(connection: &Connection) -> rusqlite::Result<bool> {
    let before = connection.total_changes();
    connection.execute("insert into search (search, rank) values ('merge', ?)", [MERGED_PAGES])?;
    // So SQLite tells it: a merge without work counts as one change.
    Ok(connection.total_changes() - before > 1)
}

/// How many executions are to be indexed.
pub(super) fn unindexed(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .query_row("select count(*) from unindexed", [], |row| row.get::<_, i64>(0))
        .map(|count| count as usize)
}

/// Takes an execution out of the index.
pub(super) fn remove(connection: &Connection, key: i64) -> rusqlite::Result<()> {
    connection.execute("delete from unindexed where execution = ?", [key])?;
    let is_indexed = connection
        .query_row("select 1 from search_docsize where id = ?", [key], |_| Ok(()))
        .optional()?
        .is_some();
    if is_indexed {
        connection.execute("delete from search where rowid = ?", [key])?;
    }
    Ok(())
}

/// Whether a text has too few characters for the index.
pub(super) fn is_short(text: &str) -> bool {
    !text.is_empty() && text.chars().count() < 3
}

/// The query of the index for a text; nothing where the index is of no use.
pub(super) fn words(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() < 3 || characters.contains(&'\0') {
        return None;
    }
    let mut words: Vec<String> = characters
        .windows(3)
        .take(MOST_TRIGRAMS)
        .map(|three| quoted(&three.iter().collect::<String>()))
        .collect();
    words.sort();
    words.dedup();
    Some(words.join(" AND "))
}

/// The query of the index for a text of one or two characters: one of the words that begin with it. Nothing where there are too many,
/// or where the index may have the characters in another form.
pub(super) fn words_beginning(connection: &Connection, text: &str) -> rusqlite::Result<Option<String>> {
    let has_case = |c: char| !c.to_lowercase().eq([c]) || !c.to_uppercase().eq([c]);
    if text.chars().any(|c| c == '\0' || (!c.is_ascii() && has_case(c))) {
        return Ok(None);
    }
    let first = text.to_ascii_lowercase();
    let end = format!("{first}{}", char::MAX);
    let words: Vec<String> = connection
        .prepare("select term from search_words where term >= ? and term <= ? limit ?")?
        .query_map((&first, &end, MOST_WORDS as i64 + 1), |row| {
            row.get::<_, String>(0).map(|word| quoted(&word))
        })?
        .collect::<Result<_, _>>()?;
    Ok(match words.len() {
        0 => Some(NO_WORD.to_owned()),
        count if count > MOST_WORDS => None,
        _ => Some(words.join(" OR ")),
    })
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}
