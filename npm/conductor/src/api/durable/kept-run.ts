/** A run that is kept: what it is made from, and how what is given once more differs from what it was given. */
import type { StoredExecution } from "@atomiton/storage";
import type { RunOptions } from "../../engine/options.js";
import type { History } from "../../engine/recorder.js";
import type { RunRedact } from "../../engine/redact.js";
import type { RunPast, RunRequest } from "../../engine/run-request.js";
import type { Redaction } from "../../expressions/redaction.js";
import type { Cause } from "../../types/cause.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { TraceHeaders } from "../../types/tracing.js";
import type { LabelDemand } from "../labels.js";
import { type Blob, textOf } from "./entries.js";
import type { Metadata } from "./metadata.js";
import type { Records } from "./records.js";
import type { RunRecorder } from "./run-recorder.js";
import type { TypeVersions } from "./type-versions.js";

/** A run that is kept: what it is made from, and where it is recorded. */
export interface KeptRun {
  node: NodeDefinition;
  context: ConductorExecutionContext;
  /** As they were when it began. */
  options: RunOptions;
  /** Nodes, by their place in the outline, that start once what came before is on disk. */
  held: readonly number[];
  /** Missing for an execution that is over, of which nothing more is written. */
  recorder?: RunRecorder;
  /** Missing for one that begins. */
  history?: History;
  /** How it stood when it was read; missing for one that begins. */
  past?: RunPast;
  /** It does not go on, but is paused. */
  pauses?: boolean;
  /** Of a fork: makes what says which answers it takes over. */
  inheritance?: RunRequest["inheritance"];
  /** What its nodes must not say, nor its records have. */
  secrets?: Redaction | undefined;
  /** What is shown of its values; missing where all of them are. */
  redact?: RunRedact | undefined;
  /** Paths of what was left out of its input and variables. */
  leftOut?: readonly string[];
  /** What its request said about it. */
  metadata?: Metadata | undefined;
  /** What was left out of the file that it came from; missing where nothing was, and for one that began here. */
  fromFile?: LeftOutOfFile | undefined;
  /** It is a fork that runs without what its file lacks. */
  isCheckedFork?: boolean;
  /** Of one that was there before: what its trace goes on by; missing where it was not traced. */
  trace?: TraceHeaders | undefined;
}

/** An execution of the store as it was recorded. */
export interface RecordedRun extends KeptRun {
  history: Records;
  /** Versions of node types that it began with; missing where none was declared, and in records of earlier versions of the library. */
  types?: TypeVersions | undefined;
  /** Labels that it asks a process for, with those of the flows that it runs. */
  labels: readonly string[];
}

/** What an execution lacks since it was exported. */
export interface LeftOutOfFile {
  /** All values: what it was given, what nodes gave, and the parameters of its flow. */
  values?: true;
  /** Paths that were named; missing without them. */
  redact?: readonly string[];
  /** Nodes, by their place in the outline, of whose parameters something is missing. */
  parameters?: readonly number[];
}

/** What a run is made from beside its flow. */
export type Head = Partial<ConductorExecutionContext> &
  Pick<KeptRun, "options" | "held"> & {
    /** Parts of input and variables that are not kept. */
    redacted?: readonly string[];
    metadata?: Metadata;
    /** What its trace goes on by. */
    trace?: TraceHeaders;
    /** The file that its flow was read from. */
    file?: string;
    /** Versions that its node types declared. */
    types?: TypeVersions;
    /** Labels that its nodes ask for, and those of the flows that they run; missing where they ask for none. */
    labels?: readonly string[];
    /** Of an execution that came out of a file; missing where nothing was left out of that. */
    leftOut?: LeftOutOfFile;
  };

/** Entries of what a fork may take over, and the blobs that they name. */
export interface Fork {
  entries: readonly string[];
  blobs: readonly Blob[];
}

/** An execution that begins. */
export interface NewRun {
  /** Of the execution in the store. */
  id: string;
  /** Whether an execution of this id may be there already. */
  mayExist: boolean;
  node: NodeDefinition;
  context: ConductorExecutionContext;
  options: RunOptions;
  /** The execution that it is a part of, or was forked from. */
  parentId?: string | undefined;
  /** Missing where the conductor has no secrets, and nothing is redacted. */
  secrets: Redaction | undefined;
  redact: RunRedact | undefined;
  fork?: Fork;
  /** What its flow lacks, where that came out of a file. */
  fromFile?: LeftOutOfFile | undefined;
  metadata?: Metadata | undefined;
  /** What its nodes ask of the process, with those of the flows that they run. */
  asked: readonly LabelDemand[];
  /** What began it, where that is not a call. */
  cause?: Cause | undefined;
  /** What its trace goes on by, where it is traced. */
  trace?: TraceHeaders | undefined;
}

/** Warnings of what is asked for otherwise than when the execution began, which counts. */
export function differences(
  { id, startedAt }: StoredExecution,
  isOtherFlow: boolean,
  given: ConductorExecutionContext,
  kept: KeptRun,
  saysOther: boolean,
): { task: number; rule: string; message: string }[] {
  const different = differing(given, kept);
  const all = [...(isOtherFlow ? ["flow"] : []), ...different, ...(saysOther ? ["metadata"] : [])];
  if (all.length === 0) return [];
  const what = all.join(" and ");
  const message = `The execution ${id} began on ${new Date(startedAt).toISOString()} with another ${what}, which counts; what was given now is left out. Give another \`executionId\` to run with it`;
  return [{ task: 0, rule: "began-otherwise", message }];
}

/** What is given otherwise than it was when an execution began, as far as that is kept. */
export function differing(given: ConductorExecutionContext, { context, redact }: KeptRun): ("input" | "variables")[] {
  const textOfKept = (value: unknown) => {
    redact?.note(0, value, false);
    return textOfAny(redact === undefined ? value : redact.shown(value).value);
  };
  return (["input", "variables"] as const).filter((key) => textOfKept(given[key]) !== textOfKept(context[key]));
}

/** A value as text, to compare; what cannot be kept differs from what was kept. */
function textOfAny(value: unknown): string | undefined {
  try {
    return textOf(value, "The value", { tell: () => {} });
  } catch {
    return undefined;
  }
}

/** A context with what the execution was given when it began; the same object, which others may know. */
export function givenAgain(
  context: ConductorExecutionContext,
  { input, variables }: ConductorExecutionContext,
): ConductorExecutionContext {
  return Object.assign(context, { input, variables });
}
