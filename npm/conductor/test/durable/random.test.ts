/**
 * Random flows whose processes end at random points, beside runs of the same flows that are not disturbed. A process crashes, or
 * is taken for dead and goes on writing; the one that recovers may end as well; two recover at once.
 *
 * `RANDOM_CRASHES` sets how many flows are run; `RANDOM_CRASH` runs that of one seed alone.
 *
 *     RANDOM_CRASHES=5000 npx -w @atomiton/conductor vitest run durable/random
 */
import type { ExecutionResult } from "@atomiton/conductor/desktop";
import { expect, it } from "vitest";

import type { Definition, Params } from "../contract/flows.js";
import { type RandomFlow, randomFlow } from "../random-flows/flow.js";
import { answerOf, digest } from "../random-flows/model.js";
import { seededRandom } from "../seeded-random.js";
import { memory, Process, type ProcessOptions, World } from "./world.js";

const FLOWS = Number(process.env["RANDOM_CRASHES"] ?? 150);
const ALONE = process.env["RANDOM_CRASH"];

const CODE = Symbol.for("@atomiton/error-code");
const NEVER = new Promise<never>(() => {});
const KINDS = ["writes", "reads", "none"] as const;

/** The world of one flow: its leaves answer by their script, the same for each try however often that is begun. */
class ScriptedWorld extends World {
  private readonly tries = new Map<string, number>();
  private readonly calls = new Map<string, number>();
  private nonce = 0;

  constructor(private readonly flow: RandomFlow) {
    super();
  }

  types(process: () => Process): Record<string, unknown> {
    return Object.fromEntries(
      KINDS.map((effects) => [effects, { effects, execute: (given: Params) => this.execute(effects, given, process) }]),
    );
  }

  private execute(effects: (typeof KINDS)[number], given: Params, process: () => Process): unknown {
    if (process().isDead) return NEVER;
    const { nodeId, input, idempotencyKey, attempt } = given;
    if (effects === "writes") this.do(idempotencyKey, input);
    const call = this.callOf(nodeId, `${idempotencyKey}#${attempt}`);
    const answer = answerOf(this.flow.script, nodeId, call);
    if (answer.startsWith("fails")) {
      const good = answer === "fails" ? {} : { [CODE]: "INVALID_PARAMETERS" };
      throw Object.assign(new Error(`${nodeId}#${call}`), good);
    }
    // What is read is something else each time.
    const seen = effects === "reads" ? `<${++this.nonce}>` : "";
    const value = answer === "value" ? `${nodeId}#${call}:${digest(stable(input))}${seen}` : undefined;
    const isLate = nodeId.charCodeAt(nodeId.length - 1) % 2 === 0;
    return isLate ? Promise.resolve().then(() => (process().isDead ? NEVER : value)) : value;
  }

  private callOf(nodeId: string, attempt: string): number {
    const known = this.tries.get(attempt);
    if (known !== undefined) return known;
    const call = (this.calls.get(nodeId) ?? 0) + 1;
    this.calls.set(nodeId, call);
    this.tries.set(attempt, call);
    return call;
  }
}

/** A value without what was read. */
function stable(value: unknown): unknown {
  if (value === undefined) return undefined;
  return JSON.parse(
    JSON.stringify(value, (_, part) => (part?.executionId === undefined ? part : `!${part.message}`)).replace(
      /<\d+>/g,
      "",
    ),
  );
}

/** The flow with leaves that differ in what they do to the world. */
function withEffects({ nodes, ...node }: Definition, next = { leaf: 0 }): Definition {
  if (nodes === undefined) return { ...node, type: KINDS[next.leaf++ % KINDS.length] as string };
  return { ...node, nodes: nodes.map((child) => withEffects(child, next)) };
}

const told = ({ error, data, outputs, executedNodes }: ExecutionResult) =>
  stable({ error: error?.message, data, outputs, executedNodes });

