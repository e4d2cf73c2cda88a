/**
 * What the native addon exports. Errors carry their code in the message: see `error.ts`.
 *
 * Written by `npm run constants` from `bindings-node/src`; `npm run check` finds what differs.
 */

/**
 * A flag that stops native work from JavaScript, for instance when a node's signal fires.
 *
 * Work that sees it ends with code CANCELLED at the next of its regular looks.
 */
export declare class CancelToken {
  /** A token that has not fired. */
  constructor()
  /** Fires the token. Firing twice is the same as once. */
  cancel(): void
  /** How far the work is, 0–100; 0 for work that does not say. */
  get progress(): number
}

/** A store of executions in a database of SQLite. Its failures have the codes of `StorageError` of the storage package. */
export declare class ExecutionDatabase {
  /**
   * A store that is not open yet. `ended` is told how calls of `write` ended, in their order: how many, and JSON about those that
   * wrote not all: `[{at, refusals?: [[id, reason]], error?: {code, message}}]`.
   */
  constructor(ended: (count: number, outcomes: string | null) => void)
  /** Opens it. `owner` is an id that no other owner has; `wait` in ms is for a lock of another process. */
  open(path: string, owner: string, wait: number): Promise<undefined>
  /** Writes changes, packed in the first `length` bytes, which are copied. How that ended is told to the function of the constructor. */
  write(changes: Uint8Array, length: number): void
  /** Whether writes are under way whose end is to be told before the process may end. */
  hold(isBusy: boolean): void
  /** What the writer has done since the store was opened. */
  counts(): ExecutionCounts
  /** The row of an execution, as JSON. */
  get(id: string): Promise<string | null>
  /** What an execution was begun with. */
  begun(id: string): Promise<ExecutionBeginning | null>
  /**
   * Records after a number, packed: how many they are; for each sequence, epoch, and how many bytes journal and values have; then
   * journals and values, each beginning at a multiple of 8 bytes. All numbers are 64-bit floats.
   */
  records(id: string, after: number, limit: number): Promise<Buffer>
  /** The content of a blob. */
  blob(hash: string): Promise<Buffer | null>
  /** A page of a list, as JSON. The filter is JSON too, with `limit` and `cursor`. */
  list(filter: string): Promise<string>
  /** How much it holds. */
  figures(): Promise<ExecutionFigures>
  /** Ids of executions that can be claimed; of those whose time has come, where only these are wanted. */
  claimable(now: number, limit: number, onlyDue: boolean): Promise<Array<string>>
  /** Claims an execution: its row, as JSON. */
  claim(id: string): Promise<string | null>
  /** When the next sleeping execution that can be claimed goes on. */
  nextWake(): Promise<number | null>
  /** Deletes finished executions; how many. */
  delete(ids: Array<string>): Promise<number>
  /** Deletes finished executions by a rule, as JSON; how many. */
  prune(retention: string): Promise<number>
  /** Gives room back to the system. Resolves with 0, as it deletes none. */
  vacuum(): Promise<number>
  /** Answers a question about flows; both are JSON, see `store-native/src/flows.rs`. */
  readFlows(question: string): Promise<string>
  /** Changes flows; the change and the answer are JSON, see `store-native/src/flows.rs`. */
  changeFlows(change: string): Promise<string>
  /** An entry of a collection, as JSON; see `store-native/src/entries.rs`. */
  readEntry(collection: string, id: string): Promise<string | null>
  /** Ids of all entries of a collection, as JSON. */
  entryIds(collection: string): Promise<string>
  /** All entries of a collection, as JSON. */
  listEntries(collection: string): Promise<string>
  /** Changes entries of a collection; the changes and the answer are JSON. */
  changeEntries(collection: string, changes: string): Promise<string>
  /** The entry of the cache of outputs, if it has not expired. */
  findOutput(key: string, now: number): Promise<FoundEntry | null>
  /**
   * Keeps entries of the cache: `entries` is JSON of `{entries, used, limit}`, `outputs` has the outputs of the entries one after the
   * other, which are copied.
   */
  keepOutputs(entries: string, outputs: Uint8Array): Promise<undefined>
  /** How much the cache of outputs holds. */
  cacheSize(): Promise<CacheSize>
  /** Removes entries of the cache by a rule, as JSON; how many. */
  clearOutputs(rule: string): Promise<number>
  /** Waits for what is being written, and lets go of all that it owns. */
  close(): Promise<undefined>
}

