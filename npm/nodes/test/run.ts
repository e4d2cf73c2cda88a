import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { getNodeExecutable as executableOfPage } from "../src/browser.js";
import { NodeError } from "../src/contract/error.js";
import type { NodeExecutable } from "../src/contract/executable.js";
import { getNodeExecutable as executableOfMachine } from "../src/executables.js";

/** Where nodes run, and how tests run them there. */
export interface TestedPlace {
  name: string;
  /** Executes a node with an input and parameters, as a conductor would. */
  // biome-ignore lint/suspicious/noExplicitAny: outputs are looked at field by field
  run(type: string, input: unknown, parameters?: Record<string, unknown>): Promise<any>;
  /** The error a node fails with; fails itself when the node does not. */
  failure(type: string, input: unknown, parameters?: Record<string, unknown>): Promise<NodeError>;
}

/** A machine, and a page where no worker can be started: Node has none of a page's. */
export const places: readonly TestedPlace[] = [
  placeOf("a machine", executableOfMachine),
  placeOf("a page", executableOfPage),
];

export const { run, failure } = places[0] as TestedPlace;

function placeOf(name: string, getNodeExecutable: (type: string) => NodeExecutable | undefined): TestedPlace {
  const run: TestedPlace["run"] = async (type, input, parameters = {}) => {
    const executable = getNodeExecutable(type);
    if (!executable) throw new Error(`no ${type}`);
    return executable.execute({ nodeId: "n", executionId: "e", variables: {}, input, ...parameters });
  };
  const failure: TestedPlace["failure"] = async (type, input, parameters) => {
    const output: unknown = await run(type, input, parameters).catch((error: unknown) => error);
    if (output instanceof NodeError) return output;
    throw new Error(`expected a NodeError, got ${String(output)}`);
  };
  return { name, run, failure };
}

/** Deadline of what is not to reach one, in ms: no machine may be so busy that it does. */
export const PATIENCE = 600_000;

/** A folder that goes when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nodes-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Whether nobody has read this property of an output backed by a table. */
export function isUnread(output: object, key: string): boolean {
  return Object.getOwnPropertyDescriptor(output, key)?.get !== undefined;
}

/** A CSV of orders: about 100 bytes a row. */
export function ordersCsv(rows: number): string {
  const regions = ["north", "south", "east", "west", "centre"];
  const lines = ["id,region,customer,product,quantity,price,status,comment"];
  for (let i = 0; i < rows; i++) {
    const status = i % 3 === 0 ? "open" : "closed";
    lines.push(
      `${i},${regions[i % 5]},customer-${i % 977},product-${i % 89},${(i % 7) + 1},${(i % 1000) / 10},${status},"comment ${i}, with a delimiter and more words in it"`,
    );
  }
  return `${lines.join("\n")}\n`;
}
