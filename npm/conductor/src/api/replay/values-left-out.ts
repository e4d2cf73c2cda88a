/** What becomes of a file of an execution without any value: ids, types, edges, times and codes of errors are left. */
import { definedIn } from "@atomiton/values";
import type { Json } from "../../executions/tagged-json.js";
import { REDACTED } from "../../expressions/redaction.js";
import { type Entry, Kind } from "../durable/entry.js";
import { type FileChange, withPaths } from "./file-change.js";
import { type Fields, type FlowValues, isFields } from "./flow-values.js";
import type { ExecutionFile } from "./run-file.js";

/** The whole of a value is missing. */
const WHOLE = [""];

/** Leaves out all values. What is not known to be none is left out. */
export class ValuesLeftOut implements FileChange {
  readonly leftOut = { values: true } as const;
  readonly flow: FlowValues = {
    fields: (fields) => ({ json: {}, paths: Object.keys(fields) }),
    policy: (policy) => this.policy(policy),
    other: () => undefined,
  };
  /** Keys of rates that several nodes share. */
  private readonly keys: Json[] = [];

  head({ executionId, options, held, slowMo, debug }: Fields): Fields {
    return {
      variables: {},
      executionId: executionId ?? "",
      options: isFields(options) ? optionsOf(options) : {},
      held: held ?? [],
      ...(typeof slowMo === "number" && { slowMo }),
      ...(isFields(debug) && { debug: debugOf(debug) }),
      redacted: ["input.**", "variables.**"],
    };
  }

  row({ id, flowId, trigger, startedAt, status, updatedAt, endedAt, error, summary }: ExecutionFile["row"]) {
    return {
      id,
      flowId,
      name: flowId,
      trigger,
      tags: [],
      startedAt,
      status,
      updatedAt,
      ...(endedAt !== undefined && { endedAt }),
      ...(error !== undefined && { error: errorOf(error) }),
      ...(summary !== undefined && { summary: countsOf(summary) }),
    };
  }

  entry([kind, task, attempt, content, marks, reused]: Entry): Entry | undefined {
    const fields = isFields(content) ? content : {};
    switch (kind) {
      case Kind.error: {
        const { error, advice } = fields;
        const { code, nodeId, executionId, timestamp } = isFields(error) ? error : ({} as Fields);
        const known = { code, message: REDACTED, nodeId, executionId, timestamp };
        const made = { error: definedIn(known), ...(advice !== undefined && { advice }) };
        return withPaths([kind, task, attempt, made], WHOLE) as Entry;
      }
      case Kind.items: {
        const { items, ...rest } = fields;
        const kept = Object.entries(rest).filter(([, value]) => isPlain(value));
        const made = { ...Object.fromEntries(kept), items: Array.isArray(items) ? items.map(() => REDACTED) : [] };
        return withPaths([kind, task, attempt, made, marks, reused], WHOLE) as Entry;
      }
      case Kind.warning:
        return [kind, task, attempt, { rule: fields.rule ?? "", message: REDACTED }];
      case Kind.wait: {
        const { number, until, ms, isOpen, question } = fields;
        const { id, executionId, nodeId, askedAt, openUntil } = isFields(question) ? question : ({} as Fields);
        const asked = definedIn({ id, executionId, nodeId, message: REDACTED, askedAt, openUntil });
        return [kind, task, attempt, definedIn({ number, until, ms, isOpen, question: question && asked })];
      }
      // What was said is nothing but text.
      default:
        return undefined;
    }
  }

  path(): string {
    return "";
  }

  output(): { json: Json; paths: readonly string[] } {
    return { json: REDACTED, paths: WHOLE };
  }

  variables(): { json: Json; paths: readonly string[] } {
    return { json: {}, paths: WHOLE };
  }

  /** What the engine reads of a policy. */
  private policy(policy: Json): Json {
    if (!isFields(policy)) return {};
    const { retries, retryDelay, retryJitter, timeout, continueOnError, rateLimit, concurrency } = policy;
    const told = { retries, retryDelay, retryJitter, timeout, continueOnError, concurrency };
    return definedIn({ ...told, rateLimit: this.rate(rateLimit) });
  }

  private rate(rateLimit: Json | undefined): Json | undefined {
    if (!isFields(rateLimit)) return rateLimit;
    const { limit, per, key } = rateLimit;
    if (key !== undefined && !this.keys.includes(key)) this.keys.push(key);
    return definedIn({ limit, per, key: key === undefined ? undefined : `key ${this.keys.indexOf(key) + 1}` });
  }
}

/** Whether a value says how and not what: `more`, `known`, `total`, `keeps` of items. */
function isPlain(value: Json): boolean {
  return typeof value === "number" || typeof value === "boolean" || value === "last" || value === "none";
}

function optionsOf(options: Fields): Fields {
  return mapped(options, (key, value) =>
    key === "debug" && isFields(value) ? debugOf(value) : isPlain(value) ? value : undefined,
  );
}

/** Simulations without what they say. */
function debugOf(debug: Fields): Fields {
  return mapped(debug, (_, value) => {
    if (!isFields(value)) return isPlain(value) ? value : undefined;
    const { nodeId, errorType, delayMs } = value;
    return definedIn({ nodeId, errorType, delayMs });
  });
}

function mapped(fields: Fields, change: (key: string, value: Json) => Json | undefined): Fields {
  return definedIn(Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, change(key, value)])));
}

function errorOf(text: string): string {
  const { code, nodeId } = JSON.parse(text) as { code?: string; nodeId?: string };
  return JSON.stringify({ code, message: REDACTED, nodeId });
}

/** How many warnings there were. */
function countsOf(text: string): string {
  const { warnings } = JSON.parse(text) as { warnings?: unknown };
  return JSON.stringify(typeof warnings === "number" ? { warnings } : {});
}
