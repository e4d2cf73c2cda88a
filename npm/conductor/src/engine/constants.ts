/** What the engine says both sides must agree on; read once. */
import type { ErrorCode, ErrorRecoveryStrategy } from "../types/errors.js";
import type { NodeExecutionState } from "../types/execution.js";
import { engineConstants } from "./backend.js";

/** Tables of the engine. */
export interface Constants {
  version: string;
  /** Codes by their number. */
  codes: (ErrorCode | undefined)[];
  /** Numbers by code. */
  numbers: Map<string, number>;
  recovery: Map<string, ErrorRecoveryStrategy>;
  /** Node states by their number. */
  states: NodeExecutionState[];
  /** Steps of the animation by weight, lightest class first: percent and message. */
  animations: { upToWeight: number | null; steps: [number, string][] }[];
  /** The message at 100 %. */
  complete: string;
  /** How large a flow may be: groups in one another, the outermost one counted; nodes beside it; edges. */
  limits: {
    groups: number;
    nodes: number;
    edges: number;
    /** How many problems of a flow are listed. */
    problems: number;
  };
  /** About the `policy` of nodes. */
  policy: {
    keys: string[];
    /** The `timeout` that editors write under all parameters, in ms, and the types for which it counts all the same. */
    unaskedTimeout: number;
    keepsTimeout: string[];
    /** The `retries` that they write there, and the types for which they write none. */
    unaskedRetries: number;
    unaskedNoRetries: string[];
    /** The largest `concurrency`. */
    mostAtOnce: number;
  };
}

interface Wire extends Omit<Constants, "codes" | "numbers" | "recovery"> {
  codes: {
    code: ErrorCode;
    number: number;
    recovery: { retryable: boolean; retryDelayMs?: number | null; maxRetries?: number | null; suggestions: string[] };
  }[];
}

let read: Constants | undefined;

/** The tables. */
export function constants(): Constants {
  read ??= parse(JSON.parse(engineConstants()) as Wire);
  return read;
}

function parse(wire: Wire): Constants {
  const codes: (ErrorCode | undefined)[] = [];
  const numbers = new Map<string, number>();
  const recovery = new Map<string, ErrorRecoveryStrategy>();
  for (const { code, number, recovery: advice } of wire.codes) {
    codes[number] = code;
    numbers.set(code, number);
    recovery.set(code, {
      retryable: advice.retryable,
      ...(advice.retryDelayMs != null && { retryDelayMs: advice.retryDelayMs }),
      ...(advice.maxRetries != null && { maxRetries: advice.maxRetries }),
      suggestions: advice.suggestions,
    });
  }
  return { ...wire, codes, numbers, recovery };
}

/** The steps that a node of this weight shows: percent and message. */
export function stepsOf(tables: Constants, weight: number): [number, string][] {
  return tables.animations.find(({ upToWeight }) => upToWeight === null || weight <= upToWeight)?.steps ?? [];
}

/** The message that goes with a step of a node's animation. */
export function stepMessage(tables: Constants, weight: number, step: number): string | undefined {
  return stepsOf(tables, weight)[step]?.[1];
}
