/** Watches the triggers of saved flows, and begins executions when they fire. */

import { randomUUID } from "node:crypto";
import type { Answer } from "@atomiton/nodes";
import { closeNames, meantText } from "@atomiton/nodes/definitions";
import { scheduleTimes, type TimesOfSchedule } from "@atomiton/nodes/executables";
import type { ExecutionStore } from "@atomiton/storage";
import { forEachLimited, messageOf } from "@atomiton/values";
import type { Conductor } from "../api/conductor.js";
import { type ConductorConfig, expressionSources } from "../api/settings.js";
import { coded } from "../engine/failure.js";
import { outlineOf } from "../engine/outline.js";
import { secretNamesOf } from "../engine/secret-names.js";
import { demandNames } from "../engine/setting-names.js";
import type { KeyedExecution } from "../types/cause.js";
import type { NodeDefinition } from "../types/definition.js";
import type { SavedFlow } from "../types/flow.js";
import { watchFiles } from "./files.js";
import { activeOf, fire, type TriggeredConductor } from "./firing.js";
import { watchFlowEnds } from "./flow-ends.js";
import { MOST_TIMES, nextOf, watchSchedule } from "./schedule.js";
import { secretBehind } from "./secret-text.js";
import { collectionOf, stateIn } from "./state.js";
import { armed, type FoundTrigger, problemOf, triggersIn } from "./trigger-nodes.js";
import {
  type ArmedTrigger,
  type Clock,
  type Fired,
  type FiredResult,
  type Firing,
  MACHINE_CLOCK,
  nameOf,
  type TriggerSource,
  type TriggerStatus,
  type TriggerTools,
  type Watched,
} from "./types.js";
import { WebhookPaths } from "./webhooks.js";

/** How often it is looked for flows that other processes saved, in ms; of very many flows, so many times as long as that takes. */
const LOOK_MS = 5000;
const LOOKS_PAUSE = 20;

/** Flows that are listed at once. */
const PAGE = 1000;

/** Executions of a backfill at once. */
const AT_ONCE = 10;

/** Parameters in which expressions may stand, of each type. */
const MAY_HOLD: Readonly<Record<string, readonly string[]>> = { webhook: ["signature"] };

/** Settings of {@link createTriggers}. */
export interface TriggersOptions {
  /** Keeps its executions in the store. It is the caller's to shut down. */
  conductor: TriggeredConductor & Pick<Conductor, "storage">;
  /** The store of the conductor. */
  store: ExecutionStore;
  /** Where `file-change` may look, as the setting of the conductor says it. */
  files?: ConductorConfig["files"];
  /** Where secrets of triggers come from, as the settings of the conductor say it. */
  secrets?: ConductorConfig["secrets"];
  expressions?: ConductorConfig["expressions"];
  /** Told in words what happened to triggers, such as that one failed. Default: nothing is told. */
  log?(message: string): void;
  /** Watches types of triggers that the library does not have, by the names of their node types. */
  sources?: Readonly<Record<string, TriggerSource>>;
  /** The time; tests have another. */
  clock?: Clock;
}

/** The triggers of saved flows. */
export interface Triggers {
  /** Arms the triggers of all enabled flows, and follows what is saved and deleted from then on. */
  start(): Promise<void>;
  /** Whether all are known that there were when it was started. */
  readonly isReady: boolean;
  /** All triggers of saved flows, once it was started. */
  list(): TriggerStatus[];
  /** The same without watching them, as they stand in the store now. */
  inspect(): Promise<TriggerStatus[]>;
  /** Begins an execution for a trigger; one for each key. Resolves once the execution is in the store. */
  fire(trigger: ArmedTrigger, firing: Firing): Promise<Fired>;
  /**
   * Begins an execution for a trigger of a saved flow, also one that is off. Rejects as `find`.
   *
   * @param data what its node hands on; of a schedule, the time is now unless it is given
   * @param keyed the execution that a request with a key asks for
   */
  fireByHand(
    flowId: string,
    nodeId: string,
    data?: Readonly<Record<string, unknown>>,
    keyed?: KeyedExecution,
  ): Promise<Fired>;
  /** The secret that a text of a trigger names, or the text; rejects naming what cannot be had. */
  secret(text: string): Promise<string>;
  /** What the nodes `respond` of a flow answered in an execution that is over, first the answer that was sent. */
  answersOf(trigger: ArmedTrigger, result: FiredResult): Promise<Answer[]>;
  /** The armed webhook of a path. */
  webhook(path: string): ArmedTrigger | undefined;
  /**
   * The times of the armed schedules from one moment up to another, in ISO 8601, 1,000 of each at most.
   *
   * @param range ms since the epoch
   */
  times(range: { from: number; to: number }): ScheduledTimes[];
  /** A trigger of a saved flow, also one that is off. Rejects with NODE_NOT_FOUND, or with what is wrong with it. */
  find(flowId: string, nodeId: string): Promise<ArmedTrigger>;
  /**
   * Begins executions for the times of a schedule from one moment up to another, as far as there are none yet, ten at once at most; one
   * after the other where its executions must not overlap. Resolves when they are over. Rejects with INVALID_PARAMETERS for more
   * than 1,000 times.
   *
   * @param range ms since the epoch
   */
  backfill(flowId: string, nodeId: string, range: { from: number; to: number }): Promise<Backfilled>;
  /** Ends watching. Executions that are under way go on. */
  close(): void;
}

