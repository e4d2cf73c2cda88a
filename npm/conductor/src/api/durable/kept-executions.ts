/** Executions of a store that are not in memory: gone on with, ended, answered, looked back at, forked. */
import type { ExecutionStore, StoredExecution } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";

import type { NodeExecutorFactory } from "../../engine/executables.js";
import { coded, safelyThrown } from "../../engine/failure.js";
import type { FlowNodeTypes } from "../../engine/flows.js";
import type { Log } from "../../engine/log.js";
import type { RunOptions } from "../../engine/options.js";
import { type Outline, outlineOf } from "../../engine/outline.js";
import { RunRedact } from "../../engine/redact.js";
import { isFinished, isPart } from "../../executions/status.js";
import { Redaction } from "../../expressions/redaction.js";
import type { ExecutionsApi } from "../../services/executions.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ExecutionDiff } from "../../types/diff.js";
import type { ConductorExecutionContext, ExecutionResult, RunWarning } from "../../types/execution.js";
import type { ForkChanges, ForkedExecution } from "../../types/fork.js";
import { createExecutionId } from "../../types/ids.js";
import type { OpenQuestion } from "../../types/question.js";
import type { ChooseExecutions, Recovery, ResumeOptions } from "../../types/recovery.js";
import { contextOf } from "../contexts.js";
import type { LabelDemand } from "../labels.js";
import { notOpen, type Questions, severalOpen } from "../questions.js";
import { RunResult, shownOf } from "../result.js";
import type { Durability } from "./durability.js";
import type { KeptRun, RecordedRun } from "./kept-run.js";
import { lostInFile } from "./lost-in-file.js";
import { openRecorded } from "./read-back.js";
import type { Sleepers } from "./sleepers.js";

/** What the runs of a conductor do for executions of its store. */
export interface RunsInMemory {
  readonly log: Log;
  readonly questions: Questions;
  types(): FlowNodeTypes;
  warnings(outline: Outline): RunWarning[];
  executables(): NodeExecutorFactory | undefined;
  /** What a flow asks of the process, with the flows that it runs. */
  labelsAskedBy(node: NodeDefinition): Promise<LabelDemand[]>;
  isActive(id: string): boolean;
  /** The result of an execution that is not over; `undefined` for one that this conductor does not have. */
  attach(id: string): Promise<ExecutionResult> | undefined;
  /** Goes on with an execution until it is over. */
  goOn(kept: KeptRun): Promise<ExecutionResult>;
  /** Goes on with an execution until it is over or leaves memory. */
  goOnInMemory(kept: KeptRun): Promise<unknown>;
  /** The options of a run for which nothing else is asked, and whether the conductor says how many nodes run at once. */
  optionsOf(node: NodeDefinition, context: ConductorExecutionContext): RunOptions;
  hasConcurrency(): boolean;
}

/** The executions of a conductor's store. What names one rejects with NODE_NOT_FOUND where there is no execution of that id. */
export class KeptExecutions {
  constructor(
    readonly durability: Durability,
    private readonly runs: RunsInMemory,
  ) {
    durability.sleepers.waking = {
      goOn: async (kept) => {
        await this.refuseLeftOut(kept);
        void runs.goOnInMemory(kept);
      },
      resultOf: (id) => this.resultForCaller(id),
      isActive: (id) => runs.isActive(id),
    };
  }

  get sleepers(): Sleepers {
    return this.durability.sleepers;
  }

  get store(): Promise<ExecutionStore> {
    return this.durability.store;
  }

