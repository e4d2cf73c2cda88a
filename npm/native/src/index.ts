/**
 * The native addon of atomiton conductor, loaded for the platform this process runs on.
 *
 * Its functions throw errors whose message begins with a code in brackets; `nativeError` takes them apart.
 */
export type {
  CancelToken,
  CsvLayout,
  DocumentAddon,
  ExecutionAddon,
  ExecutionCounts,
  ExecutionDatabase,
  ImageAnswer,
  ImageHeader,
  ImageSource,
  JoinFindings,
  NativeAddon,
  NativeMatches,
  NativeScan,
  NativeTable,
  NodeLibraryAddon,
  RecordsText,
  ScanFindings,
  SqliteAnswer,
  SqliteBatch,
  SqliteColumn,
  SqliteDatabase,
  SqliteOpening,
  SqliteTrouble,
  StoreCopy,
  TableGroups,
  TextDoubts,
  WorkbookLayout,
  WorkbookSheet,
} from "./addon.js";
export { NativeError, nativeError } from "./error.js";
export { isAddonAvailable, loadAddon } from "./load.js";
export { platformName } from "./platform.js";
