/** Which requests came with an `Idempotency-Key`, so that a key that stands for another request is not answered with its result. */
import { sha256 } from "./sha256.js";

/** Keys that are remembered, the last ones. */
const MOST = 10_000;

/** What is known of a key: nothing yet, this request, or another one. */
export type KnownKey = "new" | "same" | "other";

/** Remembers requests by the executions that they began. */
export class IdempotencyKeys {
  readonly #requests = new Map<string, string>();

  /** Whether the execution was begun by this request or by another; the first one counts. */
  look(executionId: string, request: unknown): KnownKey {
    const hash = sha256(JSON.stringify(request), "base64");
    const known = this.#requests.get(executionId);
    if (known !== undefined) return known === hash ? "same" : "other";
    this.#requests.set(executionId, hash);
    if (this.#requests.size > MOST) this.#requests.delete(this.#requests.keys().next().value as string);
    return "new";
  }

  /** Forgets a request that began nothing. */
  forget(executionId: string): void {
    this.#requests.delete(executionId);
  }
}
