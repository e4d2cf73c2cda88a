/**
 * What runs in a worker of a page's conductor: the engine and the node library, without the WebAssembly modules of both,
 * which the page sends.
 */
import { executablesWith, nodeTypes } from "@atomiton/nodes/browser";
import type { NodeExecutorFactory } from "../engine/executables.js";
import { libraryTypes } from "../engine/library-types.js";
import { givenModules } from "./given-modules.js";
import { type DemandedModule, type FromWorker, type Handshake, SERVE } from "./messages.js";
import { serve, type WorkerParts } from "./serve.js";

/** The page that came last: any will do. */
let page: MessagePort | undefined;
const demanded = (name: DemandedModule) =>
  givenModules.demanded(name, () => page?.postMessage({ type: name } satisfies FromWorker));

const library = executablesWith(
  () => demanded("quickjs"),
  () => demanded("typescript"),
);
let own: NodeExecutorFactory | undefined;

const parts: WorkerParts = {
  executables: { getNodeExecutable: (type) => own?.getNodeExecutable(type) ?? library.get(type) },
  // An executable of the application may keep what it returns.
  mayTransfer: () => own === undefined,
  types: (closed) => libraryTypes(nodeTypes, closed && own === undefined),
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

/** Lets this worker serve the conductors that start it. Does nothing anywhere else. */
export function serveConductors(): void {
  const scope = globalThis as WorkerScope;
  // A page has messages too, but from anybody.
  if (scope.document !== undefined) return;
  scope.addEventListener?.("message", ({ data, ports: [port] }) => {
    const { type, lock } = (data ?? {}) as Partial<Handshake>;
    if (type !== SERVE || lock === undefined || port === undefined) return;
    page = port;
    void serve(port, lock, parts);
  });
}

export type { AnyExecutable, NodeExecutorFactory } from "../engine/executables.js";
