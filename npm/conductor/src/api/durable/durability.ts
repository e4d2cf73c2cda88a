/** Executions that outlast their process: how one begins, and how it goes on from its records. */
import type { ExecutionChange, ExecutionStatus, ExecutionStore, StoredExecution } from "@atomiton/storage";
import type { NodeExecutorFactory } from "../../engine/executables.js";
import { type ExpressionSources, secretsOf } from "../../engine/expression-scope.js";
import { coded, failure } from "../../engine/failure.js";
import { fileOf, withFile } from "../../engine/flow-origin.js";
import { AnswerInheritance } from "../../engine/inherited-answers.js";
import type { Log } from "../../engine/log.js";
import { outlineOf } from "../../engine/outline.js";
import { cancelRecords, JOURNAL_WORDS, writingNodes } from "../../engine/recorder.js";
import { type Redacted, RunRedact } from "../../engine/redact.js";
import type { RunRequest } from "../../engine/run-request.js";
import { isIdInside } from "../../executions/registry.js";
import type { RowsBehind } from "../../executions/rows-text.js";
import { EXECUTION_STATUSES, FORKED, isFinished, isPart } from "../../executions/status.js";
import { ExpressionError } from "../../expressions/failure.js";
import { Redaction, SHORTEST_IN_VALUES } from "../../expressions/redaction.js";
import { requestTags } from "../../types/cause.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { OpenQuestion } from "../../types/question.js";
import { contextOf } from "../contexts.js";
import { demandLabels, labelsLacking } from "../labels.js";
import type { DurabilityLevel } from "../settings.js";
import { DocumentHashes } from "./document-hashes.js";
import { type Hash, headBytes, KnownSecrets, questionsIn, recordBytes, secretsIn, valueIn } from "./entries.js";
import {
  differences,
  differing,
  type Fork,
  givenAgain,
  type Head,
  type KeptRun,
  type NewRun,
  type RecordedRun,
} from "./kept-run.js";
import { LeftToOthers, labelsOf } from "./left-to-others.js";
import { type Metadata, shownMetadata, tagsOf } from "./metadata.js";
import { allRecords, Records } from "./records.js";
import { RunRecorder } from "./run-recorder.js";
import { SecretReferences } from "./secret-references.js";
import { Sleepers } from "./sleepers.js";
import { MAX_TAKE_OVERS, nodesUnderWay, tooManyTakeOvers } from "./take-overs.js";
import { missingType, otherVersions, typeVersions } from "./type-versions.js";
import { Writer } from "./writer.js";

/** Statuses of executions that are not over. */
const UNFINISHED = EXECUTION_STATUSES.filter((status) => !isFinished(status));
const NOTHING = new Uint8Array(0);
/** Executions that are looked for at once. */
const BATCH = 1_000;
/** Rows that are read at once. */
const PAGE = 1_000;

/** How an execution is claimed. */
interface ClaimOptions {
  pauses?: boolean;
  anyVersion?: boolean;
  isAsked?: boolean;
}

/** What executions of a conductor are kept with. */
export interface DurabilityParts {
  /** Opens the store, or gives the one that is open. */
  open: () => ExecutionStore | PromiseLike<ExecutionStore>;
  /** Whether that opens it, so that it is closed here as well. */
  owns: boolean;
  level: Exclude<DurabilityLevel, "off">;
  hash?: Hash;
  executables: () => NodeExecutorFactory | undefined;
  log: Log;
  /** Where secrets come from that values name. */
  sources: ExpressionSources | undefined;
  wakes?: "all" | "own";
  /** How often in a row an execution is taken over without an answer of a node in between. */
  maxTakeOvers?: number | undefined;
  /** Rows behind outputs; missing where there are no native tables. */
  rowsBehind?: RowsBehind;
  /** What this process offers. */
  labels: ReadonlySet<string>;
}

