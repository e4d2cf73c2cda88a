/** Requests on `conductor:execute`: as a message that is answered by another one, and as a call. */
import { messageOf } from "@atomiton/values";
import type { RequestResult } from "../types/request.js";
import { type CallAnswer, refusedCall } from "./channel-server.js";
import type { IpcEventLike, IpcMainLike, IpcMessageEventLike } from "./electron.js";
import type { Requests } from "./requests.js";
import type { SenderPolicy } from "./sender.js";

const EXECUTE = "conductor:execute";
const RESULT = "conductor:result";
const ERROR = "conductor:error";

/**
 * Answers `send("conductor:execute", { type, payload, id })` with `conductor:result { type, payload, id }` or
 * `conductor:error { id, error, code? }`, and `invoke("conductor:execute", request)` with its result. Gives what ends that.
 */
export function serveRequests(ipcMain: IpcMainLike, requests: Requests, sender: SenderPolicy): () => void {
  const receive = async (event: IpcMessageEventLike, message: unknown): Promise<void> => {
    const { id, payload } = fields(message);
    const problem = sender.refusal(event) ?? requests.problem(payload);
    if (problem !== undefined) return reply(event, ERROR, { id, error: problem, code: "VALIDATION_FAILED" });
    const result = await requests.execute(payload);
    reply(event, RESULT, { type: RESULT, payload: result, id });
  };
  const listener = (event: IpcMessageEventLike, message: unknown): void => {
    receive(event, message).catch((error) => reply(event, ERROR, { id: fields(message).id, error: messageOf(error) }));
  };
  const handler = async (event: IpcEventLike, request: unknown): Promise<RequestResult | CallAnswer> => {
    const refusal = sender.refusal(event);
    return refusal === undefined ? requests.execute(request) : refusedCall(refusal);
  };

  ipcMain.handle(EXECUTE, handler);
  ipcMain.on(EXECUTE, listener);
  return () => {
    ipcMain.removeListener(EXECUTE, listener);
    ipcMain.removeHandler(EXECUTE);
  };
}

/** The page that asked may be gone. */
function reply(event: IpcMessageEventLike, channel: string, message: unknown): void {
  try {
    event.reply(channel, message);
  } catch {
    // No caller is left to get it.
  }
}

function fields(message: unknown): { id?: unknown; payload?: unknown } {
  if (typeof message !== "object" || message === null) return {};
  const { id, payload } = message as { id?: unknown; payload?: unknown };
  // Whatever else it is, it must be possible to send it back.
  return { id: typeof id === "string" || typeof id === "number" ? id : undefined, payload };
}
