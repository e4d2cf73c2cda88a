/** In the worker: runs that the page follows. */
import { isCloneable } from "@atomiton/values";
import { Run } from "../engine/driver.js";
import type { NodeExecutorFactory } from "../engine/executables.js";
import { failure, safelyThrown } from "../engine/failure.js";
import type { Log } from "../engine/log.js";
import { type Outline, outlinedId } from "../engine/outline.js";
import type { Outcome, RunRequest } from "../engine/run-request.js";
import { reportsOf } from "../engine/view-copy.js";
import { addChange, addTouch, countOf, nodeAt, roomForView } from "../engine/view-numbers.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionError } from "../types/errors.js";
import type { Command, FromWorker, RunEnd, SentError, SentOutline, ToWorker } from "./messages.js";
import type { CallingRun, PageExecutables } from "./page-executables.js";
import { memoryIn, send } from "./post-message.js";
import { SharedVariables } from "./shared-variables.js";

/** What runs in a worker share. */
export interface Workbench {
  port: Pick<MessagePort, "postMessage">;
  /** For the types that the page does not execute. */
  executables: NodeExecutorFactory;
  page: PageExecutables;
  /** Whether what nodes return is referred to by nothing else in this thread, so that its memory can be handed over. */
  mayTransfer(): boolean;
}

/** Least time between two views, and two words that something happened, in ms. */
const VIEW_INTERVAL = 50;
const WORD_INTERVAL = 100;

const LEVELS = ["debug", "info", "warn", "error"] as const;

/**
 * One run in the worker, which the page follows: does what the page wants, and tells how the run looks, no more often
 * than anybody can see, and how it ended.
 */
export class ServedRun implements CallingRun {
  readonly run: number;
  readonly context: RunRequest["context"];
  readonly variables: SharedVariables;
  readonly #bench: Workbench;
  readonly #sent: Extract<ToWorker, { type: "open" }>;
  readonly #engineRun: Run | undefined;
  #changes: number[] = [];
  #isWatched = false;
  #viewWanted = false;
  /** Something happened since the last view. */
  #hasNews = true;
  #viewedAt = Number.NEGATIVE_INFINITY;
  #spokeAt = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Opens it. What it cannot be run for is told to the page. */
  constructor(bench: Workbench, sent: Extract<ToWorker, { type: "open" }>) {
    this.run = sent.run;
    this.context = sent.context;
    this.variables = new SharedVariables(sent.context.variables);
    this.#bench = bench;
    this.#sent = sent;
    try {
      this.#engineRun = Run.open(outlineOf(sent.outline), this.#request());
      this.#say({ type: "opened", run: this.run, can: this.#engineRun !== undefined });
    } catch (error) {
      this.#break(safelyThrown(error, this.context));
    }
  }

  /** Settles when it is over. */
  async over(): Promise<void> {
    const run = this.#engineRun;
    if (run === undefined) return;
    const outcome = await run.done;
    clearTimeout(this.#timer);
    this.#tellChanges();
    this.#tellEnd(run, outcome);
  }

  /** Does what the page wants. */
  carryOut(command: Command): void {
    const run = this.#engineRun;
    if (run === undefined || run.isFinished) return;
    switch (command) {
      case "start":
        this.#spokeAt = performance.now();
        return run.start();
      case "cancel":
        return run.cancel();
      case "pause":
        return run.pause();
      case "resume":
        return run.resume();
      case "watch":
        this.#isWatched = true;
        run.watch(true);
        return this.#tellView(run);
      case "unwatch":
        this.#tellChanges();
        this.#isWatched = false;
        return run.watch(false);
      case "view":
        this.#viewWanted = true;
        return this.#offerView();
    }
  }

  #request(): RunRequest {
    const { outline, context, options } = this.#sent;
    const { executables, page } = this.#bench;
    return {
      context,
      options,
      executables: {
        getNodeExecutable: (type: string | number) =>
          typeof type === "number"
            ? page.of(this, type, outline.nodes[type]?.items === true)
            : executables.getNodeExecutable(type),
      },
      log: this.#log(),
      onChange: (task, packed, step) => addChange(this.#news(), task, packed, step, Date.now()),
      onRetry: (task) => {
        if (this.#isWatched) addTouch(this.#news(), task, Date.now());
      },
      onStep: () => this.#stepped(),
    };
  }

  /** Changes that are told with the next turn. */
  #news(): number[] {
    if (this.#changes.length === 0) queueMicrotask(() => this.#tellChanges());
    return this.#changes;
  }

  #stepped(): void {
    this.#hasNews = true;
    if (this.#viewWanted) return this.#offerView();
    const now = performance.now();
    if (now - this.#spokeAt < WORD_INTERVAL) return;
    this.#spokeAt = now;
    this.#say({ type: "stepped", run: this.run });
  }

  /** Sends the state of the run, if the page asked for it, there is something new, and it is time. */
  #offerView(): void {
    const run = this.#engineRun;
    if (!this.#viewWanted || !this.#hasNews || this.#timer !== undefined || run === undefined || run.isFinished) return;
    const wait = this.#viewedAt + VIEW_INTERVAL - performance.now();
    if (wait <= 0) return this.#tellView(run);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#offerView();
    }, wait);
  }

  #tellView(run: Run): void {
    run.flush();
    this.#tellChanges();
    const numbers = roomForView(run.plan.length);
    run.view(numbers);
    this.#viewWanted = this.#hasNews = false;
    this.#viewedAt = this.#spokeAt = performance.now();
    const told = reportsOf(run, run.plan.length);
    this.#say({ type: "view", run: this.run, numbers, told }, [numbers.buffer]);
  }

