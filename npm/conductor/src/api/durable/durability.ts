/** Executions that outlast their process: how one begins, and how it goes on from its records. */
import type { ExecutionStore, StoredExecution } from "@atomiton/storage";

import type { RunRequest } from "../../engine/driver.js";
import type { NodeExecutorFactory } from "../../engine/executables.js";
import { coded } from "../../engine/failure.js";
import { AnswerInheritance } from "../../engine/inherited-answers.js";
import type { Log } from "../../engine/log.js";
import type { RunOptions } from "../../engine/options.js";
import { outlineOf } from "../../engine/outline.js";
import { type History, writingNodes } from "../../engine/recorder.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import { contextOf } from "../contexts.js";
import type { DurabilityLevel } from "../settings.js";
import { type Blob, bytesOf, type Hash, Records, recordBytes, textOf, valueIn } from "./entries.js";
import { RunRecorder } from "./run-recorder.js";
import { Writer } from "./writer.js";

/** Statuses of executions that are over. */
const FINISHED: readonly string[] = ["completed", "failed", "cancelled"];
/** What began an execution that was forked from another. */
const FORKED = "fork";
const NOTHING = new Uint8Array(0);
/** Executions that are looked for at once. */
const BATCH = 100;
/** Records that are read at once. */
const PAGE = 1_000;

/** A run that is kept: what it is made from, and where it is recorded. */
export interface KeptRun {
  node: NodeDefinition;
  context: ConductorExecutionContext;
  /** As they were when it began. */
  options: RunOptions;
  /** Nodes, by their place in the outline, that start once what came before is on disk. */
  held: readonly number[];
  /** Missing for an execution that is over, of which nothing more is written. */
  recorder?: RunRecorder;
  /** Missing for one that begins. */
  history?: History;
  /** Of a fork: makes what says which answers it takes over. */
  inheritance?: RunRequest["inheritance"];
}

/** An execution of the store as it was recorded. */
export interface RecordedRun extends KeptRun {
  history: Records;
}

/** What a run is made from beside its flow. */
type Head = Partial<ConductorExecutionContext> & Pick<KeptRun, "options" | "held">;

/** An execution that begins. */
export interface NewRun {
  /** Of the execution in the store. */
  id: string;
  /** Whether an execution of this id may be there already. */
  mayExist: boolean;
  node: NodeDefinition;
  context: ConductorExecutionContext;
  options: RunOptions;
  /** The execution that it is a part of, or was forked from. */
  parentId?: string | undefined;
  /** Entries of what a fork may take over, and the blobs that they name. */
  fork?: { entries: readonly string[]; blobs: readonly Blob[] };
}

/** Keeps the executions of one conductor in a store. */
export class Durability {
  /** Missing until something is to be kept, and again once it was closed. */
  private opened: Promise<Writer> | undefined;

  /**
   * @param open opens the store, or gives the one that is open
   * @param owns whether that opens it, so that it is closed here as well
   */
  constructor(
    private readonly open: () => ExecutionStore | PromiseLike<ExecutionStore>,
    private readonly owns: boolean,
    private readonly level: Exclude<DurabilityLevel, "off">,
    private readonly hash: Hash | undefined,
    private readonly executables: () => NodeExecutorFactory | undefined,
    private readonly log: Log,
  ) {}

  private get writer(): Promise<Writer> {
    if (this.opened === undefined) {
      this.opened = Promise.resolve(this.open()).then((store) => new Writer(store, this.log));
      // What could not be opened may be the next time.
      this.opened.catch(() => {
        this.opened = undefined;
      });
    }
    return this.opened;
  }

  get store(): Promise<ExecutionStore> {
    return this.writer.then(({ store }) => store);
  }

