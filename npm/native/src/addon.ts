/** The functions that the addon exports, as TypeScript sees them. Errors carry their code in the message: see `error.ts`. */

/** Stops native work; work that sees it ends with code CANCELLED. */
export interface CancelToken {
  cancel(): void;
  /** How far the work is, 0–100; 0 for work that does not say. */
  readonly progress: number;
}

/** What CSV text has that its author hardly meant. */
export interface TextDoubts {
  /** How many rows have fewer cells than there are columns. */
  shortRows: number;
  /** The first of them, from 1, counted with the headers and without empty lines; 0 where no row is short. */
  firstShortRow: number;
  /** A cell that has the rest of the text, because its quote is never closed. */
  unclosed?: {
    /** The name of its column; missing for a cell of the headers. */
    column?: string;
    /** Its first 40 characters. */
    begin: string;
    /** Line breaks in it, at least one. */
    breaks: number;
  };
}

/** Rows of text cells outside the JavaScript heap. Tables made from one another share their cells. */
export interface NativeTable {
  /** How many rows there are. */
  readonly rowCount: number;
  /** The names of the columns, all distinct. */
  readonly headers: string[];
  /** Whether rows have cells without a value, which are null in records; functions that work on tables take them for empty text. */
  readonly hasHoles: boolean;
  /** Of the text that was read. */
  readonly doubts: TextDoubts;
  /** Rows from `start` on: as many as fit `bytes` of text, but one at least while there is one. */
  recordsText(start: number, bytes: number): RecordsText;
  /** Tells the garbage collector how many bytes the handle keeps alive. */
  account(): void;
  /** Lets go of the rows now; every later call on this handle is refused with INVALID_PARAMETERS. */
  dispose(): void;
}

/** Rows as the JSON text of an array of objects, and how many they are. */
export interface RecordsText {
  text: string;
  count: number;
}

/**
 * Rows of a CSV file that are read when they are needed, as filters and joins leave them. What takes them fails with
 * EXECUTION_FAILED where the file is no longer what it was, and DESERIALIZATION_FAILED naming row and file.
 */
export interface NativeScan {
  readonly headers: string[];
  /** The same rows as far as the conditions hold; `filter` is the JSON text of `{where, match}`. */
  filtered(filter: string): NativeScan;
  /** Counts all rows. Reads the file while the thread waits. */
  countedNow(): ScanFindings;
  /** All rows. Reads the file while the thread waits. */
  tableNow(): NativeTable;
}

/** What was found where rows of a scan were taken. */
export interface ScanFindings {
  /** How many rows came to each filter and join, and were left at the end. */
  counts: number[];
  /** Of the text as far as it was read. */
  doubts: TextDoubts;
  /** Of each join in turn; of none unless all rows were taken. */
  joins: JoinFindings[];
}

/** What was found where all rows of a join were taken. */
export interface JoinFindings {
  /** Pairs of rows with equal keys. */
  pairs: number;
  /** Rows without a match among those of the scan. */
  unmatched: number;
  /** The same among those of the table. */
  unmatchedHeld: number;
  /** Whether both sides have rows with empty text in a key. */
  haveBlankKeys: boolean;
  /** The first rows without a match, up to some thousands. */
  withoutMatch: NativeTable;
  heldWithoutMatch: NativeTable;
}

/** Rows of a scan that are read a little ahead of what asks for them. */
export interface NativeBatches {
  /** What comes next: rows, and once all were taken what was found; nothing behind that. */
  next(): Promise<{ rows?: RecordsText; found?: ScanFindings }>;
  /** Ends the reading. Not while {@link next} is waited for. */
  close(): void;
}

/** Which rows of two tables have equal keys. */
export interface NativeMatches {
  /** Pairs of rows with equal keys. */
  readonly pairs: number;
  readonly unmatchedLeft: number;
  readonly unmatchedRight: number;
  /** Whether both sides have rows with empty text in a key. */
  readonly haveBlankKeys: boolean;
  /** The first rows of a side without a match, at most so many. */
  leftWithoutMatch(most: number): NativeTable;
  rightWithoutMatch(most: number): NativeTable;
}