  #tellChanges(): void {
    const changes = this.#changes;
    const run = this.#engineRun;
    if (changes.length === 0 || run === undefined) return;
    this.#changes = [];
    const nodes = new Set<number>();
    for (let change = 0, count = countOf(changes); change < count; change++) {
      const node = nodeAt(changes, change);
      if (node < run.plan.length) nodes.add(node);
    }
    this.#say({ type: "changes", run: this.run, changes, told: reportsOf(run, nodes) });
  }

  #tellEnd(run: Run, outcome: Outcome): void {
    const { end, transfer } = this.#end(run, outcome);
    const told = reportsOf(run, run.plan.length);
    const variables = this.variables.take();
    const tell = (of: RunEnd, given: Transferable[]) => {
      const message = { type: "done", run: this.run, end: of, told, variables } satisfies FromWorker;
      send(this.#bench.port, message, () => ({ data: of.data }), given);
    };
    try {
      const memory = this.#bench.mayTransfer() ? memoryIn([end.data, end.outputs]) : [];
      return tell(end, [...transfer, ...memory]);
    } catch {
      // Something in it cannot leave this thread.
    }
    const outputs = end.outputs.map((output) => (isCloneable(output) ? output : undefined));
    try {
      tell({ ...end, outputs }, transfer);
    } catch (error) {
      // It is what was asked for.
      const why = this.#sentError(failure("SERIALIZATION_FAILED", (error as Error).message, this.context));
      tell({ ...end, outputs, data: undefined, error: why, hasSucceeded: false }, transfer);
    }
  }

  #end(run: Run, { data, error }: Outcome): { end: RunEnd; transfer: Transferable[] } {
    const { plan, startTime, endTime, duration, attempts, hasSucceeded, warnings, recording } = run;
    const begun = new Uint8Array(plan.length);
    for (let node = 0; node < begun.length; node++) if (run.hasBegun(node)) begun[node] = 1;
    const table = plan.outline.words.slice(plan.outline.length);
    const options = (recording?.options ?? new Float64Array()).slice();
    const journal = (recording?.journal() ?? new Uint32Array()).slice();
    const { messages, retries } = recording ?? {};
    const times = { startTime, endTime, duration };
    // What lies in the slot of a failed group is the output of its last leaf.
    const isKnown = (node: number) => begun[node] === 1 && run.errorOf(node) === undefined;
    const outputs = Array.from(begun, (_, node) => (isKnown(node) ? run.outputOf(node) : undefined));
    const end: RunEnd = {
      data,
      outputs,
      begun,
      table,
      options,
      journal,
      messages,
      warnings,
      retries,
      ...times,
      attempts,
      hasSucceeded,
    };
    if (error !== undefined) end.error = this.#sentError(error);
    return { end, transfer: [begun.buffer, table.buffer, options.buffer, journal.buffer] };
  }

  #sentError({ cause, context, ...error }: ExecutionError): SentError {
    const sent: SentError = { ...error };
    if (context !== undefined && isCloneable(context)) sent.context = context;
    const call = this.#bench.page.origin(cause);
    if (call !== undefined) sent.cause = { call };
    else if (cause !== undefined && isCloneable(cause)) sent.cause = { value: cause };
    return sent;
  }

  #break(error: ExecutionError): void {
    this.#say({ type: "broken", run: this.run, error: this.#sentError(error) });
  }

  /** The page's log, which knows what is to be written. */
  #log(): Log {
    const at =
      (level: (typeof LEVELS)[number]) =>
      (message: string, ...details: unknown[]) => {
        const sent = details.filter(isCloneable);
        this.#say({ type: "log", run: this.run, level, message: String(message), details: sent });
      };
    const levels = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
    return Object.assign((message: string, ...details: unknown[]) => levels.info(message, ...details), levels);
  }

  #say(message: FromWorker, transfer: Transferable[] = []): void {
    this.#bench.port.postMessage(message, transfer);
  }
}

/** The outline of what was sent. Ids are those that nodes had when it was made. */
function outlineOf({ nodes, ...outline }: SentOutline): Outline {
  const definitions = nodes.map((node, index) => ({ ...node, id: outlinedId(outline, index) }));
  return { ...outline, nodes: definitions as unknown as NodeDefinition[] };
}
