//! Refusing and writing changes, within a transaction of the writer.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::change::{Append, Begin, Change, Update};
use super::failure::{Code, Trouble};
use super::owner::{LockFiles, is_free};
use super::row::{COLUMNS, StoredRow};
use super::search;
use super::status::{FINISHED, RUNNING};

/// Bits of a key below the ms.
const ORDER_BITS: u32 = 20;
/// The latest ms that a key can name, in the year 2248.
pub(super) const LATEST: f64 = ((1_i64 << (63 - ORDER_BITS)) - 1) as f64;

/// The first key of executions that start in the ms of this time; times outside of what keys can name count as the nearest.
pub(super) fn first_key(time: f64) -> i64 {
    (time.floor().clamp(0.0, LATEST) as i64) << ORDER_BITS
}

/// A refused execution, and why.
pub(super) type Refusal = (String, &'static str);

/// What refusals look at.
#[derive(Clone)]
struct State {
    /// 0 before it is written.
    key: i64,
    epoch: i64,
    /// It belongs to the store object that writes.
    is_own: bool,
    status: u8,
    sequence: i64,
    total: i64,
    is_tagged: bool,
}

/// Writes changes, as the owner of what it begins and claims.
pub(super) struct Applying<'c> {
    connection: &'c Connection,
    files: &'c LockFiles,
    owner: i64,
    /// Executions of this transaction, by id; nothing for those that there are not.
    states: HashMap<String, Option<State>>,
    /// Whether owners leave their executions free, as found in this transaction.
    free: HashMap<i64, bool>,
    sql: Sql<'c>,
}

/// Prepared once.
struct Sql<'c> {
    find: Statement<'c>,
    last_record: Statement<'c>,
    last_key: Statement<'c>,
    find_document: Statement<'c>,
    add_document: Statement<'c>,
    add_execution: Statement<'c>,
    add_head: Statement<'c>,
    add_tag: Statement<'c>,
    add_record: Statement<'c>,
    find_blob: Statement<'c>,
    add_blob: Statement<'c>,
    add_use: Statement<'c>,
    update: Statement<'c>,
    set_status: Statement<'c>,
    set_wake: Statement<'c>,
    move_tags: Statement<'c>,
    release: Statement<'c>,
    claim: Statement<'c>,
    owner: Statement<'c>,
    row: Statement<'c>,
    touch: Statement<'c>,
}

impl<'c> Sql<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            find: connection
                .prepare("select key, epoch, owner is ?2, status, tags is not null from executions where id = ?1")?,
            last_record: connection.prepare(
                "select sequence, total from records where execution = ? order by sequence desc limit 1",
            )?,
            last_key: connection.prepare("select max(key) from executions where key >= ? and key < ?")?,
            find_document: connection.prepare("select key from documents where hash = ?")?,
            add_document: connection.prepare("insert into documents (hash, document) values (?, ?)")?,
            add_execution: connection.prepare(
                "insert into executions (key, id, flow_id, name, document, parent_id, \"trigger\", tags, started_at, status, epoch, \
                 owner, updated_at, head_bytes) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?9, ?12)",
            )?,
            add_head: connection.prepare("insert into heads (execution, head) values (?, ?)")?,
            add_tag: connection
                .prepare("insert or ignore into tags (tag, status, execution) values (?, ?, ?)")?,
            add_record: connection.prepare(
                "insert into records (execution, sequence, epoch, total, journal, contents) values (?, ?, ?, ?, ?, ?)",
            )?,
            find_blob: connection.prepare("select key from blobs where hash = ?")?,
            add_blob: connection.prepare("insert into blobs (hash, content) values (?, ?)")?,
            add_use: connection.prepare("insert or ignore into blob_uses (execution, blob) values (?, ?)")?,
            update: connection.prepare(
                "update executions set updated_at = ?2, ended_at = coalesce(?3, ended_at), \
                 reason = case when ?4 then ?5 else reason end, error = coalesce(?6, error), summary = coalesce(?7, summary) \
                 where key = ?1",
            )?,
            set_status: connection.prepare("update executions set status = ?2 where key = ?1")?,
            set_wake: connection.prepare("update executions set wake_at = ?2 where key = ?1")?,
            move_tags: connection.prepare(
                "update tags set status = ?3 where status = ?2 and execution = ?1 \
                 and tag in (select value from json_each((select tags from executions where key = ?1)))",
            )?,
            release: connection.prepare("update executions set owner = null where key = ?")?,
            claim: connection
                .prepare("update executions set owner = ?2, epoch = epoch + 1 where key = ?1")?,
            owner: connection.prepare("select key, status, owner from executions where id = ?")?,
            row: connection.prepare(&format!("select {COLUMNS} from executions e where e.key = ?"))?,
            touch: connection.prepare(search::TOUCH)?,
        })
    }
}