  /**
   * Goes on with executions that no process has, those that began first first, and with those that were blocked.
   *
   * @param choose names those that are to go on; not asked where there is nothing. Default: all
   * @returns those that go on, each with a promise of its result, and those that cannot
   */
  async recover(choose?: ChooseExecutions): Promise<Recovery> {
    const { durability, runs, sleepers } = this;
    const recovery: Recovery = { resumed: [], blocked: [], elsewhere: [], paused: [], sleeping: 0, waiting: 0 };
    const goOn = async ({ id: executionId, flowId }: StoredExecution) => {
      try {
        const elsewhere = await durability.elsewhere.reason(executionId);
        if (elsewhere !== undefined) return { executionId, flowId, elsewhere };
        const kept = await this.claim(executionId);
        return kept && { executionId, flowId, result: runs.goOn(kept) };
      } catch (error) {
        const { message } = safelyThrown(error, { nodeId: "" as never, executionId });
        runs.log.error(`[CONDUCTOR] The execution ${executionId} cannot go on: ${message}`);
        return { executionId, reason: message };
      }
    };
    // One that cannot be opened is not looked at again either.
    await durability.store;
    const { closings } = sleepers;
    try {
      for await (const rows of choose === undefined ? durability.unfinished() : chosen(durability, choose)) {
        for (const found of await Promise.all(rows.map(goOn))) {
          if (found === undefined) continue;
          if (found.elsewhere !== undefined) {
            const { executionId, flowId, elsewhere: reason } = found;
            recovery.elsewhere.push({ executionId, flowId, reason });
          } else if (found.reason !== undefined) recovery.blocked.push(found);
          else recovery.resumed.push(found);
        }
      }
    } finally {
      // Where reading failed, that comes later. Those that were not chosen are not to go on by themselves either.
      // And where the conductor was shut down meanwhile, nothing is looked for any more.
      if (sleepers.closings === closings) sleepers.watch(choose === undefined);
    }
    for await (const { id, flowId } of durability.rows("paused")) {
      if (!runs.isActive(id)) recovery.paused.push({ executionId: id, flowId });
    }
    for (const status of ["sleeping", "waiting"] as const) {
      for await (const { id } of durability.rows(status)) if (!runs.isActive(id)) recovery[status]++;
    }
    return recovery;
  }

  /** Goes on with one execution. Rejects with INVALID_PARAMETERS where it is over or another process has it. */
  async resume(executionId: string, options: ResumeOptions = {}): Promise<ExecutionResult> {
    return (await this.begunAgain(executionId, options)).result;
  }

  /** The same; settles once it goes on. */
  private async begunAgain(
    executionId: string,
    options: ResumeOptions = {},
  ): Promise<{ result: Promise<ExecutionResult> }> {
    const { runs, sleepers } = this;
    sleepers.watch();
    await sleepers.settled(executionId);
    const kept = await this.claim(executionId, { ...options, isAsked: true });
    if (kept !== undefined) return { result: runs.goOn(kept) };
    // It may have woken meanwhile.
    const woken = runs.attach(executionId);
    if (woken !== undefined) return { result: woken };
    const { status } = await this.row(executionId);
    const why = isFinished(status)
      ? `is over: it ${status}. Begin a new one that takes over what it did, with \`conductor.executions.fork\` or \`conductor executions fork ${executionId}\``
      : "is under way in another process";
    throw coded("INVALID_PARAMETERS", `The execution ${executionId} ${why}`, undefined);
  }

  /** Whether an execution can be cancelled or paused: not one that is over, unknown, or a part of another. */
  async isOpen(executionId: string): Promise<boolean> {
    await this.sleepers.settled(executionId);
    const row = await (await this.store).get(executionId);
    return row !== undefined && !isPart(row) && row.endedAt === undefined;
  }

  /** Ends an execution, and those that are parts of it. Rejects with INVALID_PARAMETERS where it is over or another process has it. */
  async cancel(executionId: string): Promise<void> {
    const { durability, sleepers } = this;
    await sleepers.settled(executionId);
    await durability.cancel(executionId);
    if (sleepers.attach(executionId) === undefined) return;
    sleepers.ended(executionId, await this.resultForCaller(executionId));
  }

  /** Pauses an execution. Rejects with INVALID_PARAMETERS where another process has it. */
  async pause(executionId: string): Promise<void> {
    const kept = await this.durability.claim(executionId, { pauses: true });
    if (kept === undefined) {
      const message = `The execution ${executionId} is under way in another process, which alone can pause it`;
      throw coded("INVALID_PARAMETERS", message, undefined);
    }
    await this.runs.goOnInMemory(kept);
    await this.sleepers.settled(executionId);
  }

  /** Lets a paused execution go on, and rejects where it cannot; nothing happens to any other. */
  async release(executionId: string): Promise<void> {
    if ((await this.row(executionId)).status === "paused") await this.begunAgain(executionId);
  }

