/** Reaches the main process of an Electron application from a renderer. */
import { messageOf } from "@atomiton/values";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { HealthResult, RemoteTransport } from "../types/transport.js";
import { awaitsExecution, EXECUTION_TIMEOUT, startDeadline } from "./deadline.js";
import { type HostWindow, hostWindow } from "./detect.js";
import { answeredError, TransportError } from "./failure.js";
import { type IpcRenderer, listenTo } from "./ipc-events.js";
import { guarded } from "./listeners.js";

/** What the preload script puts at `window.atomiton.__bridge__`. */
export interface Bridge {
  /** Answers `{ result }`, or `{ error, channelError: true }`. */
  call(channel: string, command: string, args?: unknown): Promise<unknown>;
  /** Ends with what it returns. */
  listen(channel: string, event: string, callback: (data: unknown) => void): () => void;
  /** Without an answer. */
  send?(channel: string, event: string, data?: unknown): void;
}

/** Settings of an IPC transport. */
export interface IPCTransportOptions {
  /** Default is the global one, as it is when it is needed. */
  window?: HostWindow;
  /** For an answer, in ms; 0 for none. Default 300000. */
  timeout?: number;
}

/** See `createIPCTransport`. */
export interface IPCTransport extends RemoteTransport {
  readonly type: "ipc";
  /** Looks whether the main process can be reached; throws `NO_TRANSPORT` if not. Happens by itself at first use. */
  initialize(): void;
  health(): Promise<HealthResult>;
}

const NO_CONTEXT = "IPC transport requires Electron renderer context";

/**
 * A transport over Electron's IPC, by the bridge at `window.atomiton.__bridge__` or by `window.electron.ipcRenderer`,
 * whichever the preload script provides. Rejects with `NO_TRANSPORT` (there is neither, or it was shut down),
 * `IPC_COMMUNICATION_FAILED` (also for an error that the main process answers without a code), `TIMEOUT`,
 * `SERIALIZATION_FAILED` for what cannot be cloned, and `CANCELLED` for what is pending at `shutdown`.
 */
