/** Calls of callers: who may make them, and what carries them out. */
import { isObject } from "@atomiton/values";
import type { CallAnswer } from "../desktop/channel-server.js";
import type { AuthChannelDependencies } from "../desktop/channels/auth.js";
import type { AuthSession } from "../services/auth.js";
import type { Unsubscribe } from "../services/declaration.js";
import { type Caller, type Limited, leastRole, type Refusal, refusalOf } from "./access.js";
import type { AuditEntry } from "./audit.js";
import { auditedCall } from "./audited-calls.js";
import type { ExecutionGuard } from "./execution-limits.js";
import { type FlowScope, isOfFlows } from "./flow-scope.js";
import type { IsolatedCalls } from "./isolated-calls.js";
import type { OwnFlowRefusal } from "./own-flows.js";
import type { RateGuard } from "./rate-limits.js";
import { RecentMap } from "./recent-map.js";
import type { ServedChannels } from "./served-channels.js";
import { sha256 } from "./sha256.js";
import type { OpenIdSignIn } from "./users/openid/sign-in.js";

/** Finds out who sent a request; `undefined` for a stranger. It may be asked again for each call. */
export type Authenticate = (request: Request, about?: AboutRequest) => Caller | undefined | Promise<Caller | undefined>;

/** What is known of a request beside itself. */
export interface AboutRequest {
  /** Of the client, where it is known. */
  address?: string | undefined;
  /** Whether the connection that the request began still lasts, and its caller was known before. */
  isAgain?: boolean;
}

/** Sessions of callers: what `conductor.auth` calls, and what a server can use beside it. */
export interface ServerAuth extends AuthChannelDependencies {
  /** Whether there is such a user: only then the audit names who failed to sign in. */
  knows?(username: string): Promise<boolean>;
  /**
   * The id of the session that a token is of, whether that is good or not; `undefined` for what is no token of a session, such as a key.
   * Missing where each token is taken for a session of its own.
   */
  sessionOf?(token: string): string | undefined;
  /** Calls back when sessions ended: connections are then authenticated anew at once. Ends with what it returns. */
  onSessionsEnded?(listener: () => void): Unsubscribe;
  /** The sign-in at an issuer of OpenID Connect, at `<base>/auth/openid/login`; missing on servers without one. */
  openId?: OpenIdSignIn;
}

/** A caller, and the request by which it is known. */
export interface Session {
  caller: Caller | undefined;
  /** The bearer token, for commands about the session. */
  token: string | undefined;
  /** Of the client, where it is known. */
  address?: string | undefined;
}

/** What a call came to. */
export type CallResult = CallAnswer | Refusal | Limited;

/** Calls commands for callers. */
export interface Calls {
  /** Why a caller may not call a command, before anything of the call is read; `undefined` where it may. */
  refusal(session: Session, channel: string, command: string): CallResult | undefined;
  /** Why a call is not about the flows of a caller that has only a few; `undefined` where it is. */
  beyond(session: Session, channel: string, command: string, args: unknown): Promise<Refusal | Limited | undefined>;
  /** Notes that a caller was refused; what it is to be answered with. */
  told(session: Session, refused: Refusal, what: string): Refusal | Limited;
  call(session: Session, channel: string, command: string, args: unknown): Promise<CallResult>;
  /** Whether an execution waits for others to end before it begins. */
  isWaiting(executionId: string): boolean;
  /** Whether the caller with this token signed out by itself, and need not be told that the session is over. */
  hasLeft(token: string | undefined): boolean;
}

/** Callers that signed out of whom it is remembered. */
const MOST_LEFT = 1000;

/** Of what is sent as the name of a user no more is looked at, in characters: ten times as many as a name has, however it is composed. */
const MOST_OF_NAME = 1000;

/** Commands of `auth` by which callers change their accounts, as the audit names them. */
const OF_ACCOUNT: ReadonlyMap<string, string> = new Map([
  ["changePassword", "password"],
  ["endSession", "end-session"],
  ["endOtherSessions", "end-other-sessions"],
]);