/** How CSV text is laid out. */
export interface CsvLayout {
  /** One ASCII character. */
  delimiter: string;
  hasHeaders: boolean;
  /**
   * Whether empty lines are left out: those with nothing but blanks outside of quotes. Otherwise each is a row of one cell. A
   * line of one quoted empty cell (`""`) is no empty line.
   */
  skipEmptyLines: boolean;
  /** The row where the table begins, from 1 unless given; empty lines above it count. */
  firstRow?: number;
}

/** Which cells of a workbook to read, and as what. */
export interface WorkbookLayout {
  /** A sheet by its name; the first unless one is named. */
  sheetName?: string;
  /** A sheet by its place, from 0. */
  sheetIndex?: number;
  /** Cells, such as `A2:D10`, `A:D`, `2:10`, or `A2:D`, `A2:` and `2:` up to the end of the sheet. */
  range?: string;
  hasHeaders: boolean;
  skipEmptyLines: boolean;
  /** Whether numbers and booleans stay what they are; then records come as text, else a table does. */
  typed: boolean;
}

/** A sheet that was read: a table, or records as the JSON text of an array of objects. */
export interface WorkbookSheet {
  table?: NativeTable;
  text?: string;
  /** The names of the columns of `text`. */
  headers: string[];
  /** How many rows `text` has. */
  rowCount: number;
  sheetName: string;
  sheetNames: string[];
  /** How many formulas have no result in the file; they read as empty cells. */
  formulasWithoutResult: number;
  /** The first of them, such as `G2`. */
  firstWithoutResult?: string;
  /** How many cells hold whole numbers that lost digits as numbers. */
  numbersWithoutDigits: number;
  /** The first of them. */
  firstWithoutDigits?: string;
}

/** Rows put together by a cell. `table` holds those of the first key, then those of the second, and so on. */
export interface TableGroups {
  keys: string[];
  sizes: number[];
  table: NativeTable;
}

/** A picture: a file, or what would be in one. */
export interface ImageSource {
  /** What messages call it. */
  name: string;
  path?: string;
  bytes?: Buffer;
}

/** What the header of a picture says. */
export interface ImageHeader {
  format: "png" | "jpeg" | "webp" | "gif" | "tiff" | "bmp";
  /** Pixels, after the turn that EXIF asks for. */
  width: number;
  height: number;
  /** Whether it may have transparent parts. */
  hasAlpha: boolean;
  /** Bits of a channel. */
  depth: number;
  /** 1–8, as EXIF counts; 1 is upright. */
  orientation: number;
  /** Whether more pictures follow: frames, or pages. */
  hasMore: boolean;
  /** Whether it brings a colour profile. */
  hasProfile: boolean;
  /** Bytes of the file. */
  size: number;
}

/** A picture that was made, or whose header was read. */
export interface ImageAnswer {
  /** The file's content, unless only the header was asked for. */
  bytes?: Buffer;
  width: number;
  height: number;
  /** What the first source is. */
  source: ImageHeader;
  /** What a flow's author should know. */
  warnings: { rule: string; message: string }[];
}

/** How a database of SQLite is opened. */
export interface SqliteOpening {
  /** Where it really is: no part of it is a link. */
  path: string;
  /** Whether statements may change it. */
  mayChange: boolean;
  /** Where there is no such file: the statement for whose sake it is made, if that creates something. */
  createFor?: string;
  /** Bytes of memory that SQLite may take for it. */
  memory: number;
  /** ms to wait for a lock of another connection. */
  wait: number;
}

/** What SQLite refuses. */
export interface SqliteTrouble {
  /** SQLite's extended code. */
  code: number;
  /** In SQLite's words. */
  message: string;
  /** Where in the statement, in bytes of UTF-8. */
  offset?: number | null;
  /** Which run of a batch, from 0. */
  run?: number | null;
  /** What statements may not do here, and this one did. */
  refused?: string | null;
}