/** What became of a backfill: how many executions began, were there already, and how many of those that began failed. */
export interface Backfilled {
  begun: number;
  known: number;
  failed: number;
}

/** The times of a schedule in a range. */
export interface ScheduledTimes {
  flowId: string;
  flowName: string;
  nodeId: string;
  times: string[];
  /** Whether there are more. */
  isMore: boolean;
}

/** A trigger as it stands. */
interface Standing {
  status: TriggerStatus;
  /** Of its node: another one is armed anew. */
  text: string;
  watched?: Watched;
  trigger?: ArmedTrigger;
  /** It could not be watched, for reasons that may pass. */
  isTriedAgain?: boolean;
  /** Texts of the secrets that it and its flow read, until all could be had. */
  secrets?: readonly string[];
  /** What it names and is not there, although it may come. */
  doubt?: string;
}

/** A flow as it was looked at last. */
interface LookedAt {
  savedAt: string;
  standing: Map<string, Standing>;
}

/** Watches the triggers of the flows that a conductor has saved. Throws INVALID_PARAMETERS for a store that keeps no entries. */
export function createTriggers(options: TriggersOptions): Triggers {
  demandNames("createTriggers", options, OPTIONS);
  return new WatchedTriggers(options);
}

const OPTIONS = [
  "conductor",
  "store",
  "files",
  "secrets",
  "expressions",
  "log",
  "sources",
  "clock",
] as const satisfies readonly (keyof TriggersOptions)[];

class WatchedTriggers implements Triggers {
  private readonly flows = new Map<string, LookedAt>();
  /** Flows that could not be looked at, and why. */
  private readonly unread = new Map<string, string>();
  private readonly states;
  private readonly sources: ReadonlyMap<string, TriggerSource>;
  private readonly others: ReadonlySet<string>;
  private readonly paths = new WebhookPaths((message) => {
    // Where all end, none takes the path of another.
    if (!this.isClosed) this.log(message);
  });
  private readonly clock: Clock;
  /** What is done to flows is done one after the other. */
  private work: Promise<void> = Promise.resolve();
  private ends: (() => void)[] = [];
  private isClosed = false;
  private isWatching = false;
  isReady = false;
  private lookProblem: string | undefined;

  constructor(private readonly options: TriggersOptions) {
    const { store, files, sources = {}, clock = MACHINE_CLOCK } = options;
    this.clock = clock;
    this.states = collectionOf(store, "triggers");
    const fileEntries = collectionOf(store, "trigger-files");
    this.others = new Set(Object.keys(sources));
    this.sources = new Map<string, TriggerSource>([
      ["schedule", watchSchedule],
      ["file-change", (trigger, tools) => watchFiles(trigger, tools, fileEntries, files)],
      ["flow-end", (trigger, tools) => watchFlowEnds(trigger, tools, store)],
      ["webhook", this.paths.watch],
      ...Object.entries(sources),
    ]);
  }

  async start(): Promise<void> {
    const { storage } = this.options.conductor;
    this.isWatching = true;
    this.ends.push(
      storage.onFlowSaved(({ id }) => void this.inTurn(() => this.lookAt(id))),
      storage.onFlowDeleted(({ id }) => void this.inTurn(() => this.forget(id))),
    );
    await this.inTurn(() => this.look());
    this.isReady = true;
    this.lookAgain(0);
  }

