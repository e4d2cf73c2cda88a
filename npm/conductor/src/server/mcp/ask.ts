/** Commands on behalf of a client, whose refusals are errors of the protocol. */
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import type { Calls, Session } from "../calls.js";

/** Calls a command for a caller. Rejects with an `McpError` where the caller may not, or the command refuses. */
export type Ask = (session: Session, channel: string, command: string, args?: unknown) => Promise<unknown>;

/** What the protocol has for something that is not there. */
const NOT_FOUND = -32002;

/** @param calls checks the role of the caller for each command */
export function askBy(calls: Calls): Ask {
  return async (session, channel, command, args) => {
    const answer = await calls.call(session, channel, command, args);
    if ("result" in answer) return answer.result;
    const { error, code } = answer;
    if ("status" in answer) throw new McpError(ErrorCode.InvalidRequest, error, { code });
    throw new McpError(codeFor(code), error, { code });
  };
}

/** Whether a command refused because there is nothing of that name. */
export function isNotFound(error: unknown): boolean {
  return error instanceof McpError && error.code === NOT_FOUND;
}

function codeFor(code: string | undefined): number {
  if (code === "NODE_NOT_FOUND") return NOT_FOUND;
  return code === "INVALID_PARAMETERS" || code === "VALIDATION_FAILED"
    ? ErrorCode.InvalidParams
    : ErrorCode.InternalError;
}
