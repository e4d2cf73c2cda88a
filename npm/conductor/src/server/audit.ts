/** What a server tells of who did what. */
import { messageOf } from "@atomiton/values";
import { createLog } from "../engine/log.js";
import type { Role } from "../services/declaration.js";

/** One thing that happened. No password, token, key or secret is in it. */
export interface AuditEntry {
  /** ISO 8601. */
  time: string;
  /**
   * `sign-in` and `sign-out` of users; `refused`: a call that its caller may not make; `limited`: calls beyond a rate limit, and
   * executions beyond a limit of them, once a minute for each caller, and an execution that took too long; `call`: a command that begins or changes something; `session-reused`: a token came that had been replaced,
   * and its session was ended; `user` and `key`: a change of these, of a user also by the user.
   */
  event: "sign-in" | "sign-out" | "refused" | "limited" | "call" | "session-reused" | "user" | "key";
  /** The name of the user or the key; missing for strangers. */
  caller?: string;
  role?: Role;
  /** Of the client. */
  address?: string;
  /** The command, such as `storage.saveFlow`, or the change, such as `add`. */
  what?: string;
  /** What it was about: the id of a flow or of an execution, the name of a user. */
  subject?: string;
  /** `ok`, `begun` for an execution, or the code of an error. */
  outcome: string;
}

/** Takes what happened. It must not wait for anything; what it throws goes to the log. */
export type Audit = (entry: AuditEntry) => void;

/** Tells of something now. An audit that fails stops nothing. */
export function auditor(audit: Audit | undefined): (entry: Omit<AuditEntry, "time">) => void {
  if (audit === undefined) return () => {};
  return (entry) => {
    try {
      audit({ time: new Date().toISOString(), ...entry });
    } catch (error) {
      createLog().error(`The audit failed: ${messageOf(error)}`);
    }
  };
}
