/** A flow under everything that can happen to it, from seeds: late answers, failures, hangs, crashes. In virtual time. */

import { isDeepStrictEqual } from "node:util";
import { messageOf } from "@atomiton/values";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionResult } from "../types/execution.js";
import { type Disturbance, drawn, type Likelihoods, nameOf, type Schedule, scheduleText } from "./schedule.js";
import { type Around, inTime, perform, type TestOptions } from "./stage.js";
import { type Passing, StuckError } from "./virtual-time.js";

/** A call that a simulation saw. */
export interface SimulatedCall {
  /** Path, try and life, as schedules name it: `each[3]/fetch#2`. */
  call: string;
  /** The same for each try, and after a crash. */
  idempotencyKey: string;
  /** Whether the node did its work. */
  worked: boolean;
}

/** What `check` is given. */
export interface SimulatedRun {
  /** Missing for a schedule that was given. */
  seed?: number;
  result: ExecutionResult;
  /** In the order in which they began. */
  calls: SimulatedCall[];
  schedule: Schedule;
}

/** How a flow is simulated. Likelihoods are in percent of the calls; `true` stands for the usual one. */
export interface SimulationOptions extends Omit<TestOptions, "time" | "http"> {
  /** How many runs, from seed 1 on, or which seeds. Default 100. */
  seeds?: number | readonly number[];
  /** Answers come late, and so in another order. Default true, 50 %. */
  reorder?: boolean | number;
  /** Calls fail, before or after they did their work. Default false; usual 10 %. */
  failure?: boolean | number;
  /** Calls are never answered. Default false; usual 5 %. */
  timeout?: boolean | number;
  /** The process ends in the middle, and the flow begins anew. Default false; usual 3 %. */
  crash?: boolean | number;
  /** How many nodes run at once. Default 4. */
  concurrency?: number;
  /** Called before every run, to set back what executables and mocks keep. */
  setup?: () => unknown;
  /** Called after every run; throws when something is not as it has to be. */
  check?: (run: SimulatedRun) => unknown;
  /** Runs this schedule alone, as a failure printed it. */
  schedule?: Schedule;
}

/** What a simulation saw, when nothing was wrong. */
export interface SimulationReport {
  runs: number;
  /** Disturbances in all of them. */
  disturbances: number;
}

/** A flow did not stand what was done to it. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";

  constructor(
    message: string,
    /** The shortest schedule that was found under which it fails. */
    readonly schedule: Schedule,
    /** The seed that found it; missing for a schedule that was given. */
    readonly seed: number | undefined,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** Runs that are made at most to find a shorter schedule. */
const MOST_TRIES = 300;

/** Crashes in one run; after them its process stays. */
const MOST_LIVES = 4;

/**
 * Runs a flow once undisturbed, then once per seed with disturbances, and checks each time that it ends, that it ends as
 * the undisturbed run did wherever no node failed for good, and what `check` says.
 *
 * @throws SimulationError with the seed and the shortest schedule that breaks it
 * @throws Error when the flow fails although nothing was done to it
 */
export function simulateFlow(flow: NodeDefinition, options: SimulationOptions = {}): Promise<SimulationReport> {
  return inTime("virtual", (passing) => new Simulation(flow, options, passing).run());
}

/** What went wrong in a run. */
interface Finding {
  message: string;
  cause: unknown;
}

/** One run with its disturbances. */
interface Trial {
  finding: Finding | undefined;
  schedule: Schedule;
}

class Simulation {
  private readonly likely: Likelihoods;
  private reference: ExecutionResult | undefined;

  constructor(
    private readonly flow: NodeDefinition,
    private readonly options: SimulationOptions,
    private readonly passing: Passing,
  ) {
    const { reorder = true, failure = false, timeout = false, crash = false } = options;
    const failing = percent(failure, 10, "failure");
    this.likely = {
      late: percent(reorder, 50, "reorder"),
      fails: failing / 2,
      loses: failing / 2,
      hangs: percent(timeout, 5, "timeout"),
      crash: percent(crash, 3, "crash"),
    };
  }

  async run(): Promise<SimulationReport> {
    const { schedule, seeds = 100 } = this.options;
    await this.runUndisturbed();
    if (schedule !== undefined) {
      const { finding } = await this.tryOut(new Map(schedule.map((one) => [one.call, one])), undefined);
      if (finding !== undefined) throw this.failed(finding, schedule, undefined);
      return { runs: 1, disturbances: schedule.length };
    }
    const report = { runs: 0, disturbances: 0 };
    for (const seed of typeof seeds === "number" ? upTo(seeds) : seeds) {
      const trial = await this.tryOut((call) => drawn(seed, call, this.likely), seed);
      report.runs++;
      report.disturbances += trial.schedule.length;
      if (trial.finding !== undefined) {
        const shortest = await this.shortened(trial as Trial & { finding: Finding });
        throw this.failed(shortest.finding, shortest.schedule, seed);
      }
    }
    return report;
  }

  private async runUndisturbed(): Promise<void> {
    await this.options.setup?.();
    const config = { ...this.options.config, concurrency: 1 };
    const result = await perform(this.flow, { ...this.options, config }, this.passing);
    if (!result.success) {
      const { code, message, nodeId } = result.error ?? {};
      throw new Error(`The flow fails although nothing is done to it: ${code} at "${nodeId}": ${message}`);
    }
    this.reference = result;
  }

