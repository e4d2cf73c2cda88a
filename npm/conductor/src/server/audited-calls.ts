/** Which calls the audit is told of, and what of them. */
import { flowIdOf } from "../api/requests.js";
import type { CallAnswer } from "../desktop/channel-server.js";
import type { Role } from "../services/declaration.js";
import type { ExecutionRequest } from "../types/request.js";
import { leastRole } from "./access.js";
import type { AuditEntry } from "./audit.js";
import { type Session, whoIs } from "./calls.js";

/** Commands that begin an execution, or let one go on. */
const BEGINNING: ReadonlySet<string> = new Set([
  "conductor.execute",
  "node.execute",
  "node.forkExecution",
  "node.resumeExecution",
]);

/** Commands of runners that change an execution, or begin one by a trigger, whose answer has its id. */
const OF_RUNNERS: ReadonlySet<string> = new Set([
  "trigger.fire",
  "node.cancel",
  "node.pause",
  "node.resume",
  "node.cancelExecution",
  "node.answer",
]);

/** Who may call what changes something that is kept. */
const CHANGING: ReadonlySet<Role | "anyone" | undefined> = new Set<Role>(["editor", "admin"]);

const LONGEST_SUBJECT = 200;

/** Tells of a call where the audit is to know it: what begins an execution now, of others how they ended. */
export function auditedCall(
  tell: (entry: Omit<AuditEntry, "time">) => void,
  session: Session,
  channel: string,
  command: string,
  args: unknown,
): (answer: CallAnswer) => void {
  const what = `${channel}.${command}`;
  const entry = { event: "call" as const, ...whoIs(session), what };
  // Secrets go by names alone.
  const about = channel === "secret" ? { id: (args as { name?: unknown } | null | undefined)?.name } : args;
  if (BEGINNING.has(what)) {
    tell({ ...entry, ...subjectOf(args), outcome: "begun" });
    return ignore;
  }
  if (!(OF_RUNNERS.has(what) || CHANGING.has(leastRole(channel, command)))) return ignore;
  return (answer) => {
    if ("result" in answer) tell({ ...entry, ...subjectOf(about, answer.result), outcome: "ok" });
    else tell({ ...entry, ...subjectOf(about), outcome: answer.code ?? "EXECUTION_FAILED" });
  };
}

function ignore(): void {}

/** What a call is about; its answer knows the id of a new flow. */
function subjectOf(args: unknown, result?: unknown): Pick<AuditEntry, "subject"> {
  const { id, executionId, executionIds, flow, node } = (args ?? {}) as Record<string, unknown>;
  const found = [
    id,
    executionId,
    // Arguments are not checked yet: what has no text of its own throws where it is made one.
    Array.isArray(executionIds) ? executionIds.filter((each) => typeof each === "string").join(", ") : undefined,
    (result as { id?: unknown } | undefined | null)?.id,
    (flow as { id?: unknown } | undefined | null)?.id,
    (node as { id?: unknown } | undefined | null)?.id,
    flowIdOf(args as ExecutionRequest | null | undefined),
  ].find((value) => typeof value === "string");
  return typeof found === "string" ? { subject: found.slice(0, LONGEST_SUBJECT) } : {};
}