/** Rows of a scan that are read a little ahead of what asks for them. */
export declare class NativeBatches {
  private constructor()
  /** What comes next; nothing in it behind the end. */
  next(): Promise<ScannedBatch>
  /** Ends the reading. Not while what comes next is waited for. */
  close(): void
}

/** Which rows of two tables have equal keys. */
export declare class NativeMatches {
  private constructor()
  /** How many pairs of rows have equal keys. */
  get pairs(): number
  /** How many rows of the left side have no match. */
  get unmatchedLeft(): number
  /** How many rows of the right side have no match. */
  get unmatchedRight(): number
  /** Whether both sides have rows with empty text in a key. */
  get haveBlankKeys(): boolean
  /** The first rows of the left side without a match, at most so many. */
  leftWithoutMatch(most: number): NativeTable
  /** The first rows of the right side without a match, at most so many. */
  rightWithoutMatch(most: number): NativeTable
}

/**
 * Rows of a CSV file that are read when they are needed, as filters and joins leave them. What takes them fails with
 * EXECUTION_FAILED where the file is no longer what it was, and DESERIALIZATION_FAILED naming row and file.
 */
export declare class NativeScan {
  private constructor()
  /** The names of the columns, all distinct. */
  get headers(): Array<string>
  /** The same rows as far as the conditions hold; `filter` is the JSON text of `{where, match}`. */
  filtered(filter: string): NativeScan
  /** How many rows come to each step and are left at the end, counted here and now: the thread waits for it. */
  countedNow(): ScanFindings
  /** All rows, read here and now: the thread waits for it. */
  tableNow(): NativeTable
}

/** Rows of text cells that live outside the JavaScript heap. Tables made from one another share their cells. */
export declare class NativeTable {
  private constructor()
  /** How many rows there are. */
  get rowCount(): number
  /** The names of the columns, all distinct. */
  get headers(): Array<string>
  /** Whether rows have cells without a value, which are null in records; other functions take them for empty text. */
  get hasHoles(): boolean
  /** What the text has that its author hardly meant. */
  get doubts(): TextDoubts
  /**
   * Rows from `start` on as the JSON text of an array of objects: as many as fit `bytes` of text, but one at least
   * while there is one.
   */
  recordsText(start: number, bytes: number): RecordsText
  /** Tells the garbage collector how many bytes the handle keeps alive. Called once, after the handle was made. */
  account(): void
  /**
   * Lets go of the rows now instead of when the handle is collected. Later calls that need them are refused with
   * INVALID_PARAMETERS; other tables over the same cells stay valid.
   */
  dispose(): void
}

/** A database of SQLite. `open`, `run` and `close` work on other threads; while one of them does, only `close` may be called. */
export declare class SqliteDatabase {
  /** A database that is not open yet. The token ends what runs, now and later. */
  constructor(cancel: CancelToken)
  /** Opens it; answers with what is in the way, or `null`. CANCELLED. */
  open(opening: SqliteOpening): Promise<SqliteTrouble | null>
  /** Runs statements. CANCELLED, INVALID_PARAMETERS (values), MEMORY_LIMIT_EXCEEDED (a row), EXECUTION_FAILED (text that is not UTF-8). */
  run(batch: SqliteBatch): Promise<SqliteAnswer>
  /** The next rows of the last answer: a JSON text of lists of values. */
  takeRows(): string | null
  /** Closes it, which undoes a transaction that was not committed. */
  close(): Promise<undefined>
}

/** The version this addon was built as, `major.minor.patch`. The loader compares it with its own and refuses a mismatch. */
export declare function addonVersion(): string