/** What calls need of their server. */
export interface CallParts {
  channels: ServedChannels;
  /** Sessions of callers; without, callers only learn who they are. */
  auth: ServerAuth | undefined;
  guard: RateGuard;
  /** Lets executions begin; missing where all may at once. */
  executions?: ExecutionGuard | undefined;
  /** Keeps executions of callers apart; missing where they run in this process. */
  isolated?: IsolatedCalls | undefined;
  /** Refuses flows of callers that would get secrets; missing where everyone's flows may. */
  ownFlows?: OwnFlowRefusal | undefined;
  scope: FlowScope;
  tell(entry: Omit<AuditEntry, "time">): void;
}

export function createCalls({ channels, auth, guard, executions, isolated, ownFlows, scope, tell }: CallParts): Calls {
  const refusal: Calls["refusal"] = (session, channel, command) => {
    const least = leastRole(channel, command);
    // A stranger is asked for a key first, as everywhere.
    if (least === undefined && session.caller !== undefined) return noCommand(channel, command);
    const what = `${nameOf(channel)}.${nameOf(command)}`;
    const refused = refusalOf(session.caller, least ?? "viewer", what, isOfFlows(channel, command));
    return refused && told(session, refused, what);
  };
  const told: Calls["told"] = (session, refused, what) => {
    // One with a token was counted when that was looked up.
    const isCounted = refused.status !== 401 || session.token !== undefined;
    const limited = isCounted ? undefined : guard.ofStranger(session.address);
    if (limited !== undefined) return limited;
    tell({ event: "refused", ...whoIs(session), what, outcome: String(refused.status) });
    return refused;
  };

  const beyond: Calls["beyond"] = async (session, channel, command, args) => {
    const refused = await scope(session.caller, channel, command, args);
    return refused && told(session, refused, `${channel}.${command}`);
  };

  /** A code that an issuer's sign-in ended with is redeemed under no name: who it is of is told by the answer. */
  const redeem = async (session: Session, args: unknown): Promise<CallResult> => {
    const attempt = guard.ofSignIn(undefined, session.address);
    if ("status" in attempt) return attempt;
    const answer = await channels.call("auth", "redeem", withSession(args, { address: session.address }));
    const isIn = "result" in answer;
    if (isIn) attempt.succeeded();
    const { user } = (isIn ? answer.result : {}) as Partial<AuthSession>;
    const who = { ...whoIs({ address: session.address }), ...(user && { caller: user.username }) };
    tell({ event: "sign-in", ...who, what: "openid", outcome: isIn ? "ok" : (answer.code ?? "EXECUTION_FAILED") });
    return answer;
  };

  const signIn = async (session: Session, args: unknown): Promise<CallResult> => {
    const { username } = (args ?? {}) as { username?: unknown };
    const name = typeof username === "string" ? username.slice(0, MOST_OF_NAME) : undefined;
    const attempt = guard.ofSignIn(name, session.address);
    if ("status" in attempt) return attempt;
    const answer = await channels.call("auth", "login", withSession(args, { address: session.address }));
    const isIn = "result" in answer;
    if (isIn) attempt.succeeded();
    // What is typed in the place of a name may be a password. The caller does not wait: how long it takes tells of the name.
    const isNamed = async () => isIn || (name !== undefined && (await auth?.knows?.(name)) === true);
    void isNamed()
      .catch(() => false)
      .then((isUser) =>
        tell({
          event: "sign-in",
          ...whoIs({ address: session.address }),
          ...(isUser && name !== undefined && { caller: name }),
          outcome: isIn ? "ok" : (answer.code ?? "EXECUTION_FAILED"),
        }),
      );
    return answer;
  };

  /** A change of one's own account. Who tries passwords there waits as who tries to sign in. */
  const changeAccount = async (session: Session, command: string, args: unknown): Promise<CallResult> => {
    const { token } = session;
    const id =
      token === undefined ? undefined : auth?.sessionOf === undefined ? sha256(token, "hex") : auth.sessionOf(token);
    // What has no session is refused by the command, and counts for no user of the same name.
    const limited = id === undefined ? undefined : guard.ofAccount(session.caller, id, session.address);
    if (limited !== undefined) return limited;
    const tries = command === "changePassword" && id !== undefined;
    const attempt = tries ? guard.ofSignIn(session.caller?.name, session.address) : undefined;
    if (attempt !== undefined && "status" in attempt) return attempt;
    const answer = await channels.call("auth", command, withSession(args, session));
    const outcome = "result" in answer ? "ok" : (answer.code ?? "EXECUTION_FAILED");
    if (outcome === "ok") attempt?.succeeded();
    else if (outcome !== "VALIDATION_FAILED") attempt?.withdrawn();
    const subject = session.caller?.name;
    const what = OF_ACCOUNT.get(command) ?? command;
    tell({ event: "user", ...whoIs(session), what, ...(subject !== undefined && { subject }), outcome });
    return answer;
  };

  const left = new RecentMap<true>(MOST_LEFT);

  return {
    refusal,
    beyond,
    told,
    isWaiting: (executionId) => executions?.isWaiting(executionId) === true,
    hasLeft: (token) => token !== undefined && left.get(token) === true,
    async call(session, channel, command, args) {
      const refused = refusal(session, channel, command);
      if (refused !== undefined) return refused;
      if (channel !== "auth") {
        const outside = await beyond(session, channel, command, args);
        if (outside !== undefined) return outside;
        const unsaved = await ownFlows?.(session.caller, channel, command, args);
        if (unsaved !== undefined) {
          return "status" in unsaved ? told(session, unsaved, `${channel}.${command}`) : unsaved;
        }
        const carryOut = async (given: unknown) => {
          const ended = auditedCall(tell, session, channel, command, given);
          const carried = () => channels.call(channel, command, given);
          const answer = await (isolated?.(session.caller, channel, command, given, carried) ?? carried());
          ended(answer);
          return answer;
        };
        return executions?.carryOut(session, channel, command, args, carryOut) ?? carryOut(args);
      }
      if (auth === undefined) return command === "getCurrentUser" ? { result: userOf(session.caller) } : NO_SESSIONS;
      if (command === "login") return signIn(session, args);
      if (command === "redeem") return redeem(session, args);
      if (OF_ACCOUNT.has(command)) return changeAccount(session, command, args);
      if (command === "logout" && session.token !== undefined) left.set(session.token, true);
      const answer = await channels.call(channel, command, withSession({}, session));
      if (!("result" in answer) && session.token !== undefined) left.delete(session.token);
      if (command === "logout" && session.caller !== undefined) {
        tell({ event: "sign-out", ...whoIs(session), outcome: "result" in answer ? "ok" : (answer.code ?? "") });
      }
      return answer;
    },
  };
}

/** What a command of `auth` is given: what the caller sends, and of its session what the server knows alone. */
function withSession(args: unknown, { token, address }: Partial<Session>): object {
  const given = isObject(args) ? { ...args } : {};
  return { ...given, token, address };
}

/** The caller for the audit. */
export function whoIs({ caller, address }: Partial<Session>): Pick<AuditEntry, "caller" | "role" | "address"> {
  return { ...(caller && { caller: caller.name, role: caller.role }), ...(address !== undefined && { address }) };
}

/** The token that a request brings. */
export function tokenOf(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/** The id of the execution that requests of one caller with one `Idempotency-Key` are about. */
export function idOfKey(caller: Caller | undefined, flowId: string, key: string): string {
  const name = JSON.stringify([caller?.name ?? null, flowId, key]);
  return `key-${sha256(name, "hex").slice(0, 32)}`;
}

/** Of what is sent in the place of a name, no more is repeated than a name may have. */
function nameOf(text: string): string {
  return text.slice(0, 100);
}

function noCommand(channel: string, command: string): CallAnswer {
  return {
    error: `There is no command ${nameOf(channel)}.${nameOf(command)}`,
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