  /**
   * Notes an execution that begins, or attaches to the one that has its id.
   *
   * @throws Error SERIALIZATION_FAILED for a flow or an input that cannot be written, INVALID_PARAMETERS where another process has
   *   an execution of this id
   */
  async begin({ id, mayExist, node, context, options, parentId, fork }: NewRun): Promise<KeptRun> {
    const writer = await this.writer;
    if (fork !== undefined && (await writer.store.get(id)) !== undefined) throw existing(id);
    if (mayExist) {
      const known = await writer.store.get(id);
      if (known !== undefined) return this.attach(writer, known, node, context);
    }
    const document = JSON.stringify(node);
    const held = this.level === "strict" ? writingNodes(outlineOf(node), this.executables()) : [];
    const { input, variables, slowMo, debug, executionId } = context;
    const head = bytesOf(
      { input, variables, slowMo, debug, executionId, options, held },
      "What the execution is given",
      () => {},
    );
    const documentHash = await this.hashOf(document);
    writer.add({
      type: "begin",
      execution: {
        id,
        flowId: node.id,
        name: node.name || node.id,
        document,
        documentHash,
        head,
        trigger: fork !== undefined ? FORKED : parentId === undefined ? "call" : "flow",
        tags: [],
        startedAt: Date.now(),
        ...(parentId !== undefined && { parentId }),
      },
    });
    if (fork === undefined) return { node, context, options, held, recorder: this.recorder(writer, id, context, 1, 0) };
    const { entries, blobs } = fork;
    const values = recordBytes(entries);
    writer.add({
      type: "append",
      id,
      epoch: 1,
      sequence: 1,
      journal: NOTHING,
      values,
      ...(blobs.length > 0 && { blobs }),
    });
    const recorder = this.recorder(writer, id, context, 1, 1);
    const history = new Records([{ journal: NOTHING, values }]);
    for (const { hash, data } of blobs) history.take(hash, data);
    // Its id is told once it would be found by it.
    await writer.flush();
    if (recorder.isOver) throw existing(id);
    return { node, context, options, held, recorder, history, inheritance: inheritanceOf(history) };
  }

  /** Goes on with an execution that has begun; `undefined` where another process has it, or it is over. */
  async claim(id: string): Promise<KeptRun | undefined> {
    const writer = await this.writer;
    const claimed = await writer.store.claim(id);
    return claimed && this.goOn(writer, claimed);
  }

  /** Ids of executions that no process goes on with, those that began first first. */
  async *unfinished(): AsyncGenerator<string> {
    const { store } = await this.writer;
    const seen = new Set<string>();
    for (;;) {
      const ids = await store.claimable(Date.now(), BATCH + seen.size);
      const found = ids.filter((id) => !seen.has(id));
      if (found.length === 0) return;
      for (const id of found) {
        seen.add(id);
        const row = await store.get(id);
        // A part of another execution goes on with that.
        if (row !== undefined && (row.parentId === undefined || row.trigger === FORKED)) yield id;
      }
    }
  }

  /**
   * An execution as it was recorded; `undefined` where there is none.
   *
   * @param isKept whether its answers can be read as they were recorded after they were replayed
   */
  async recorded(id: string, isKept = false): Promise<RecordedRun | undefined> {
    const { store } = await this.writer;
    const row = await store.get(id);
    return row && this.read(store, row, isKept);
  }

  /** Lets go of all executions, as they are: whichever process recovers them goes on with them. */
  async close(): Promise<void> {
    const writer = await this.opened?.catch(() => undefined);
    this.opened = undefined;
    await writer?.leave();
    if (this.owns) await writer?.store.close();
  }

  private async attach(
    writer: Writer,
    known: StoredExecution,
    node: NodeDefinition,
    context: ConductorExecutionContext,
  ): Promise<KeptRun> {
    const isOver = FINISHED.includes(known.status);
    const claimed = isOver ? known : await writer.store.claim(known.id);
    if (claimed === undefined) {
      throw coded("INVALID_PARAMETERS", `The execution ${known.id} is under way in another process`, undefined);
    }
    // What is given this time, before it is replaced by what was given then.
    const given = { ...context };
    const kept = isOver ? await this.read(writer.store, known) : await this.goOn(writer, claimed, context);
    const isOtherFlow = (await this.hashOf(JSON.stringify(node))) !== known.documentHash;
    kept.history.warnings.push(...differences(known, isOtherFlow, given, kept.context));
    return kept.context === context ? kept : { ...kept, context: givenAgain(context, kept.context) };
  }

  private async hashOf(document: string): Promise<string> {
    const bytes = new TextEncoder().encode(document);
    return this.hash?.(bytes) ?? digestOf(bytes);
  }