  async inspect(): Promise<TriggerStatus[]> {
    if (!this.isWatching) await this.inTurn(() => this.look());
    return this.list();
  }

  list(): TriggerStatus[] {
    return [...this.flows.values()].flatMap(({ standing }) =>
      Array.from(standing.values(), ({ status, watched, doubt }) => {
        const refusal = watched?.refusal?.();
        if (refusal !== undefined) return { ...status, status: "refused", problem: refusal };
        const next = watched?.next?.();
        const problem = status.problem ?? doubt;
        return { ...status, ...(problem !== undefined && { problem }), ...(next !== undefined && { next }) };
      }),
    );
  }

  fire(trigger: ArmedTrigger, firing: Firing): Promise<Fired> {
    const { conductor, store } = this.options;
    return fire(conductor, store, stateIn(this.states, nameOf(trigger)), trigger, firing);
  }

  async fireByHand(
    flowId: string,
    nodeId: string,
    data: Readonly<Record<string, unknown>> = {},
    keyed?: KeyedExecution,
  ): Promise<Fired> {
    const trigger = await this.find(flowId, nodeId);
    const time = new Date(this.clock.now()).toISOString();
    const given = trigger.type === "schedule" ? { time, missed: false, backfill: false, ...data } : data;
    return this.fire(trigger, { key: `by hand ${randomUUID()}`, isUnique: true, data: given, keyed });
  }

  secret(text: string): Promise<string> {
    const { secrets, expressions } = this.options;
    return secretBehind(text, expressionSources({ secrets, expressions } as ConductorConfig));
  }

  async answersOf({ flowId }: ArmedTrigger, { outputs = {} }: FiredResult): Promise<Answer[]> {
    const { nodes = [] } = await this.options.conductor.storage.loadFlow(flowId);
    const ids = (all: readonly NodeDefinition[]): string[] =>
      all.flatMap(({ id, type, nodes: inner = [] }) => (type === "respond" ? [id] : ids(inner)));
    const given = ids(nodes).flatMap((id) =>
      Object.hasOwn(outputs, id) && isAnswer(outputs[id]) ? [outputs[id]] : [],
    );
    return [...given.filter(({ sent }) => sent === true), ...given.filter(({ sent }) => sent !== true)];
  }

  webhook(path: string): ArmedTrigger | undefined {
    return this.paths.get(path);
  }

  times({ from, to }: { from: number; to: number }): ScheduledTimes[] {
    const all = [...this.flows.values()].flatMap(({ standing }) => [...standing.values()]);
    return all.flatMap(({ trigger }) => {
      if (trigger?.type !== "schedule") return [];
      const { flowId, flowName, nodeId, parameters } = trigger;
      const { times, isMore } = timesBetween(parameters as unknown as TimesOfSchedule, from, to);
      return [{ flowId, flowName, nodeId, times: times.map(isoOf), isMore }];
    });
  }

  async find(flowId: string, nodeId: string): Promise<ArmedTrigger> {
    const flow = await this.options.conductor.storage.loadFlow(flowId);
    const found = triggersIn(flow, this.others).find(({ node }) => node.id === nodeId);
    if (found === undefined) {
      throw coded("NODE_NOT_FOUND", `The flow ${flowId} has no trigger \`${nodeId}\``, undefined);
    }
    if (found.problem !== undefined) throw coded("INVALID_PARAMETERS", found.problem, undefined);
    return this.armedOf(flow, found.node);
  }

  async backfill(flowId: string, nodeId: string, { from, to }: { from: number; to: number }): Promise<Backfilled> {
    const trigger = await this.find(flowId, nodeId);
    if (trigger.type !== "schedule") {
      const message = `\`${nodeId}\` is a ${trigger.type}; only the times of a schedule can be done later`;
      throw coded("INVALID_PARAMETERS", message, undefined);
    }
    const end = Math.min(to, this.clock.now());
    const { times: due, isMore } = timesBetween(trigger.parameters as unknown as TimesOfSchedule, from, end);
    if (isMore) {
      const message = `There are more than ${MOST_TIMES} times from ${isoOf(from)} to ${isoOf(end)}; give a shorter range`;
      throw coded("INVALID_PARAMETERS", message, undefined);
    }
    const done: Backfilled = { begun: 0, known: 0, failed: 0 };
    await forEachLimited(due, trigger.parameters.overlap === "allow" ? AT_ONCE : 1, async (time) => {
      const iso = new Date(time).toISOString();
      const data = { time: iso, missed: true, backfill: true };
      const { isNew, result } = await this.fire(trigger, { key: iso, data });
      if (!isNew) done.known += 1;
      else {
        done.begun += 1;
        if (!(await result).success) done.failed += 1;
      }
    });
    return done;
  }

