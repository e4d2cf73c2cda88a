//! What JavaScript calls for the store of executions.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]
#![allow(unsafe_code, reason = "whether a function keeps the process alive is said by C functions")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use napi::bindgen_prelude::{Buffer, FnArgs, Function, PromiseRaw, ToNapiValue};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, JsValue, Status, sys};
use napi_derive::napi;
use store_native::{
    Answer, Code, Copied, Failure, Job, Reader, Removal, Retention, Store, Tell, back_up, parsed, restore,
};

use crate::failure::OrThrow;

/// The function that is told how writes ended. It does not keep the process alive by itself.
type Ended =
    ThreadsafeFunction<FnArgs<(u32, Option<String>)>, (), FnArgs<(u32, Option<String>)>, Status, false, true>;

/// What an execution was begun with.
#[napi(object, object_from_js = false)]
pub struct ExecutionBeginning {
    /// The flow as JSON.
    pub document: String,
    /// What else the run is made from.
    pub head: Buffer,
}

/// How much a store of executions holds.
#[napi(object, object_from_js = false)]
pub struct ExecutionFigures {
    /// Executions in all.
    pub executions: f64,
    /// Those that are not over.
    pub unfinished: f64,
    /// Records in all.
    pub records: f64,
    /// Blobs in all.
    pub blobs: f64,
    /// On disk.
    pub bytes: f64,
}

/// An entry of the cache of outputs.
#[napi(object, object_from_js = false)]
pub struct FoundEntry {
    /// All but the output, as JSON.
    pub entry: String,
    /// As it was given.
    pub output: Buffer,
}

/// How much the cache of outputs holds.
#[napi(object, object_from_js = false)]
pub struct CacheSize {
    /// Entries in all.
    pub entries: f64,
    /// Of the outputs.
    pub bytes: f64,
}

/// What the writer has done since the store was opened.
#[napi(object, object_from_js = false)]
pub struct ExecutionCounts {
    /// Transactions that were committed.
    pub commits: u32,
    /// Calls of `write` that were in them.
    pub writes: u32,
}

/// A store of executions in a database of SQLite. Its failures have the codes of `StorageError` of the storage package.
#[napi]
pub struct ExecutionDatabase {
    ended: Arc<Ended>,
    store: Store,
}

#[napi]
impl ExecutionDatabase {
    /// A store that is not open yet. `ended` is told how calls of `write` ended, in their order: how many, and JSON about those that
    /// wrote not all: `[{at, refusals?: [[id, reason]], error?: {code, message}}]`.
    #[napi(constructor)]
    pub fn new(
        #[napi(ts_arg_type = "(count: number, outcomes: string | null) => void")] ended: Function<
            '_,
            FnArgs<(u32, Option<String>)>,
            (),
        >,
    ) -> napi::Result<Self> {
        let ended = ended.build_threadsafe_function().weak::<true>().build()?;
        Ok(Self { ended: Arc::new(ended), store: Store::default() })
    }

