/** What may be seen of what the nodes of a run say: errors and texts without its secrets. */
import { type Redaction, toBytes } from "../expressions/redaction.js";
import type { ExecutionError } from "../types/errors.js";
import type { Log } from "./log.js";
import { Copy, partsOf } from "./parts.js";

/** Takes secrets out of what a run says. */
export class Shown {
  private cleanLog: Log | undefined;

  constructor(
    private readonly redaction: Redaction,
    private readonly plainLog: Log,
  ) {}

  /** Whether there is anything to be taken out so far. */
  get isNeeded(): boolean {
    return !this.redaction.isEmpty;
  }

  /** Text of a node, as it may be seen. */
  text(text: string): string {
    return this.redaction.isEmpty ? text : this.redaction.text(text);
  }

  /** Data that a node shows to people, as it may be seen. */
  value(value: unknown): unknown {
    return this.redaction.isEmpty ? value : this.redaction.value(value);
  }

  /** An error of a node, as it may be seen. */
  error(error: ExecutionError): ExecutionError {
    const { redaction } = this;
    if (redaction.isEmpty) return error;
    const { message, stack, cause, context } = error;
    const clean: ExecutionError = { ...error, message: redaction.text(message) };
    if (stack !== undefined) clean.stack = redaction.text(stack);
    if (cause !== undefined) clean.cause = redaction.value(cause);
    if (context !== undefined) clean.context = redaction.value(context) as NonNullable<ExecutionError["context"]>;
    return clean;
  }

  /** Where nodes log to. */
  get log(): Log {
    if (this.redaction.isEmpty) return this.plainLog;
    this.cleanLog ??= cleaned(this.plainLog, this.redaction);
    return this.cleanLog;
  }
}

function cleaned(log: Log, redaction: Redaction): Log {
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, ...details: unknown[]) =>
      log[level](redaction.text(String(message)), ...details.map((detail) => redaction.value(detail)));
  const levels = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return Object.freeze(
    Object.assign((message: string, ...details: unknown[]) => levels.info(message, ...details), levels),
  );
}

/** Levels of a value that are looked into. */
const DEEPEST = 500;

/** A value without secrets: itself, where it has none; else a copy of what has. What cannot be looked into is not shown. */
export function withoutSecrets(value: unknown, redaction: Redaction): unknown {
  /** Objects around the part that is looked into. */
  const around = new Map<object, Copy>();
  const shown = (value: unknown): unknown => {
    if (typeof value === "string") return redaction.text(value);
    if (typeof value === "number" || typeof value === "bigint") {
      const text = String(value);
      const clean = redaction.text(text);
      return clean === text ? value : clean;
    }
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Error) return redaction.value(value);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return shownBytes(value, redaction);
    const outer = around.get(value);
    if (outer !== undefined) return outer.make();
    if (around.size > DEEPEST) return redaction.standIn;
    try {
      return shownParts(value);
    } catch {
      return redaction.standIn;
    } finally {
      around.delete(value);
    }
  };
  const shownParts = (value: object): unknown => {
    const parts = partsOf(value);
    const keys = parts.map(({ key }) => (value instanceof Set ? key : shown(key)));
    const isKeyed = parts.some(({ key }, at) => key !== keys[at]);
    const copy = new Copy(value, isKeyed ? () => (value instanceof Map ? new Map() : {}) : undefined);
    around.set(value, copy);
    parts.forEach(({ part }, at) => {
      copy.set(keys[at], part, shown(part));
    });
    return copy.result;
  };
  return shown(value);
}

function shownBytes(value: ArrayBuffer | ArrayBufferView, redaction: Redaction): unknown {
  const { buffer, byteOffset, byteLength } =
    value instanceof ArrayBuffer ? { buffer: value, byteOffset: 0, byteLength: value.byteLength } : value;
  const text = new TextDecoder("latin1").decode(new Uint8Array(buffer, byteOffset, byteLength));
  const isClean =
    redaction.text(text) === text && ![...redaction.names.keys()].some((name) => text.includes(toBytes(name)));
  return isClean ? value : redaction.standIn;
}