/** A column of an answer of SQLite. */
export interface SqliteColumn {
  name: string;
  /** The type that its table declares for it. */
  declared?: string | null;
  /** Whether it has whole numbers of so many digits that they are text. */
  isWide: boolean;
}

/** Statements, and the values they are run with one after the other. */
export interface SqliteBatch {
  /** Each one statement. */
  statements: string[];
  /**
   * JSON: for each run the place of its statement, then its values: what JSON has a word for, or `{"integer": "…"}`,
   * `{"real": "Infinity"}`, `{"bytes": "<base64>"}`.
   */
  runs: string;
  /** Whose they are, and what they may do: `own` are those of the node itself. */
  kind: "own" | "read" | "change" | "vacuum";
  /** Rows that are read at most, and one more. */
  mostRows: number;
  /** Bytes that rows may take, and those of one row more. */
  mostBytes: number;
}

/** What came of statements. */
export interface SqliteAnswer {
  /** Of the first statement that was run. */
  columns: SqliteColumn[];
  /** Rows that were read or changed. */
  count: number;
  /** How many pieces of rows there are to be taken. */
  pieces: number;
  /** Whether there were more rows than were asked for. */
  isCut: boolean;
  /** Why not all was run. */
  trouble?: SqliteTrouble | null;
}

/** A database of SQLite. Each call runs on a thread of its own, and none may be made while another runs but `close`. */
export interface SqliteDatabase {
  /** Opens it; answers with what is in the way, if anything is. */
  open(opening: SqliteOpening): Promise<SqliteTrouble | null>;
  run(batch: SqliteBatch): Promise<SqliteAnswer>;
  /** The next rows of the last answer: a JSON text of lists of values. */
  takeRows(): string | null;
  /** Closes it, which undoes a transaction that was not committed. */
  close(): Promise<void>;
}

