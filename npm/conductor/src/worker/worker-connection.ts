/** In the page: the workers that it started. */
import { messageOf } from "@atomiton/values";
import type { FlowProblem } from "../engine/flows.js";
import { startDeadline } from "../transports/deadline.js";
import { codeOf, TransportError } from "../transports/failure.js";
import type { NodeDefinition } from "../types/definition.js";
import { uuid } from "../types/uuid.js";
import type { WorkerLike } from "../types/worker.js";
import {
  type FromWorker,
  GIVEN,
  type Handshake,
  MODULE,
  type ModuleMessage,
  type ModuleName,
  SERVE,
  type Thrown,
  type ToWorker,
} from "./messages.js";
import type { PageModules } from "./page-modules.js";
import { onceGone } from "./presence.js";
import { ADVICE } from "./start.js";
import { fromThrown, toThrown } from "./thrown.js";
import type { RunConnection, WorkerRun } from "./worker-run.js";

/** How long a worker may take to load its script, in ms. */
const START_TIMEOUT = 60_000;

interface Question {
  resolve(problems: FlowProblem[]): void;
  reject(thrown: unknown): void;
}

/**
 * One worker from its start to its end, and who waits for it. It is started at once; what it is told before it serves
 * waits for it.
 */
export class WorkerConnection implements RunConnection {
  readonly port: MessagePort;
  readonly #runs = new Map<number, WorkerRun>();
  readonly #questions = new Map<number, Question>();
  readonly #pings = new Set<() => void>();
  readonly #modules: PageModules;
  /** Told when no further run can begin here, and when it is over. */
  readonly #onRetired: (connection: WorkerConnection, isOver: boolean) => void;
  #worker: WorkerLike | undefined;
  #isReady = false;
  #isRetired = false;
  readonly #over = new AbortController();
  readonly #lock = createLockName();
  #count = 0;
  #endStart: () => void;