export function createIPCTransport(options: IPCTransportOptions = {}): IPCTransport {
  const { timeout = EXECUTION_TIMEOUT } = options;
  // So that transports in several windows do not take each other's answers.
  const prefix = `ipc_${crypto.getRandomValues(new Uint32Array(2)).join("")}_`;
  const pending = new Set<(error: TransportError) => void>();
  const executions = new Map<string, Settlement>();
  const subscriptions = new Set<() => void>();
  let count = 0;
  let answers: (() => void) | undefined;
  let ended = false;

  /** What there is to reach the main process with. */
  function find(): { bridge: Bridge | undefined; ipc: IpcRenderer | undefined } {
    if (ended) throw new TransportError("NO_TRANSPORT", "The IPC transport was shut down");
    const window = options.window ?? hostWindow();
    const bridge = (window?.atomiton?.__bridge__ ?? undefined) as Bridge | undefined;
    const ipc = (window?.electron?.ipcRenderer ?? undefined) as IpcRenderer | undefined;
    if (bridge === undefined && ipc === undefined) throw new TransportError("NO_TRANSPORT", NO_CONTEXT);
    return { bridge, ipc };
  }

  /** Runs until it is settled, its time is over, or all ends. */
  function bounded<T>(late: string, start: (settlement: Settlement) => void, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: TransportError) => {
        over();
        reject(error);
      };
      const over = () => {
        endDeadline();
        pending.delete(fail);
      };
      const endDeadline = startDeadline(timeout, (error = new TransportError("TIMEOUT", late)) => fail(error), signal);
      pending.add(fail);
      const settlement: Settlement = {
        resolve(value) {
          over();
          resolve(value as T);
        },
        reject: fail,
      };
      try {
        start(settlement);
      } catch (cause) {
        fail(asTransportError(cause));
      }
    });
  }

  async function call(channel: string, command: string, args?: unknown, signal?: AbortSignal): Promise<unknown> {
    const { bridge, ipc } = find();
    const invoke = ipc?.invoke;
    if (bridge === undefined && invoke === undefined) throw new TransportError("NO_TRANSPORT", `${NO_CONTEXT} to call`);
    const late = awaitsExecution(channel, command) ? "Execution timeout" : "Request timeout";
    const answer = await bounded(
      late,
      ({ resolve, reject }) => {
        const answer =
          bridge === undefined
            ? (ipc as Required<IpcRenderer>).invoke(`${channel}:call`, command, args)
            : bridge.call(channel, command, args);
        Promise.resolve(answer).then(resolve, (cause) => reject(asTransportError(cause)));
      },
      signal,
    );
    return resultOf(answer);
  }

  /** Listens to the answers of the older wire, once. */
  function hearAnswers(ipc: IpcRenderer): void {
    if (answers !== undefined) return;
    const endResults = listenTo(ipc, "conductor:result", (message) => {
      const { id, payload } = fields(message);
      take(id)?.resolve(payload);
    });
    const endErrors = listenTo(ipc, "conductor:error", (message) => {
      const { id, error, code } = fields(message);
      take(id)?.reject(answeredError({ error, code }, "IPC_COMMUNICATION_FAILED"));
    });
    answers = () => {
      endResults();
      endErrors();
    };
  }

  /** The execution that an answer is for, if it is one of ours. */
  function take(id: unknown): Settlement | undefined {
    const settlement = typeof id === "string" ? executions.get(id) : undefined;
    if (settlement !== undefined) executions.delete(id as string);
    return settlement;
  }

  return {
    type: "ipc",
    initialize() {
      const { ipc } = find();
      if (ipc !== undefined && isOlderWire(ipc)) hearAnswers(ipc);
    },
    async execute(request: ExecutionRequest): Promise<RequestResult> {
      const { ipc } = find();
      if (ipc === undefined || !isOlderWire(ipc)) return (await call("conductor", "execute", request)) as RequestResult;
      hearAnswers(ipc);
      const id = `${prefix}${++count}`;
      try {
        return await bounded<RequestResult>("Execution timeout", (settlement) => {
          executions.set(id, settlement);
          ipc.send("conductor:execute", { type: "conductor:execute", payload: request, id });
        });
      } finally {
        executions.delete(id);
      }
    },
    call,
    listen(channel, event, callback) {
      const { bridge, ipc } = find();
      const listener = guarded(`${channel}.${event}`, callback);
      if (bridge === undefined && typeof ipc?.on !== "function") {
        throw new TransportError("NO_TRANSPORT", `${NO_CONTEXT} to listen`);
      }
      const end =
        bridge === undefined
          ? listenTo(ipc as IpcRenderer, `${channel}:event:${event}`, listener)
          : bridge.listen(channel, event, listener);
      const unsubscribe = () => {
        if (subscriptions.delete(unsubscribe)) end();
      };
      subscriptions.add(unsubscribe);
      return unsubscribe;
    },
    async health() {
      return (await call("system", "health")) as HealthResult;
    },
    async shutdown() {
      ended = true;
      answers?.();
      answers = undefined;
      for (const unsubscribe of [...subscriptions]) unsubscribe();
      for (const fail of [...pending]) fail(new TransportError("CANCELLED", "The IPC transport was shut down"));
    },
  };
}

interface Settlement {
  resolve(value: unknown): void;
  reject(error: TransportError): void;
}

function isOlderWire(ipc: IpcRenderer): ipc is IpcRenderer & Required<Pick<IpcRenderer, "send" | "on">> {
  return typeof ipc.send === "function" && typeof ipc.on === "function";
}

/** `{ result }` is the result, `{ error }` is thrown, and older main processes answer with the bare result. */
function resultOf(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  const { error, channelError, success } = answer as Record<string, unknown>;
  // A bare result of an execution has an error of its own.
  if (channelError === true || (error !== undefined && error !== null && success === undefined)) {
    throw answeredError(answer, "IPC_COMMUNICATION_FAILED");
  }
  return "result" in answer ? answer.result : answer;
}

function fields(message: unknown): Record<string, unknown> {
  return typeof message === "object" && message !== null ? (message as Record<string, unknown>) : {};
}

function asTransportError(cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause;
  const message = messageOf(cause);
  const unclonable =
    (cause as { name?: unknown } | null)?.name === "DataCloneError" || /could not be cloned/.test(message);
  return new TransportError(unclonable ? "SERIALIZATION_FAILED" : "IPC_COMMUNICATION_FAILED", message, { cause });
}