/** The part of the addon that serves the node library. */
export interface NodeLibraryAddon {
  addonVersion(): string;
  CancelToken: new () => CancelToken;
  readTable(path: string, layout: CsvLayout, cancel?: CancelToken): Promise<NativeTable>;
  parseTable(text: string | Buffer, layout: CsvLayout, cancel?: CancelToken): Promise<NativeTable>;
  filterTable(table: NativeTable, filter: string, cancel?: CancelToken): Promise<NativeTable>;
  sortTable(table: NativeTable, field: string, descending: boolean): Promise<NativeTable>;
  /**
   * `by` is JSON: a list of `{field, descending, emptyFirst, asText}`. `null` where a column that is not ordered as text has cells that spell
   * numbers beside others that do not.
   */
  orderTable(table: NativeTable, by: string, cancel?: CancelToken): Promise<NativeTable | null>;
  /** The rows at these positions, in their order. INVALID_PARAMETERS for a position that there is not. */
  pickRows(table: NativeTable, positions: Uint32Array): NativeTable;
  sliceTable(table: NativeTable, start: number, end: number): NativeTable;
  reverseTable(table: NativeTable): Promise<NativeTable>;
  uniqueTable(table: NativeTable, field?: string): Promise<NativeTable>;
  groupTable(table: NativeTable, field: string): Promise<TableGroups>;
  /** `lostDigits` has the places of aggregates whose sums are of whole numbers that a number does not keep. */
  aggregateTable(
    table: NativeTable,
    aggregation: string,
    cancel?: CancelToken,
  ): Promise<{ text: string; lostDigits: number[] }>;
  /** `form` is what separates the cells of CSV, or `json` or `jsonl`. */
  writeTable(table: NativeTable, path: string, form: string, cancel?: CancelToken): Promise<number>;
  /** Reads the names of the columns. */
  scanFile(path: string, layout: CsvLayout, cancel?: CancelToken): Promise<NativeScan>;
  /** The rows as a table, at most so many. */
  scanTable(
    scan: NativeScan,
    most?: number,
    cancel?: CancelToken,
  ): Promise<{ table: NativeTable; found: ScanFindings }>;
  /** The rows as records: as many at once as fit `bytes` of text, but one at least. */
  scanBatches(scan: NativeScan, bytes: number, cancel?: CancelToken): NativeBatches;
  /**
   * Joins the rows with those of a table, which must have some and is held. The rows of the scan are the left side, for `right` the
   * right one, and their order is kept. `naming` as of `joinTables`.
   */
  scanJoined(
    scan: NativeScan,
    keys: readonly string[],
    held: NativeTable,
    heldKeys: readonly string[],
    how: string,
    naming: string,
    cancel?: CancelToken,
  ): Promise<NativeScan>;
  /** As `aggregateTable`. */
  scanAggregates(
    scan: NativeScan,
    aggregation: string,
    cancel?: CancelToken,
  ): Promise<{ text: string; lostDigits: number[]; found: ScanFindings }>;
  /** As `writeTable`. */
  scanToFile(
    scan: NativeScan,
    path: string,
    form: string,
    cancel?: CancelToken,
  ): Promise<{ size: number; found: ScanFindings }>;
  /** Cells are equal that are the same text. `how` is that of the type `join`. */
  matchTables(
    left: NativeTable,
    leftKeys: readonly string[],
    right: NativeTable,
    rightKeys: readonly string[],
    how: string,
    cancel?: CancelToken,
  ): Promise<NativeMatches>;
  /**
   * Joins what was matched. `naming` is the JSON text of `{right, shared}`: of each column of the right side its name or null,
   * of each column of the left side the place of the same key in the right one or null. Fields of a side that a row lacks are
   * cells without a value.
   */
  joinTables(matches: NativeMatches, how: string, naming: string, cancel?: CancelToken): Promise<NativeTable>;
  /** Reads a sheet of XLSX, XLSB, XLS or ODS: a file, or bytes. */
  readWorkbook(source: string | Buffer, layout: WorkbookLayout, cancel?: CancelToken): Promise<WorkbookSheet>;
  /** Writes XLSX; `typed`: whether columns of text that spells numbers or dates become such. */
  writeTableWorkbook(
    table: NativeTable,
    path: string,
    sheetName: string,
    typed: boolean,
    cancel?: CancelToken,
  ): Promise<number>;
  /** The same for sheets of records: the JSON text of a list of `{name, headers, rows}`; a date is `{date: <days since 1899-12-30>}`. */
  writeRecordsWorkbook(sheets: string, path: string, typed: boolean, cancel?: CancelToken): Promise<number>;
  /** Makes a picture of the first source as a job, given as JSON text, says; the others are laid over it. */
  processImage(sources: readonly ImageSource[], job: string, cancel?: CancelToken): Promise<ImageAnswer>;
  /** The token ends what runs, now and later. */
  SqliteDatabase: new (
    cancel: CancelToken,
  ) => SqliteDatabase;
}

/** The part of the addon that reads and writes documents: any value that JSON has a word for, within the limits of a flow. */
export interface DocumentAddon {
  /**
   * Reads YAML or JSON; for "either" JSON where the text begins like it and can be read as such. The answer is JSON text:
   * `{"value": …, "format": "yaml" | "json"}` or `{"problems": [{code, path, message, line?, column?}]}`.
   */
  readDocument(text: string, format: "yaml" | "json" | "either"): string;
  /** Writes a value, given as JSON text, as YAML that reads back the same. The answer is `{"text": …}` or `{"problems": […]}`. */
  writeDocument(json: string): string;
}

/** What the writer of a store of executions has done since it was opened. */
export interface ExecutionCounts {
  /** Transactions that were committed. */
  commits: number;
  /** Calls of `write` that were in them. */
  writes: number;
}

