/** The smallest way to run something: functions in a row, each fed with what the one before gave. */
import { messageOf } from "@atomiton/values";
import { isolator } from "../events/isolate.js";

/** A step: its function, with a name. */
export interface SimpleNode {
  id: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: what comes in is whatever the step before gave, which only the author knows.
  execute(input: any): Promise<unknown>;
}

/** Steps in the order in which they are executed. */
export interface SimpleBlueprint {
  id: string;
  nodes: SimpleNode[];
}

/** Another name of the same. */
export type SimpleComposite = SimpleBlueprint;

/** How it ended. */
export interface SimpleResult {
  success: boolean;
  /** What the last step gave; without steps, the input. */
  outputs?: unknown;
  /** Message of what the failing step threw. */
  error?: string;
}

/** Executes steps. Both methods do the same, and never reject. */
export interface SimpleExecutorInstance {
  executeBlueprint(blueprint: SimpleBlueprint, input?: unknown): Promise<SimpleResult>;
  executeComposite(composite: SimpleComposite, input?: unknown): Promise<SimpleResult>;
}

/** Settings of an executor. */
export interface SimpleExecutorOptions {
  /** Gets `Executing node: <id>` before each step. Nothing is written without it. */
  log?: (message: string) => void;
}

/** Executes steps one after the other, up to the first that throws. */
export class SimpleExecutor implements SimpleExecutorInstance {
  readonly #log: SimpleExecutorOptions["log"];

  constructor(options: SimpleExecutorOptions = {}) {
    this.#log = options.log;
  }

  async executeBlueprint(blueprint: SimpleBlueprint, input?: unknown): Promise<SimpleResult> {
    return executeInOrder(blueprint, input, this.#log);
  }

  async executeComposite(composite: SimpleComposite, input?: unknown): Promise<SimpleResult> {
    return executeInOrder(composite, input, this.#log);
  }
}

/** An executor whose methods work without it. */
export function createSimpleExecutor(options: SimpleExecutorOptions = {}): SimpleExecutorInstance {
  const execute = (blueprint: SimpleBlueprint, input?: unknown) => executeInOrder(blueprint, input, options.log);
  return { executeBlueprint: execute, executeComposite: execute };
}

/** A step from a function, which becomes its `execute` as it is. */
export function createSimpleNode(
  id: string,
  type: string,
  // biome-ignore lint/suspicious/noExplicitAny: see `SimpleNode.execute`.
  logic: (input: any) => Promise<unknown>,
): SimpleNode {
  return { id, type, execute: logic };
}

async function executeInOrder(
  blueprint: SimpleBlueprint,
  input: unknown,
  log: SimpleExecutorOptions["log"],
): Promise<SimpleResult> {
  try {
    let value = input;
    for (const node of blueprint.nodes) {
      if (log) isolate(log, () => log(`Executing node: ${node.id}`));
      value = await node.execute(value);
    }
    return { success: true, outputs: value };
  } catch (error) {
    return { success: false, error: messageOf(error) };
  }
}

const isolate = isolator({ error: (...text) => console.error(...text) }, "The log of a simple executor");
