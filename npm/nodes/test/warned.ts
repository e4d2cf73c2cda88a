import type { NodeExecutable } from "../src/contract/executable.js";
import { getNodeExecutable } from "../src/index.js";
import type { TestedPlace } from "./run.js";

/** What a node warns of, as `[rule, message]`. */
export async function warned(
  run: TestedPlace["run"],
  type: string,
  input: unknown,
  parameters: Record<string, unknown> = {},
): Promise<[string, string][]> {
  const warnings: [string, string][] = [];
  await run(type, input, { ...parameters, warn: (rule: string, message: string) => warnings.push([rule, message]) });
  return warnings;
}

/** What a node gives and warns of, called as a conductor does: with what an attempt knows on the prototype. */
export async function outcome(
  type: string,
  input: unknown,
  parameters: Record<string, unknown> = {},
  attempt: Record<string, unknown> = {},
  // biome-ignore lint/suspicious/noExplicitAny: outputs are looked at field by field
): Promise<{ output: any; warnings: [rule: string, message: string][] }> {
  const warnings: [string, string][] = [];
  const warn = (rule: string, message: string) => void warnings.push([rule, message]);
  const context = { nodeId: "n", executionId: "e", variables: {}, input };
  const params = Object.assign(Object.create({ warn, ...attempt }), context, parameters);
  const output: unknown = await (getNodeExecutable(type) as NodeExecutable).execute(params);
  return { output, warnings };
}
