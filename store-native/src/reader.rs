//! The threads that read, beside the one that writes.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::failure::{Code, Failure, Trouble};
use super::flows::FlowQuestion;
use super::outputs::FoundOutput;
use super::row::{COLUMNS, StoredRow};
use super::schema;
use super::status::FINISHED;

/// How many there are: so that one long search leaves room for the others.
const THREADS: usize = 2;

/// Something to read, and whom to tell.
pub(super) type Reading = Box<dyn FnOnce(Result<&mut Reader<'_>, Failure>) + Send>;

/// Whom to tell what came of something that another thread does.
pub struct Answer<T>(Box<dyn FnOnce(Result<T, Failure>) + Send>);

impl<T> Answer<T> {
    /// `tell` is called once, on the thread that did it.
    pub fn new(tell: impl FnOnce(Result<T, Failure>) + Send + 'static) -> Self {
        Self(Box::new(tell))
    }

    /// Tells it.
    pub fn give(self, result: Result<T, Failure>) {
        (self.0)(result);
    }
}

/// A connection that reads, with its statements.
pub struct Reader<'c> {
    connection: &'c Connection,
    path: &'c Path,
    row: Statement<'c>,
    begun: Statement<'c>,
    records: Statement<'c>,
    blob: Statement<'c>,
}

/// What an execution was begun with.
pub struct Begun {
    /// The flow as JSON.
    pub document: String,
    /// What else the run is made from.
    pub head: Vec<u8>,
}

/// How much a store holds.
pub struct Figures {
    /// Executions in all.
    pub executions: i64,
    /// Those that are not over.
    pub unfinished: i64,
    /// Records in all.
    pub records: i64,
    /// Blobs in all.
    pub blobs: i64,
    /// On disk.
    pub bytes: i64,
}

