/**
 * Random flows through the public API, beside a model of how they must go: retries of leaves and groups, nesting, error
 * edges, disabled nodes, and runs that go on after a failure, one node at a time and without waiting.
 *
 * `RANDOM_FLOWS` sets how many flows are run; `RANDOM_FLOW` runs the flow of that seed alone.
 *
 *     RANDOM_FLOWS=100000 npx -w @atomiton/conductor vitest run random-flows
 */
import { createConductor, type NodeDefinition } from "@atomiton/conductor/node";
import { createStorage } from "@atomiton/storage";
import { expect, it } from "vitest";
import type { Definition, Params } from "./contract/flows.js";
import { type RandomFlow, randomFlow } from "./random-flows/flow.js";
import { answerOf, digest, modelOf, plain, type Seen } from "./random-flows/model.js";
import { SEEDS } from "./random-flows/regressions.js";

const FLOWS = Number(process.env["RANDOM_FLOWS"] ?? 1000);
const ALONE = process.env["RANDOM_FLOW"];
/** Flows that run beside one another, so that their timers pass together. */
const TOGETHER = 250;

const CODE = Symbol.for("@atomiton/error-code");

/** Runs a flow and tells what was seen. Half of the leaves answer at once, half as promises. */
async function seenOf(flow: RandomFlow): Promise<Partial<Seen>> {
  const { definition, script, retries, keepsGoing } = flow;
  const starts: string[] = [];
  const calls = new Map<string, number>();
  const execute = ({ nodeId, input }: Params): unknown => {
    const call = (calls.get(nodeId) ?? 0) + 1;
    calls.set(nodeId, call);
    starts.push(`${nodeId}#${call}(${digest(input)})`);
    const answer = answerOf(script, nodeId, call);
    const late = nodeId.charCodeAt(nodeId.length - 1) % 2 === 0;
    if (answer.startsWith("fails")) {
      const error = Object.assign(
        new Error(`${nodeId}#${call}`),
        answer !== "fails" && { [CODE]: "INVALID_PARAMETERS" },
      );
      if (late) return Promise.reject(error);
      throw error;
    }
    const value = answer === "value" ? `${nodeId}#${call}:${digest(input)}` : undefined;
    return late ? Promise.resolve(value) : value;
  };
  const storage = createStorage({ type: "memory" });
  const conductor = createConductor({
    nodeExecutorFactory: { getNodeExecutable: () => ({ execute }) } as never,
    storage: storage as never,
    maxRetries: retries,
    retryDelay: 0,
  });
  if (!keepsGoing) {
    const { error, data, outputs, executedNodes } = await conductor.node.run(definition as NodeDefinition, {
      input: {},
    });
    return { starts, error: error?.message, data, outputs: outputs ?? {}, executedNodes };
  }
  await storage.save(definition.id, definition);
  const result = await conductor.execute({ flowId: definition.id, inputs: {}, config: { errorStrategy: "continue" } });
  const { error, data, outputs, metadata } = result;
  const executedNodes = metadata?.executedNodes as string[];
  // A request that failed has no outputs.
  return { starts, error: error as string | undefined, data, ...(outputs !== undefined && { outputs }), executedNodes };
}

/** Groups in which no leaf is started, because all is disabled or skipped, are over at once; nothing says when. */
function forgetIdleGroups(seen: Partial<Seen>, definition: Definition): void {
  const { starts = [], executedNodes = [], outputs = {} } = seen;
  const runs = (node: Definition): boolean =>
    node.nodes?.length ? node.nodes.some(runs) : starts.some((start) => start.startsWith(`${node.id}#`));
  const visit = (node: Definition): void => {
    if (node.nodes?.length && !runs(node)) {
      delete outputs[node.id];
      seen.executedNodes = seen.executedNodes?.filter((id) => id !== node.id) ?? executedNodes;
    }
    for (const child of node.nodes ?? []) visit(child);
  };
  visit(definition);
}

async function check(seed: number): Promise<void> {
  const flow = randomFlow(seed);
  const seen = await seenOf(flow);
  const model: Partial<Seen> = modelOf(flow);
  for (const each of [seen, model]) forgetIdleGroups(each, flow.definition);
  if (flow.keepsGoing && model.error !== undefined) delete model.outputs;
  try {
    expect(plain(seen)).toStrictEqual(plain(model));
  } catch (error) {
    const script = Object.fromEntries(flow.script);
    throw new Error(`RANDOM_FLOW=${seed}: ${JSON.stringify({ ...flow, script })}`, { cause: error });
  }
}

it("random flows go as the model says", { timeout: 3_600_000 }, async () => {
  if (ALONE !== undefined) return check(Number(ALONE));
  const seeds = [...SEEDS, ...Array.from({ length: FLOWS }, (_, seed) => seed)];
  for (let from = 0; from < seeds.length; from += TOGETHER) {
    await Promise.all(seeds.slice(from, from + TOGETHER).map(check));
  }
});
