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

/** The part of the addon that serves the node library. */
export interface NodeLibraryAddon {
  addonVersion(): string;
  CancelToken: new () => CancelToken;
  readTable(path: string, layout: CsvLayout, cancel?: CancelToken): Promise<NativeTable>;
  parseTable(text: string | Buffer, layout: CsvLayout, cancel?: CancelToken): Promise<NativeTable>;
  filterTable(table: NativeTable, filter: string, cancel?: CancelToken): Promise<NativeTable>;
  sortTable(table: NativeTable, field: string, descending: boolean): Promise<NativeTable>;
  /** The rows at these positions, in their order. INVALID_PARAMETERS for a position that there is not. */
  pickRows(table: NativeTable, positions: Uint32Array): NativeTable;
  sliceTable(table: NativeTable, start: number, end: number): NativeTable;
  reverseTable(table: NativeTable): Promise<NativeTable>;
  uniqueTable(table: NativeTable, field?: string): Promise<NativeTable>;
  groupTable(table: NativeTable, field: string): Promise<TableGroups>;
  aggregateTable(table: NativeTable, aggregation: string, cancel?: CancelToken): Promise<string>;
  writeTable(table: NativeTable, path: string, delimiter?: string, cancel?: CancelToken): Promise<number>;
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
