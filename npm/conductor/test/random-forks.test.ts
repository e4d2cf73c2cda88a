/**
 * Random flows that are run, changed and forked: a fork must give what a run of the changed flow gives, and call what a plain model
 * says, no more and no less.
 *
 * `RANDOM_FORKS` sets how many there are; `RANDOM_FORK` runs the one of that seed alone.
 *
 *     RANDOM_FORKS=20000 npx -w @atomiton/conductor vitest run random-forks
 */
import { createConductor, type NodeDefinition } from "@atomiton/conductor/node";
import { routed } from "@atomiton/nodes";
import { createMemoryExecutions } from "@atomiton/storage";
import { expect, it } from "vitest";
import type { Params } from "./contract/flows.js";
import { digest, plain } from "./random-flows/model.js";
import { nodesIn, type RandomFork, randomFork } from "./random-forks/flow.js";
import { callsOfFork } from "./random-forks/model.js";

const FORKS = Number(process.env["RANDOM_FORKS"] ?? 600);
const ALONE = process.env["RANDOM_FORK"];
const CODE = Symbol.for("@atomiton/error-code");

const noIds = ({ error, data, outputs, executedNodes }: Record<string, unknown>) => ({
  error: (error as Error | undefined)?.message,
  data: plain(data),
  outputs: plain(outputs),
  executedNodes,
});

/** Runs, changes and forks; what is seen of the fork, and what should be. */
async function seenOf(random: RandomFork) {
  const { flow, broken, concurrency, changes } = random;
  let calls: string[] = [];
  let ended = new Set<string>();
  let failed: { path: string; nodeId: string }[] = [];
  let isMended = false;
  const execute = ({ executionId, nodeId, input, size, fails, routes }: Params): unknown => {
    const path = executionId.slice(executionId.indexOf("/") + 1);
    calls.push(path);
    const answer = () => {
      if (fails === true || (nodeId === broken && !isMended)) {
        failed.push({ path, nodeId });
        throw Object.assign(new Error(`${nodeId} fails`), { [CODE]: "INVALID_PARAMETERS" });
      }
      ended.add(path);
      const value = `${nodeId}.${String(size)}(${digest(input)})`;
      return routes === undefined ? value : routed({ yes: value, no: value }, [routes as string]);
    };
    return nodeId.charCodeAt(nodeId.length - 1) % 2 === 0 ? Promise.resolve().then(answer) : answer();
  };
  const settings = {
    nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "none", execute }) },
    maxRetries: 0,
    concurrency,
  };
  const store = createMemoryExecutions();
  const conductor = createConductor({ ...settings, store } as never);
  const old = await conductor.node.run(flow as NodeDefinition, { executionId: "old", input: {} });
  // With several at once, what was in flight beside a failure is a matter of time.
  const isParallel = concurrency > 1 || nodesIn(flow).some(({ type }) => type === "parallel");
  if (isParallel && failed.length > 0) return undefined;
  const cause = old.error?.nodeId;
  const isUnhandled = (nodeId: string) => !old.success && cause === nodeId;
  const unhandled = failed.filter(({ nodeId }) => isUnhandled(nodeId)).at(-1);
  // Of a catch and a finally that both fail, the flow deals with neither.
  const finals = nodesIn(flow).filter(({ id }) => nodesIn(flow).some((node) => node.parameters?.["finally"] === id));
  if (finals.some((node) => nodesIn(node).some(({ id }) => id === unhandled?.nodeId))) return undefined;
  for (const one of failed) if (one !== unhandled) ended.add(one.path);
  const completed = ended;
  // A failure that the flow dealt with is kept, and so would not be mended.
  const breaks = failed.filter(({ nodeId }) => nodeId === broken);
  isMended = breaks.length === 1 && breaks[0] === unhandled;
  if (!isMended && unhandled?.nodeId === broken && breaks.length > 0) return undefined;

  calls = [];
  ended = new Set();
  failed = [];
  const { executionId } = await conductor.executions.fork("old", changes as never);
  const forked = await conductor.executions.result(executionId);
  const called = calls;

  const changed = structuredClone(changes.flow ?? flow);
  for (const node of nodesIn(changed)) Object.assign(node.parameters ?? {}, changes.parameters?.[node.id]);
  calls = [];
  const fresh = await createConductor(settings as never).node.run(changed as NodeDefinition, {
    input: (changes.input ?? {}) as Record<string, unknown>,
  });
  if (isParallel && failed.length > 0) return undefined;
  // The records lead to the same once more, without a call.
  const counted = calls.length;
  const again = await conductor.executions.result(executionId);
  expect(calls.length).toBe(counted);
  const expected = callsOfFork(random, changed, calls, completed);
  const seen = { ...noIds(forked as never), again: noIds(again as never), calls: [...called].sort() };
  const ends = noIds(fresh as never);
  return {
    seen,
    expected: { ...ends, again: ends, calls: [...expected].sort() },
    called: called.length,
    all: calls.length,
  };
}

it("a fork gives what a run of its flow gives, and calls what is affected", async () => {
  const seeds = ALONE === undefined ? Array.from({ length: FORKS }, (_, seed) => seed) : [Number(ALONE)];
  let looked = 0;
  let reused = 0;
  for (const seed of seeds) {
    const found = await seenOf(randomFork(seed)).catch((error: Error) => {
      throw new Error(`seed ${seed}: ${error.stack}`);
    });
    if (found === undefined) continue;
    looked++;
    reused += found.all - found.called;
    expect(found.seen, `seed ${seed}`).toEqual(found.expected);
  }
  // Otherwise nothing was looked at.
  if (ALONE === undefined) {
    expect(looked).toBeGreaterThan(FORKS / 2);
    expect(reused).toBeGreaterThan(FORKS);
  }
});