impl<'c> Applying<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        files: &'c LockFiles,
        owner: i64,
    ) -> rusqlite::Result<Self> {
        let sql = Sql::prepare(connection)?;
        Ok(Self { connection, files, owner, states: HashMap::new(), free: HashMap::new(), sql })
    }

    /// Forgets what was read, at the end of a transaction.
    pub(super) fn forget(&mut self) {
        self.states.clear();
        self.free.clear();
    }

    /// Writes the changes of one call but those of executions of which one is refused, in their order.
    pub(super) fn apply(&mut self, changes: &[Change<'_>]) -> Result<Vec<Refusal>, Trouble> {
        let refusals = self.refusals(changes)?;
        for change in changes {
            let id = change.id();
            if refusals.iter().all(|(refused, _)| refused != id) {
                self.write(change)?;
            }
        }
        Ok(refusals)
    }

    /// One refusal for each execution of which a change cannot be written after those before it.
    fn refusals(&mut self, changes: &[Change<'_>]) -> Result<Vec<Refusal>, Trouble> {
        let mut refusals: Vec<Refusal> = Vec::new();
        // How executions stand after the changes before; most calls have one change and need none of this.
        let mut drafts: HashMap<&str, Option<State>> = HashMap::new();
        for change in changes {
            let id = change.id();
            self.load(id)?;
            let draft = match drafts.remove(id) {
                Some(draft) => draft,
                None => self.states.get(id).cloned().flatten(),
            };
            match after(draft, change) {
                Ok(state) => {
                    if changes.len() > 1 {
                        drafts.insert(id, Some(state));
                    }
                }
                Err(reason) => {
                    if refusals.iter().all(|(refused, _)| refused != id) {
                        refusals.push((id.to_owned(), reason));
                    }
                }
            }
        }
        Ok(refusals)
    }

    /// Reads how an execution stands, unless it is known.
    fn load(&mut self, id: &str) -> Result<(), Trouble> {
        if self.states.contains_key(id) {
            return Ok(());
        }
        let row: Option<(i64, i64, bool, u8, bool)> = self
            .sql
            .find
            .query_row(params![id, self.owner], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .optional()?;
        let state = match row {
            None => None,
            Some((key, epoch, is_own, status, is_tagged)) => {
                let (sequence, total) = self
                    .sql
                    .last_record
                    .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?
                    .unwrap_or((0, 0));
                Some(State { key, epoch, is_own, status, sequence, total, is_tagged })
            }
        };
        self.states.insert(id.to_owned(), state);
        Ok(())
    }

    /// Writes a change that is not refused.
    fn write(&mut self, change: &Change<'_>) -> Result<(), Trouble> {
        match change {
            Change::Begin(begin) => self.begin(begin),
            Change::Append(append) => self.append(append),
            Change::Update(update) => self.update(update),
        }
    }

    fn begin(&mut self, begin: &Begin<'_>) -> Result<(), Trouble> {
        let first = first_key(begin.started_at);
        let end = first.saturating_add(1 << ORDER_BITS);
        let last: Option<i64> = self.sql.last_key.query_row([first, end], |row| row.get(0))?;
        let key = last.map_or(first, |last| last + 1);
        if key >= end {
            return Err(Code::UnsupportedOperation
                .because(format!(
                    "More than {} executions start in the same ms ({})",
                    1 << ORDER_BITS,
                    begin.started_at
                ))
                .into());
        }
        let document: Option<i64> =
            self.sql.find_document.query_row([begin.document_hash], |row| row.get(0)).optional()?;
        let document = match document {
            Some(document) => document,
            None => self.sql.add_document.insert(params![begin.document_hash, begin.document])?,
        };
        let tags = if begin.tags.is_empty() {
            None
        } else {
            Some(serde_json::to_string(&begin.tags).map_err(|error| {
                Code::SerializationError.because(format!("Tags cannot be written: {error}"))
            })?)
        };
        self.sql.add_execution.execute(params![
            key,
            begin.id,
            begin.flow_id,
            begin.name,
            document,
            begin.parent_id,
            begin.trigger,
            tags,
            begin.started_at,
            RUNNING,
            self.owner,
            begin.head.len() as i64,
        ])?;
        self.sql.add_head.execute(params![key, begin.head])?;
        for tag in &begin.tags {
            self.sql.add_tag.execute(params![tag, RUNNING, key])?;
        }
        self.sql.touch.execute([key])?;
        let state = State {
            key,
            epoch: 1,
            is_own: true,
            status: RUNNING,
            sequence: 0,
            total: 0,
            is_tagged: tags.is_some(),
        };
        self.states.insert(begin.id.to_owned(), Some(state));
        Ok(())
    }

    fn append(&mut self, append: &Append<'_>) -> Result<(), Trouble> {
        let Some(Some(state)) = self.states.get_mut(append.id) else { return Ok(()) };
        let blob_bytes: usize = append.blobs.iter().map(|(_, content)| content.len()).sum();
        state.sequence = append.sequence;
        state.total += (append.journal.len() + append.values.len() + blob_bytes) as i64;
        let key = state.key;
        self.sql.add_record.execute(params![
            key,
            append.sequence,
            append.epoch,
            state.total,
            append.journal,
            append.values
        ])?;
        for (hash, content) in &append.blobs {
            let blob: Option<i64> = self.sql.find_blob.query_row([hash], |row| row.get(0)).optional()?;
            let blob = match blob {
                Some(blob) => blob,
                None => self.sql.add_blob.insert(params![hash, content])?,
            };
            self.sql.add_use.execute([key, blob])?;
        }
        Ok(())
    }

    fn update(&mut self, update: &Update<'_>) -> Result<(), Trouble> {
        let Some(Some(state)) = self.states.get_mut(update.id) else { return Ok(()) };
        let key = state.key;
        self.sql.update.execute(params![
            key,
            update.updated_at,
            update.ended_at,
            update.reason.is_some(),
            update.reason.flatten(),
            update.error,
            update.summary,
        ])?;
        if let Some(wake_at) = update.wake_at {
            self.sql.set_wake.execute(params![key, wake_at])?;
        }
        // Each statement that names an indexed column writes its indices again, so none does without need.
        let before = state.status;
        if let Some(status) = update.status.filter(|&status| status != before) {
            self.sql.set_status.execute(params![key, status])?;
            if state.is_tagged {
                self.sql.move_tags.execute(params![key, before, status])?;
            }
            state.status = status;
        }
        if update.release || state.status >= FINISHED {
            state.is_own = false;
            self.sql.release.execute([key])?;
        }
        if update.error.is_some() {
            self.sql.touch.execute([key])?;
        }
        Ok(())
    }

    /// Takes an unfinished execution whose owner is gone: its row then, as JSON.
    pub(super) fn claim(&mut self, id: &str) -> Result<Option<String>, Trouble> {
        let found: Option<(i64, u8, Option<i64>)> =
            self.sql.owner.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((key, status, owner)) = found else { return Ok(None) };
        let is_own = owner == Some(self.owner);
        if status >= FINISHED || is_own || !is_free(self.connection, self.files, &mut self.free, owner)? {
            return Ok(None);
        }
        self.sql.claim.execute([key, self.owner])?;
        self.states.remove(id);
        Ok(Some(self.sql.row.query_row([key], StoredRow::read)?.json()))
    }
}

/// How an execution stands after a change, or why the change is refused.
fn after(state: Option<State>, change: &Change<'_>) -> Result<State, &'static str> {
    let state = match (state, change) {
        (None, Change::Begin(begin)) => {
            return Ok(State {
                key: 0,
                epoch: 1,
                is_own: true,
                status: RUNNING,
                sequence: 0,
                total: 0,
                is_tagged: !begin.tags.is_empty(),
            });
        }
        (Some(_), Change::Begin(_)) => return Err("exists"),
        (None, _) => return Err("unknown"),
        (Some(state), _) => state,
    };
    let epoch = match change {
        Change::Append(append) => append.epoch,
        Change::Update(update) => update.epoch,
        Change::Begin(_) => state.epoch,
    };
    if state.status >= FINISHED {
        return Err("finished");
    }
    if epoch != state.epoch || !state.is_own {
        return Err("stale");
    }
    match change {
        Change::Append(append) if append.sequence != state.sequence + 1 => Err("gap"),
        Change::Append(append) => Ok(State { sequence: append.sequence, ..state }),
        Change::Update(update) => Ok(State {
            status: update.status.unwrap_or(state.status),
            is_own: state.is_own && !update.release,
            ..state
        }),
        Change::Begin(_) => Ok(state),
    }
}
