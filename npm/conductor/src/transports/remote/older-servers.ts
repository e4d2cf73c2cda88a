/**
 * What servers say that were written before there were codes, ids and times in all answers. Each function here reads one
 * thing that they leave out or say otherwise; nothing else looks at the text of an error.
 */
import type { ErrorCode } from "../../types/errors.js";
import type { ExecutionResult } from "../../types/execution.js";
import type { FlowList, SavedFlow } from "../../types/flow.js";
import type { NodeCompleteEvent, NodeProgressEvent, ProgressNode } from "../../types/progress-event.js";
import { codeOf, TransportError } from "../failure.js";
import { type Recovery, toResult } from "./result.js";
import type { EventReaders } from "./stubs.js";

/** Of the form in which flows are sent. */
export const FLOW_VERSION = "1.0.0";
/** The form before, which can be read as it is. */
const EARLIER_VERSION = "0.9.0";

/** Codes that a transport gives to an answer that names none of its own. */
const UNNAMED: ReadonlySet<ErrorCode> = new Set(["TRANSPORT_ERROR", "IPC_COMMUNICATION_FAILED"]);

/** How servers that name no code say that something is not there. */
const MISSING = /not found/i;
const MISSING_EXECUTION = /\bexecution\b.*\bnot found\b/i;

/** Whether the other side answered that it does not have what was asked for: by the code, or without one in words. */
export function isMissing(error: unknown): boolean {
  return says(error, MISSING);
}

/** Whether an error says that an execution is not known, and not that a server lacks the command. */
export function isUnknownExecution(error: unknown): boolean {
  return says(error, MISSING_EXECUTION);
}

function says(error: unknown, text: RegExp): boolean {
  if (codeOf(error) === "NODE_NOT_FOUND") return true;
  return error instanceof TransportError && error.answered && UNNAMED.has(error.code) && text.test(error.message);
}

/** The same of an answer: some say so instead of failing. */
export function saysUnknownExecution(answer: unknown): boolean {
  const { success, error } = (answer ?? {}) as { success?: unknown; error?: unknown };
  return success === false && typeof error === "string" && MISSING_EXECUTION.test(error);
}

/** Flows in a list; servers that only mark what was deleted list it too, and may not count. */
export function flowListOf(answer: unknown): FlowList {
  const list = answer as Partial<FlowList> | null | undefined;
  if (!Array.isArray(list?.flows)) {
    throw new TransportError("DESERIALIZATION_FAILED", "The answer of storage.listFlows is no list of flows");
  }
  const flows = list.flows.filter((flow) => !(flow as { deleted?: unknown }).deleted);
  return { ...list, flows, total: list.total ?? flows.length };
}

/** A saved flow in the form of now; nothing where the answer has none. */
export function savedFlowOf(answer: unknown): SavedFlow | undefined {
  const flow = (answer ?? undefined) as SavedFlow | undefined;
  return flow?.version === EARLIER_VERSION ? { ...flow, version: FLOW_VERSION } : flow;
}

/** Events of executions with all their fields. */
export function executionReaders(recovery: Recovery | undefined): EventReaders {
  return {
    onProgress: (event) => {
      const nodes = Array.isArray(event.nodes) ? event.nodes.map(withDuration) : [];
      return { ...event, nodes } as unknown as NodeProgressEvent;
    },
    onComplete: (event) => {
      const result = toResult(event.result, recovery) ?? event.result;
      const output = "output" in event ? event.output : (result as ExecutionResult | undefined)?.data;
      return { ...event, result, output } as unknown as NodeCompleteEvent;
    },
  };
}

function withDuration(node: ProgressNode): ProgressNode {
  const { startTime, endTime, duration } = node;
  if (duration !== undefined || typeof startTime !== "number" || typeof endTime !== "number") return node;
  return { ...node, duration: endTime - startTime };
}

/** Events of flows: `flowId` and `timestamp` are what older code reads, `id` and `savedAt` what servers send. */
export const storageReaders: EventReaders = {
  onFlowSaved: (event) => {
    const id = event.id ?? event.flowId;
    const savedAt = event.savedAt ?? timeText(event.timestamp);
    const timestamp = event.timestamp ?? Date.parse(String(savedAt));
    return { ...event, id, savedAt, flowId: event.flowId ?? id, timestamp };
  },
};

function timeText(timestamp: unknown): string | undefined {
  return typeof timestamp === "number" && Math.abs(timestamp) <= 8.64e15
    ? new Date(timestamp).toISOString()
    : undefined;
}