/** A store of executions in a database of SQLite. Its failures have the codes of `StorageError` of the storage package. */
export interface ExecutionDatabase {
  /** `owner` is an id that no other owner has; `wait` in ms is for a lock of another process. */
  open(path: string, owner: string, wait: number): Promise<void>;
  /** Writes changes, packed in the first `length` bytes, which are copied. How that ended is told to the function of the constructor. */
  write(changes: Uint8Array, length: number): void;
  /** Whether the process is kept alive until the end of writes is told. */
  hold(isBusy: boolean): void;
  counts(): ExecutionCounts;
  /** The row as JSON. */
  get(id: string): Promise<string | null>;
  begun(id: string): Promise<{ document: string; head: Buffer } | null>;
  /**
   * Packed: their number; for each sequence, epoch, and how many bytes journal and values have; then journals and values, each
   * beginning at a multiple of 8 bytes. All numbers are 64-bit floats.
   */
  records(id: string, after: number, limit: number): Promise<Buffer>;
  blob(hash: string): Promise<Buffer | null>;
  /** A page as JSON. The filter is JSON, with `limit` and `cursor`. */
  list(filter: string): Promise<string>;
  figures(): Promise<{ executions: number; unfinished: number; records: number; blobs: number; bytes: number }>;
  claimable(now: number, limit: number, onlyDue: boolean): Promise<string[]>;
  /** The row as JSON. */
  claim(id: string): Promise<string | null>;
  nextWake(): Promise<number | null>;
  delete(ids: string[]): Promise<number>;
  /** The rule is JSON. */
  prune(retention: string): Promise<number>;
  vacuum(): Promise<void>;
  /** Questions about flows and changes of them, and the answers, are JSON; see `store-native/src/flows.rs`. */
  readFlows(question: string): Promise<string>;
  changeFlows(change: string): Promise<string>;
  /** An entry of a collection, as JSON; see `store-native/src/entries.rs`. */
  readEntry(collection: string, id: string): Promise<string | null>;
  /** Ids of its entries, and its entries, as JSON. */
  entryIds(collection: string): Promise<string>;
  listEntries(collection: string): Promise<string>;
  /** Changes and the answer are JSON. */
  changeEntries(collection: string, changes: string): Promise<string>;
  /** An entry of the cache of outputs that has not expired: all but its output as JSON. */
  findOutput(key: string, now: number): Promise<{ entry: string; output: Buffer } | null>;
  /** `entries` is JSON of `{entries, used, limit}`, `outputs` the outputs of the entries one after the other, which are copied. */
  keepOutputs(entries: string, outputs: Uint8Array): Promise<void>;
  /** Entries of the cache, and the bytes of their outputs. */
  cacheSize(): Promise<{ entries: number; bytes: number }>;
  /** The rule is JSON; how many were removed. */
  clearOutputs(rule: string): Promise<number>;
  close(): Promise<void>;
}

/** What a copy of a store of executions holds. */
export interface StoreCopy {
  /** Of the schema. */
  version: number;
  executions: number;
  flows: number;
  /** Of the file. */
  bytes: number;
}

/** The part of the addon that keeps executions. */
export interface ExecutionAddon {
  /** Copies the store at a path to a file that is not there yet, checks the copy and flushes it. Others may write meanwhile. */
  backUpExecutions(path: string, copy: string): Promise<StoreCopy>;
  /** Puts the store that a file holds in the place of the one at a path, in one transaction. */
  restoreExecutions(file: string, path: string, replaces: boolean): Promise<StoreCopy>;
  /**
   * `ended` is told how calls of `write` ended, in their order: how many, and JSON about those that wrote not all:
   * `[{at, refusals?: [[id, reason]], error?: {code, message}}]`.
   */
  ExecutionDatabase: new (
    ended: (count: number, outcomes: string | null) => void,
  ) => ExecutionDatabase;
}

/** Everything the addon exports. The engine's functions are declared where they are used, in `@atomiton/conductor`. */
export interface NativeAddon extends DocumentAddon, ExecutionAddon, NodeLibraryAddon {
  readonly [name: string]: unknown;
}
