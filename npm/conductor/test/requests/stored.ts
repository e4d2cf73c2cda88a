/** Conductors over stored flows, for the tests of what callers ask of them. */
import { type Conductor, type ConductorConfig, createConductor, type NodeDefinition } from "@atomiton/conductor/node";
import { createStorage, type StorageEngine } from "@atomiton/storage";
import { afterEach, vi } from "vitest";
import { type Body, byId, type Definition, pass, turns } from "../contract/flows.js";

export type Flow = Definition & Record<string, unknown>;

const made: { shutdown(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.shutdown();
});

/** Shuts a conductor down after the test. */
export function ending<T extends { shutdown(): Promise<void> }>(conductor: T): T {
  made.push(conductor);
  return conductor;
}

/** A storage in memory that holds flows under their ids. */
export async function storageOf(...flows: Definition[]): Promise<StorageEngine> {
  const storage = createStorage({ type: "memory" });
  for (const flow of flows) await storage.save(flow.id, flow);
  return storage;
}

/** What a test says of a conductor: how its nodes behave, and its settings. */
export interface Setting extends Omit<ConductorConfig, "storage" | "nodeExecutorFactory"> {
  flows?: Definition[];
  /** Runs every node, whatever its type. */
  body?: Body;
  storage?: unknown;
}

/** A conductor that knows some flows, and whose every node is run by `body`. */
export async function conductorOf({
  flows = [],
  body = byId({}),
  storage,
  ...config
}: Setting = {}): Promise<Conductor> {
  const nodeExecutorFactory = {
    getNodeExecutable: () => ({ execute: async (params: never) => body(params) }),
  };
  const settings = { ...config, nodeExecutorFactory, storage: storage ?? (await storageOf(...flows)) };
  return ending(createConductor(settings as ConductorConfig));
}

/** A definition as the types of the package see it. */
export const asNode = (definition: Definition): NodeDefinition => definition as NodeDefinition;

/** A body that fails as often as asked for, then answers. */
export function failing(times: number, answer: unknown = "done", error: () => unknown = () => new Error("boom")) {
  let left = times;
  return vi.fn<Body>(() => {
    if (left > 0) {
      left -= 1;
      throw error();
    }
    return answer;
  });
}

/** The clock of the machine, which goes on while that of the tests stands still. */
const { hrtime } = process;
/** How long `until` waits, in s. */
const LIMIT = 60;

/** Waits for what happens on sockets and files while the clock stands still. */
export async function until(happened: () => boolean, what = "it"): Promise<void> {
  const start = hrtime();
  while (!happened()) {
    if (hrtime(start)[0] >= LIMIT) throw new Error(`${what} did not happen within ${LIMIT} s`);
    await turns(1);
  }
}

/** Moves the stopped clock forward by seconds, one after the other, so that what takes turns in between is not overtaken. */
export async function seconds(count: number): Promise<void> {
  for (let second = 0; second < count; second += 1) await pass(1000);
}