  /** Questions that are open, beside those that are known. */
  async asked(known: readonly OpenQuestion[], executionId?: string): Promise<OpenQuestion[]> {
    const ids = new Set(known.map(({ id }) => id));
    const kept = await this.durability.questions(executionId);
    // Those of executions in memory are told by themselves.
    const asleep = kept.filter(
      ({ executionId: asking, question: { id } }) => !ids.has(id) && !this.runs.isActive(asking),
    );
    return asleep.map(({ question }) => question);
  }

  /**
   * Answers a question, by its id or by that of an execution which asks only one.
   *
   * @throws Error as {@link Questions.answer}; INVALID_PARAMETERS also where another process has the execution
   */
  async answer(id: string, answer: unknown): Promise<void> {
    const { durability, runs, sleepers } = this;
    const asked = await durability.questions(id);
    const exact = asked.filter(({ question }) => question.id === id);
    const [first, ...others] = exact.length > 0 ? exact : asked;
    if (first === undefined) throw notOpen(id);
    const names = [first, ...others].map(({ question }) => question.id);
    if (others.length > 0) throw severalOpen(id, names);
    const { executionId, question } = first;
    sleepers.watch();
    await sleepers.settled(executionId);
    const kept = await this.claim(executionId);
    if (kept === undefined && !runs.isActive(executionId)) {
      const message = `The execution ${executionId} is under way in another process; answer there, or try again in a moment`;
      throw coded("INVALID_PARAMETERS", message, undefined);
    }
    const over = new AbortController();
    const isOver = (kept === undefined ? runs.attach(executionId) : runs.goOn(kept)) ?? Promise.resolve();
    await Promise.race([runs.questions.opened(question.id, over.signal), isOver]).finally(() => over.abort());
    return runs.questions.answer(question.id, answer);
  }

  /**
   * An execution as it was recorded so far, without going on with it.
   *
   * @param secrets told of what its values name; missing where names are to stand in the place of secrets
   */
  async lookBack(executionId: string, secrets?: Redaction): Promise<RunResult> {
    const { log, executables, warnings } = this.runs;
    const recorded = await this.recorded(executionId, false, secrets);
    const { redact } = recorded;
    const run = openRecorded(recorded, { log, executables: executables(), secrets, redact });
    run.start();
    return new RunResult(run, await run.done, run.context, Math.round(run.duration), warnings);
  }

  /**
   * Begins a new execution from an old one: what does not depend on the changes keeps what it gave. Rejects with
   * INVALID_PARAMETERS for changes that do not fit it.
   */
  async fork(executionId: string, changes: ForkChanges | null = {}): Promise<ForkedExecution> {
    const { durability, runs } = this;
    const secrets = new Redaction();
    const recorded = await this.recorded(executionId, true, secrets);
    const { planFork } = await import("./fork.js");
    const { node, input, variables, entries, blobs } = planFork(recorded, changes ?? {}, runs.types(), runs.log);
    const id = createExecutionId(changes?.executionId);
    const context = contextOf(node, { executionId: id, variables, ...(input !== undefined && { input }) });
    const { keepGoing, concurrency } = recorded.options;
    const asBefore = !runs.hasConcurrency() && changes?.flow == null ? { concurrency } : {};
    const options = { ...runs.optionsOf(node, context), keepGoing, ...asBefore };
    const outline = outlineOf(node);
    const redact = outline.redacts === true ? new RunRedact(outline, secrets) : undefined;
    const fork = { entries, blobs };
    const asked = await runs.labelsAskedBy(node);
    const begun = { id, mayExist: false, node, context, options, parentId: executionId, secrets, redact, fork, asked };
    // What its parameters lack they still lack.
    const fromFile = changes?.flow == null ? recorded.fromFile : undefined;
    void runs.goOn(await durability.begin({ ...begun, fromFile }));
    return { executionId: id, flowId: context.nodeId };
  }

  /** What two executions differ in. */
  async diff(a: string, b: string): Promise<ExecutionDiff> {
    const read = async (id: string) => ({ row: await this.row(id), recorded: await this.recorded(id, true) });
    const [one, other] = [await read(a), await read(b)];
    const { executionDiff } = await import("./diff.js");
    return executionDiff(one, other, this.runs.log);
  }

