/** A server whose callers' executions are isolated, for tests of what that keeps and what it leaves as it is. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { expect, vi } from "vitest";

import type { ConductorConfig } from "../../src/exports/node.js";
import { createIsolation, type IsolationOptions, type ServerOptions } from "../../src/exports/server.js";
import { type Definition, group, leaf } from "../contract/flows.js";
import { serving } from "../server/serving.js";
// @ts-expect-error: a module as owners write them, which a process loads by its path
import * as exported from "./nodes.mjs";

const MODULE = fileURLToPath(new URL("nodes.mjs", import.meta.url));
const nodes = Object.values(exported) as NonNullable<ConductorConfig["nodes"]>;

/** What a request is answered with. */
export interface Answered {
  success: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: outputs of every shape
  data?: any;
  error?: string;
  metadata?: { error?: { code: string; nodeId?: string }; executedNodes: string[]; duration: number };
  code?: string;
}

/** Starts a server, by default with what callers below `admin` run isolated. */
export async function isolating(
  options: IsolationOptions = {},
  settings: ConductorConfig = {},
  { store = createMemoryExecutions(), ...server }: Partial<ServerOptions> & { store?: ExecutionStore } = {},
) {
  const isolation = createIsolation({ nodes: [MODULE], spare: 0, ...options });
  const library = { nodeExecutorFactory: undefined } as object;
  const served = await serving({ isolation, ...server }, store, { ...library, isolation, nodes, ...settings });
  /** Runs nodes one after the other, as the caller of a role. */
  const run = async (
    role: string,
    flow: Definition | string,
    body: { executionId?: string; config?: object; inputs?: object } = {},
  ): Promise<Answered> => {
    const { executionId, ...request } = body;
    const id = typeof flow === "string" ? flow : flow.id;
    if (typeof flow !== "string") await served.conductor.storage.saveFlow(flow as never);
    const context = executionId === undefined ? {} : { context: { executionId } };
    return (await (await served.post(role, "/execute", { flowId: id, ...request, ...context })).json()) as Answered;
  };
  return { ...served, run, store };
}

let count = 0;

/** A flow of nodes one after the other, under an id of its own. */
export function flowWith(...types: (string | [type: string, parameters: object, more?: object])[]): Definition {
  const nodes = types.map((given, index) => {
    const [type, parameters = {}, more = {}] = typeof given === "string" ? [given] : given;
    return { ...leaf(`n${index}`, { type, parameters: parameters as Record<string, unknown> }), ...more };
  });
  const edges = nodes.slice(1).map((_, index) => ({ id: `e${index}`, source: `n${index}`, target: `n${index + 1}` }));
  return { ...group(`flow-${++count}`, nodes), edges };
}

/** Waits until a process is gone. */
export function gone(pid: number): Promise<void> {
  return vi.waitFor(() => expect(isThere(pid), `process ${pid}`).toBe(false));
}

/** Whether a process goes on; one that ended, of which its parent does not know yet, does not. */
export function isThere(pid: number): boolean {
  try {
    if (process.platform !== "linux") return process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The pid that a node of an execution told as its progress. */
export async function pidTold(
  { conductor }: Pick<Awaited<ReturnType<typeof serving>>, "conductor">,
  executionId: string,
): Promise<number> {
  const told = await new Promise<string>((resolve) => {
    const end = conductor.node.onProgress((event) => {
      const message = event.executionId === executionId ? pidIn(event) : undefined;
      if (message === undefined) return;
      end();
      resolve(message);
    });
  });
  return Number(told);
}

function pidIn(event: unknown): string | undefined {
  return /"message":"(\d+)"/.exec(JSON.stringify(event))?.[1];
}
