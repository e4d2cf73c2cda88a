import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { NodeError } from "../src/contract/error.js";
import { getNodeExecutable } from "../src/executables.js";

/** Executes a node with an input and parameters, as a conductor would. */
// biome-ignore lint/suspicious/noExplicitAny: outputs are looked at field by field
export async function run(type: string, input: unknown, parameters: Record<string, unknown> = {}): Promise<any> {
  const executable = getNodeExecutable(type);
  if (!executable) throw new Error(`no ${type}`);
  return executable.execute({ nodeId: "n", executionId: "e", variables: {}, input, ...parameters });
}

/** The error a node fails with; fails itself when the node does not. */
export async function failure(
  type: string,
  input: unknown,
  parameters: Record<string, unknown> = {},
): Promise<NodeError> {
  const output: unknown = await run(type, input, parameters).catch((error: unknown) => error);
  if (output instanceof NodeError) return output;
  throw new Error(`expected a NodeError, got ${String(output)}`);
}

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