impl<'c> Reader<'c> {
    fn new(connection: &'c Connection, path: &'c Path) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            path,
            row: connection.prepare(&format!("select {COLUMNS} from executions e where e.id = ?"))?,
            begun: connection.prepare(
                "select d.document, h.head from executions e join documents d on d.key = e.document \
                 join heads h on h.execution = e.key where e.id = ?",
            )?,
            records: connection.prepare(
                "select sequence, epoch, journal, contents from records \
                 where execution = (select key from executions where id = ?) and sequence > ? order by sequence limit ?",
            )?,
            blob: connection.prepare("select content from blobs where hash = ?")?,
        })
    }

    /// The row of an execution, as JSON.
    pub fn row(&mut self, id: &str) -> Result<Option<String>, Failure> {
        let row = self.row.query_row([id], StoredRow::read).optional();
        self.told(row.map(|row| row.map(|row| row.json())))
    }

    /// What an execution was begun with.
    pub fn begun(&mut self, id: &str) -> Result<Option<Begun>, Failure> {
        let begun = self
            .begun
            .query_row([id], |row| Ok(Begun { document: row.get(0)?, head: row.get(1)? }))
            .optional();
        self.told(begun)
    }

    /// The content of a blob.
    pub fn blob(&mut self, hash: &str) -> Result<Option<Vec<u8>>, Failure> {
        let blob = self.blob.query_row([hash], |row| row.get(0)).optional();
        self.told(blob)
    }

    /// Records in one piece: their number as 64 bits; for each sequence, epoch, and the lengths of journal and values as 64-bit
    /// numbers; then journals and values, each beginning at a multiple of 8 bytes, so that words can be read in place.
    pub fn records(&mut self, id: &str, after: i64, limit: i64) -> Result<Vec<u8>, Failure> {
        let packed = (|| {
            let mut heads = Vec::new();
            let mut contents = Vec::new();
            let mut rows = self.records.query(params![id, after, limit])?;
            while let Some(row) = rows.next()? {
                let (sequence, epoch): (i64, i64) = (row.get(0)?, row.get(1)?);
                heads.extend((sequence as f64).to_le_bytes());
                heads.extend((epoch as f64).to_le_bytes());
                for column in 2..4 {
                    let bytes = row.get_ref(column)?.as_blob()?;
                    heads.extend((bytes.len() as f64).to_le_bytes());
                    contents.extend(bytes);
                    contents.resize(contents.len().next_multiple_of(8), 0);
                }
            }
            let count = heads.len() / 32;
            let mut packed = Vec::with_capacity(8 + heads.len() + contents.len());
            packed.extend((count as f64).to_le_bytes());
            packed.append(&mut heads);
            packed.append(&mut contents);
            Ok(packed)
        })();
        self.told(packed)
    }

    /// Answers a question about flows as JSON.
    pub fn flows(&mut self, question: &FlowQuestion) -> Result<String, Failure> {
        super::flows::read(self.connection, question)
            .map_err(|trouble| trouble.told(self.path, Some(self.connection)))
    }

    /// The entry of the cache that has not expired, as JSON, and its output.
    pub fn output(&mut self, key: &str, now: f64) -> Result<Option<FoundOutput>, Failure> {
        self.told(super::outputs::find(self.connection, key, now))
    }

    /// An entry of a collection, as JSON.
    pub fn entry(&mut self, collection: &str, id: &str) -> Result<Option<String>, Failure> {
        self.told(super::entries::find(self.connection, collection, id))
    }

    /// Ids of all entries of a collection, as JSON.
    pub fn entry_ids(&mut self, collection: &str) -> Result<String, Failure> {
        self.told(super::entries::ids(self.connection, collection))
    }

    /// All entries of a collection, as JSON.
    pub fn entries(&mut self, collection: &str) -> Result<String, Failure> {
        self.told(super::entries::list(self.connection, collection))
    }

    /// Entries of the cache, and the bytes of their outputs.
    pub fn cache_size(&mut self) -> Result<(i64, i64), Failure> {
        self.told(super::outputs::size(self.connection))
    }

    /// A page of a list, as JSON. The filter is JSON too, with `limit` and `cursor`.
    pub fn list(&mut self, filter: &str) -> Result<String, Failure> {
        let filter = serde_json::from_str(filter).map_err(|error| {
            Code::UnsupportedOperation.because(format!("The filter of a list is malformed: {error}"))
        })?;
        super::list::page(self.connection, &filter)
            .map_err(|trouble| trouble.told(self.path, Some(self.connection)))
    }

    /// How much the store holds.
    pub fn figures(&mut self) -> Result<Figures, Failure> {
        let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let figures = (|| {
            let mut wal = self.path.as_os_str().to_owned();
            wal.push("-wal");
            Ok(Figures {
                executions: number("select count(*) from executions")?,
                unfinished: number(&format!("select count(*) from executions where status < {FINISHED}"))?,
                // Records have no gaps, so the number of the last one is how many there are.
                records: number(
                    "select coalesce(sum((select max(sequence) from records where execution = executions.key)), 0) from executions",
                )?,
                blobs: number("select count(*) from blobs")?,
                bytes: number("select page_count * page_size from pragma_page_count(), pragma_page_size()")?
                    + std::fs::metadata(wal).map_or(0, |facts| facts.len() as i64),
            })
        })();
        self.told(figures)
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, Failure> {
        result.map_err(|error| Trouble::from(error).told(self.path, Some(self.connection)))
    }
}

/// Starts the threads. They end when nothing can ask them any more.
pub(super) fn start(
    path: &Path,
    wait: Duration,
    readings: Receiver<Reading>,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let readings = Arc::new(Mutex::new(readings));
    (0..THREADS)
        .map(|_| {
            let (path, readings) = (path.to_owned(), readings.clone());
            std::thread::Builder::new()
                .name("conductor-read".to_owned())
                .spawn(move || serve(&path, wait, &readings))
                .map_err(|error| Code::AccessDenied.because(format!("No thread can be started: {error}")))
        })
        .collect()
}

fn serve(path: &Path, wait: Duration, readings: &Mutex<Receiver<Reading>>) {
    let opened = schema::open_to_read(path, wait);
    let mut reader = match &opened {
        Ok(connection) => {
            Reader::new(connection, path).map_err(|error| Trouble::from(error).told(path, Some(connection)))
        }
        Err(failure) => Err(failure.clone()),
    };
    loop {
        let next = readings.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(reading) = next else { break };
        reading(reader.as_mut().map_err(|failure| failure.clone()));
    }
}
