/** The functions that the addon exports, as TypeScript sees them. Errors carry their code in the message: see `error.ts`. */

/** Stops native work; work that sees it ends with code CANCELLED. */
export interface CancelToken {
  cancel(): void;
}

/** Rows of text cells outside the JavaScript heap. Tables made from one another share their cells. */
export interface NativeTable {
  /** How many rows there are. */
  readonly rowCount: number;
  /** The names of the columns, all distinct. */
  readonly headers: string[];
  /**
   * Rows from `start` on as the JSON text of an array of objects: `count` of them, or fewer when they are many bytes, but
   * one at least while there is one.
   */
  recordsJson(start: number, count: number): string;
  /** Tells the garbage collector how many bytes the handle keeps alive. */
  account(): void;
  /** Lets go of the rows now; every later call on this handle is refused with INVALID_PARAMETERS. */
  dispose(): void;
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
}

/** Rows put together by a cell. `table` holds those of the first key, then those of the second, and so on. */
export interface TableGroups {
  keys: string[];
  sizes: number[];
  table: NativeTable;
}

/** User code and its limits. */
export interface ScriptSource {
  /** What errors call it. */
  name: string;
  /** An expression that yields a function. */
  code: string;
  /** The key under which values cross that JSON has no word for. */
  tag: string;
  /** Wall-clock limit in ms. */
  timeoutMs: number;
  /** Limit of the engine's own memory in bytes. */
  memoryBytes: number;
}

/** What user code does with items. */
export interface ScriptWork {
  kind: "map" | "filter" | "reduce";
  /** The first accumulator of a reduce, as JSON text; without one, the first item. */
  initial?: string;
  /** Whether a reduce calls its function with one object `{acc, item, index}`. */
  named: boolean;
  /** Whether the function wants all items as its last argument; then there must be one batch. */
  whole: boolean;
}

/** The JSON text of an array of items. */
export interface ScriptBatch {
  text: string;
  count: number;
}

/** The part of the addon that serves the node library. */
export interface NodeLibraryAddon {
  addonVersion(): string;
  CancelToken: new () => CancelToken;
  readTable(path: string, layout: CsvLayout, cancel?: CancelToken): Promise<NativeTable>;
  parseTable(text: string | Buffer, layout: CsvLayout, cancel?: CancelToken): Promise<NativeTable>;
  filterTable(table: NativeTable, filter: string, cancel?: CancelToken): Promise<NativeTable>;
  sortTable(table: NativeTable, field: string, descending: boolean): Promise<NativeTable>;
  sliceTable(table: NativeTable, start: number, end: number): NativeTable;
  reverseTable(table: NativeTable): Promise<NativeTable>;
  uniqueTable(table: NativeTable, field?: string): Promise<NativeTable>;
  groupTable(table: NativeTable, field: string): Promise<TableGroups>;
  aggregateTable(table: NativeTable, aggregation: string, cancel?: CancelToken): Promise<string>;
  writeTable(table: NativeTable, path: string, delimiter?: string, cancel?: CancelToken): Promise<number>;
  runScript(source: ScriptSource, work: ScriptWork, batches: ScriptBatch[], cancel?: CancelToken): Promise<string[]>;
  runScriptOnTable(source: ScriptSource, work: ScriptWork, table: NativeTable, cancel?: CancelToken): Promise<string[]>;
  filterTableByScript(
    source: ScriptSource,
    whole: boolean,
    table: NativeTable,
    cancel?: CancelToken,
  ): Promise<NativeTable>;
  evaluateScript(
    source: ScriptSource,
    values: string,
    paths: string[][],
    tables: NativeTable[],
    cancel?: CancelToken,
  ): Promise<string>;
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

/** Everything the addon exports. The engine's functions are declared where they are used, in `@atomiton/conductor`. */
export interface NativeAddon extends DocumentAddon, NodeLibraryAddon {
  readonly [name: string]: unknown;
}