/** Aggregates rows; `aggregation` is the JSON text of `{groupBy, aggregates}`. */
export declare function aggregateTable(table: NativeTable, aggregation: string, cancel?: CancelToken | undefined | null): Promise<TableAggregates>

/** `Bridge::ask_nodes`: how many numbers `take_answer` gives. */
export declare function askNodes(outline: Uint32Array): number

/** `Bridge::ask_packed_trace`: how many numbers `take_answer` gives. */
export declare function askPackedTrace(outline: Uint32Array, numbers: Float64Array, journal: Uint32Array): number

/** `Bridge::ask_shape`: how many numbers `take_answer` gives. */
export declare function askShape(outline: Uint32Array, scope: number): number

/** `Bridge::ask_trace`: how many numbers `take_answer` gives. */
export declare function askTrace(outline: Uint32Array, numbers: Float64Array, journal: Uint32Array): number

/** `Bridge::ask_view`: how many numbers `take_answer` gives. */
export declare function askView(outline: Uint32Array, numbers: Float64Array, journal: Uint32Array): number

/** Keeps a mailbox for `turn`; returns its number. The memory stays allocated as long as the thread lives. */
export declare function attach(mailbox: Uint32Array): number

/** `bridge::backoff`. */
export declare function backoff(base: number, tries: number, seed: number, task: number, spreads: boolean): number

/** Copies the store at a path to a file that is not there yet, checks the copy and flushes it. Others may write meanwhile. */
export declare function backUpExecutions(path: string, copy: string): Promise<StoreCopy>

/** How much the cache of outputs holds. */
export interface CacheSize {
  /** Entries in all. */
  entries: number
  /** Of the outputs. */
  bytes: number
}

/** `Bridge::close`. */
export declare function close(run: number): void

/** `bridge::constants`. */
export declare function constants(): string

/** How CSV text is laid out. */
export interface CsvLayout {
  /** One ASCII character. */
  delimiter: string
  /** Whether the first row names the columns. */
  hasHeaders: boolean
  /**
   * Whether empty lines are left out: those with nothing but blanks outside of quotes. Otherwise each is a row of one cell. A
   * line of one quoted empty cell (`""`) is no empty line.
   */
  skipEmptyLines: boolean
  /** The row where the table begins, from 1 unless given; empty lines above it count. */
  firstRow?: number
}

/** `bridge::duration_ms`. */
export declare function durationMs(text: string): number

/** What an execution was begun with. */
export interface ExecutionBeginning {
  /** The flow as JSON. */
  document: string
  /** What else the run is made from. */
  head: Buffer
}

/** What the writer has done since the store was opened. */
export interface ExecutionCounts {
  /** Transactions that were committed. */
  commits: number
  /** Calls of `write` that were in them. */
  writes: number
}

/** How much a store of executions holds. */
export interface ExecutionFigures {
  /** Executions in all. */
  executions: number
  /** Those that are not over. */
  unfinished: number
  /** Records in all. */
  records: number
  /** Blobs in all. */
  blobs: number
  /** On disk. */
  bytes: number
}

/** The rows for which the conditions hold; `filter` is the JSON text of `{where, match}`. */
export declare function filterTable(table: NativeTable, filter: string, cancel?: CancelToken | undefined | null): Promise<NativeTable>

/** An entry of the cache of outputs. */
export interface FoundEntry {
  /** All but the output, as JSON. */
  entry: string
  /** As it was given. */
  output: Buffer
}

/** Groups rows by a column. */
export declare function groupTable(table: NativeTable, field: string): Promise<TableGroups>

/** A picture that was made, or whose header was read. */
export interface ImageAnswer {
  /** The file's content, unless only the header was asked for. */
  bytes?: Buffer
  /** Pixels, of what was made or as the header says. */
  width: number
  /** The same from top to bottom. */
  height: number
  /** What the first source is. */
  source: ImageHeader
  /** What a flow's author should know. */
  warnings: Array<ImageWarning>
}

