/** Events of executions and flows on the other side. What older servers leave out is filled in. */
import type { ExecutionEvents, Unsubscribe } from "../../types/api.js";
import type { ExecutionResult } from "../../types/execution.js";
import type {
  FlowSavedEvent,
  NodeCompleteEvent,
  NodeErrorEvent,
  NodeProgressEvent,
  ProgressNode,
} from "../../types/progress-event.js";
import type { RemoteTransport } from "../../types/transport.js";
import { type Recovery, toResult } from "./result.js";

/** Without a transport nothing is ever told. */
export function remoteEvents(transport: RemoteTransport | undefined, recovery?: Recovery): ExecutionEvents {
  return {
    onProgress: (callback) => listen(transport, "node", "progress", (event) => callback(progressEvent(event))),
    onComplete: (callback) =>
      listen(transport, "node", "completed", (event) => callback(completeEvent(event, recovery))),
    onError: (callback) => listen(transport, "node", "error", (event) => callback(event as unknown as NodeErrorEvent)),
  };
}

/** Flows that are saved, by whomever. */
export function onFlowSaved(
  transport: RemoteTransport | undefined,
  callback: (event: FlowSavedEvent) => void,
): Unsubscribe {
  return listen(transport, "storage", "flowSaved", (event) => callback(flowSavedEvent(event)));
}

type Event = Record<string, unknown>;

/** Drops what is no event at all. */
function listen(
  transport: RemoteTransport | undefined,
  channel: string,
  name: string,
  callback: (event: Event) => void,
): Unsubscribe {
  if (transport === undefined) return () => {};
  return transport.listen(channel, name, (data) => {
    if (typeof data === "object" && data !== null) callback(data as Event);
  });
}

function progressEvent(event: Event): NodeProgressEvent {
  const nodes = Array.isArray(event.nodes) ? event.nodes.map(withDuration) : [];
  return { ...event, nodes } as unknown as NodeProgressEvent;
}

function withDuration(node: ProgressNode): ProgressNode {
  const { startTime, endTime, duration } = node;
  if (duration !== undefined || typeof startTime !== "number" || typeof endTime !== "number") return node;
  return { ...node, duration: endTime - startTime };
}

function completeEvent(event: Event, recovery: Recovery | undefined): NodeCompleteEvent {
  const result = toResult(event.result, recovery) ?? event.result;
  const output = "output" in event ? event.output : (result as ExecutionResult | undefined)?.data;
  return { ...event, result, output } as unknown as NodeCompleteEvent;
}

/** `flowId` and `timestamp` are what older code reads, `id` and `savedAt` what servers send. */
function flowSavedEvent(event: Event): FlowSavedEvent {
  const id = event.id ?? event.flowId;
  const savedAt = event.savedAt ?? timeText(event.timestamp);
  const timestamp = event.timestamp ?? Date.parse(String(savedAt));
  return { ...event, id, savedAt, flowId: event.flowId ?? id, timestamp } as unknown as FlowSavedEvent;
}

function timeText(timestamp: unknown): string | undefined {
  return typeof timestamp === "number" && Math.abs(timestamp) <= 8.64e15
    ? new Date(timestamp).toISOString()
    : undefined;
}