  close(): void {
    this.isClosed = true;
    for (const end of this.ends.splice(0)) end();
    for (const { standing } of this.flows.values()) for (const { watched } of standing.values()) watched?.close();
    this.flows.clear();
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.work.then(() => (this.isClosed ? undefined : work()));
    // Those who wait for it are told; the next one goes on all the same.
    this.work = done.catch((error) => this.log(`The triggers cannot be looked after: ${messageOf(error)}`));
    return done;
  }

  private lookAgain(took: number): void {
    const end = this.clock.after(Math.max(LOOK_MS, took * LOOKS_PAUSE), async () => {
      this.ends = this.ends.filter((each) => each !== end);
      const started = performance.now();
      await this.inTurn(() => this.look()).catch(() => {});
      if (!this.isClosed) this.lookAgain(performance.now() - started);
    });
    this.ends.push(end);
  }

  /** Looks at all flows that were saved since they were looked at, and forgets those that are gone. */
  private async look(): Promise<void> {
    const { storage } = this.options.conductor;
    const there = new Set<string>();
    let isWhole = true;
    try {
      for (let offset = 0, total = 1; offset < total; offset += PAGE) {
        const page = await storage.listFlows({ limit: PAGE, offset, sortBy: "name", sortOrder: "asc" });
        total = page.total;
        for (const { id } of page.problems ?? []) there.add(id);
        for (const { id, savedAt } of page.flows) {
          there.add(id);
          const known = this.flows.get(id);
          const isTriedAgain = [...(known?.standing.values() ?? [])].some(({ isTriedAgain }) => isTriedAgain);
          if (known?.savedAt !== savedAt || isTriedAgain) await this.lookAtOne(id);
        }
      }
      this.lookProblem = undefined;
    } catch (error) {
      isWhole = false;
      const problem = messageOf(error);
      if (problem !== this.lookProblem) this.log(`The saved flows cannot be listed: ${problem}; it is tried again`);
      this.lookProblem = problem;
    }
    if (!isWhole) return;
    for (const id of [...this.flows.keys()]) if (!there.has(id)) await this.forget(id);
    for (const { standing } of this.flows.values()) for (const each of standing.values()) await this.doubt(each, there);
  }

  /** Tells what an armed trigger names that is not there, each time that this is something else. */
  private async doubt(standing: Standing, flows: ReadonlySet<string>): Promise<void> {
    const { trigger } = standing;
    if (trigger === undefined || this.isClosed) return;
    const missing = [...(await this.missingFlows(trigger, flows)), ...(await this.missingSecrets(standing))];
    const doubt = missing.length === 0 ? undefined : missing.join("; ");
    if (doubt !== undefined && doubt !== standing.doubt && this.isWatching) this.log(`${nameOf(trigger)}: ${doubt}`);
    if (doubt === undefined) delete standing.doubt;
    else standing.doubt = doubt;
  }

  /** Of a trigger that is about other flows: those that are neither saved nor were ever run. */
  private async missingFlows({ type, parameters }: ArmedTrigger, saved: ReadonlySet<string>): Promise<string[]> {
    const { flows: named = [] } = (type === "flow-end" ? parameters : {}) as { flows?: readonly string[] };
    const missing: string[] = [];
    for (const flowId of named) {
      if (saved.has(flowId)) continue;
      const { executions } = await this.options.store.list({ flowId }, { limit: 1 });
      const close = executions.length > 0 ? [] : closeNames(flowId, saved);
      const hint = meantText(close);
      if (executions.length === 0) missing.push(`There is no flow \`${flowId}\`, and none was ever run${hint}`);
    }
    return missing;
  }