    /// Opens it. `owner` is an id that no other owner has; `wait` in ms is for a lock of another process.
    #[napi(catch_unwind)]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        path: String,
        owner: String,
        wait: f64,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        self.store.demand_unopened().or_throw()?;
        let (answer, promise) = promised(env)?;
        if let Err(failure) = prepared() {
            answer.give(Err(failure));
            return Ok(promise);
        }
        let wait = Duration::from_secs_f64(wait.clamp(0.0, 2e9) / 1000.0);
        let ended = self.ended.clone();
        let tell: Tell = Box::new(move |count, outcomes| {
            ended.call((count, outcomes).into(), ThreadsafeFunctionCallMode::NonBlocking);
        });
        self.store.open(PathBuf::from(path), owner, wait, tell, answer).or_throw()?;
        Ok(promise)
    }

    /// Writes changes, packed in the first `length` bytes, which are copied. How that ended is told to the function of the constructor.
    #[napi(catch_unwind)]
    pub fn write(&self, changes: &[u8], length: u32) -> napi::Result<()> {
        let changes = changes.get(..length as usize).unwrap_or(changes).to_vec();
        self.store.ask(Job::Write(changes)).or_throw()
    }

    /// Whether writes are under way whose end is to be told before the process may end.
    #[napi(catch_unwind)]
    pub fn hold(&self, env: &Env, is_busy: bool) {
        let raw = self.ended.raw();
        // SAFETY: this is the thread of the environment, which lives during a call, and with it the function.
        unsafe {
            if is_busy {
                sys::napi_ref_threadsafe_function(env.raw(), raw);
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), raw);
            }
        }
    }

    /// What the writer has done since the store was opened.
    #[napi(catch_unwind)]
    pub fn counts(&self) -> ExecutionCounts {
        let counts = self.store.counts();
        ExecutionCounts {
            commits: counts.commits.load(Ordering::Relaxed),
            writes: counts.writes.load(Ordering::Relaxed),
        }
    }

    /// The row of an execution, as JSON.
    #[napi(catch_unwind, ts_return_type = "Promise<string | null>")]
    pub fn get<'env>(&self, env: &'env Env, id: String) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        self.read(env, move |reader| reader.row(&id))
    }

    /// What an execution was begun with.
    #[napi(catch_unwind, ts_return_type = "Promise<ExecutionBeginning | null>")]
    pub fn begun<'env>(
        &self,
        env: &'env Env,
        id: String,
    ) -> napi::Result<PromiseRaw<'env, Option<ExecutionBeginning>>> {
        self.read(env, move |reader| {
            let begun = reader.begun(&id)?;
            Ok(begun.map(|begun| ExecutionBeginning { document: begun.document, head: begun.head.into() }))
        })
    }

    /// Records after a number, packed: how many they are; for each sequence, epoch, and how many bytes journal and values have; then
    /// journals and values, each beginning at a multiple of 8 bytes. All numbers are 64-bit floats.
    #[napi(catch_unwind)]
    pub fn records<'env>(
        &self,
        env: &'env Env,
        id: String,
        after: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Buffer>> {
        self.read(env, move |reader| Ok(Buffer::from(reader.records(&id, after as i64, limit as i64)?)))
    }

    /// The content of a blob.
    #[napi(catch_unwind, ts_return_type = "Promise<Buffer | null>")]
    pub fn blob<'env>(&self, env: &'env Env, hash: String) -> napi::Result<PromiseRaw<'env, Option<Buffer>>> {
        self.read(env, move |reader| Ok(reader.blob(&hash)?.map(Buffer::from)))
    }

    /// A page of a list, as JSON. The filter is JSON too, with `limit` and `cursor`.
    #[napi(catch_unwind)]
    pub fn list<'env>(&self, env: &'env Env, filter: String) -> napi::Result<PromiseRaw<'env, String>> {
        self.read(env, move |reader| reader.list(&filter))
    }

    /// How much it holds.
    #[napi(catch_unwind)]
    pub fn figures<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ExecutionFigures>> {
        self.read(env, move |reader| {
            let figures = reader.figures()?;
            Ok(ExecutionFigures {
                executions: figures.executions as f64,
                unfinished: figures.unfinished as f64,
                records: figures.records as f64,
                blobs: figures.blobs as f64,
                bytes: figures.bytes as f64,
            })
        })
    }

    /// Ids of executions that can be claimed; of those whose time has come, where only these are wanted.
    #[napi(catch_unwind)]
    pub fn claimable<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: u32,
        only_due: bool,
    ) -> napi::Result<PromiseRaw<'env, Vec<String>>> {
        self.promise(env, |answer| Job::Claimable { now, limit, only_due, answer })
    }

    /// Claims an execution: its row, as JSON.
    #[napi(catch_unwind, ts_return_type = "Promise<string | null>")]
    pub fn claim<'env>(&self, env: &'env Env, id: String) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        self.promise(env, |answer| Job::Claim(id, answer))
    }

    /// When the next sleeping execution that can be claimed goes on.
    #[napi(catch_unwind, ts_return_type = "Promise<number | null>")]
    pub fn next_wake<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<f64>>> {
        self.promise(env, Job::NextWake)
    }

    /// Deletes finished executions; how many.
    #[napi(catch_unwind)]
    pub fn delete<'env>(&self, env: &'env Env, ids: Vec<String>) -> napi::Result<PromiseRaw<'env, f64>> {
        self.promise(env, |answer| Job::Remove(Removal::of_ids(ids), answer))
    }

    /// Deletes finished executions by a rule, as JSON; how many.
    #[napi(catch_unwind)]
    pub fn prune<'env>(&self, env: &'env Env, retention: String) -> napi::Result<PromiseRaw<'env, f64>> {
        let retention = Retention::from_json(&retention).or_throw()?;
        self.promise(env, |answer| Job::Remove(Removal::of(&retention), answer))
    }

    /// Gives room back to the system. Resolves with 0, as it deletes none.
    #[napi(catch_unwind)]
    pub fn vacuum<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, f64>> {
        self.promise(env, |answer| Job::Remove(Removal::vacuum(), answer))
    }

    /// Answers a question about flows; both are JSON, see `store-native/src/flows.rs`.
    #[napi(catch_unwind)]
    pub fn read_flows<'env>(
        &self,
        env: &'env Env,
        question: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let question = parsed(&question).or_throw()?;
        self.read(env, move |reader| reader.flows(&question))
    }

    /// Changes flows; the change and the answer are JSON, see `store-native/src/flows.rs`.
    #[napi(catch_unwind)]
    pub fn change_flows<'env>(
        &self,
        env: &'env Env,
        change: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let change = parsed(&change).or_throw()?;
        self.promise(env, |answer| Job::Flows(change, answer))
    }

    /// An entry of a collection, as JSON; see `store-native/src/entries.rs`.
    #[napi(catch_unwind, ts_return_type = "Promise<string | null>")]
    pub fn read_entry<'env>(
        &self,
        env: &'env Env,
        collection: String,
        id: String,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        self.read(env, move |reader| reader.entry(&collection, &id))
    }

    /// Ids of all entries of a collection, as JSON.
    #[napi(catch_unwind)]
    pub fn entry_ids<'env>(
        &self,
        env: &'env Env,
        collection: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.read(env, move |reader| reader.entry_ids(&collection))
    }

    /// All entries of a collection, as JSON.
    #[napi(catch_unwind)]
    pub fn list_entries<'env>(
        &self,
        env: &'env Env,
        collection: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        self.read(env, move |reader| reader.entries(&collection))
    }

    /// Changes entries of a collection; the changes and the answer are JSON.
    #[napi(catch_unwind)]
    pub fn change_entries<'env>(
        &self,
        env: &'env Env,
        collection: String,
        changes: String,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let changes = parsed(&changes).or_throw()?;
        self.promise(env, |answer| Job::Entries(collection, changes, answer))
    }

    /// The entry of the cache of outputs, if it has not expired.
    #[napi(catch_unwind, ts_return_type = "Promise<FoundEntry | null>")]
    pub fn find_output<'env>(
        &self,
        env: &'env Env,
        key: String,
        now: f64,
    ) -> napi::Result<PromiseRaw<'env, Option<FoundEntry>>> {
        self.read(env, move |reader| {
            let found = reader.output(&key, now)?;
            Ok(found.map(|(entry, output)| FoundEntry { entry, output: output.into() }))
        })
    }

    /// Keeps entries of the cache: `entries` is JSON of `{entries, used, limit}`, `outputs` has the outputs of the entries one after the
    /// other, which are copied.
    #[napi(catch_unwind)]
    pub fn keep_outputs<'env>(
        &self,
        env: &'env Env,
        entries: String,
        outputs: &[u8],
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let (new, outputs) = (parsed(&entries).or_throw()?, outputs.to_vec());
        self.promise(env, |answer| Job::KeepOutputs(new, outputs, answer))
    }

    /// How much the cache of outputs holds.
    #[napi(catch_unwind)]
    pub fn cache_size<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, CacheSize>> {
        self.read(env, |reader| {
            let (entries, bytes) = reader.cache_size()?;
            Ok(CacheSize { entries: entries as f64, bytes: bytes as f64 })
        })
    }

    /// Removes entries of the cache by a rule, as JSON; how many.
    #[napi(catch_unwind)]
    pub fn clear_outputs<'env>(&self, env: &'env Env, rule: String) -> napi::Result<PromiseRaw<'env, f64>> {
        let filter = parsed(&rule).or_throw()?;
        self.promise(env, |answer| Job::ClearOutputs(filter, answer))
    }

    /// Waits for what is being written, and lets go of all that it owns.
    #[napi(catch_unwind)]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        self.store.demand_unclosed().or_throw()?;
        let (answer, promise) = promised(env)?;
        self.store.close(answer).or_throw()?;
        Ok(promise)
    }

    fn promise<'env, T: ToNapiValue + Send + 'static>(
        &self,
        env: &'env Env,
        job: impl FnOnce(Answer<T>) -> Job,
    ) -> napi::Result<PromiseRaw<'env, T>> {
        self.store.demand_unclosed().or_throw()?;
        let (answer, promise) = promised(env)?;
        self.store.ask(job(answer)).or_throw()?;
        Ok(promise)
    }

    fn read<'env, T: ToNapiValue + Send + 'static>(
        &self,
        env: &'env Env,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> napi::Result<PromiseRaw<'env, T>> {
        self.store.demand_unclosed().or_throw()?;
        let (answer, promise) = promised(env)?;
        self.store.read(answer, read).or_throw()?;
        Ok(promise)
    }
}