/** What the header of a picture says. */
export interface ImageHeader {
  /** What kind of picture it is. */
  format: 'png' | 'jpeg' | 'webp' | 'gif' | 'tiff' | 'bmp'
  /** Pixels, after the turn that EXIF asks for. */
  width: number
  /** The same from top to bottom. */
  height: number
  /** Whether it may have transparent parts. */
  hasAlpha: boolean
  /** Bits of a channel. */
  depth: number
  /** 1–8, as EXIF counts; 1 is upright. */
  orientation: number
  /** Whether more pictures follow: frames, or pages. */
  hasMore: boolean
  /** Whether it brings a colour profile. */
  hasProfile: boolean
  /** Bytes of the file. */
  size: number
}

/** A picture: a file, or bytes. */
export interface ImageSource {
  /** What messages call it. */
  name: string
  /** The file; else `bytes`. */
  path?: string
  /** A file's content. */
  bytes?: Buffer
}

/** A warning with the kebab-case name of its kind. */
export interface ImageWarning {
  /** The kind. */
  rule: string
  /** In words. */
  message: string
}

/** What was found where all rows of a join were taken. */
export interface JoinFindings {
  /** Pairs of rows with equal keys. */
  pairs: number
  /** Rows without a match among those of the scan. */
  unmatched: number
  /** Rows without a match among those of the table. */
  unmatchedHeld: number
  /** Whether both sides have rows with empty text in a key. */
  haveBlankKeys: boolean
  /** The first rows of the scan without a match, up to some thousands. */
  withoutMatch: NativeTable
  /** The same of the table. */
  heldWithoutMatch: NativeTable
}

/**
 * Joins the rows that were matched, `how` as it was said there. `naming` is the JSON text of `{right, shared}`: of each column of
 * the right side its name or null, of each column of the left side the place of the same key in the right one or null. Fields of a
 * side that a row lacks are cells without a value.
 */
export declare function joinTables(matched: NativeMatches, how: string, naming: string, cancel?: CancelToken | undefined | null): Promise<NativeTable>

/**
 * Finds the rows of two tables whose cells in these columns are the same text. `how` is that of the type `join`: it
 * says which side is looked up in the other.
 */
export declare function matchTables(left: NativeTable, leftKeys: readonly string[], right: NativeTable, rightKeys: readonly string[], how: string, cancel?: CancelToken | undefined | null): Promise<NativeMatches>

/** `Bridge::open`: the input table is written behind the outline. 0 when the flow cannot be run. */
export declare function open(words: Uint32Array, outlineLength: number, numbers: Float64Array): number

/** `Bridge::open_runs`. */
export declare function openRuns(): number

/**
 * The rows in the order of several columns, of which later ones count where earlier ones are equal; `by` is the JSON text of a
 * list of `{field, descending, emptyFirst, asText}`. `null` where a column that is not ordered as text has cells that spell numbers beside
 * others that do not.
 */
export declare function orderTable(table: NativeTable, by: string, cancel?: CancelToken | undefined | null): Promise<NativeTable | null>

/** Reads CSV text that is already in memory. */
export declare function parseTable(text: string | Buffer, layout: CsvLayout, cancel?: CancelToken | undefined | null): Promise<NativeTable>

/** The rows at these positions, in their order. INVALID_PARAMETERS for a position that there is not. */
export declare function pickRows(table: NativeTable, positions: Uint32Array): NativeTable

/**
 * Makes a picture of the first source as a job, given as JSON text, says; the others are laid over it. Without an output
 * in the job only the header is read. INVALID_PARAMETERS for a job that cannot be done, DESERIALIZATION_FAILED for what is
 * no picture, MEMORY_LIMIT_EXCEEDED for one with too many pixels.
 */
export declare function processImage(sources: readonly ImageSource[], job: string, cancel?: CancelToken | undefined | null): Promise<ImageAnswer>

/** `bridge::rate_limit`. */
export declare function rateLimit(json: string): string

