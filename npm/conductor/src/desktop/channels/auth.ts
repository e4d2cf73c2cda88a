/** The channel of sessions, where the application has any. */
import { z } from "zod/v3";
import type { AuthApi, Unsubscribe } from "../../types/api.js";
import { type ChannelOptions, type ChannelServer, createChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { WORDS_LIMITS } from "../limits.js";
import { checked } from "./arguments.js";

/** What a page knows of its session. */
export interface SessionToken {
  token?: string | undefined;
}

/** What the channel needs; an `AuthApi` fits. */
export interface AuthChannelDependencies {
  login: AuthApi["login"];
  logout(session?: SessionToken): Promise<unknown>;
  getCurrentUser(session?: SessionToken): ReturnType<AuthApi["getCurrentUser"]>;
  refreshToken(session?: SessionToken): ReturnType<AuthApi["refreshToken"]>;
  onAuthExpired?(callback: (event?: unknown) => void): Unsubscribe;
}

const credentials = z.object({ username: z.string(), password: z.string() });
const session = z.object({ token: z.string().optional() }).nullish();

/**
 * Serves `auth`: `login { username, password }`, `logout`, `getCurrentUser` and `refreshToken`.
 *
 * Events: `sessionExpired`.
 */
export function createAuthChannelServer(
  ipcMain: IpcHandlers,
  auth: AuthChannelDependencies,
  options: ChannelOptions = {},
): ChannelServer {
  const server = createChannelServer("auth", ipcMain, { limits: WORDS_LIMITS, ...options });
  const unsubscribe = auth.onAuthExpired?.((event) => server.broadcast("sessionExpired", event));
  server.handle(
    "login",
    checked("login", credentials, (given) => auth.login(given)),
  );
  server.handle(
    "logout",
    checked("logout", session, async (given) => {
      await auth.logout(given ?? {});
      return { success: true };
    }),
  );
  server.handle(
    "getCurrentUser",
    checked("getCurrentUser", session, (given) => auth.getCurrentUser(given ?? {})),
  );
  server.handle(
    "refreshToken",
    checked("refreshToken", session, (given) => auth.refreshToken(given ?? {})),
  );
  return {
    ...server,
    dispose() {
      unsubscribe?.();
      server.dispose();
    },
  };
}
