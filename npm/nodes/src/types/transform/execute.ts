import type { NativeTable } from "@atomiton/conductor-native";
import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { type Aggregate, aggregationOf } from "../../data/aggregate.js";
import { doubtsOfNames } from "../../data/doubtful-code.js";
import { isPlainObject, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import type { Condition } from "../../data/where.js";
import { chosenData } from "../../library/chosen-data.js";
import type { Platform } from "../../library/platform.js";
import { executable, type NodeWork } from "../../library/work.js";
import {
  defaultTimeout,
  functionText,
  isFunctionText,
  isIdentityText,
  UserFunction,
} from "../../sandbox/user-function.js";
import {
  attachCount,
  attachLazily,
  attachStream,
  attachTable,
  demandTable,
  isBacked,
  recordsOf,
  type Stream,
  streamBehind,
  tableBehind,
} from "../../table/table-output.js";
import { transform } from "./definition.js";
import { transformItems } from "./items.js";

/** The parameters of a transform, checked and completed. */
export interface TransformParameters {
  operation:
    | "map"
    | "filter"
    | "reduce"
    | "sort"
    | "group"
    | "flatten"
    | "unique"
    | "reverse"
    | "limit"
    | "skip"
    | "slice"
    | "aggregate";
  transformFunction: string;
  where?: Condition[];
  match: "all" | "any";
  memoryLimit: number;
  sortKey?: string;
  sortDirection: "asc" | "desc";
  uniqueKey?: string;
  reduceInitial?: unknown;
  groupKey?: string;
  groupBy?: string | string[];
  aggregates?: Aggregate[];
  flattenDepth: number;
  limitCount: number;
  skipCount: number;
  sliceStart: number;
  sliceEnd?: number;
  data?: unknown;
}

/** A transform to be done: its parameters and the code that goes with them. */
export interface Transformation {
  parameters: TransformParameters;
  /** The text of a function or a property path. */
  code: string;
  userFunction: UserFunction;
  signal: AbortSignal | undefined;
  /** Says what the flow's author should know of. */
  warn(rule: string, message: string): void;
}

/** A table again, a value, or a value that is expensive and therefore waits until it is wanted. */
export type TableAnswer = { table: NativeTable } | { value: unknown } | { lazy: () => unknown; count: number };

/** What comes of rows that are streamed: a stream again where the operation allows it. */
export interface StreamAnswer {
  answer: { stream: Stream } | { table: NativeTable } | { value: unknown };
  inputCount(): number;
  outputCount(): number;
}

/**
 * Changes a list. A list that is a native table is worked on natively and stays one where the platform and the operation
 * allow it; items of an array are handed on by reference.
 *
 * Fails with TYPE_MISMATCH (no list), INVALID_PARAMETERS, and what {@link UserFunction} fails with.
 */
export function transformNode(platform: Platform): NodeExecutable {
  return executable<TransformParameters>(
    transform,
    async (work) => {
      const { parameters, signal, explicitTimeout } = work;
      const code = functionText(work.given("function" as never) ?? parameters.transformFunction, "transformFunction");
      const names = isFunctionText(code) ? work.names : undefined;
      for (const { rule, message } of doubtsOfNames(code, names ?? {}, "transformFunction")) work.warn(rule, message);
      const limits = { timeout: explicitTimeout ?? defaultTimeout, memory: parameters.memoryLimit, signal, names };
      const userFunction = new UserFunction(platform.sandbox, "transformFunction", code, limits);
      const data = listOf(work);
      warnOfNothingGiven(work, data);
      const streamed = await platform.transformStream?.(
        streamBehind(data),
        { parameters, code, userFunction, signal, warn: (rule, message) => work.warn(rule, message) },
        work,
      );
      if (streamed) return streamedOutput(streamed, parameters.operation);
      const list = (await demandTable(data, work)) as unknown[];
      const table = tableBehind(data);
      const inputCount = table ? table.rowCount : list.length;
      const answer = await answerOf(platform, table ?? list, {
        parameters,
        code,
        userFunction,
        signal,
        warn: (rule, message) => work.warn(rule, message),
      });
      const output = {};
      if ("table" in answer) attachTable(output, "result", answer.table);
      else if ("lazy" in answer) attachLazily(output, "result", answer.lazy);
      else Object.assign(output, { result: answer.value });
      const outputCount =
        "table" in answer ? answer.table.rowCount : "lazy" in answer ? answer.count : countOf(answer.value);
      return Object.assign(output, { inputCount, outputCount, operation: parameters.operation, success: true });
    },
    { takesStreams: true },
  );
}

/** Warns of code that nothing runs, and of an operation that has nothing to go by, and therefore leaves out empty items alone, or orders objects by their text. */
function warnOfNothingGiven(work: NodeWork<TransformParameters>, data: unknown): void {
  const { operation, where, sortKey, transformFunction } = work.parameters;
  if (operation === "filter" && where !== undefined && !isIdentityText(transformFunction)) {
    work.warn("ignored-parameter", "`transformFunction` is ignored: a `filter` with `where` goes by that alone");
  }
  if (operation === "filter" && where === undefined && !work.isGiven("transformFunction")) {
    // To leave out empty items may be meant.
    const hasEmpty = Array.isArray(data) && data.some((item) => !item);
    if (hasEmpty || work.given("function" as never) !== undefined) return;
    work.warn(
      "nothing-to-go-by",
      '`filter` has neither `where` nor `transformFunction`, so that only empty items, such as 0, "" and null, are left out',
    );
  }
  if (operation === "sort" && sortKey === undefined) {
    if (!isBacked(data) && !(Array.isArray(data) && data.some(isPlainObject))) return;
    work.warn(
      "nothing-to-go-by",
      "`sort` has no `sortKey`, and objects have no order of their own; name the field to sort by",
    );
  }
}

async function answerOf(
  platform: Platform,
  list: unknown[] | NativeTable,
  transformation: Transformation,
): Promise<TableAnswer> {
  if (Array.isArray(list)) return { value: await transformItems(list, transformation) };
  if (platform.transformTable) return platform.transformTable(list, transformation);
  return { value: await transformItems(recordsOf(list), transformation) };
}

/** Counts of rows that are streamed are not known until they are asked for. */
function streamedOutput({ answer, inputCount, outputCount }: StreamAnswer, operation: string): object {
  const output = {};
  if ("stream" in answer) attachStream(output, "result", answer.stream);
  else if ("table" in answer) attachTable(output, "result", answer.table);
  else Object.assign(output, { result: answer.value });
  attachCount(output, "inputCount", inputCount);
  if ("stream" in answer) attachCount(output, "outputCount", outputCount);
  else Object.assign(output, { outputCount: outputCount() });
  return Object.assign(output, { operation, success: true });
}

/** What an aggregate needs, checked. */
export function aggregationFor(
  { groupBy, groupKey, aggregates }: TransformParameters,
  warn: (rule: string, message: string) => void,
): ReturnType<typeof aggregationOf> {
  if (!aggregates?.length) throw new NodeError("INVALID_PARAMETERS", "aggregates are required for aggregate operation");
  const fraction = aggregates.find(({ percent = 0 }) => percent > 0 && percent < 1)?.percent;
  if (fraction !== undefined) {
    const percent = Number((fraction * 100).toPrecision(12));
    warn(
      "likely-fraction",
      `\`percent: ${fraction}\` is less than one of a hundred, almost the least value; write \`percent: ${percent}\` where that is meant`,
    );
  }
  return aggregationOf(groupBy ?? groupKey, aggregates);
}

/** The field to group by. */
export function groupFieldOf({ groupKey, sortKey }: TransformParameters): string {
  const field = groupKey ?? sortKey;
  if (field === undefined)
    throw new NodeError("INVALID_PARAMETERS", "groupKey or sortKey is required for group operation");
  return field;
}

/** The first accumulator: text is read as JSON where it is JSON. */
export function initialOf({ reduceInitial }: TransformParameters): { value: unknown } | undefined {
  if (reduceInitial === undefined) return undefined;
  if (typeof reduceInitial !== "string") return { value: reduceInitial };
  try {
    return { value: JSON.parse(reduceInitial) as unknown };
  } catch {
    return { value: reduceInitial };
  }
}

function listOf(work: NodeWork<TransformParameters>): unknown {
  const { input, warn } = work;
  const found = unwrap(chosenData(work, "data", ["data", "items", "records"]));
  if (found === undefined) {
    refuseUnclaimed(input);
    // Flows rely on it that this is no failure.
    warn(
      "no-input",
      "No list came in, so that the result is that of an empty one. Lead an edge with a list to it, or set `data`",
    );
  }
  const data = found ?? [];
  if (Array.isArray(data) || isBacked(data)) return data;
  throw new NodeError("TYPE_MISMATCH", "Input data must be an array for transformation", {
    advice: [`Lead an edge with a list to it, or set \`data\` to one; ${kindOf(data)} came in.`],
  });
}

/** Lists that came over several handles, none of them for data: taking none of them would lose them without a word. */
function refuseUnclaimed(input: unknown): void {
  if (!isPlainObject(input)) return;
  const handles = Object.keys(input).filter((handle) => {
    const data = unwrap(input[handle]);
    return Array.isArray(data) || isBacked(data);
  });
  if (handles.length === 0) return;
  const names = handles.map((handle) => `"${handle}"`).join(", ");
  throw new NodeError(
    "TYPE_MISMATCH",
    `Which list to transform is not clear among ${names}; connect one of them to "data"`,
  );
}

function countOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 1;
}