  /** Why secrets that a trigger or its flow reads cannot be had. */
  private async missingSecrets(standing: Standing): Promise<string[]> {
    const { secrets = [] } = standing;
    const asked = await Promise.all(
      secrets.map((text) =>
        this.secret(text).then(
          () => [],
          (why) => [problemOf(why)],
        ),
      ),
    );
    const missing = [...new Set(asked.flat())];
    if (missing.length === 0) delete standing.secrets;
    return missing;
  }

  /** The same for one of many: what is wrong with it is told once, and the others go on. */
  private async lookAtOne(id: string): Promise<void> {
    try {
      await this.lookAt(id);
      this.unread.delete(id);
    } catch (error) {
      const problem = messageOf(error);
      if (this.unread.get(id) !== problem)
        this.log(`The triggers of ${id} cannot be armed: ${problem}; it is tried again`);
      this.unread.set(id, problem);
    }
  }

  /** Arms what is new in a flow, and ends what is not there any more. Where that fails, nothing of it is armed. */
  private async lookAt(id: string): Promise<void> {
    const flow = await this.options.conductor.storage.loadFlow(id);
    const before = this.flows.get(id)?.standing ?? new Map<string, Standing>();
    const standing = new Map<string, Standing>();
    this.flows.set(id, { savedAt: flow.savedAt, standing });
    try {
      await this.arm(flow, before, standing);
    } catch (error) {
      this.flows.delete(id);
      for (const { watched } of [...before.values(), ...standing.values()]) watched?.close();
      throw error;
    }
  }

  private async arm(
    flow: SavedFlow,
    before: ReadonlyMap<string, Standing>,
    standing: Map<string, Standing>,
  ): Promise<void> {
    const { id } = flow;
    const found = triggersIn(flow, this.others);
    const kept = new Map(found.map((trigger) => [trigger.node.id, textOf(flow, trigger)]));
    const gone = [...before].filter(([nodeId, { text }]) => kept.get(nodeId) !== text).map(([, each]) => each);
    const isHook = ({ status }: Standing) => status.type === "webhook";
    for (const each of gone) if (!isHook(each)) each.watched?.close();
    for (const trigger of found) {
      const { id: nodeId } = trigger.node;
      const text = textOf(flow, trigger);
      const same = before.get(nodeId);
      if (same?.text === text && !same.isTriedAgain) standing.set(nodeId, same);
      else standing.set(nodeId, await this.standingOf(flow, trigger, text, same?.status.problem));
    }
    // Their paths go over to those in their places, not to other flows.
    for (const each of gone) if (isHook(each)) each.watched?.close();
    for (const nodeId of before.keys()) {
      if (!kept.has(nodeId)) await this.states.write([{ id: nameOf({ flowId: id, nodeId }) }]);
    }
  }

  /** @param told what was wrong before, which is not told again */
  private async standingOf(
    flow: SavedFlow,
    { node, isOn, problem }: FoundTrigger,
    text: string,
    told?: string,
  ): Promise<Standing> {
    const { id: flowId, name } = flow;
    const { id: nodeId, type } = node;
    const facts = { flowId, flowName: name || flowId, nodeId, type };
    const refused = (why: string): Standing => {
      if (this.isWatching && why !== told) this.log(`${nameOf({ flowId, nodeId })} does not fire: ${why}`);
      return { status: { ...facts, status: "refused", problem: why }, text };
    };
    if (problem !== undefined) return refused(problem);
    if (!isOn && type === "webhook") {
      return { status: { ...facts, status: "off" }, text, watched: await this.switchedOff(flow, node) };
    }
    if (!isOn) {
      if (!this.isWatching) return { status: { ...facts, status: "off" }, text };
      // What comes about while it is off is not missed.
      const { change } = stateIn(this.states, nameOf({ flowId, nodeId }));
      await change(({ secret, ...rest }) => (Object.keys(rest).length === 0 ? undefined : { secret }));
      return { status: { ...facts, status: "off" }, text };
    }
    let isChecked = false;
    try {
      const source = this.sources.get(type);
      if (source === undefined) return refused(`Nothing here watches triggers of the type ${type}`);
      const trigger = await this.armedOf(flow, node);
      isChecked = true;
      const status: TriggerStatus = { ...facts, status: "armed" };
      const secrets = this.secretsOf(flow, trigger);
      if (!this.isWatching) return { status, text, watched: await this.unwatched(trigger), trigger, secrets };
      const watched = await source(trigger, this.toolsOf(trigger, status));
      const why = watched.refusal?.();
      if (why !== undefined) {
        this.log(`${nameOf({ flowId, nodeId })} does not fire: ${why}`);
        return { status, text, watched, trigger, secrets };
      }
      const next = watched.next?.();
      this.log(
        `${nameOf({ flowId, nodeId })} is armed${next === undefined ? "" : `: next at ${new Date(next).toISOString()}`}`,
      );
      return { status, text, watched, trigger, secrets };
    } catch (error) {
      // A folder that is missing may come; parameters that are wrong stay so.
      return { ...refused(problemOf(error)), isTriedAgain: isChecked };
    }
  }

