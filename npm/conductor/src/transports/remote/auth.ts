/** Sessions with the other side. */

import { messageOf } from "@atomiton/values";
import type { AuthApi, AuthSession, OwnSession } from "../../services/auth.js";
import { SERVICES } from "../../services/contract.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import type { TokenStore } from "../token-store.js";
import { stubsOf } from "./stubs.js";

interface SessionToken {
  token?: string;
}

/** The commands, which are told whose session it is about. */
interface SessionCommands
  extends Omit<
    AuthApi,
    "logout" | "refreshToken" | "changePassword" | "listSessions" | "endSession" | "endOtherSessions"
  > {
  logout(session: { token: string | null }): Promise<void>;
  refreshToken(session: { token: string }): Promise<AuthSession>;
  changePassword(given: { current: string; password: string } & SessionToken): Promise<void>;
  listSessions(session: SessionToken): Promise<OwnSession[]>;
  endSession(given: { id: string } & SessionToken): Promise<void>;
  endOtherSessions(session: SessionToken): Promise<void>;
}

/**
 * `auth` over a transport. The token of the session is kept in the store; nothing else is. An answer that comes when the
 * session it belongs to is over is handed to its caller, and not kept. Rejects with what the transport or the other side
 * says.
 */
export function remoteAuth(
  transport: RemoteTransport | undefined,
  tokens: TokenStore,
  warn: (message: string) => void,
): AuthApi {
  const stubs = stubsOf<SessionCommands>(SERVICES.auth, transport, warn);

  /** Changes with each login and logout that begins. */
  let era = 0;
  let refreshing: { token: string; answer: Promise<AuthSession> } | undefined;

  /** A client that sends a key instead of a token has no session. */
  const byToken = (): SessionToken => {
    const token = tokens.get();
    return token === null ? {} : { token };
  };

  const keep = (session: unknown, isCurrent: boolean): AuthSession => {
    if (typeof session !== "object" || session === null) {
      throw new TransportError("DESERIALIZATION_FAILED", "The answer of the server is not a session");
    }
    const { token } = session as Partial<AuthSession>;
    if (isCurrent && typeof token === "string" && token !== "") tokens.set(token);
    return session as AuthSession;
  };

  const refresh = async (token: string): Promise<AuthSession> => {
    const session = await stubs.refreshToken({ token });
    return keep(session, tokens.get() === token);
  };

  return {
    async login(credentials) {
      const { username, password } = credentials ?? {};
      if (!username || !password) throw new TransportError("INVALID_PARAMETERS", "Invalid credentials");
      const own = ++era;
      const session = await stubs.login({ username, password });
      return keep(session, own === era);
    },

    async redeem(proof) {
      const own = ++era;
      const session = await stubs.redeem(proof);
      return keep(session, own === era);
    },

    /**
     * A server that refuses keeps the session, and so does this side. Where there is no server, nothing is left to end; nor is
     * there where a main process answers, whatever it says.
     */
    async logout() {
      const token = tokens.get();
      const own = ++era;
      try {
        if (transport !== undefined) await stubs.logout({ token });
      } catch (error) {
        const isOver = transport?.type === "ipc" ? isAnswer(error) : isServerMissing(error);
        if (!isOver) throw error;
        warn(`Logged out without telling a server: ${messageOf(error)}`);
      }
      // A user may have logged in meanwhile.
      if (own === era || tokens.get() === token) tokens.clear();
    },

    async getCurrentUser() {
      if (tokens.get() === null || transport === undefined) return null;
      try {
        return (await stubs.getCurrentUser()) ?? null;
      } catch (error) {
        // The other side knows no user with this token.
        if (isAnswer(error)) return null;
        throw error;
      }
    },

    /** One at a time: the first ends the token that a second would be asked for with. */
    async refreshToken() {
      const token = tokens.get();
      if (token === null) throw new TransportError("INVALID_PARAMETERS", "No token to refresh");
      if (refreshing?.token === token) return refreshing.answer;
      const own = { token, answer: refresh(token) };
      refreshing = own;
      try {
        return await own.answer;
      } finally {
        if (refreshing === own) refreshing = undefined;
      }
    },

    changePassword: (passwords) => stubs.changePassword({ ...passwords, ...byToken() }),
    listSessions: () => stubs.listSessions(byToken()),
    endSession: ({ id }) => stubs.endSession({ id, ...byToken() }),
    endOtherSessions: () => stubs.endOtherSessions(byToken()),

    onAuthExpired: stubs.onAuthExpired,
  };
}

const NO_ANSWER: readonly string[] = ["NO_TRANSPORT", "TRANSPORT_ERROR", "TIMEOUT"];
/** Statuses of servers that have nothing at the address. */
const NOTHING_THERE: readonly (number | undefined)[] = [404, 405, 501];

/** Whether a call failed because no server that keeps sessions was there. */
function isServerMissing(error: unknown): error is TransportError {
  if (!(error instanceof TransportError)) return false;
  return error.answered ? NOTHING_THERE.includes(error.status) : NO_ANSWER.includes(error.code);
}

function isAnswer(error: unknown): boolean {
  return error instanceof TransportError && error.answered;
}
