/** The parameters of each type as its executable gets them: checked, durations in ms, defaults in place. */
import type { Parsed } from "../own/schema.js";
import type { LibraryTypes } from "./definitions.js";
import type { METHODS } from "./http-request/method.js";

type ValuesOf<Type extends keyof LibraryTypes> = Parsed<LibraryTypes[Type]["parameterSchema"]>;

/** Parameters of which those that are named, and those of every type, are always there. The others may be missing. */
type Always<Values, Names extends keyof Values> = Plain<
  Pick<Values, Names | (Shared & keyof Values)> & Partial<Omit<Values, Names | Shared>>
>;
type Shared = "enabled" | "timeout" | "retries";

/** Parameters of which some have another type than the schema of the engine says. */
type With<Values, Others> = Plain<Omit<Values, keyof Others> & Others>;
type Plain<T> = { [Name in keyof T]: T[Name] } & {};

// Of the types that earlier versions had, parameters that those did not know may be missing, so that code which builds the
// parameters goes on compiling.

/** Of `parallel`. */
export type ParallelParameters = Always<
  ValuesOf<"parallel">,
  "concurrency" | "strategy" | "operationTimeout" | "globalTimeout" | "failFast" | "maintainOrder"
>;
/** Of `group`. */
export type GroupParameters = Always<ValuesOf<"group">, "parallel">;
/** Of `image`. */
export type ImageParameters = ValuesOf<"image">;
/** Of `loop`. */
export type LoopParameters = Always<ValuesOf<"loop">, "loopType" | "count" | "collectResults">;
/** Of `http-request`. */
export type HttpRequestParameters = With<
  Always<ValuesOf<"http-request">, "method" | "url" | "headers">,
  // Methods of extensions are for flows that are data.
  { headers: Record<string, string> | string; method: (typeof METHODS)[number] }
>;
/** Of `file-system`. */
export type FileSystemParameters = With<
  Always<ValuesOf<"file-system">, "operation" | "path" | "recursive">,
  { content?: string }
>;
/** Of `edit-fields`. */
export type EditFieldsParameters = With<
  Always<ValuesOf<"edit-fields">, "values" | "keepOnlySet">,
  { values: Record<string, unknown> | string }
>;
/** Of `transform`. */
export type TransformParameters = Always<
  ValuesOf<"transform">,
  "operation" | "transformFunction" | "sortDirection" | "flattenDepth" | "limitCount" | "skipCount" | "sliceStart"
>;
/** Of `spreadsheet`. */
export type SpreadsheetParameters = Always<ValuesOf<"spreadsheet">, "hasHeaders" | "skipEmptyLines">;
/** Of `condition`. */
export type ConditionParameters = ValuesOf<"condition">;
/** Of `join`. */
export type JoinParameters = ValuesOf<"join">;
/** Of `dedupe`. */
export type DedupeParameters = ValuesOf<"dedupe">;
/** Of `sort`. */
export type SortParameters = ValuesOf<"sort">;
/** Of `sample`. */
export type SampleParameters = ValuesOf<"sample">;
/** Of `pivot`. */
export type PivotParameters = ValuesOf<"pivot">;
/** Of `unpivot`. */
export type UnpivotParameters = ValuesOf<"unpivot">;
/** Of `window`. */
export type WindowParameters = ValuesOf<"window">;
/** Of `diff`. */
export type DiffParameters = ValuesOf<"diff">;
/** Of `validate`. */
export type ValidateParameters = ValuesOf<"validate">;
/** Of `switch`. */
export type SwitchParameters = ValuesOf<"switch">;
/** Of `merge`. */
export type MergeParameters = ValuesOf<"merge">;
/** Of `delay`. */
export type DelayParameters = ValuesOf<"delay">;
/** Of `code`. */
export type CodeParameters = ValuesOf<"code">;
/** Of `python`. */
export type PythonParameters = ValuesOf<"python">;
/** Of `wasm`. */
export type WasmParameters = ValuesOf<"wasm">;
/** Of `crypto`. */
export type CryptoParameters = ValuesOf<"crypto">;
/** Of `xml`. */
export type XmlParameters = ValuesOf<"xml">;
/** Of `html`. */
export type HtmlParameters = ValuesOf<"html">;
/** Of `template`. */
export type TemplateParameters = ValuesOf<"template">;
/** Of `shell-command`. */
export type ShellCommandParameters = Always<ValuesOf<"shell-command">, "program" | "args" | "captureOutput">;
/** Of `compress`. */
export type CompressParameters = ValuesOf<"compress">;
/** Of `wait-for-input`. */
export type WaitForInputParameters = ValuesOf<"wait-for-input">;
/** Of `webhook-out`. */
export type WebhookOutParameters = ValuesOf<"webhook-out">;
/** Of `message`. */
export type MessageParameters = ValuesOf<"message">;
/** Of `email`. */
export type EmailParameters = ValuesOf<"email">;
/** Of `llm`. */
export type LlmParameters = ValuesOf<"llm">;
/** Of `embed`. */
export type EmbedParameters = ValuesOf<"embed">;
/** Of `database`. */
export type DatabaseParameters = ValuesOf<"database">;

