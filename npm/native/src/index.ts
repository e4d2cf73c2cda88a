/**
 * The native addon of atomiton conductor, loaded for the platform this process runs on.
 *
 * Its functions throw errors whose message begins with a code in brackets; `nativeError` takes them apart.
 */
export { NativeError, nativeError } from "./error.js";
// By their names: with a star, the declarations of the package would promise functions that only `loadAddon` gives.
export type {
  CancelToken,
  CsvLayout,
  ExecutionCounts,
  ExecutionDatabase,
  ImageAnswer,
  ImageHeader,
  ImageSource,
  JoinFindings,
  NativeMatches,
  NativeScan,
  NativeTable,
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
} from "./generated/addon.js";
export { isAddonAvailable, loadAddon, type NativeAddon } from "./load.js";
export { platformName } from "./platform.js";