/**
 * Reads YAML or JSON; for `either` JSON where the text begins like it and can be read as such. The answer is JSON text:
 * `{"value": …, "format": "yaml" | "json"}` or `{"problems": [{code, path, message, line?, column?}]}`.
 */
export declare function readDocument(text: string, format: 'yaml' | 'json' | 'either'): string

/** `bridge::read_flow`. */
export declare function readFlow(text: string, format: string): string

/** Reads a CSV file. DESERIALIZATION_FAILED names the row that is not readable. */
export declare function readTable(path: string, layout: CsvLayout, cancel?: CancelToken | undefined | null): Promise<NativeTable>

/**
 * Reads a sheet of XLSX, XLSB, XLS or ODS: a file, or bytes. DESERIALIZATION_FAILED for what cannot be read, INVALID_PARAMETERS for a
 * sheet that there is not or a range that cannot be read, MEMORY_LIMIT_EXCEEDED for one that unpacks to too much.
 */
export declare function readWorkbook(source: string | Buffer, layout: WorkbookLayout, cancel?: CancelToken | undefined | null): Promise<WorkbookSheet>

/** Rows as text. */
export interface RecordsText {
  /** The JSON text of an array of objects. */
  text: string
  /** How many they are. */
  count: number
}

/** `Bridge::restore`: 0 when the bytes do not fit. */
export declare function restore(outline: Uint32Array, bytes: Uint8Array, now: number): number

/**
 * Puts the store that a file holds in the place of the one at a path, in one transaction. Refused where this is not
 * empty, unless it `replaces`.
 */
export declare function restoreExecutions(file: string, path: string, replaces: boolean): Promise<StoreCopy>

/** The rows from last to first. */
export declare function reverseTable(table: NativeTable): Promise<NativeTable>

/** Aggregates the rows of a scan; `aggregation` is the JSON text of `{groupBy, aggregates}`. */
export declare function scanAggregates(scan: NativeScan, aggregation: string, cancel?: CancelToken | undefined | null): Promise<ScannedAggregates>

/**
 * Begins to read the rows of a scan as JSON texts of arrays of objects: as many in each as fit `bytes` of text, but one at
 * least.
 */
export declare function scanBatches(scan: NativeScan, bytes: number, cancel?: CancelToken | undefined | null): NativeBatches

/** Begins a scan of a CSV file: reads the names of its columns. */
export declare function scanFile(path: string, layout: CsvLayout, cancel?: CancelToken | undefined | null): Promise<NativeScan>

/** What was found where rows of a scan were taken. */
export interface ScanFindings {
  /** How many rows came to each filter and join, and were left at the end. */
  counts: Array<number>
  /** Of the text as far as it was read. */
  doubts: TextDoubts
  /** Of each join in turn; of none unless all rows were taken. */
  joins: Array<JoinFindings>
}

/**
 * Joins the rows of a scan with those of a table, which must have some and is held. The rows of the scan are the left side, for
 * `right` the right one, and their order is kept. `naming` as of `joinTables`.
 */
export declare function scanJoined(scan: NativeScan, keys: readonly string[], held: NativeTable, heldKeys: readonly string[], how: string, naming: string, cancel?: CancelToken | undefined | null): Promise<NativeScan>

/** What aggregates of a scan gave. */
export interface ScannedAggregates {
  /** The JSON text of an array with an object for each group. */
  text: string
  /** The places of aggregates whose sums are of whole numbers that a number does not keep. */
  lostDigits: Array<number>
  /** What was found. */
  found: ScanFindings
}

/** What comes next: rows, or what was found once all were taken. */
export interface ScannedBatch {
  /** The rows. */
  rows?: RecordsText
  /** What was found. */
  found?: ScanFindings
}

/** A file that the rows of a scan were written to. */
export interface ScannedFile {
  /** Its size in bytes. */
  size: number
  /** What was found. */
  found: ScanFindings
}

/** Rows of a scan as a table. */
export interface ScannedTable {
  /** The rows. */
  table: NativeTable
  /** What was found. */
  found: ScanFindings
}