/// What a copy of a store holds.
#[napi(object, object_from_js = false)]
pub struct StoreCopy {
    /// Of the schema.
    pub version: u32,
    /// Executions in all.
    pub executions: f64,
    /// Flows in all.
    pub flows: f64,
    /// Of the file.
    pub bytes: f64,
}

/// Copies the store at a path to a file that is not there yet, checks the copy and flushes it. Others may write meanwhile.
#[napi(catch_unwind)]
pub fn back_up_executions(env: &Env, path: String, copy: String) -> napi::Result<PromiseRaw<'_, StoreCopy>> {
    copying(env, move || back_up(Path::new(&path), Path::new(&copy)))
}

/// Puts the store that a file holds in the place of the one at a path, in one transaction. Refused where this is not
/// empty, unless it `replaces`.
#[napi(catch_unwind)]
pub fn restore_executions(
    env: &Env,
    file: String,
    path: String,
    replaces: bool,
) -> napi::Result<PromiseRaw<'_, StoreCopy>> {
    copying(env, move || restore(Path::new(&file), Path::new(&path), replaces))
}

/// On a thread of its own: copies take long.
fn copying(
    env: &Env,
    copy: impl FnOnce() -> Result<Copied, Failure> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, StoreCopy>> {
    let (answer, promise) = promised(env)?;
    std::thread::Builder::new()
        .name("conductor-copy".to_owned())
        .spawn(move || {
            answer.give(prepared().and_then(|()| copy()).map(
                |Copied { version, executions, flows, bytes }| StoreCopy {
                    version: version as u32,
                    executions: executions as f64,
                    flows: flows as f64,
                    bytes: bytes as f64,
                },
            ));
        })
        .map_err(|error| Code::AccessDenied.because(format!("No thread can be started: {error}")))
        .or_throw()?;
    Ok(promise)
}

/// A promise of JavaScript, and what settles it from any thread.
fn promised<T: ToNapiValue + Send + 'static>(env: &Env) -> napi::Result<(Answer<T>, PromiseRaw<'_, T>)> {
    let (deferred, promise) = env.create_deferred::<T, Box<dyn FnOnce(Env) -> napi::Result<T>>>()?;
    let answer = Answer::new(|result: Result<T, Failure>| match result.or_throw() {
        Ok(value) => deferred.resolve(Box::new(|_| Ok(value))),
        Err(error) => deferred.reject(error),
    });
    Ok((answer, PromiseRaw::new(env.raw(), promise.raw())))
}

/// Sets SQLite up as the databases of nodes need it, which is possible only before its first use in the process.
fn prepared() -> Result<(), Failure> {
    nodes_native::sqlite::prepare().map_err(|failure| Code::AccessDenied.because(failure.message))
}
