/** Keeps one run in a store. */

import type { Ask } from "@atomiton/nodes";
import type { ExecutionStatus, RefusalReason } from "@atomiton/storage";
import type { Asker, Call } from "../../engine/call.js";
import { failure } from "../../engine/failure.js";
import { type KnownItems, type Recorder, type Rest, tellsAnswer } from "../../engine/recorder.js";
import type { RowsBehind } from "../../executions/rows-text.js";
import type { Redaction } from "../../expressions/redaction.js";
import type { ErrorCode, ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { LogLine } from "../../types/execution-log.js";
import {
  type Blob,
  errorEntry,
  type Hash,
  inheritedEntry,
  itemsEntry,
  journalBytes,
  logEntry,
  outputEntry,
  recordBytes,
  takenOverEntry,
  typesEntry,
  variablesEntry,
  type Writing,
  waitEntry,
  warningEntry,
} from "./entries.js";
import { type Hide, SecretReferences } from "./secret-references.js";
import type { TypeVersions } from "./type-versions.js";
import { Waits } from "./waits.js";
import type { Source, Writer } from "./writer.js";

/** Characters of values that are written without waiting for that. */
const MOST_PENDING = 1_000_000;

/** Characters of what the nodes of an execution say that are kept. */
const MOST_LOGGED = 1_000_000;
/** So much is counted for a line beside its text. */
const PER_LINE = 100;

const WHY: Record<RefusalReason, string> = {
  exists: "an execution of this id exists",
  unknown: "the execution is not in the store any more",
  stale: "another process has taken it over",
  finished: "it was ended elsewhere",
  gap: "its records have a gap",
};

/**
 * An execution that was at rest for so long, and will be for as long again, leaves memory; in ms. At rest nothing but time, people
 * or the end of a pause brings it on.
 */
export const LEAVES_AFTER_MS = 1_000;

/** Characters of a question that the row of its execution shows. */
const LONGEST_REASON = 500;

/** What the row of an execution says beside its end. */
interface Stand {
  status: ExecutionStatus;
  wakeAt: number | null;
  reason: string | null;
}

const RUNNING: Stand = { status: "running", wakeAt: null, reason: null };
const PAUSED: Stand = { status: "paused", wakeAt: null, reason: null };

/** What a recorder is told of the execution that it keeps. */
export interface KeptExecution {
  /** Of the execution in the store. */
  id: string;
  epoch: number;
  /** Number of the last record in the store. */
  sequence: number;
  /** How its row stands. */
  status: ExecutionStatus;
  wakeAt?: number | undefined;
  /** Whether it is a part of another one. */
  isPart: boolean;
  /** The last time that its row tells of, in ms since the epoch. */
  updatedAt: number;
  /** Parts of its values are missing in its records. */
  leavesOut?: boolean | undefined;
  /** It goes on with whatever versions of node types there are, and so do its parts. */
  anyVersion?: boolean | undefined;
  /** Told when it leaves memory, with what settles when that is on disk; missing where it never does. */
  onLeft?: ((written: Promise<void>) => void) | undefined;
}

/** Keeps what happens in one run, from its beginning or from where another process left it. */
export class RunRecorder implements Recorder, Source {
  beforeWrite: () => void = () => {};
  onChanged: (task: number, what: string) => void = () => {};
  restOf: () => Rest | undefined = () => undefined;
  onLeave: (wakeAt: number | undefined) => void = () => {};
  namesParts: Recorder["namesParts"] = () => false;
  private words: number[] = [];
  private entries: string[] = [];
  /** What nodes said, and what else needs no step to be written with. */
  private lines: string[] = [];
  private logged = 0;
  private blobs: Blob[] = [];
  private pending = 0;
  private show: Recorder["shown"];
  private variables: string;
  /** Nothing more is written of it. */
  private isLost = false;
  /** Why, where its run ends with that. */
  private lost: ExecutionError | undefined;
  private tellLost: ((error: ExecutionError) => void) | undefined;
  private isEnding = false;
  private readonly id: string;
  private readonly epoch: number;
  private sequence: number;
  private readonly waits: Waits;
  /** Entries of waits, which are written without a step as well. */
  private waitEntries: string[] = [];
  private isPaused = false;
  private stand: Stand = RUNNING;
  /** How the row stands in the store. */
  private written: { status: ExecutionStatus; wakeAt: number | undefined };
  private restTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly hide: Hide;
  /** It was taken over, and no answer since is on disk. */
  private isTakenOver = false;
  /** An answer was told since it was taken over; of a part, since it is here. */
  private hasAnswered = false;
  /** Parts of values are missing in the records: a host that goes on from them may not have them. */
  private leavesOut: boolean;

  /** Whether nothing more is written, because the execution was refused, released or blocked. */
  get isOver(): boolean {
    return this.isLost;
  }

  /** @param secrets what must not be written */
  constructor(
    private readonly writer: Writer,
    private readonly execution: KeptExecution,
    private readonly context: ConductorExecutionContext,
    private readonly isStrict: boolean,
    private readonly hash: Hash,
    private readonly secrets: Redaction | undefined,
    private readonly rowsBehind: RowsBehind | undefined,
  ) {
    this.hide = secrets && new SecretReferences(secrets).hide;
    const { id, epoch, sequence, status, wakeAt, leavesOut = false } = execution;
    this.leavesOut = leavesOut;
    this.id = id;
    this.epoch = epoch;
    this.sequence = sequence;
    this.written = { status, wakeAt };
    this.variables = this.variablesEntry();
    this.waits = new Waits(
      ({ task, attempt }, number, wait) => {
        // What an answer becomes may be redacted: after a crash it is asked for once more.
        if (wait.answer === undefined || !this.namesParts(task)) {
          this.waitEntries.push(waitEntry(task, attempt, number, wait, this.hide));
        }
        // It goes on from here, if it crashes as well.
        if (wait.answer !== undefined) this.stand = RUNNING;
        this.writer.touch(this);
      },
      () => this.persist(),
      () => this.stepped(),
    );
    writer.watch(id, this);
  }

  /** Told at once of what came before there was a run to tell. */
  set onLost(tell: (error: ExecutionError) => void) {
    this.tellLost = tell;
    if (this.lost !== undefined) tell(this.lost);
  }

  get shown(): Recorder["shown"] {
    return this.show;
  }

  set shown(show: Recorder["shown"]) {
    this.show = show;
    this.variables = this.variablesEntry();
  }

  get anyVersion(): boolean {
    return this.execution.anyVersion === true;
  }

  get isPart(): boolean {
    return this.execution.isPart;
  }

  get waiting(): number {
    return this.waits.calls;
  }

  sleep(call: Call, ms: number, signal?: AbortSignal): Promise<number> {
    return this.waits.sleep(call, ms, signal);
  }

  ask(call: Call, asker: Asker, ...asked: Parameters<Ask>): Promise<unknown> {
    return this.waits.ask(call, asker, ...asked);
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.stand = isPaused ? PAUSED : RUNNING;
    this.writer.touch(this);
    this.stepped();
  }

  step(words: readonly number[]): void {
    for (const word of words) this.words.push(word);
    this.noteAnswer(words);
    this.stand = this.isPaused ? PAUSED : RUNNING;
    this.writer.touch(this);
  }

  output(task: number, attempt: number, value: unknown, isReused: boolean): void {
    const { entry, blob } = outputEntry(task, attempt, value, this.hash, this.writing(task), isReused);
    this.noteVariables();
    if (blob !== undefined) {
      this.blobs.push(blob);
      this.pending += blob.data.byteLength;
    }
    this.push(entry);
    // A step may be a long time coming of which the engine was not told.
    this.writer.touch(this);
  }

  error(task: number, attempt: number, error: ExecutionError, advice: false | number | undefined): void {
    this.push(errorEntry(task, attempt, error, advice, this.hide));
  }

  items(task: number, attempt: number, items: KnownItems): void {
    this.push(itemsEntry(task, attempt, items, this.writing(task, NO_TASK)));
  }

  inherited(task: number, attempt: number, number: number): void {
    this.noteVariables();
    this.push(inheritedEntry(task, attempt, number));
    this.writer.touch(this);
  }

  warning(task: number, rule: string, message: string): void {
    this.push(warningEntry(task, rule, message, this.hide));
  }

  log(task: number, line: LogLine): void {
    if (this.logged > MOST_LOGGED) return;
    this.logged += line.text.length + PER_LINE;
    const isLast = this.logged > MOST_LOGGED;
    const text = `More was said, which is not kept: of an execution that is ${MOST_LOGGED} characters`;
    this.lines.push(logEntry(task, isLast ? { ...line, level: "warn", text } : line));
    this.writer.touch(this);
  }

  /** Notes the versions of node types that it goes on with. */
  types(versions: TypeVersions): void {
    this.lines.push(typesEntry(versions));
    this.writer.touch(this);
  }

  get isUnproven(): boolean {
    return this.isTakenOver || (this.isPart && this.writer.isUnprovenAround(this.id));
  }

  /** Notes on disk that a process takes it over, and which nodes were under way, by their place in the outline. */
  async takenOver(nodes: readonly number[]): Promise<void> {
    this.isTakenOver = true;
    this.hasAnswered = false;
    this.lines.push(takenOverEntry(nodes));
    await this.persist();
  }

  proven(): void {
    if (!this.isTakenOver || this.isLost) return;
    this.isTakenOver = false;
    this.lines.push(takenOverEntry(undefined));
    this.writer.touch(this);
  }

  /** What is answered shows that the execution does not end whatever process has it. */
  private noteAnswer(words: readonly number[]): void {
    if (this.hasAnswered || !(this.isTakenOver || this.isPart) || !tellsAnswer(words)) return;
    this.hasAnswered = true;
    // What a part is a part of is taken over before the part begins here, if at all.
    if (!this.isUnproven) return;
    // Its own answers say so by themselves.
    void this.persist().then(() => {
      this.isTakenOver = false;
      if (this.isPart) this.writer.provenAround(this.id);
    });
  }

  /** Counts what was said before this process had the execution. */
  countLog(lines: readonly LogLine[]): void {
    for (const { text } of lines) this.logged += text.length + PER_LINE;
  }

  persist(): Promise<void> {
    this.writer.touch(this);
    return this.writer.flush();
  }

  /** What keeps the execution from going on; it waits for that to be mended. */
  async block(reason: string): Promise<void> {
    this.isLost = true;
    this.writer.forget(this.id);
    const { id, epoch } = this;
    const kept = (this.secrets?.text(reason) ?? reason).replace(UNKEPT, "\ufffd");
    this.writer.add({
      type: "update",
      id,
      epoch,
      updatedAt: this.now(),
      status: "blocked",
      reason: kept,
      release: true,
    });
    await this.writer.flush();
  }

  blockedBy(part: string, error: Error): void {
    this.collect();
    if (this.isLost || this.isEnding) return;
    const { code = "INTERNAL_ERROR", message } = error as Error & { code?: ErrorCode };
    const reason = `The execution ${part}, a part of it, cannot go on: ${message}`;
    void this.block(reason);
    this.tellOf(code, reason);
  }

  async end(error: ExecutionError | undefined, warnings = 0): Promise<ExecutionError | undefined> {
    clearTimeout(this.restTimer);
    this.collect();
    if (this.isLost) return this.lost;
    this.isEnding = true;
    const { id } = this;
    const now = this.now();
    this.writer.add({
      type: "update",
      id,
      epoch: this.epoch,
      updatedAt: now,
      endedAt: now,
      status: error === undefined ? "completed" : error.code === "CANCELLED" ? "cancelled" : "failed",
      reason: null,
      ...(error !== undefined && {
        error: JSON.stringify({
          code: error.code,
          message: this.secrets?.text(error.message) ?? error.message,
          nodeId: error.nodeId,
        }),
      }),
      // Lists show it: what went wrong without an error is looked for there.
      ...(warnings > 0 && { summary: JSON.stringify({ warnings }) }),
    });
    const written = this.writer.flush();
    // What is written behind is not waited for.
    if (this.isStrict) await written;
    void written.then(() => this.writer.forget(id));
    return this.lost;
  }

  stepped(): void {
    if (this.isLost || this.execution.onLeft === undefined) return;
    const rest = this.restAtLength();
    if (rest === undefined) return;
    // A question is known at once: people may be asked by another process.
    if (rest.status === "waiting") this.standAs(rest);
    // What is not in its records is in its memory alone.
    if (this.leavesOut) return;
    this.restTimer ??= setTimeout(() => {
      this.restTimer = undefined;
      if (this.restAtLength() !== undefined) this.leaveMemory();
    }, LEAVES_AFTER_MS);
  }

  /** How the row stands while the run is at rest; `undefined` where it is not, or soon no longer. */
  private restAtLength(): Stand | undefined {
    const rest = this.restOf();
    if (rest === undefined) return undefined;
    // What is due in a pause happens at its end.
    if (rest.isPaused) return PAUSED;
    const deadline = Number.isNaN(rest.deadline) ? Number.POSITIVE_INFINITY : rest.deadline;
    const wakeAt = Math.min(deadline, this.waits.until);
    if (wakeAt - Date.now() <= LEAVES_AFTER_MS) return undefined;
    const time = wakeAt === Number.POSITIVE_INFINITY ? null : Math.ceil(wakeAt);
    const [asked] = this.waits.questions;
    if (asked !== undefined) return { status: "waiting", wakeAt: time, reason: reasonOf(asked.question.message) };
    return time === null ? undefined : { status: "sleeping", wakeAt: time, reason: null };
  }

  private standAs(rest: Stand): void {
    const before = this.stand;
    if (before.status === rest.status && before.wakeAt === rest.wakeAt) return;
    this.stand = rest;
    this.writer.touch(this);
    if (rest.status === "waiting") this.repeatQuestions();
  }

  /** The last record has all open questions, so that they are found without reading the others. */
  private repeatQuestions(): void {
    for (const { call, number, question } of this.waits.questions) {
      this.waitEntries.push(waitEntry(call.task, call.attempt, number, { question, isOpen: true }, this.hide));
    }
  }

  leaveMemory(): void {
    const rest = this.restAtLength() ?? (this.isPaused ? PAUSED : undefined);
    if (this.isLost || rest === undefined || !this.release(rest)) return;
    this.isLost = true;
    const written = this.writer.flush();
    void written.then(() => this.writer.forget(this.id));
    this.execution.onLeft?.(written);
    this.onLeave(rest.wakeAt ?? undefined);
  }

  /** Leaves the execution to others, as it stands; false where it is not this recorder's any more. */
  private release(rest: Stand | undefined): boolean {
    this.beforeWrite();
    // A process that lets go of it was not ended by it.
    this.proven();
    if (rest !== undefined) this.standAs(rest);
    this.collect();
    // The end of a run that is over is being written.
    if (this.isLost || this.isEnding) return false;
    const { id, epoch } = this;
    this.writer.add({ type: "update", id, epoch, updatedAt: this.now(), release: true });
    return true;
  }

  collect(): void {
    this.beforeWrite();
    if (this.isLost) return;
    this.append();
    const { stand, written, id, epoch } = this;
    if (stand.status === written.status && (stand.wakeAt ?? undefined) === written.wakeAt) return;
    this.written = { status: stand.status, wakeAt: stand.wakeAt ?? undefined };
    this.writer.add({ type: "update", id, epoch, updatedAt: this.now(), ...stand });
  }

  private append(): void {
    // Values are written with the step that tells of them, waits and what nodes said as soon as they are known.
    const isStep = this.words.length > 0;
    if (this.lines.length > 0 && this.stand.status === "waiting") this.repeatQuestions();
    const early = [...this.lines, ...this.waitEntries];
    if (!isStep && early.length === 0) return;
    const entries = isStep ? [...this.entries, ...early] : early;
    const blobs = isStep ? this.blobs : [];
    const journal = journalBytes(this.words);
    this.lines = [];
    this.waitEntries = [];
    if (isStep) {
      this.words = [];
      this.entries = [];
      this.blobs = [];
      this.pending = 0;
    }
    this.writer.add({
      type: "append",
      id: this.id,
      epoch: this.epoch,
      sequence: ++this.sequence,
      journal,
      values: entries.length === 0 ? NOTHING : recordBytes(entries),
      ...(blobs.length > 0 && { blobs }),
    });
  }

  /** The clock of the host before may have been ahead of this one. */
  private now(): number {
    return Math.max(Date.now(), this.execution.updatedAt);
  }

  private push(entry: string): void {
    this.entries.push(entry);
    this.pending += entry.length;
    // Not before the step is told that the values belong to.
    if (this.pending > MOST_PENDING) queueMicrotask(() => void this.writer.flush());
  }

  /** @param from the task whose output is written; that of none where it is not an output */
  private writing(task: number, from = task): Writing {
    const { hide, show } = this;
    return {
      tell: ({ path, what }) => this.onChanged(task, `${path === "" ? "the output" : path}: ${what}`),
      hide,
      rowsBehind: this.rowsBehind,
      shown: show && ((value) => show(from, value)),
      namesParts: task >= 0 && this.namesParts(task),
      leave: () => {
        this.leavesOut = true;
      },
    };
  }

  private noteVariables(): void {
    const variables = this.variablesEntry();
    if (variables === this.variables) return;
    this.variables = variables;
    this.push(variables);
  }

  private variablesEntry(): string {
    const { variables } = this.context;
    for (const _ in variables) return variablesEntry(variables, { ...this.writing(NO_TASK), tell: () => {} });
    return "";
  }

  leave(): void {
    if (!this.release(this.execution.onLeft && this.restAtLength())) return;
    // From now on others may have it: nothing of it may start here any more.
    this.lose("CANCELLED", "Execution cancelled: the conductor was shut down, and leaves it to the next one");
  }

  refused(reason: RefusalReason): void {
    this.lose(
      "INTERNAL_ERROR",
      `The execution cannot be kept any more: ${WHY[reason]}. What it did since then is not recorded`,
    );
  }

  unwritable(message: string): void {
    this.lose("SERIALIZATION_FAILED", `The execution cannot be kept: ${message}`);
  }

  unwritten(message: string): void {
    this.lose(
      "INTERNAL_ERROR",
      `The end of the execution could not be written: ${message}. The next conductor goes on with it`,
    );
  }

  private lose(code: ErrorCode, message: string): void {
    if (this.isLost) return;
    this.isLost = true;
    this.tellOf(code, message);
  }

  /** Ends the run with the reason why nothing of it is written any more. */
  private tellOf(code: ErrorCode, message: string): void {
    const { executionId, nodeId } = this.context;
    this.lost = failure(code, message, { nodeId, executionId });
    this.tellLost?.(this.lost);
  }
}

/** Characters that stores have no form for. */
const UNKEPT = /\0|\p{Cs}/gu;

/** Text that every store takes. */
function reasonOf(message: string): string {
  const shown = message.length > LONGEST_REASON ? `${message.slice(0, LONGEST_REASON)}…` : message;
  return `Waits for an answer: ${shown}`.replace(UNKEPT, "\ufffd");
}

const NOTHING = new Uint8Array(0);
/** What belongs to no node. */
const NO_TASK = -1;
