/** Calls of callers: who may make them, and what carries them out. */
import { createHash } from "node:crypto";
import type { CallAnswer } from "../desktop/channel-server.js";
import { type Caller, leastRole, type Refusal, refusalOf } from "./access.js";
import type { ServedChannels } from "./served-channels.js";

/** Finds out who sent a request; `undefined` for a stranger. It may be asked again for each call. */
export type Authenticate = (request: Request) => Caller | undefined | Promise<Caller | undefined>;

/** A caller, and the request by which it is known. */
export interface Session {
  caller: Caller | undefined;
  /** The bearer token, for commands about the session. */
  token: string | undefined;
}

/** What a call came to. */
export type CallResult = CallAnswer | Refusal;

/** Calls commands for callers. */
export interface Calls {
  /** Why a caller may not call a command, before anything of the call is read; `undefined` where it may. */
  refusal(session: Session, channel: string, command: string): CallResult | undefined;
  call(session: Session, channel: string, command: string, args: unknown): Promise<CallResult>;
}

/** Commands of `auth` that are about the session of the caller. */
const OF_SESSION: ReadonlySet<string> = new Set(["logout", "getCurrentUser", "refreshToken"]);

/** @param hasSessions whether the application has sessions of its own; without, callers only learn who they are */
export function createCalls(channels: ServedChannels, hasSessions: boolean): Calls {
  const refusal: Calls["refusal"] = ({ caller }, channel, command) => {
    const least = leastRole(channel, command);
    return least === undefined ? noCommand(channel, command) : refusalOf(caller, least, `${channel}.${command}`);
  };
  return {
    refusal,
    async call(session, channel, command, args) {
      const refused = refusal(session, channel, command);
      if (refused !== undefined) return refused;
      if (channel !== "auth") return channels.call(channel, command, args);
      if (!hasSessions) return command === "getCurrentUser" ? { result: userOf(session.caller) } : NO_SESSIONS;
      return channels.call(channel, command, OF_SESSION.has(command) ? { token: session.token } : args);
    },
  };
}

/** The token that a request brings. */
export function tokenOf(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/** The id of the execution that requests of one caller with one `Idempotency-Key` are about. */
export function idOfKey(caller: Caller | undefined, flowId: string, key: string): string {
  const name = JSON.stringify([caller?.name ?? null, flowId, key]);
  return `key-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
}

function noCommand(channel: string, command: string): CallAnswer {
  return {
    error: `There is no command ${channel.slice(0, 100)}.${command.slice(0, 100)}`,
    code: "IMPLEMENTATION_NOT_FOUND",
    channelError: true,
  };
}

function userOf(caller: Caller | undefined) {
  return caller === undefined ? null : { username: caller.name, roles: [caller.role] };
}

const NO_SESSIONS: CallAnswer = {
  error: "This server has no sign-in with a password: callers send keys",
  code: "IMPLEMENTATION_NOT_FOUND",
  channelError: true,
};