  /** Texts of the secrets that a trigger reads, and where it is known where those of the flow come from, of them as well. */
  private secretsOf(flow: SavedFlow, { parameters }: ArmedTrigger): string[] {
    const { secret = [] } = (parameters.signature ?? {}) as { secret?: string | string[] };
    if (this.options.secrets === undefined) return [secret].flat();
    const names = secretNamesOf(outlineOf(flow));
    return [...[secret].flat(), ...Array.from(names, (name) => `\${{ secrets.${name} }}`)];
  }

  /** A webhook that is off keeps its path; one that could not be armed has none. */
  private async switchedOff(flow: SavedFlow, node: NodeDefinition): Promise<Watched> {
    const state = stateIn(this.states, nameOf({ flowId: flow.id, nodeId: node.id }));
    try {
      return await this.paths.inspect(await this.armedOf(flow, node), state, true);
    } catch {
      return { close: () => {} };
    }
  }

  private async unwatched(trigger: ArmedTrigger): Promise<Watched> {
    if (trigger.type === "webhook") return this.paths.inspect(trigger, stateIn(this.states, nameOf(trigger)));
    if (trigger.type !== "schedule") return { close: () => {} };
    return { next: () => nextOf(trigger, this.clock.now()), close: () => {} };
  }

  private armedOf(flow: SavedFlow, node: NodeDefinition): Promise<ArmedTrigger> {
    return armed(flow, node, MAY_HOLD[node.type] ?? []);
  }

  private toolsOf(trigger: ArmedTrigger, status: TriggerStatus): TriggerTools {
    const { conductor, store } = this.options;
    return {
      fire: (firing) => this.fire(trigger, firing),
      active: () => activeOf(store, trigger),
      cancel: async (executionIds) => {
        for (const id of executionIds) {
          await conductor.executions.cancel(id).catch((error) => this.log(`${nameOf(trigger)}: ${messageOf(error)}`));
          // It ends once its nodes have given up.
          await conductor.executions.result(id).catch(() => {});
        }
      },
      metadataOf: async (executionId) => (await conductor.executions.get(executionId)).metadata ?? {},
      state: stateIn(this.states, nameOf(trigger)),
      clock: this.clock,
      log: (message) => {
        status.problem = message;
        this.log(`${nameOf(trigger)}: ${message}`);
      },
    };
  }

  private async forget(id: string): Promise<void> {
    const found = this.flows.get(id);
    if (found === undefined) return;
    this.flows.delete(id);
    const names = Array.from(found.standing.keys(), (nodeId) => ({ id: nameOf({ flowId: id, nodeId }) }));
    for (const { watched } of found.standing.values()) watched?.close();
    await this.states.write(names);
  }

  private log(message: string): void {
    this.options.log?.(message);
  }
}

/** Whether an output is that of a node `respond`, and not of one that failed or was switched off. */
function isAnswer(output: unknown): output is Answer & { sent?: unknown } {
  const { status, headers } = (output ?? {}) as Partial<Answer>;
  return typeof status === "number" && typeof headers === "object" && headers !== null;
}

/** What makes a trigger another one when it changes. */
function textOf(flow: SavedFlow, { node, isOn, problem = "" }: FoundTrigger): string {
  return JSON.stringify([node.type, node.parameters ?? {}, isOn, problem, flow.name]);
}

/** The times of a schedule in a range, and whether there are more than are given. */
function timesBetween(schedule: TimesOfSchedule, from: number, to: number): { times: number[]; isMore: boolean } {
  const { after } = scheduleTimes(schedule);
  const times: number[] = [];
  for (let time = after(from - 1); time !== undefined && time <= to; time = after(time)) {
    if (times.length === MOST_TIMES) return { times, isMore: true };
    times.push(time);
  }
  return { times, isMore: false };
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}
