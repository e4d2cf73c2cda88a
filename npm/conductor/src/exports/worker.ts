/**
 * What runs in a worker of a page's conductor: the engine and the node library. Importing it in a worker lets that serve
 * the conductor that starts it; anywhere else it does nothing.
 */
import { getNodeExecutable, nodeTypes } from "@atomiton/nodes/browser";
import type { NodeExecutorFactory } from "../engine/executables.js";
import { SERVE, type Summons } from "../worker/messages.js";
import { serve, type WorkerParts } from "../worker/serve.js";
import "./environment/inlined-engine.js";

let own: NodeExecutorFactory | undefined;

const parts: WorkerParts = {
  executables: { getNodeExecutable: (type) => own?.getNodeExecutable(type) ?? getNodeExecutable(type) },
  // An executable of the application may keep what it returns.
  mayTransfer: () => own === undefined,
  schemas: () => Object.fromEntries([...nodeTypes].map(([type, { parameterSchema }]) => [type, parameterSchema])),
  isClosed: () => own === undefined,
};

/**
 * Gives this worker executables of the application's own, for the types that the page does not execute itself. Those of
 * the library are there for all other types. The last one given counts.
 */
export function useExecutables(factory: NodeExecutorFactory): void {
  own = factory;
}

/** What is used of the global object of a worker. */
interface WorkerScope {
  readonly document?: unknown;
  addEventListener?(type: "message", listener: (event: { data: unknown; ports: readonly MessagePort[] }) => void): void;
}

const scope = globalThis as WorkerScope;

// A page has messages too, but from anybody.
if (scope.document === undefined) {
  scope.addEventListener?.("message", ({ data, ports: [port] }) => {
    const { type, lock } = (data ?? {}) as Partial<Summons>;
    if (type === SERVE && lock !== undefined && port !== undefined) void serve(port, lock, parts);
  });
}

export type { NodeExecutable, NodeExecutorFactory } from "../engine/executables.js";