  private async tryOut(
    source: Map<string, Disturbance> | ((call: string) => Disturbance | undefined),
    seed: number | undefined,
  ): Promise<Trial> {
    const disturbanceOf = typeof source === "function" ? source : (call: string) => source.get(call);
    await this.options.setup?.();
    const applied: Schedule = [];
    const calls: SimulatedCall[] = [];
    /** By path: whether the last try was kept from being answered. */
    const disturbed = new Map<string, boolean>();
    try {
      const result = await this.live(1, (life) => this.disturbing(disturbanceOf, life, applied, calls, disturbed));
      const run = { ...(seed !== undefined && { seed }), result, calls, schedule: applied };
      const isHurt = [...disturbed.values()].includes(true);
      return { schedule: applied, finding: (isHurt ? undefined : this.differs(result)) ?? (await this.checked(run)) };
    } catch (error) {
      const hanging = applied.filter(({ does }) => does === "hangs").map(({ call }) => `"${call.replace(/#.*/s, "")}"`);
      const message =
        error instanceof StuckError && hanging.length > 0
          ? `it never ends: ${hanging.join(", ")} is not answered, and has no \`policy.timeout\``
          : (error as Error).message;
      return { schedule: applied, finding: { message, cause: error } };
    }
  }

  /** Runs the flow, and again each time that the process ends in the middle. */
  private live(life: number, disturbing: (life: Life) => Around): Promise<ExecutionResult> {
    return new Promise((resolve, reject) => {
      const one: Life = {
        number: life,
        over: false,
        end: () => {
          one.over = true;
          this.live(life + 1, disturbing).then(resolve, reject);
        },
      };
      const config = { ...this.options.config, concurrency: this.options.concurrency ?? 4 };
      perform(this.flow, { ...this.options, config }, this.passing, disturbing(one)).then(
        (result) => one.over || resolve(result),
        (error) => one.over || reject(error),
      );
    });
  }

  private disturbing(
    disturbanceOf: (call: string) => Disturbance | undefined,
    life: Life,
    applied: Schedule,
    calls: SimulatedCall[],
    disturbed: Map<string, boolean>,
  ): Around {
    return async (call, execute) => {
      if (life.over) return silence();
      const name = nameOf(call, life.number);
      const seen: SimulatedCall = { call: name, idempotencyKey: String(call.params.idempotencyKey), worked: false };
      calls.push(seen);
      const disturbance = disturbanceOf(name);
      const does = disturbance?.does === "crash" && life.number >= MOST_LIVES ? undefined : disturbance?.does;
      if (disturbance !== undefined && does !== undefined) applied.push(disturbance);
      disturbed.set(call.path, does === "fails" || does === "loses" || does === "hangs");
      if (does === "fails") throw new Error(`"${call.path}" was made to fail`);
      const answer = execute();
      if (disturbance?.does === "late")
        await answer.then(
          () => pause(disturbance.ms),
          () => pause(disturbance.ms),
        );
      const value = await answer;
      seen.worked = true;
      if (life.over) return silence();
      if (does === "loses") throw new Error(`The answer of "${call.path}" was made to be lost`);
      if (does === "hangs") return untilAborted(call.params.signal as AbortSignal);
      if (does === "crash") {
        life.end();
        return silence();
      }
      return value;
    };
  }

  /** Whether a run ended otherwise than the undisturbed one. */
  private differs({ success, data, error }: ExecutionResult): Finding | undefined {
    if (!success) return { message: `it fails: ${error?.code} at "${error?.nodeId}": ${error?.message}`, cause: error };
    const expected = this.reference?.data;
    if (isDeepStrictEqual(data, expected)) return undefined;
    const message = `its output is not that of an undisturbed run: ${short(data)} instead of ${short(expected)}`;
    return { message, cause: undefined };
  }

  private async checked(run: SimulatedRun): Promise<Finding | undefined> {
    try {
      await this.options.check?.(run);
      return undefined;
    } catch (error) {
      return { message: `check: ${messageOf(error)}`, cause: error };
    }
  }

  /** Leaves disturbances out, half of them first and each by itself in the end, as long as something stays wrong. */
  private async shortened(found: Trial & { finding: Finding }): Promise<Trial & { finding: Finding }> {
    let best = found;
    let tries = 0;
    for (let size = Math.ceil(best.schedule.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < best.schedule.length && tries < MOST_TRIES; tries++) {
        const rest = best.schedule.filter((_, index) => index < at || index >= at + size);
        const trial = await this.tryOut(new Map(rest.map((one) => [one.call, one])), undefined);
        if (trial.finding !== undefined && trial.schedule.length < best.schedule.length) {
          best = trial as Trial & { finding: Finding };
        } else at += size;
      }
    }
    return best;
  }

  private failed({ message, cause }: Finding, schedule: Schedule, seed: number | undefined): SimulationError {
    const lines = [
      `The flow "${this.flow.id}" does not stand it${seed === undefined ? "" : ` (seed ${seed})`}: ${message}`,
    ];
    if (schedule.length === 0) lines.push("Nothing has to be done to it for that, but to run several nodes at once.");
    else {
      lines.push("The shortest schedule that was found:", scheduleText(schedule));
      lines.push(
        `To run it again: simulateFlow(flow, { schedule: ${JSON.stringify(schedule)} }), with the other options.`,
      );
    }
    return new SimulationError(lines.join("\n"), schedule, seed, cause);
  }
}

/** From the start of a process to its end. */
interface Life {
  number: number;
  over: boolean;
  /** The process ends; whatever runs is never answered. */
  end(): void;
}

function percent(given: boolean | number, usual: number, name: string): number {
  if (typeof given === "boolean") return given ? usual : 0;
  if (given >= 0 && given <= 100) return given;
  throw new RangeError(`${name} is ${given}: a percentage from 0 to 100, or whether it happens at all`);
}

function* upTo(count: number): Generator<number> {
  for (let seed = 1; seed <= count; seed++) yield seed;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

function silence(): Promise<never> {
  return new Promise(() => {});
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
