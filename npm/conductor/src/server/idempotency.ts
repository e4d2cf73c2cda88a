/** Which requests came with an `Idempotency-Key`, so that a key that stands for another request is not answered with its result. */
import { isObject } from "@atomiton/values";
import { requestIn } from "../types/cause.js";
import type { ErrorCode } from "../types/errors.js";
import { sha256 } from "./sha256.js";

/** Keys that are remembered without a store, the last ones. */
const MOST = 10_000;

/** What an `Idempotency-Key` may be. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** Why a request with a key is not carried out. */
export interface KeyRefusal {
  status: 400 | 409 | 422;
  code: ErrorCode;
  error: string;
}

/** A request that is carried out, or was before. */
export interface KeyedRequest {
  /** By which it is kept with its execution. */
  hash: string;
  /** Whether its key comes for the first time. */
  isNew: boolean;
  /** Whether the request that came first was answered, in this process. */
  isOver: boolean;
  /**
   * Ends it once the request is answered.
   *
   * @param hasBegun whether there is an execution now; without one the key is as if it had never come
   */
  end(hasBegun: boolean): void;
}

/** The request that counts for a key. */
interface First {
  hash: string;
  /** Whether its execution was there before. */
  isKept: boolean;
  isOver: boolean;
}

/** Knows requests by the executions that they began: from the store, or without one from memory. */
export class IdempotencyKeys {
  /** Of requests under way; without a store, also of those that are over. */
  readonly #firsts = new Map<string, Promise<First>>();

  /** @param kept tells of an execution of the store; missing where none outlasts its process */
  constructor(private readonly kept: ((executionId: string) => Promise<KeptTags | undefined>) | undefined) {}

  /** Whether the execution is that of this request, or why not: of several, the first one counts. */
  async look(executionId: string, key: string, request: object): Promise<KeyedRequest | KeyRefusal> {
    if (!KEY.test(key)) {
      return { status: 400, code: "INVALID_PARAMETERS", error: "An Idempotency-Key has 1 to 200 printable characters" };
    }
    const hash = hashOf(key, request as Record<string, unknown>);
    const known = this.#firsts.get(executionId);
    const found = known ?? this.#firstOf(executionId, hash);
    if (known === undefined) this.#firsts.set(executionId, found);
    const forget = () => {
      if (this.#firsts.get(executionId) === found) this.#firsts.delete(executionId);
    };
    try {
      const first = await found;
      const end = (hasBegun: boolean) => {
        if (known !== undefined) return;
        first.isOver = true;
        // The store knows from now on, or there is nothing to be known; others under way compare with what they found.
        if (this.kept !== undefined || !hasBegun) forget();
      };
      if (first.hash === hash) {
        return { hash, isNew: known === undefined && !first.isKept, isOver: first.isOver, end };
      }
      end(false);
      const error = "This Idempotency-Key was sent with another request before";
      return { status: 422, code: "VALIDATION_FAILED", error };
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #firstOf(executionId: string, hash: string): Promise<First> {
    if (this.kept === undefined) {
      if (this.#firsts.size >= MOST) this.#firsts.delete(this.#firsts.keys().next().value as string);
      return { hash, isKept: false, isOver: false };
    }
    const execution = await this.kept(executionId);
    // One that was begun otherwise under this id is not that of another request.
    const kept = execution && requestIn(execution.tags);
    return { hash: kept ?? hash, isKept: execution !== undefined, isOver: false };
  }
}

interface KeptTags {
  tags: readonly string[];
}

/**
 * What requests with one key are compared by. The order of names in objects does not count, nor do fields that are empty. The key is
 * in it, so that hashes in a list of executions do not tell which of them were sent the same.
 */
function hashOf(key: string, { context, ...fields }: Record<string, unknown>): string {
  const given = filled({ ...fields, context: isObject(context) ? filled(context) : context });
  return sha256(JSON.stringify([key, ordered(given)]), "hex");
}

/** Without the fields that say as much as if they were missing. */
function filled(fields: Record<string, unknown>): Record<string, unknown> {
  const isEmpty = (value: unknown) => value == null || (isObject(value) && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, ordered(value[name])]));
}