/** Whole numbers below a limit. */
function generator(seed: number): (below: number) => number {
  const random = seededRandom(seed);
  return (below) => Math.floor(random() * below);
}

/** Runs the flow of a seed to its end, over processes that end at random points; how many of them did. */
async function disturb(seed: number): Promise<number> {
  const flow = randomFlow(seed);
  const definition = withEffects(flow.definition) as never;
  const random = generator(seed);
  const durability = random(4) === 0 ? "relaxed" : "strict";
  const processOver = (world: ScriptedWorld, store: ReturnType<typeof memory>, options: ProcessOptions = {}) => {
    const types = world.types(() => made);
    const config = { maxRetries: flow.retries, retryDelay: 0, durability };
    const made: Process = new Process(world, store, { ...options, types, config });
    return made;
  };

  const quiet = new ScriptedWorld(flow);
  const whole = processOver(quiet, memory());
  const expected = told(await whole.conductor.node.run(definition, { executionId: "run" }));

  const world = new ScriptedWorld(flow);
  const first = memory();
  const stale: Promise<ExecutionResult>[] = [];
  let ended = 0;
  for (let kill = 0; kill < 1 + random(2); kill++) {
    const isStale = random(4) === 0;
    const options = { crashAt: random(whole.writes + 1), before: random(2) === 0, isStale };
    const process = processOver(world, memory(first), options);
    const run = carryOn(process, definition);
    const isOver = await Promise.race([run.then(() => true), process.death.then(() => false)]);
    if (isOver) break;
    ended++;
    if (isStale) stale.push(run);
  }
  // Two recover at once; one of them has it, or both are told how it ended.
  const last = [processOver(world, memory(first)), processOver(world, memory(first))] as const;
  const found = await Promise.all(last.map(({ conductor }) => conductor.recover()));
  const resumed = found.flatMap(({ resumed }) => resumed);
  expect(found.flatMap(({ blocked }) => blocked)).toEqual([]);
  expect(resumed.length).toBeLessThanOrEqual(1);
  const result = (await resumed[0]?.result) ?? (await carryOn(last[0], definition));
  expect(told(result)).toEqual(expected);

  for (const run of stale) {
    const ended = await run;
    const { code, message } = ended.error ?? {};
    if (code === "INTERNAL_ERROR") expect(message).toMatch(/another process has taken it over|it was ended elsewhere/);
    else if (code !== "INVALID_PARAMETERS") expect(told(ended)).toEqual(expected);
  }
  if (durability === "strict") {
    expect(world.keysWithTwoInputs()).toEqual([]);
    expect(new Set(world.deeds.map(({ key }) => key))).toEqual(new Set(quiet.deeds.map(({ key }) => key)));
  }
  const row = await first.get("run");
  expect(row?.status).toBe(result.error === undefined ? "completed" : "failed");
  const records = await first.records("run");
  expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, at) => at + 1));
  const epochs = records.map(({ epoch }) => epoch);
  expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
  // What was recorded leads to the same end once more.
  const again = await processOver(world, memory(first)).conductor.node.run(definition, { executionId: "run" });
  expect(told(again)).toEqual(expected);
  return ended;
}

/** Goes on with the execution, or begins it. */
async function carryOn({ conductor }: Process, definition: never): Promise<ExecutionResult> {
  const { resumed } = await conductor.recover();
  return (await resumed[0]?.result) ?? conductor.node.run(definition, { executionId: "run" });
}

const seeds = ALONE === undefined ? Array.from({ length: FLOWS }, (_, seed) => seed) : [Number(ALONE)];

it(`${seeds.length} random flows end as if nothing had happened`, async () => {
  let ended = 0;
  for (const seed of seeds) {
    try {
      ended += await disturb(seed);
    } catch (error) {
      throw Object.assign(error as Error, { message: `RANDOM_CRASH=${seed}: ${(error as Error).message}` });
    }
  }
  if (ALONE === undefined) expect(ended).toBeGreaterThan(seeds.length / 4);
});
