/** Requests that a server carries out once, however often they are sent. */
import { NodeError } from "../../contract/error.js";
import { stepId } from "../../library/step-id.js";
import type { NodeWork } from "../../library/work.js";
import { READING_METHODS } from "./method.js";

const HEADER = "idempotency-key";
/** Methods of which a second request does no more than the first. Of extensions that is not known. */
const REPEATABLE: ReadonlySet<string> = new Set([...READING_METHODS, "PUT", "DELETE"]);

/**
 * Adds the header `Idempotency-Key`, as the draft of the IETF names it and payment services know it: the same for every attempt at
 * the step. With other methods there is nothing to add, which is warned of.
 *
 * @throws NodeError INVALID_PARAMETERS where `headers` has a key already
 */
export async function addIdempotencyKey(
  work: Pick<NodeWork<unknown>, "stepKey" | "warn">,
  method: string,
  headers: Headers,
): Promise<void> {
  if (headers.has(HEADER)) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`idempotency` makes the header Idempotency-Key, and `headers` has one too; leave one of them out",
    );
  }
  if (!REPEATABLE.has(method)) headers.set(HEADER, await stepId(work.stepKey));
  else {
    work.warn(
      "ignored-idempotency",
      `\`idempotency\` is for POST and PATCH: to carry out a ${method} twice is the same as once by the rules of HTTP`,
    );
  }
}
