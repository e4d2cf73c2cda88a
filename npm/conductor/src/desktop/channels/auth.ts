/** The channel of sessions, where the application has any. */
import type { AuthApi } from "../../services/auth.js";
import type { Unsubscribe } from "../../services/declaration.js";
import type { ChannelOptions, ChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { serveChannel } from "./serve.js";

/** What a page knows of its session. */
export interface SessionToken {
  token?: string | undefined;
}

/** What the channel needs; an `AuthApi` fits. */
export interface AuthChannelDependencies {
  login: AuthApi["login"];
  /** Missing where no one signs in at an issuer. */
  redeem?: AuthApi["redeem"];
  logout(session?: SessionToken): Promise<unknown>;
  getCurrentUser(session?: SessionToken): ReturnType<AuthApi["getCurrentUser"]>;
  refreshToken(session?: SessionToken): ReturnType<AuthApi["refreshToken"]>;
  onAuthExpired?(callback: (event?: unknown) => void): Unsubscribe;
}

/**
 * Serves `auth`: `login { username, password }`, `redeem { code, verifier }`, `logout`, `getCurrentUser` and `refreshToken`.
 *
 * Events: `sessionExpired`.
 */
export function createAuthChannelServer(
  ipcMain: IpcHandlers,
  auth: AuthChannelDependencies,
  options: ChannelOptions = {},
): ChannelServer {
  const logout = async (session: SessionToken) => {
    await auth.logout(session);
    return { success: true };
  };
  return serveChannel("auth", ipcMain, { handlers: { logout }, api: auth }, options);
}