  private async goOn(writer: Writer, row: StoredExecution, given?: ConductorExecutionContext): Promise<RecordedRun> {
    const recorderFor = (context: ConductorExecutionContext) =>
      this.recorder(writer, row.id, context, row.epoch, row.sequence);
    let kept: RecordedRun;
    try {
      kept = await this.read(writer.store, row);
    } catch (error) {
      const unknown = { executionId: row.id, variables: {} } as ConductorExecutionContext;
      await recorderFor(unknown).block(`Its records cannot be read: ${(error as Error).message}`);
      throw error;
    }
    const context = given === undefined ? kept.context : givenAgain(given, kept.context);
    const recorder = recorderFor(context);
    const missing = this.missingType(kept.node);
    if (missing !== undefined) {
      const reason = `No implementation found for node type: ${missing}`;
      await recorder.block(reason);
      throw coded("NODE_TYPE_NOT_FOUND", reason, undefined);
    }
    return { ...kept, context, recorder };
  }

  private async read(store: ExecutionStore, { id, flowId }: StoredExecution, isKept = false): Promise<RecordedRun> {
    const begun = await store.begun(id);
    if (begun === undefined) throw coded("NODE_NOT_FOUND", `There is no execution ${id}`, undefined);
    const all = [];
    for (let after = 0; ; ) {
      const records = await store.records(id, after, PAGE);
      all.push(...records);
      if (records.length < PAGE) break;
      after = (records.at(-1) as { sequence: number }).sequence;
    }
    const history = new Records(all, isKept);
    for (const hash of history.blobs) {
      const data = await store.blob(hash);
      if (data === undefined)
        throw coded("DESERIALIZATION_FAILED", `A value of the execution ${id} is missing`, undefined);
      history.take(hash, data);
    }
    const node = JSON.parse(begun.document) as NodeDefinition;
    const { options, held, ...given } = valueIn(begun.head) as Head;
    const context = contextOf(node, given);
    if (context.nodeId !== flowId)
      throw coded("DESERIALIZATION_FAILED", `The execution ${id} has another flow`, undefined);
    return { node, context, options, held, history, inheritance: inheritanceOf(history) };
  }

  private recorder(
    writer: Writer,
    id: string,
    context: ConductorExecutionContext,
    epoch: number,
    sequence: number,
  ): RunRecorder {
    return new RunRecorder(writer, id, context, epoch, sequence, this.level === "strict", this.hash);
  }

  /** The first type of a flow's leaves that nothing carries out. */
  private missingType(node: NodeDefinition): string | undefined {
    const executables = this.executables();
    if (executables === undefined) return undefined;
    const children = node.nodes ?? [];
    if (children.length > 0) {
      return children.map((child) => this.missingType(child)).find((missing) => missing !== undefined);
    }
    if (node.parameters?.enabled === false) return undefined;
    return executables.getNodeExecutable(node.type) == null ? node.type : undefined;
  }
}

/** Warnings of what is asked for otherwise than when the execution began, which counts. */
function differences(
  { id, startedAt }: StoredExecution,
  isOtherFlow: boolean,
  given: ConductorExecutionContext,
  begun: ConductorExecutionContext,
): { task: number; rule: string; message: string }[] {
  const different = (["input", "variables"] as const).filter((key) => textOfAny(given[key]) !== textOfAny(begun[key]));
  const all = [...(isOtherFlow ? ["flow"] : []), ...different];
  if (all.length === 0) return [];
  const what = all.join(" and ");
  const message = `The execution ${id} began on ${new Date(startedAt).toISOString()} with another ${what}, which counts; what was given now is left out. Give another \`executionId\` to run with it`;
  return [{ task: 0, rule: "began-otherwise", message }];
}

/** A value as text, to compare; what cannot be kept differs from what was kept. */
function textOfAny(value: unknown): string | undefined {
  try {
    return textOf(value, "The value", () => {});
  } catch {
    return undefined;
  }
}

function existing(id: string): Error {
  return coded("INVALID_PARAMETERS", `There is an execution ${id} already; give the fork another id`, undefined);
}

function inheritanceOf({ inheritable }: Records): RunRequest["inheritance"] {
  return inheritable && ((plan, values) => new AnswerInheritance(plan, values, inheritable));
}

/** A context with what the execution was given when it began; the same object, which others may know. */
function givenAgain(
  context: ConductorExecutionContext,
  { input, variables }: ConductorExecutionContext,
): ConductorExecutionContext {
  return Object.assign(context, { input, variables });
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  if (subtle === undefined) {
    const message = "This page has no Web Crypto, which keeping executions needs; serve it by HTTPS or from localhost";
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes as BufferSource));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
