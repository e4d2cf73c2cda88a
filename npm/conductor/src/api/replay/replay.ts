/** Opens recorded executions, to be stepped through. */
import { coded } from "../../engine/failure.js";
import { shapeProblems } from "../../engine/flows.js";
import type { RunOptions } from "../../engine/options.js";
import { type Outline, outlineOf } from "../../engine/outline.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { LeftOutOfExport } from "../../types/export.js";
import type { Replay, ReplayMoment } from "../../types/replay.js";
import { contextOf } from "../contexts.js";
import { valueIn } from "../durable/entries.js";
import type { LeftOutOfFile } from "../durable/kept-run.js";
import { stepsOf } from "../durable/recorded-steps.js";
import { Records } from "../durable/records.js";
import { Moments } from "./moments.js";
import { type ExecutionFile, readExecutionFile, wrong } from "./run-file.js";

/** What an execution was made from, beside its flow. */
type Head = Partial<ConductorExecutionContext> & {
  options: RunOptions;
  held: readonly number[];
  leftOut?: LeftOutOfFile;
};

/**
 * Opens an execution that `conductor.executions.export` gave.
 *
 * @throws Error DESERIALIZATION_FAILED that says what is wrong with the bytes
 */
export function openReplay(bytes: Uint8Array): Replay {
  return replayOf(readExecutionFile(bytes));
}

/** A replay of what is in a file. @throws Error DESERIALIZATION_FAILED that says what is wrong with it */
export function replayOf(file: ExecutionFile): Replay {
  try {
    return new RecordedReplay(file);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === "DESERIALIZATION_FAILED") throw error;
    // Hostile nesting, wrong types, text that is no JSON.
    throw wrong(String(message), error);
  }
}

class RecordedReplay implements Replay {
  readonly executionId: string;
  readonly flow: NodeDefinition;
  readonly status: string;
  readonly leftOut?: LeftOutOfExport;
  private readonly moments: Moments;
  private current: ReplayMoment;

  constructor({ row, document, head, records, blobs }: ExecutionFile) {
    const flow = JSON.parse(document) as NodeDefinition;
    const outline = checked(flow, row.flowId);
    const { options, held, leftOut, ...given } = headIn(head, outline);
    const history = new Records(records);
    for (const [hash, data] of blobs) history.take(hash, data);
    const steps = stepsOf(outline, { options, held, history });
    this.executionId = row.id;
    this.flow = flow;
    this.status = row.status;
    if (leftOut !== undefined) {
      const { values, redact } = leftOut;
      this.leftOut = { ...(values && { values }), ...(redact && { redact }) };
    }
    this.moments = new Moments({ steps, history, flow, context: contextOf(flow, given), options, held, row });
    this.current = this.moments.at(0);
  }

  get length(): number {
    return this.moments.length;
  }

  get moment(): ReplayMoment {
    return this.current;
  }

  at(step: number): ReplayMoment {
    if (!Number.isInteger(step) || step < 0 || step > this.length) {
      const message = `The execution ${this.executionId} has no step ${step}; give a whole number from 0 to ${this.length}`;
      throw coded("INVALID_PARAMETERS", message, undefined);
    }
    this.current = this.moments.at(step);
    return this.current;
  }

  forward(): ReplayMoment {
    return this.at(Math.min(this.current.step + 1, this.length));
  }

  back(): ReplayMoment {
    return this.at(Math.max(this.current.step - 1, 0));
  }

  value(nodeId: string): unknown {
    return this.current.value(nodeId);
  }

  error(nodeId: string): ExecutionError | undefined {
    return this.current.error(nodeId);
  }
}

/** The outline of a flow that can be run. */
function checked(flow: NodeDefinition, flowId: string): Outline {
  if (typeof flow !== "object" || flow === null || Array.isArray(flow)) throw wrong("its flow is no object");
  const [problem] = shapeProblems(flow);
  if (problem !== undefined) throw wrong(`its flow cannot be run: ${problem.message}`);
  if (flow.id !== flowId) throw wrong("its flow is another one than its row names");
  return outlineOf(flow);
}

function headIn(head: Uint8Array, { nodes }: Outline): Head {
  const found = valueIn(head) as Partial<Head> | null;
  if (typeof found !== "object" || found === null) throw wrong("what it was given is no object");
  const { options, held = [] } = found;
  if (typeof options !== "object" || options === null) throw wrong("its options are missing");
  for (const key of ["concurrency", "seed", "retries", "retryDelay", "timeout"] as const) {
    if (typeof options[key] !== "number") throw wrong(`its option \`${key}\` is no number`);
  }
  const isNode = (place: unknown) =>
    Number.isInteger(place) && (place as number) >= 0 && (place as number) < nodes.length;
  if (!Array.isArray(held) || !held.every(isNode)) throw wrong("`held` names nodes that its flow does not have");
  const { leftOut } = found;
  if (leftOut !== undefined && !isLeftOut(leftOut, isNode)) throw wrong("what it says was left out makes no sense");
  return { ...found, options, held };
}

function isLeftOut(found: unknown, isNode: (place: unknown) => boolean): found is LeftOutOfFile {
  if (typeof found !== "object" || found === null) return false;
  const { values, redact = [], parameters = [] } = found as Record<string, unknown>;
  const areTexts = Array.isArray(redact) && redact.every((path) => typeof path === "string");
  return (values === undefined || values === true) && areTexts && Array.isArray(parameters) && parameters.every(isNode);
}