/** The rows of a scan as a table, at most so many. */
export declare function scanTable(scan: NativeScan, most?: number | undefined | null, cancel?: CancelToken | undefined | null): Promise<ScannedTable>

/** Writes the rows of a scan to a file that must not exist yet, through to the disk; `form` as of `writeTable`. */
export declare function scanToFile(scan: NativeScan, path: string, form: string, cancel?: CancelToken | undefined | null): Promise<ScannedFile>

/** `Bridge::seal`: the journal is written from word `at` on. Its length, or a status below 0. */
export declare function seal(run: number, words: Uint32Array, at: number): number

/** The rows at `start..end`. */
export declare function sliceTable(table: NativeTable, start: number, end: number): NativeTable

/** `Bridge::snapshot`. */
export declare function snapshot(run: number): Buffer | null

/** The rows in the order of a column's cells. */
export declare function sortTable(table: NativeTable, field: string, descending: boolean): Promise<NativeTable>

/** What came of statements. */
export interface SqliteAnswer {
  /** Of the first statement that was run. */
  columns: Array<SqliteColumn>
  /** Rows that were read or changed. */
  count: number
  /** How many pieces of rows there are to be taken. */
  pieces: number
  /** Whether there were more rows than were asked for. */
  isCut: boolean
  /** Why not all was run. */
  trouble?: SqliteTrouble
}

/** Statements, and the values they are run with one after the other. */
export interface SqliteBatch {
  /** Each one statement. */
  statements: Array<string>
  /**
   * JSON: for each run the place of its statement, then its values: what JSON has a word for, or `{"integer": "…"}`,
   * `{"real": "Infinity"}`, `{"bytes": "<base64>"}`.
   */
  runs: string
  /** Whose they are, and what they may do: `own` are those of the node itself. */
  kind: 'own' | 'read' | 'change' | 'vacuum'
  /** Rows that are read at most, and one more. */
  mostRows: number
  /** Bytes that rows may take, and those of one row more. */
  mostBytes: number
}

/** A column of an answer of SQLite. */
export interface SqliteColumn {
  /** Its name. */
  name: string
  /** The type that its table declares for it. */
  declared?: string
  /** Whether it has whole numbers of so many digits that they are text. */
  isWide: boolean
}

/** How a database of SQLite is opened. */
export interface SqliteOpening {
  /** Where it really is: no part of it is a link. */
  path: string
  /** Whether statements may change it. */
  mayChange: boolean
  /** Where there is no such file: the statement for whose sake it is made, if that creates something. */
  createFor?: string
  /** Bytes of memory that SQLite may take for it. */
  memory: number
  /** ms to wait for a lock of another connection. */
  wait: number
}

/** What SQLite refuses. */
export interface SqliteTrouble {
  /** SQLite's extended code. */
  code: number
  /** In SQLite's words. */
  message: string
  /** Where in the statement, in bytes of UTF-8. */
  offset?: number
  /** Which run of a batch, from 0. */
  run?: number
  /** What statements may not do here, and this one did. */
  refused?: string
}

/** What a copy of a store holds. */
export interface StoreCopy {
  /** Of the schema. */
  version: number
  /** Executions in all. */
  executions: number
  /** Flows in all. */
  flows: number
  /** Of the file. */
  bytes: number
}

/** What aggregates gave. */
export interface TableAggregates {
  /** The JSON text of an array with an object for each group. */
  text: string
  /** The places of aggregates whose sums are of whole numbers that a number does not keep. */
  lostDigits: Array<number>
}

/** Rows put together by a cell. */
export interface TableGroups {
  /** The cells grouped by, as first met. */
  keys: Array<string>
  /** How many rows each key has. */
  sizes: Array<number>
  /** All rows: those of the first key, then those of the second, and so on. */
  table: NativeTable
}

/** `Bridge::take_answer`. */
export declare function takeAnswer(numbers: Float64Array): void