  /** The result of an execution: at its end where it goes on here, as it was recorded where it is over. */
  async result(executionId: string): Promise<ExecutionResult> {
    const attached = this.runs.attach(executionId);
    if (attached !== undefined) return shownOf(await attached);
    const { status, endedAt } = await this.row(executionId);
    if (endedAt !== undefined) return this.lookBack(executionId);
    const message = `The execution ${executionId} is ${status}, and does not go on here; \`resume\` goes on with it`;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }

  /** How an execution stands. */
  async row(executionId: string): Promise<StoredExecution> {
    const row = await (await this.store).get(executionId);
    if (row === undefined) throw missing(executionId);
    return row;
  }

  /** The same, with what its request said about it. */
  async described(executionId: string): ReturnType<ExecutionsApi["get"]> {
    const row = await this.row(executionId);
    // All that is said leaves a tag.
    const metadata = row.tags.length === 0 ? undefined : await this.durability.metadataOf(executionId);
    return metadata === undefined ? row : { ...row, metadata: { ...metadata } };
  }

  /** An execution as it was recorded; see `Durability.recorded`. */
  async recorded(executionId: string, isKept = false, secrets?: Redaction): Promise<RecordedRun> {
    const recorded = await this.durability.recorded(executionId, isKept, secrets);
    if (recorded === undefined) throw missing(executionId);
    return recorded;
  }

  /** Blocks an execution of which something that is needed was redacted and cannot be had again, and throws why. */
  async refuseLeftOut(kept: KeptRun): Promise<void> {
    const { history, recorder, leftOut = [] } = kept;
    const lost = recorder === undefined || kept.isCheckedFork ? undefined : lostInFile(kept);
    if (lost !== undefined) {
      const reason = `${lost}: it can be looked at, and not go on`;
      await recorder?.block(reason);
      throw coded("DESERIALIZATION_FAILED", reason, undefined);
    }
    if (recorder === undefined || (history?.leavesOut !== true && leftOut.length === 0)) return;
    const { log, executables } = this.runs;
    const run = openRecorded(kept, { log, executables: executables() });
    run.start();
    const reason = await run.whyBlocked(leftOut);
    if (reason === undefined) return;
    await recorder.block(reason);
    throw coded("DESERIALIZATION_FAILED", reason, undefined);
  }

  /** Takes an execution, to go on with it; `undefined` where another process has it, or it is over. */
  private async claim(
    executionId: string,
    options: ResumeOptions & { isAsked?: boolean } = {},
  ): Promise<KeptRun | undefined> {
    const kept = await this.durability.claim(executionId, options);
    if (kept !== undefined) await this.refuseLeftOut(kept);
    return kept;
  }

  /** The result of an execution that ended elsewhere, for those who began it here: with secrets. */
  private async resultForCaller(executionId: string): Promise<ExecutionResult> {
    try {
      return await this.lookBack(executionId, new Redaction());
    } catch (error) {
      const result = await this.lookBack(executionId);
      const message = `[CONDUCTOR] The result of the execution ${executionId} has names in the place of secrets: ${messageOf(error)}`;
      this.runs.log.warn(message);
      return result;
    }
  }
}

function missing(executionId: string): Error {
  return coded("NODE_NOT_FOUND", `There is no execution ${executionId}`, undefined);
}

/** @throws Error INVALID_PARAMETERS for an id that was not among those to choose from */
async function* chosen(durability: Durability, choose: ChooseExecutions): AsyncGenerator<StoredExecution[]> {
  const rows = new Map<string, StoredExecution>();
  for await (const found of durability.unfinished()) for (const row of found) rows.set(row.id, row);
  const ids = rows.size === 0 ? [] : await choose([...rows.values()]);
  const strange = ids.find((id) => !rows.has(id));
  if (strange !== undefined) {
    const message = `The execution ${strange} was chosen to go on, and is not among those that can: ${[...rows.keys()].slice(0, 10).join(", ")}`;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  yield ids.map((id) => rows.get(id) as StoredExecution);
}