/** Keeps the executions of one conductor in a store. */
export class Durability {
  /** Those that left memory until they go on. */
  readonly sleepers: Sleepers;
  /** Missing until something is to be kept, and again once it was closed. */
  private opened: Promise<Writer> | undefined;
  private readonly documents: DocumentHashes;
  /** Called with the id of an execution of which something was written. */
  readonly onWritten = new Set<(id: string) => void>();
  /** Executions that ask for labels which this process does not offer. */
  readonly elsewhere: LeftToOthers;

  constructor(private readonly parts: DurabilityParts) {
    const { wakes = "all", log, hash } = parts;
    this.sleepers = new Sleepers(this, wakes, log);
    this.documents = new DocumentHashes(hash);
    this.elsewhere = new LeftToOthers(() => this.store, parts.labels);
  }

  private get writer(): Promise<Writer> {
    if (this.opened === undefined) {
      this.opened = Promise.resolve(this.parts.open()).then(
        (store) => new Writer(store, this.parts.log, this.tellWritten),
      );
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
   *   an execution of this id, IMPLEMENTATION_NOT_FOUND where it asks for a label that this process does not offer
   */
  async begin(run: NewRun): Promise<KeptRun> {
    const { id, mayExist, node, context, options, parentId, secrets, redact, fork, cause, trace, fromFile } = run;
    const writer = await this.writer;
    this.sleepers.watch();
    if (fork !== undefined && (await writer.store.get(id)) !== undefined) throw existing(id);
    if (mayExist) {
      const known = await writer.store.get(id);
      if (known !== undefined) {
        const attached = await this.attach(writer, known, run);
        cause?.begun();
        return attached;
      }
    }
    demandLabels(run.asked, this.parts.labels);
    const document = JSON.stringify(node);
    const held = this.parts.level === "strict" ? writingNodes(outlineOf(node), this.parts.executables()) : [];
    if (secrets !== undefined) await this.learn(node, secrets, document);
    const history = fork && (await this.forkedFrom(fork, secrets));
    const { slowMo, debug, executionId } = context;
    const [input, variables] = [context.input, context.variables].map((given) => {
      redact?.note(0, given, false);
      return redact?.shown(given) ?? { value: given, paths: [] };
    }) as [Redacted, Redacted];
    const redacted = [
      ...input.paths.map((path) => `input.${path}`),
      ...variables.paths.map((path) => `variables.${path}`),
    ];
    const metadata = shownMetadata(run.metadata, redact, secrets);
    const file = fileOf(node);
    const types = typeVersions(node, this.parts.executables());
    const labels = [...new Set(run.asked.map(({ label }) => label))];
    const given = {
      input: input.value,
      variables: variables.value,
      slowMo,
      debug,
      executionId,
      options,
      held,
      ...(metadata && { metadata }),
      ...(trace && { trace }),
      ...(file !== undefined && { file }),
      ...(types.length > 0 && { types }),
      ...(labels.length > 0 && { labels }),
      ...(fromFile && { leftOut: fromFile }),
    };
    const head = headBytes(
      redacted.length === 0 ? given : { ...given, redacted },
      secrets && new SecretReferences(secrets).hide,
    );
    const documentHash = await this.documents.hashOf(document);
    const startedAt = Date.now();
    const trigger = fork !== undefined ? FORKED : parentId === undefined ? (cause?.trigger ?? "call") : "flow";
    writer.add({
      type: "begin",
      execution: {
        id,
        flowId: node.id,
        // Of any type where no editor wrote it.
        name: String(node.name || node.id),
        document,
        documentHash,
        head,
        trigger,
        tags: [...(cause === undefined ? [] : requestTags(cause)), ...(metadata === undefined ? [] : tagsOf(metadata))],
        startedAt,
        ...(parentId !== undefined && { parentId }),
      },
    });
    const row = {
      id,
      epoch: 1,
      sequence: fork === undefined ? 0 : 1,
      status: "running",
      updatedAt: startedAt,
      trigger,
      ...(parentId !== undefined && { parentId }),
    } as const;
    const leavesOut = redacted.length > 0 || history?.leavesOut;
    const recorder = this.recorder(writer, row, context, secrets, leavesOut);
    const kept = { node, context, options, held, recorder, secrets, redact };
    if (cause !== undefined) {
      await writer.flush();
      if (recorder.isOver) throw existing(id);
      cause.begun();
    }
    if (fork === undefined || history === undefined) return kept;
    const { blobs } = fork;
    writer.add({
      type: "append",
      id,
      epoch: 1,
      sequence: 1,
      journal: NOTHING,
      values: recordBytes(fork.entries),
      ...(blobs.length > 0 && { blobs }),
    });
    // Its id is told once it would be found by it.
    await writer.flush();
    if (recorder.isOver) throw existing(id);
    return { ...kept, history, inheritance: inheritanceOf(history) };
  }

  /** What a fork may take over, with the secrets in it. */
  private async forkedFrom({ entries, blobs }: Fork, secrets = new Redaction()): Promise<Records> {
    const history = new Records([{ journal: NOTHING, values: recordBytes(entries) }]);
    for (const { hash, data } of blobs) history.take(hash, data);
    history.secrets = await this.secretsOf(history.secretNames, secrets);
    return history;
  }

  /** Asks for the secrets that a flow names before anything of it is kept; nodes ask for them again. */
  private async learn(node: NodeDefinition, secrets: Redaction, document = ""): Promise<void> {
    const { byNode = new Map() } = outlineOf(node).expressions ?? {};
    const names = new Set([...byNode.values()].flatMap((expressions) => [...expressions.secrets]));
    const source = this.parts.sources?.secrets;
    await Promise.all(
      Array.from(names, async (name) => {
        try {
          const secret = await source?.(name);
          if (typeof secret === "string") secrets.add(secret, name);
        } catch {
          // The node that needs it says so.
        }
      }),
    );
    for (const [secret, name] of secrets.names) {
      if (secret.length < SHORTEST_IN_VALUES || !document.includes(JSON.stringify(secret).slice(1, -1))) continue;
      this.parts.log.warn(
        `[CONDUCTOR] The flow ${node.id} has the value of the secret \`${name}\` in its text, and is kept with it: write \`\u0024{{ secrets.${name} }}\` instead`,
      );
    }
  }

  /** The secrets that the records of an execution name, as they are now. */
  private async secretsOf(names: ReadonlySet<string>, secrets: Redaction): Promise<KnownSecrets> {
    if (names.size === 0) return new KnownSecrets(new Map());
    const found = await secretsOf(names, this.parts.sources);
    for (const [name, secret] of found) secrets.add(secret, name);
    return new KnownSecrets(found);
  }

  /**
   * Goes on with an execution that has begun; `undefined` where another process has it, or it is over.
   *
   * @param pauses to be paused, for which it needs no node type
   * @param anyVersion whether it goes on with other versions of node types than it began with, from now on
   * @param isAsked whether it goes on however often it was taken over
   * @throws Error NODE_TYPE_NOT_FOUND, DESERIALIZATION_FAILED, EXECUTION_FAILED where it cannot go on: it is blocked then;
   *   IMPLEMENTATION_NOT_FOUND where it asks for a label that this process does not offer: it is left as it is then
   */
  async claim(id: string, options: ClaimOptions = {}): Promise<KeptRun | undefined> {
    const writer = await this.writer;
    if (options.pauses !== true) await this.elsewhere.refuse(id);
    const claimed = await writer.store.claim(id);
    const secrets = options.pauses === true ? undefined : new Redaction();
    return claimed && this.goOn(writer, claimed, secrets, undefined, options);
  }

  /** Executions that no process goes on with, those that began first first, then those that were blocked; many at once. */
  async *unfinished(): AsyncGenerator<StoredExecution[]> {
    const { store } = await this.writer;
    const seen = new Set<string>();
    for (;;) {
      const ids = await store.claimable(Date.now(), BATCH + seen.size);
      const found = ids.filter((id) => !seen.has(id));
      if (found.length === 0) break;
      for (const id of found) seen.add(id);
      const rows = await Promise.all(found.map((id) => store.get(id)));
      // A part of another execution goes on with that.
      yield rows.filter((row): row is StoredExecution => row !== undefined && !isPart(row));
    }
    for await (const row of this.rows("blocked")) if (!seen.has(row.id)) yield [row];
  }

  /** Executions of the store that stand so, without those that are parts of others. */
  async *rows(status: ExecutionStatus): AsyncGenerator<StoredExecution> {
    const { store } = await this.writer;
    let cursor: string | undefined;
    do {
      const page = await store.list({ status }, { limit: PAGE, ...(cursor !== undefined && { cursor }) });
      for (const row of page.executions) if (!isPart(row)) yield row;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /** Open questions of executions that left memory: of all, or of those that an id is that of, or of a part of. */
  async questions(id?: string): Promise<{ executionId: string; question: OpenQuestion }[]> {
    const { store } = await this.writer;
    const rows: StoredExecution[] = [];
    if (id === undefined) for await (const row of this.rows("waiting")) rows.push(row);
    else rows.push(...(await this.around(store, id)));
    const asked = rows.map(async ({ id: executionId, sequence }) => {
      const records = await store.records(executionId, sequence - 1, 1);
      return records.flatMap(({ values }) => questionsIn(values)).map((question) => ({ executionId, question }));
    });
    const all = (await Promise.all(asked)).flat();
    return id === undefined ? all : all.filter(({ question }) => isIdInside(question.id, id));
  }

  /** The waiting execution of an id, or that of which the id is a part. */
  private async around(store: ExecutionStore, id: string): Promise<StoredExecution[]> {
    for (let end = id.length; end > 0; end = id.lastIndexOf("/", end - 1)) {
      const row = await store.get(id.slice(0, end));
      if (row !== undefined) return row.status === "waiting" ? [row] : [];
    }
    return [];
  }

  /**
   * An execution as it was recorded; `undefined` for an id that the store does not have.
   *
   * @param isKept whether its answers can be read as they were recorded after they were replayed
   * @param secrets told of what values name; missing where names are to stand in the place of secrets
   */
  async recorded(id: string, isKept = false, secrets?: Redaction): Promise<RecordedRun | undefined> {
    const { store } = await this.writer;
    const row = await store.get(id);
    return row && this.read(store, row, secrets, isKept);
  }

  /** What the request of an execution said about it. */
  async metadataOf(id: string): Promise<Metadata | undefined> {
    const begun = await (await this.store).begun(id);
    return begun && (valueIn(begun.head) as Head).metadata;
  }

  /**
   * Ends an execution that no process has, and those that are parts of it.
   *
   * @throws Error NODE_NOT_FOUND, or INVALID_PARAMETERS where it is over or another process has it
   */
  async cancel(id: string): Promise<void> {
    const writer = await this.writer;
    const row = await writer.store.get(id);
    if (row === undefined) throw coded("NODE_NOT_FOUND", `There is no execution ${id}`, undefined);
    const claimed = await writer.store.claim(id);
    if (claimed === undefined) {
      const now = await writer.store.get(id);
      const isOver = now !== undefined && isFinished(now.status);
      const message = isOver
        ? `The execution ${id} is over: ${now.status}`
        : `The execution ${id} is under way in another process: cancel it there, by \`conductor.executions.cancel\` or by ` +
          "ending that process, after which it can be cancelled here";
      throw coded("INVALID_PARAMETERS", message, undefined);
    }
    await this.end(writer, claimed);
    for (const part of await this.partsOf(writer.store, id)) {
      const own = await writer.store.claim(part);
      if (own !== undefined) await this.end(writer, own);
    }
    await writer.flush();
  }

  /** Notes that an execution was cancelled, in its journal as well: whatever is made of that later ends so. */
  private async end(writer: Writer, row: StoredExecution): Promise<void> {
    const { id } = row;
    const { journal } = new Records(await allRecords(writer.store, id));
    const last = journal.length === 0 ? undefined : journal.subarray(-JOURNAL_WORDS);
    const context = { executionId: id, variables: {} } as ConductorExecutionContext;
    const recorder = this.recorder(writer, row, context, undefined);
    recorder.step(cancelRecords(last, Date.now()));
    await recorder.end(failure("CANCELLED", "Execution cancelled", { executionId: id }));
  }

  /** Ids of the executions that are parts of one, at any depth, and not over. */
  private async partsOf(store: ExecutionStore, id: string): Promise<string[]> {
    const inside = `${id}/`;
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const options = { limit: BATCH, ...(cursor !== undefined && { cursor }) };
      const page = await store.list({ text: inside, status: UNFINISHED }, options);
      // A part names the node that began it as its parent.
      for (const row of page.executions) if (isPart(row) && row.parentId?.startsWith(inside)) found.push(row.id);
      cursor = page.next;
    } while (cursor !== undefined);
    return found;
  }

  /** Puts the execution of a file into the store; gives its id there. */
  async import(bytes: Uint8Array, options: { id?: string }): Promise<string> {
    const { importExecution } = await import("../replay/portable.js");
    const id = await importExecution(await this.store, bytes, options, this.parts.hash);
    for (const tell of this.onWritten) tell(id);
    return id;
  }

  private readonly tellWritten = (changes: readonly ExecutionChange[]): void => {
    if (this.onWritten.size === 0) return;
    const ids = new Set(changes.map((change) => (change.type === "begin" ? change.execution.id : change.id)));
    for (const tell of [...this.onWritten]) for (const id of ids) tell(id);
  };

  /** Takes up no executions of others any more; those that are under way go on until it is closed. */
  drain(): void {
    this.sleepers.drain();
  }

  /** Lets go of all executions, as they are: whichever process recovers them goes on with them. */
  async close(): Promise<void> {
    const writer = await this.opened?.catch(() => undefined);
    this.opened = undefined;
    this.sleepers.close();
    await writer?.leave();
    if (this.parts.owns) await writer?.store.close();
  }

  private async attach(
    writer: Writer,
    known: StoredExecution,
    { node, context, secrets = new Redaction(), metadata }: NewRun,
  ): Promise<KeptRun> {
    const isOver = isFinished(known.status);
    if (known.status === "paused" && !isPart(known)) {
      const message = `The execution ${known.id} is paused; \`executions.resume\` lets it go on`;
      throw coded("INVALID_PARAMETERS", message, undefined);
    }
    // A part is claimed, so that what it is a part of is blocked with it.
    if (!isOver && !isPart(known)) await this.elsewhere.refuse(known.id);
    const claimed = isOver ? known : await writer.store.claim(known.id);
    if (claimed === undefined) {
      throw coded("INVALID_PARAMETERS", `The execution ${known.id} is under way in another process`, undefined);
    }
    // What is given this time, before it is replaced by what was given then.
    const given = { ...context };
    const kept = isOver
      ? await this.read(writer.store, known, secrets)
      : await this.goOnAs(writer, claimed, secrets, context);
    const isOtherFlow = (await this.documents.hashOf(JSON.stringify(node))) !== known.documentHash;
    const said = shownMetadata(metadata, kept.redact, secrets);
    const isOther = said !== undefined && JSON.stringify(said) !== JSON.stringify(kept.metadata);
    kept.history.warnings.push(...differences(known, isOtherFlow, given, kept, isOther));
    return kept.context === context ? kept : { ...kept, context: givenAgain(context, kept.context) };
  }

  /** Goes on with an execution that is begun once more; where a part of another one is blocked, that one is as well. */
  private async goOnAs(
    writer: Writer,
    row: StoredExecution,
    secrets: Redaction,
    given: ConductorExecutionContext,
  ): Promise<RecordedRun> {
    const { id } = row;
    try {
      return await this.goOn(writer, row, secrets, given, { anyVersion: isPart(row) && writer.takesAnyVersion(id) });
    } catch (error) {
      if (isPart(row)) writer.blockAround(id, error as Error);
      throw error;
    }
  }

  private async goOn(
    writer: Writer,
    row: StoredExecution,
    secrets: Redaction | undefined,
    given?: ConductorExecutionContext,
    { pauses = false, anyVersion = false, isAsked = false }: ClaimOptions = {},
  ): Promise<RecordedRun> {
    let leavesOut = true;
    const recorderFor = (context: ConductorExecutionContext) =>
      this.recorder(writer, { ...row, anyVersion }, context, secrets, leavesOut);
    let kept: RecordedRun;
    try {
      kept = await this.read(writer.store, row, secrets);
    } catch (error) {
      const unknown = { executionId: row.id, variables: {} } as ConductorExecutionContext;
      const { message } = error as Error;
      await recorderFor(unknown).block(
        error instanceof ExpressionError
          ? `A value has a secret: ${message}`
          : `Its records cannot be read: ${message}`,
      );
      throw error;
    }
    const { leftOut = [] } = kept;
    leavesOut = kept.history.leavesOut || leftOut.length > 0;
    // What was not kept is there again.
    if (leftOut.length > 0 && given !== undefined && differing(given, kept).length === 0) {
      kept = { ...kept, context: givenAgain({ ...kept.context }, given), leftOut: [] };
    }
    const context = given === undefined ? kept.context : givenAgain(given, kept.context);
    const recorder = recorderFor(context);
    const lacking = pauses ? undefined : labelsLacking(row.id, kept.labels, this.parts.labels);
    if (lacking !== undefined) {
      await recorder.block(lacking);
      throw coded("IMPLEMENTATION_NOT_FOUND", lacking, undefined);
    }
    if (!pauses) {
      await this.demandTypes(row.id, kept, recorder, anyVersion);
      // A part is taken over with what it is a part of.
      if (!isPart(row)) await this.takeOver(row, kept, recorder, isAsked);
    }
    recorder.countLog(kept.history.log);
    return { ...kept, context, recorder, pauses };
  }

  /**
   * Blocks an execution whose node types are not those that it began with, and notes those that it goes on with all the same.
   *
   * @throws Error NODE_TYPE_NOT_FOUND
   */
  private async demandTypes(
    id: string,
    { node, types = [], history }: RecordedRun,
    recorder: RunRecorder,
    anyVersion: boolean,
  ): Promise<void> {
    const executables = this.parts.executables();
    const missing = missingType(node, executables);
    const now = typeVersions(node, executables);
    const other = otherVersions(id, history.types ?? types, now);
    const reason = missing === undefined ? other : `No implementation found for node type: ${missing}`;
    if (reason === undefined) return;
    if (missing === undefined && anyVersion) return recorder.types(now);
    await recorder.block(reason);
    throw coded("NODE_TYPE_NOT_FOUND", reason, undefined);
  }

  /**
   * Notes where an execution is taken over from a process that may have ended by it, and blocks one for which that happened too often.
   *
   * @throws Error EXECUTION_FAILED
   */
  private async takeOver(
    { id, status, epoch }: StoredExecution,
    kept: RecordedRun,
    recorder: RunRecorder,
    isAsked: boolean,
  ): Promise<void> {
    const { history } = kept;
    const isAtRest = status !== "running" && status !== "queued";
    const before = history.takeOvers;
    // One that was at rest was left so; unless the process that went on with it ended before it could write that it did.
    const isRepeated = (status === "sleeping" || status === "waiting") && epoch - history.lastEpoch > 1;
    const isOften = before.length >= (this.parts.maxTakeOvers ?? MAX_TAKE_OVERS);
    if (isAsked || !isOften) {
      if (!isAtRest || isRepeated || isOften) await recorder.takenOver(nodesUnderWay(kept));
      return;
    }
    const reason = tooManyTakeOvers(kept.node, id, [...before, nodesUnderWay(kept)]);
    await recorder.block(reason);
    throw coded("EXECUTION_FAILED", reason, undefined);
  }

  /** @param secrets told of what values name; missing where names are to stand in the place of secrets */
  private async read(
    store: ExecutionStore,
    { id, flowId, status, startedAt, error }: StoredExecution,
    secrets?: Redaction,
    isKept = false,
  ): Promise<RecordedRun> {
    const begun = await store.begun(id);
    if (begun === undefined) throw coded("NODE_NOT_FOUND", `There is no execution ${id}`, undefined);
    const isAsleep = status === "sleeping" || status === "waiting";
    const history = new Records(await allRecords(store, id), { isAsleep, isKept });
    for (const hash of history.blobs) {
      const data = await store.blob(hash);
      if (data === undefined)
        throw coded("DESERIALIZATION_FAILED", `A value of the execution ${id} is missing`, undefined);
      history.take(hash, data);
    }
    const node = JSON.parse(begun.document) as NodeDefinition;
    if (secrets !== undefined) {
      await this.learn(node, secrets);
      const names = new Set([...history.secretNames, ...secretsIn(begun.head)]);
      history.secrets = await this.secretsOf(names, secrets);
    }
    const head = valueIn(begun.head, history.secrets) as Head;
    const labels = labelsOf(node, head);
    const { options, held, redacted, metadata, trace, file, types, labels: _, leftOut: fromFile, ...given } = head;
    withFile(node, file);
    const context = contextOf(node, given);
    if (context.nodeId !== flowId)
      throw coded("DESERIALIZATION_FAILED", `The execution ${id} has another flow`, undefined);
    const outline = outlineOf(node);
    const redact = outline.redacts === true ? new RunRedact(outline, secrets ?? new Redaction()) : undefined;
    const inheritance = inheritanceOf(history);
    const past = { startedAt, error: error === undefined ? undefined : (JSON.parse(error) as ExecutionError) };
    const leftOut = redacted ?? [];
    const read = {
      node,
      context,
      options,
      held,
      history,
      secrets,
      redact,
      leftOut,
      inheritance,
      past,
      metadata,
      trace,
      types,
      labels,
    };
    return { ...read, fromFile, isCheckedFork: history.isCheckedFork };
  }

  private recorder(
    writer: Writer,
    row: Pick<
      StoredExecution,
      "id" | "epoch" | "sequence" | "status" | "wakeAt" | "updatedAt" | "parentId" | "trigger"
    > & { anyVersion?: boolean },
    context: ConductorExecutionContext,
    secrets: Redaction | undefined,
    leavesOut = false,
  ): RunRecorder {
    // A part of another execution is in memory as long as that.
    const part = isPart(row);
    const onLeft = part ? undefined : (written: Promise<void>) => this.sleepers.leaves(row.id, written);
    return new RunRecorder(
      writer,
      { ...row, isPart: part, onLeft, leavesOut },
      context,
      this.parts.level === "strict",
      this.parts.hash,
      secrets,
      this.parts.rowsBehind,
    );
  }
}

function existing(id: string): Error {
  return coded("INVALID_PARAMETERS", `There is an execution ${id} already; give the new one another id`, undefined);
}

function inheritanceOf({ inheritable }: Records): RunRequest["inheritance"] {
  return inheritable && ((plan, values) => new AnswerInheritance(plan, values, inheritable));
}