  /**
   * @param start gives the worker; what it rejects with is told to all who wait
   * @param modules are sent to the worker
   */
  constructor(
    start: () => Promise<WorkerLike>,
    modules: PageModules,
    onRetired: (connection: WorkerConnection, isOver: boolean) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.#modules = modules;
    this.#onRetired = onRetired;
    port1.onmessage = ({ data }: { data: FromWorker }) => this.#hear(data);
    // Not all platforms tell that the other end is gone.
    port1.addEventListener("close", () => this.#break("it is gone"));
    port1.addEventListener("messageerror", () => this.#break("what it said cannot be read"));
    this.#endStart = startDeadline(START_TIMEOUT, () =>
      this.#break(
        `it did not answer within ${START_TIMEOUT / 1000} s; its script must import @atomiton/conductor/worker`,
      ),
    );
    // It is compiled while the worker starts.
    const engine = modules.engine();
    engine.catch((error) => this.#end(new TransportError(codeOf(error), messageOf(error), { cause: error })));
    start().then(
      (worker) => this.#take(worker, port2, engine),
      (error) => this.#break(messageOf(error)),
    );
  }

  /** Lets a run begin here. */
  begin(make: (number: number, connection: RunConnection) => WorkerRun): WorkerRun {
    const number = ++this.#count;
    const run = make(number, this);
    if (!run.isFinished) this.#runs.set(number, run);
    return run;
  }

  /** What is wrong with a flow. Rejects with what the worker fails with. */
  problems(node: NodeDefinition, closed: boolean, schemas: Record<string, unknown>): Promise<FlowProblem[]> {
    const question = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#say({ type: "validate", question, node, closed, schemas });
      this.#questions.set(question, { resolve, reject });
    });
  }

  /** A worker that is still starting may take its time. */
  answersWithin(ms: number): Promise<boolean> {
    if (!this.#isReady) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(false), ms);
      const pong = () => end(true);
      const end = (answered: boolean) => {
        clearTimeout(timer);
        this.#pings.delete(pong);
        resolve(answered);
      };
      this.#pings.add(pong);
      this.#say({ type: "ping" });
    });
  }

  leave(run: number, stuck: boolean): void {
    this.#runs.delete(run);
    // Whatever it is at, it cannot be told to stop.
    if (stuck) this.#retire();
    this.#endIfUnneeded();
  }

  /** Ends the worker, and all that waits for it. */
  shutdown(): void {
    this.#end(new TransportError("CANCELLED", "Execution cancelled"));
  }

  #take(worker: WorkerLike, port: MessagePort, engine: Promise<WebAssembly.Module>): void {
    this.#worker = worker;
    if (this.#over.signal.aborted) return worker.terminate();
    worker.addEventListener("error", (event) => {
      (event as Partial<Event>).preventDefault?.();
      this.#break(event.message || "its script cannot be loaded, or is forbidden");
    });
    try {
      worker.postMessage({ type: SERVE, lock: this.#lock } satisfies Handshake, [port]);
    } catch (error) {
      return this.#break(messageOf(error));
    }
    void this.#give("engine", engine);
  }

  /** Sends a module, or why it could not be loaded. */
  async #give(name: ModuleName, awaited: Promise<WebAssembly.Module>): Promise<void> {
    const tell = (message: ModuleMessage) => this.#worker?.postMessage(message, []);
    let thrown: Thrown | undefined;
    try {
      tell({ type: MODULE, name, module: await awaited });
    } catch (error) {
      thrown = toThrown(error);
    }
    try {
      tell({ type: GIVEN, name, ...(thrown && { thrown }) });
    } catch (error) {
      this.#break(messageOf(error));
    }
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case "unable":
        return this.#end(unfit(message.why));
      case "quickjs":
        return void this.#give("quickjs", this.#modules.quickJs());
      case "typescript":
        return void this.#give("typescript", this.#modules.typeScript());
      case "ready":
        this.#isReady = true;
        this.#endStart();
        if (message.held) onceGone(this.#lock, this.#over.signal, () => this.#break("it is gone"));
        return;
      case "pong":
        for (const pong of [...this.#pings]) pong();
        return;
      case "problems":
        return this.#answered(message.question)?.resolve(message.problems);
      case "unknown":
        return this.#answered(message.question)?.reject(fromThrown(message.thrown));
      default:
        return this.#runs.get(message.run)?.take(message);
    }
  }

  #answered(question: number): Question | undefined {
    const found = this.#questions.get(question);
    this.#questions.delete(question);
    this.#endIfUnneeded();
    return found;
  }

  /** The worker cannot go on, or did not begin. */
  #break(why: string): void {
    if (this.#over.signal.aborted) return;
    const error = this.#isReady
      ? new TransportError(
          "TRANSPORT_ERROR",
          `The worker ended unexpectedly: ${why}. The next execution starts another.`,
        )
      : new TransportError("NO_TRANSPORT", `The worker cannot start: ${why}. ${ADVICE}`);
    this.#end(error);
  }

  #end(error: TransportError): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#endStart();
    this.#isRetired = true;
    this.#onRetired(this, true);
    this.port.close();
    this.#worker?.terminate();
    for (const run of [...this.#runs.values()]) run.fail(error.code, error.message);
    for (const question of this.#questions.values()) question.reject(error);
    this.#questions.clear();
  }

  #retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#onRetired(this, this.#over.signal.aborted);
  }

  /** A worker that nothing begins in any more ends with the last that waits for it. */
  #endIfUnneeded(): void {
    if (this.#isRetired && this.#runs.size === 0 && this.#questions.size === 0) this.shutdown();
  }

  #say(message: ToWorker): void {
    this.port.postMessage(message);
  }
}

/** The worker cannot use the engine that it is given. */
function unfit(why: string): TransportError {
  return new TransportError(
    "NO_TRANSPORT",
    `The worker cannot start: ${why}. It must be a dedicated worker of this page, and its script of the same version of ` +
      "@atomiton/conductor as the page.",
  );
}

/** Pages of a site share the names of locks. */
function createLockName(): string {
  return `@atomiton/conductor:${uuid()}`;
}
