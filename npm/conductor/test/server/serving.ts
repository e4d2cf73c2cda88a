/** A server that listens, for tests of what callers get. */
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { onTestFinished } from "vitest";

import { type ConductorConfig, createConductor } from "../../src/exports/node.js";
import { type Caller, createServer, type ServerOptions } from "../../src/exports/server.js";
import { type Definition, group, leaf } from "../contract/flows.js";

/** Keys of callers of each role. */
export const KEYS: Readonly<Record<string, Caller>> = {
  "key-of-vera": { name: "vera", role: "viewer" },
  "key-of-ron": { name: "ron", role: "runner" },
  "key-of-edna": { name: "edna", role: "editor" },
  "key-of-ada": { name: "ada", role: "admin" },
};

/** Who has a key. */
export function byKey(request: Request): Caller | undefined {
  return KEYS[/^Bearer (.*)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? ""];
}

/** The key of a role. */
export function keyOf(role: string): string {
  return Object.entries(KEYS).find(([, caller]) => caller.role === role)?.[0] ?? "";
}

interface Given {
  input?: unknown;
  variables?: unknown;
  progress?(percent: number, message: string): void;
}

/** What nodes do, by type: `say` answers with its input, `hold` when `release` is called. */
export function bodies() {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const calls: unknown[] = [];
  const executables: Record<string, (params: Given) => unknown> = {
    say: ({ input }) => {
      calls.push(input);
      return { said: input };
    },
    hold: async () => {
      await released;
      return "held";
    },
    /** The variables of the run. */
    variables: ({ variables }) => variables,
    /** Says how far it is, and goes on when `release` is called. */
    slow: async ({ progress }) => {
      progress?.(40, "nearly half");
      await released;
      return "slow";
    },
    /** What JSON cannot hold. */
    bigint: () => ({ amount: 2n ** 70n }),
    map: () => new Map([["a", 1]]),
    cyclic: () => {
      const found: Record<string, unknown> = {};
      found.self = found;
      return found;
    },
    /** What some commands answer with where they refuse. */
    refusal: () => ({ success: false, error: "sold out" }),
    /** A mebibyte. */
    large: () => "x".repeat(2 ** 20),
    fail: () => {
      throw new Error("it fails");
    },
  };
  return { executables, release, calls };
}

/** Starts a server for a conductor with a store in memory; both end with the test. */
export async function serving(
  options: Partial<ServerOptions> = {},
  store: ExecutionStore = createMemoryExecutions(),
  settings: ConductorConfig = {},
) {
  const { executables, release, calls } = bodies();
  const conductor = createConductor({
    transport: "local",
    store,
    nodeExecutorFactory: { getNodeExecutable: (type) => executables[type] && { execute: executables[type] as never } },
    ...settings,
  });
  const who = options.open === undefined ? { authenticate: byKey } : {};
  const server = createServer({ conductor, durable: true, ...who, ...options });
  const { apiUrl, port, close } = await server.listen({ port: 0 });
  onTestFinished(async () => {
    release();
    server.close();
    await close(0);
    await conductor.shutdown();
  });
  /** Asks as the caller of a role; `null` for a stranger. */
  const ask = (role: string | null, path: string, { headers, ...init }: RequestInit = {}) =>
    fetch(apiUrl + path, {
      ...init,
      headers: {
        ...(role !== null && { authorization: `Bearer ${keyOf(role)}` }),
        ...(init.body != null && { "content-type": "application/json" }),
        ...headers,
      },
    });
  const post = (role: string | null, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    ask(role, path, { method: "POST", headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  return { conductor, server, apiUrl, port, close, ask, post, release, calls };
}

/** A flow of one node. */
export function flowOf(type: string, id = "f"): Definition {
  return group(id, [leaf("a", { type })]);
}
