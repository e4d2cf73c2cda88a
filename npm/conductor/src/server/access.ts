/** Who calls a server, and what that allows. */
import { CHANNELS } from "../services/contract.js";
import type { Role } from "../services/declaration.js";
import { SERVER_CHANNELS } from "../services/server-channels.js";

/** A caller whom the server knows. */
export interface Caller {
  /** For the log; of a user the name, of a key what it was made for. */
  name: string;
  /** What it allows: each role allows all that those before it do. */
  role: Role;
  /** Ids of the saved flows with which alone it may do that; missing for a caller of all flows. */
  flows?: readonly string[];
}

/** Roles, the least one first. */
export const ROLES: readonly Role[] = ["viewer", "runner", "editor", "admin"];

/** Whether a role allows what asks for at least another one. */
export function allows({ role }: Caller, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** Who may call a command: `anyone` at all, those of a role, or `undefined` where there is no such command. */
export function leastRole(channel: string, command: string): Role | "anyone" | undefined {
  const declared = (CHANNELS.get(channel) ?? SERVER_CHANNELS.get(channel))?.commands.get(command);
  return declared?.isForStrangers ? "anyone" : declared?.role;
}

/**
 * Why a caller may not call; `undefined` where that is allowed.
 *
 * @param isOfFlows whether what is called is about flows, of which others see to it that they are the caller's
 */
export function refusalOf(
  caller: Caller | undefined,
  least: Role | "anyone",
  what: string,
  isOfFlows = false,
): Refusal | undefined {
  if (least === "anyone") return undefined;
  if (caller === undefined)
    return {
      status: 401,
      error: `${what} needs a sign-in: send "Authorization: Bearer <key>"`,
      code: "VALIDATION_FAILED",
    };
  if (allows(caller, least)) return caller.flows === undefined || isOfFlows ? undefined : refusalBeyond(caller, what);
  return {
    status: 403,
    error: `${what} is for the role ${least} and above; "${caller.name}" has the role ${caller.role}`,
    code: "VALIDATION_FAILED",
  };
}

/** Whether a flow is one of those of a caller for a few flows. */
export function isOwnFlow({ flows }: Caller, flowId: string | undefined): boolean {
  // An application may give something else than a list, in which texts would be found in parts of ids.
  return flowId !== undefined && Array.isArray(flows) && flows.includes(flowId);
}

/** Why a caller for a few flows may not call what is about others. */
export function refusalBeyond({ name, flows }: Caller, what: string): Refusal {
  const own = Array.isArray(flows) ? flows.join(", ") : "none, as `flows` is no list of ids";
  const error = `${what} is not for "${name}" here, which may run these flows and see their executions: ${own}`;
  return { status: 403, error, code: "VALIDATION_FAILED" };
}

/** An answer in the place of what was asked for. */
export interface Refusal {
  status: 401 | 403;
  /** For people. */
  error: string;
  /** Of no use to try again. */
  code: "VALIDATION_FAILED";
}

/** An answer in the place of what was asked for once too often. */
export interface Limited {
  status: 429;
  /** For people. */
  error: string;
  code: "RATE_LIMIT_EXCEEDED";
  /** Seconds until it may be asked for again. */
  retryAfter: number;
}