/** What CSV text has that its author hardly meant. */
export interface TextDoubts {
  /** How many rows have fewer cells than there are columns. */
  shortRows: number
  /** The first of them, from 1, counted with the headers and without empty lines, as messages do; 0 where no row is short. */
  firstShortRow: number
  /** A quote that is never closed. */
  unclosed?: UnclosedCell
}

/** `Bridge::turn`: the number of ops, or a status below 0. A run whose engine panicked is torn and is closed. */
export declare function turn(run: number, mailbox: number, command: number, now: number): number

/** A cell that has the rest of the text, because its quote is never closed. */
export interface UnclosedCell {
  /** The name of its column; missing for a cell of the headers. */
  column?: string
  /** Its first 40 characters. */
  begin: string
  /** Line breaks in it, at least one. */
  breaks: number
}

/** The first row of each distinct cell of a column, or of each distinct row. */
export declare function uniqueTable(table: NativeTable, field?: string | undefined | null): Promise<NativeTable>

/** `bridge::validate_flow`. */
export declare function validateFlow(json: string, types: string): string

/** `Bridge::view`: the numbers written, or a status below 0. */
export declare function view(run: number, now: number, numbers: Float64Array): number

/** `Bridge::watch`. */
export declare function watch(run: number, watched: boolean): void

/** `bridge::weight_of`. */
export declare function weightOf(typeName: string): number

/** Which cells of a workbook to read, and as what. */
export interface WorkbookLayout {
  /** A sheet by its name; the first unless one is named. */
  sheetName?: string
  /** A sheet by its place, from 0. */
  sheetIndex?: number
  /** Cells, such as `A2:D10`, `A:D`, `2:10`, or `A2:D`, `A2:` and `2:` up to the end of the sheet. */
  range?: string
  /** Whether the first row names the columns. */
  hasHeaders: boolean
  /** Whether rows without anything in them are left out. */
  skipEmptyLines: boolean
  /** Whether numbers and booleans stay what they are; then records come as text, else a table does. */
  typed: boolean
}

/** A sheet that was read: a table, or records as JSON text with their columns and how many they are. */
export interface WorkbookSheet {
  /** The rows, unless types were asked for. */
  table?: NativeTable
  /** The JSON text of an array of objects, where types were asked for. */
  text?: string
  /** The names of the columns of `text`. */
  headers: Array<string>
  /** How many rows `text` has. */
  rowCount: number
  /** The name of the sheet. */
  sheetName: string
  /** The names of all sheets. */
  sheetNames: Array<string>
  /** How many formulas have no result in the file; they read as empty cells. */
  formulasWithoutResult: number
  /** The first of them, such as `G2`. */
  firstWithoutResult?: string
  /** How many cells hold whole numbers that lost digits as numbers. */
  numbersWithoutDigits: number
  /** The first of them. */
  firstWithoutDigits?: string
}

/** Writes a value, given as JSON text, as YAML that reads back the same. The answer is `{"text": …}` or `{"problems": […]}`. */
export declare function writeDocument(json: string): string

/** `bridge::write_flow`. */
export declare function writeFlow(json: string, format: string): string

/**
 * As `writeTableWorkbook`, for sheets of records: the JSON text of a list of `{name, headers, rows}`, a row a list of values.
 * A date is `{date: <days since 1899-12-30>}`.
 */
export declare function writeRecordsWorkbook(sheets: string, path: string, typed: boolean, cancel?: CancelToken | undefined | null): Promise<number>

/**
 * Writes rows to a file that must not exist yet, through to the disk, and returns its size in bytes. `form` is what separates the
 * cells of CSV, or `json` or `jsonl`.
 */
export declare function writeTable(table: NativeTable, path: string, form: string, cancel?: CancelToken | undefined | null): Promise<number>

/**
 * Writes a table to a new file as XLSX of one sheet, through to the disk; returns its size in bytes. `typed`:
 * whether columns of text that spells numbers or dates become such.
 */
export declare function writeTableWorkbook(table: NativeTable, path: string, sheetName: string, typed: boolean, cancel?: CancelToken | undefined | null): Promise<number>
