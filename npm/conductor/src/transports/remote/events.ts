/** Events of executions and flows on the other side. What older servers leave out is filled in. */
import { messageOf } from "@atomiton/values";
import type { ExecutionEvents, Unsubscribe } from "../../types/api.js";
import type { ExecutionResult } from "../../types/execution.js";
import type { FlowDeletedEvent } from "../../types/flow.js";
import type {
  FlowSavedEvent,
  NodeCompleteEvent,
  NodeErrorEvent,
  NodeProgressEvent,
  ProgressNode,
} from "../../types/progress-event.js";
import type { RemoteTransport } from "../../types/transport.js";
import { type Recovery, toResult } from "./result.js";

export interface RemoteEventsOptions {
  recovery?: Recovery | undefined;
  /** Told the first time that a listener fails. */
  warn: Warn;
}

/** Where failures of listeners are told. */
export type Warn = (message: string) => void;

/** Without a transport nothing is ever told. */
export function remoteEvents(
  transport: RemoteTransport | undefined,
  { recovery, warn }: RemoteEventsOptions,
): ExecutionEvents {
  const on = (name: string, callback: (event: Event) => void) => listen(transport, "node", name, callback, warn);
  return {
    onProgress: (callback) => on("progress", (event) => callback(progressEvent(event))),
    onComplete: (callback) => on("completed", (event) => callback(completeEvent(event, recovery))),
    onError: (callback) => on("error", (event) => callback(event as unknown as NodeErrorEvent)),
  };
}

/** Flows that are saved, by whomever. */
export function onFlowSaved(
  transport: RemoteTransport | undefined,
  callback: (event: FlowSavedEvent) => void,
  warn: Warn,
): Unsubscribe {
  return listen(transport, "storage", "flowSaved", (event) => callback(flowSavedEvent(event)), warn);
}

/** Flows that are deleted, by whomever. */
export function onFlowDeleted(
  transport: RemoteTransport | undefined,
  callback: (event: FlowDeletedEvent) => void,
  warn: Warn,
): Unsubscribe {
  return listen(transport, "storage", "flowDeleted", (event) => callback(event as unknown as FlowDeletedEvent), warn);
}

type Event = Record<string, unknown>;

/** A listener that hurts nobody, now or later; the first time that it fails is told. Data is not, it may hold secrets. */
export function isolated<T>(name: string, listener: (data: T) => unknown, warn: Warn): (data: T) => void {
  let told = false;
  const fail = (error: unknown) => {
    if (!told) warn(`[CONDUCTOR] A listener of ${name} failed: ${messageOf(error)}`);
    told = true;
  };
  return (data) => {
    try {
      const answer = listener(data);
      // An async listener fails later; that must not end the process either.
      if (answer instanceof Promise) answer.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

/** Drops what is no event at all. */
export function listen(
  transport: RemoteTransport | undefined,
  channel: string,
  name: string,
  callback: (event: Event) => void,
  warn: Warn,
): Unsubscribe {
  if (transport === undefined) return () => {};
  const listener = isolated(`${channel}.${name}`, callback, warn);
  return transport.listen(channel, name, (data) => {
    if (typeof data === "object" && data !== null) listener(data as Event);
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
