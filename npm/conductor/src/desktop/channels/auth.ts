/** The channel of sessions, where the application has any. */
import type { AuthApi } from "../../services/auth.js";
import type { Unsubscribe } from "../../services/declaration.js";
import type { ChannelOptions, ChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { serveChannel } from "./serve.js";

/** What a page knows of its session. */
export interface SessionToken {
  token?: string | undefined;
  /** Of the client, where a server serves the channel and knows it. */
  address?: string | undefined;
}

/** What the channel needs; an `AuthApi` fits. */
export interface AuthChannelDependencies {
  login(credentials: Parameters<AuthApi["login"]>[0] & SessionToken): ReturnType<AuthApi["login"]>;
  /** Missing where no one signs in at an issuer. */
  redeem?(proof: Parameters<AuthApi["redeem"]>[0] & SessionToken): ReturnType<AuthApi["redeem"]>;
  logout(session?: SessionToken): Promise<unknown>;
  getCurrentUser(session?: SessionToken): ReturnType<AuthApi["getCurrentUser"]>;
  refreshToken(session?: SessionToken): ReturnType<AuthApi["refreshToken"]>;
  /** This and the next three are missing where users do not look after their accounts here. */
  changePassword?(given: { current: string; password: string } & SessionToken): Promise<void>;
  listSessions?(session?: SessionToken): ReturnType<AuthApi["listSessions"]>;
  endSession?(given: { id: string } & SessionToken): Promise<void>;
  endOtherSessions?(session?: SessionToken): Promise<void>;
  onAuthExpired?(callback: (event?: unknown) => void): Unsubscribe;
}

/**
 * Serves `auth`: `login { username, password }`, `redeem { code, verifier }`, `logout`, `getCurrentUser`, `refreshToken`,
 * `changePassword { current, password }`, `listSessions`, `endSession { id }` and `endOtherSessions`.
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
