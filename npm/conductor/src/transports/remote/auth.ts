/** Sessions with the other side. */
import type { AuthApi, AuthSession, AuthUser } from "../../types/api.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import type { TokenStore } from "../token-store.js";
import { isolated } from "./events.js";

/**
 * `auth` over a transport. The token of the session is kept in the store; nothing else is. Rejects with what the
 * transport or the other side says.
 */
export function remoteAuth(
  transport: RemoteTransport | undefined,
  tokens: TokenStore,
  warn: (message: string) => void,
): AuthApi {
  const reach = () => {
    if (transport === undefined) throw new TransportError("NO_TRANSPORT", "No transport available for authentication");
    return transport;
  };

  const keep = (session: unknown): AuthSession => {
    if (typeof session !== "object" || session === null) {
      throw new TransportError("DESERIALIZATION_FAILED", "The answer about the session is none");
    }
    const { token } = session as Partial<AuthSession>;
    if (typeof token === "string" && token !== "") tokens.set(token);
    return session as AuthSession;
  };

  return {
    async login(credentials) {
      const { username, password } = credentials ?? {};
      if (!username || !password) throw new TransportError("INVALID_PARAMETERS", "Invalid credentials");
      return keep(await reach().call("auth", "login", { username, password }));
    },

    /** Somebody who could not be logged out is still logged in. */
    async logout() {
      await transport?.call("auth", "logout", { token: tokens.get() });
      tokens.clear();
    },

    async getCurrentUser() {
      if (tokens.get() === null || transport === undefined) return null;
      try {
        return ((await transport.call("auth", "getCurrentUser")) ?? null) as AuthUser | null;
      } catch (error) {
        // The other side knows of nobody with this token.
        if (error instanceof TransportError && error.answered) return null;
        throw error;
      }
    },

    async refreshToken() {
      const token = tokens.get();
      if (token === null) throw new TransportError("INVALID_PARAMETERS", "No token to refresh");
      return keep(await reach().call("auth", "refreshToken", { token }));
    },

    onAuthExpired: (callback) =>
      transport?.listen("auth", "sessionExpired", isolated("auth.sessionExpired", callback, warn)) ?? (() => {}),
  };
}
