/** Triggers: nodes of saved flows that begin executions of them. */

import type { Responder } from "@atomiton/nodes";
import type { KeyedExecution } from "../types/cause.js";

/** A trigger whose flow is saved and enabled. */
export interface ArmedTrigger {
  readonly flowId: string;
  readonly nodeId: string;
  /** The type of its node, such as `schedule`. */
  readonly type: string;
  /** Checked and completed, durations in ms. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly flowName: string;
}

/** Something that a trigger found, and that begins an execution. */
export interface Firing {
  /** Names it among the firings of its trigger: of one key, one execution begins, whatever happens and wherever. */
  key: string;
  /** No other firing has its key, such as one that was drawn at random: none is looked for. */
  isUnique?: boolean;
  /** What the node of the trigger hands on. */
  data: Readonly<Record<string, unknown>>;
  /** Further facts for `input.trigger`. */
  facts?: Readonly<Record<string, unknown>>;
  /** Takes the answer of a node `respond`; gives whether it is sent. */
  respond?: Responder;
  /** The execution that a request with a key asks for. Default: one of an id that callers cannot take before. */
  keyed?: KeyedExecution | undefined;
}

/** What became of a firing. */
export interface Fired {
  executionId: string;
  /** Whether the execution began now; false where one of this key was there already. */
  isNew: boolean;
  /** Whether the store has the execution; false where it could not begin, which its result tells of. */
  isKept: boolean;
  /** How the execution ends. Never rejects. */
  result: Promise<FiredResult>;
}

/** How an execution that a trigger began has ended. */
export interface FiredResult {
  success: boolean;
  /** Output of the flow. */
  data?: unknown;
  /** Outputs by node id, where the execution was carried out here. */
  outputs?: Record<string, unknown>;
  error?: { code?: string; message: string };
  /** It goes on in another process, or nowhere, so that its end is not known here. */
  isElsewhere?: true;
}

/** What is known of a trigger. */
export interface TriggerStatus {
  flowId: string;
  flowName: string;
  nodeId: string;
  type: string;
  /** It fires; it is switched off, with its flow or by itself; or it cannot fire. */
  status: "armed" | "off" | "refused";
  /** Why it cannot fire, what went wrong last, or what it names that is not there. */
  problem?: string;
  /** When it fires next, in ms since the epoch, where that is known. */
  next?: number;
}

/** What a source of firings can use. */
export interface TriggerTools {
  /** Begins an execution; resolves once it is in the store. */
  fire(firing: Firing): Promise<Fired>;
  /** Executions of the trigger that are not over, wherever they go on. */
  active(): Promise<string[]>;
  /** Cancels executions, and resolves once those of this process are over. */
  cancel(executionIds: readonly string[]): Promise<void>;
  /** What was said about an execution when it began, such as by what trigger. */
  metadataOf(executionId: string): Promise<Readonly<Record<string, unknown>>>;
  /** What is kept of the trigger, over restarts. */
  state: TriggerState;
  clock: Clock;
  /** Tells the owner of the server something about the trigger. */
  log(message: string): void;
}

/** What is kept of a trigger. */
export interface TriggerState {
  get(): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Changes what is kept to what `change` makes of it, in one step: where another process was faster, it is called again. `undefined`
   * leaves it as it is. Gives what is kept afterwards.
   */
  change(
    change: (kept: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>> | undefined,
  ): Promise<Readonly<Record<string, unknown>>>;
}

/** A trigger that is being watched. */
export interface Watched {
  /** When it fires next, where that is known. */
  next?(): number | undefined;
  /** Why it does not fire, as long as it does not although it is watched. */
  refusal?(): string | undefined;
  /** Ends watching; an execution that is under way goes on. */
  close(): void;
}

/** Watches the triggers of one type of node. Throws, or rejects, where a trigger cannot be watched. */
export type TriggerSource = (trigger: ArmedTrigger, tools: TriggerTools) => Watched | Promise<Watched>;

/** The time, and timers; tests have one of their own. */
export interface Clock {
  /** ms since the epoch. */
  now(): number;
  /** Calls back after so many ms, at most a day; what is returned ends that. */
  after(ms: number, callback: () => void): () => void;
}

/** The clock of the machine. Its timers do not keep a process alive. */
export const MACHINE_CLOCK: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** How a trigger is named in logs and tags, and what is its own by: no other one has the name, whatever characters ids have. */
export function nameOf({ flowId, nodeId }: Pick<ArmedTrigger, "flowId" | "nodeId">): string {
  return [flowId, nodeId].map((id) => id.replace(/%(?=2F|25)/g, "%25").replaceAll("/", "%2F")).join("/");
}
