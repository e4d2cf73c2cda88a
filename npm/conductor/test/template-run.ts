/** Runs templates with variables of a test's own, in a folder that each test has to itself. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Conductor, createConductor, type ExecutionResult } from "@atomiton/conductor/desktop";
import { nodeExecutableRegistry } from "@atomiton/nodes/executables";
import { afterEach, beforeEach, expect } from "vitest";

/** The folder and the conductor of the test that runs. */
export const place: { folder: string; conductor: Conductor } = { folder: "", conductor: undefined as never };

beforeEach(() => {
  place.folder = mkdtempSync(join(tmpdir(), "templates-"));
  place.conductor = createConductor({ logLevel: "error" });
});
afterEach(async () => {
  await place.conductor.shutdown();
  rmSync(place.folder, { recursive: true, force: true });
});

/** A path in the folder. */
export const at = (...parts: string[]) => join(place.folder, ...parts);
/** The text of a file in the folder. */
export const read = (...parts: string[]) => readFileSync(at(...parts), "utf8");
/** What a file in the folder holds as JSON. */
export const readJson = (...parts: string[]) => JSON.parse(read(...parts)) as unknown;

/** Runs a template. */
export async function run(slug: string, variables: Record<string, unknown>): Promise<ExecutionResult> {
  const { flow } = place.conductor;
  return flow.run(await flow.loadFlow(slug), { variables });
}

/** The same, and demands that it succeeds without a warning. */
export async function runWell(slug: string, variables: Record<string, unknown>): Promise<void> {
  const { error, warnings = [] } = await run(slug, variables);
  expect([error, warnings]).toEqual([undefined, []]);
}

/** Runs a node type alone. */
export async function node<Output>(type: string, parameters: Record<string, unknown>): Promise<Output> {
  return (await nodeExecutableRegistry.get(type)?.execute(parameters)) as Output;
}