/** Of `try`. */
export type TryParameters = ValuesOf<"try">;
/** Of `until`. */
export type UntilParameters = ValuesOf<"until">;
/** Of `stop`. */
export type StopParameters = ValuesOf<"stop">;
/** Of `sub-flow`. */
export type SubFlowParameters = ValuesOf<"sub-flow">;
/** Of `webhook`. */
export type WebhookParameters = ValuesOf<"webhook">;
/** Of `respond`. */
export type RespondParameters = ValuesOf<"respond">;
/** Of `schedule`. */
export type ScheduleParameters = ValuesOf<"schedule">;
/** Of `file-change`. */
export type FileChangeParameters = ValuesOf<"file-change">;
/** Of `flow-end`. */
export type FlowEndParameters = ValuesOf<"flow-end">;
/** Of `archive`. */
export type ArchiveParameters = ValuesOf<"archive">;
/** Of `sql`. */
export type SqlParameters = ValuesOf<"sql">;

/** The parameters of the types by the names of the types. */
export interface ParametersByType {
  parallel: ParallelParameters;
  group: GroupParameters;
  image: ImageParameters;
  loop: LoopParameters;
  "http-request": HttpRequestParameters;
  "file-system": FileSystemParameters;
  "edit-fields": EditFieldsParameters;
  transform: TransformParameters;
  spreadsheet: SpreadsheetParameters;
  condition: ConditionParameters;
  join: JoinParameters;
  dedupe: DedupeParameters;
  sort: SortParameters;
  sample: SampleParameters;
  pivot: PivotParameters;
  unpivot: UnpivotParameters;
  window: WindowParameters;
  diff: DiffParameters;
  validate: ValidateParameters;
  switch: SwitchParameters;
  merge: MergeParameters;
  delay: DelayParameters;
  code: CodeParameters;
  python: PythonParameters;
  wasm: WasmParameters;
  crypto: CryptoParameters;
  xml: XmlParameters;
  html: HtmlParameters;
  template: TemplateParameters;
  "shell-command": ShellCommandParameters;
  compress: CompressParameters;
  "wait-for-input": WaitForInputParameters;
  "webhook-out": WebhookOutParameters;
  message: MessageParameters;
  email: EmailParameters;
  llm: LlmParameters;
  embed: EmbedParameters;
  database: DatabaseParameters;
  try: TryParameters;
  until: UntilParameters;
  stop: StopParameters;
  "sub-flow": SubFlowParameters;
  webhook: WebhookParameters;
  respond: RespondParameters;
  schedule: ScheduleParameters;
  "file-change": FileChangeParameters;
  "flow-end": FlowEndParameters;
  archive: ArchiveParameters;
  sql: SqlParameters;
}
