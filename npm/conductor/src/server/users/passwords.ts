/** Passwords: hashed by Argon2id, a few at a time, and compared without telling whether there is such a user. */
import { loadedOnce, Semaphore } from "@atomiton/values";
import { coded } from "../../engine/failure.js";
import { bytesOf, MOST_BYTES, passwordProblem } from "./password-rules.js";

/** 19 MiB, two passes, one lane: what OWASP recommends at least. The hash says it too. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes at once: each takes a thread and 19 MiB. */
const MOST_AT_ONCE = 2;
/** Hashes that wait for their turn. */
const MOST_WAITING = 100;

/** Of random bytes, so that no password fits: what the password of an unknown user is compared with. */
const OF_NO_USER = "$argon2id$v=19$m=19456,t=2,p=1$jZ3C6P1AYozlFeJCAP4lwA$ynBhE1gOyKS0syQ3MkVRvcOb/HWujj9ZKut/mAVkS60";

/** Loaded by those who sign in. */
const load = loadedOnce(() => import("@node-rs/argon2"));

const hashing = new Semaphore(MOST_AT_ONCE);

/** The hash of a new password of a user, with its salt and cost. Rejects with INVALID_PARAMETERS for one that cannot be. */
export async function hashOfPassword(password: string, name: string): Promise<string> {
  const problem = await passwordProblem(password, name);
  if (problem !== undefined) throw coded("INVALID_PARAMETERS", problem, undefined);
  const { hash } = await load();
  return limited(() => hash(bytesOf(password), COST));
}

/**
 * Whether a password is the one of a hash; without a hash it takes as long, and the answer is no. Rejects with RATE_LIMIT_EXCEEDED
 * where too many wait for an answer.
 */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const bytes = bytesOf(password);
  // No user has such a password, so that this tells nothing of the name.
  if (bytes.length > MOST_BYTES) return false;
  const { verify } = await load();
  const fits = await limited(() => verify(hash ?? OF_NO_USER, bytes));
  return fits && hash !== undefined;
}

async function limited<T>(work: () => Promise<T>): Promise<T> {
  if (hashing.waiting >= MOST_WAITING) {
    throw coded("RATE_LIMIT_EXCEEDED", "Too many sign-ins at once: try again in a few seconds", undefined);
  }
  return hashing.run(work);
}
