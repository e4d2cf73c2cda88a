/** Processes of a world whose time stands still, for the tests of one file. */
import type { ExecutionStore, MemoryExecutions } from "@atomiton/storage";
import { afterEach, beforeAll, beforeEach, vi } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { holds, pass, settled, stopTime } from "./stopped-time.js";
import { memory, Process, type ProcessOptions, World } from "./world.js";

/** A flow of nodes one after the other. */
export const line = (id: string, ...nodes: Definition[]): never =>
  group(
    id,
    nodes,
    nodes.slice(1).map((node, index) => edge((nodes[index] as Definition).id, node.id)),
  ) as never;

/** Resolves once an execution stands so; `ms` pass between two looks. */
export const isStatus = (store: ExecutionStore, id: string, status: string, ms = 100) =>
  holds(async () => {
    if ((await store.get(id))?.status === status) return true;
    await pass(ms);
    return false;
  });

/** Keys of what was done, in order. */
export const keysOf = ({ deeds }: World) => deeds.map(({ key }) => key);

/**
 * Stops time around each test, and ends the processes that it started. What is loaded at its first use takes real time, so that `warm`
 * is run before.
 */
export function stoppedProcesses(warm: Definition = line("warm", leaf("a", { type: "pay" }))) {
  const processes: Process[] = [];
  beforeAll(async () => {
    const { conductor } = new Process(new World(), memory());
    await conductor.node.run(warm as never);
    await conductor.recover();
    await conductor.shutdown();
  });
  beforeEach(stopTime);
  afterEach(async () => {
    const all = processes.splice(0).map(({ conductor }) => conductor.shutdown());
    await settled();
    vi.useRealTimers();
    void all;
  });
  return (world: World, store: MemoryExecutions, options: ProcessOptions = {}): Process => {
    const started = new Process(world, store, options);
    processes.push(started);
    return started;
  };
}

/** The same of processes with settings, some of which crash at one of their writes, before or after it. */
export function crashingProcesses(warm: Definition) {
  const start = stoppedProcesses(warm);
  return (world: World, store: MemoryExecutions, config: object = {}, crashAt?: number, before?: boolean): Process =>
    start(world, store, {
      ...(crashAt !== undefined && { crashAt }),
      ...(before !== undefined && { before }),
      config: { ...config },
    });
}
