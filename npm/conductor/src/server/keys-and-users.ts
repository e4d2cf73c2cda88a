/** Callers by keys of a file and by sessions of users, side by side. */
import type { Authenticate, ServerAuth } from "./calls.js";
import { byKeys, type KeyFile } from "./keys.js";
import type { Users } from "./users/users.js";

/** What goes into `createServer`. */
export function byKeysAndUsers(file: KeyFile, users: Users): { authenticate: Authenticate; auth: ServerAuth } {
  const byFile = byKeys(file);
  return {
    authenticate: async (request, about) => (await byFile(request)) ?? users.authenticate(request, about),
    auth: {
      ...users.auth,
      async getCurrentUser(session) {
        const key = session?.token === undefined ? undefined : file.callerOf(session.token);
        return key === undefined ? users.auth.getCurrentUser(session) : { username: key.name, roles: [key.role] };
      },
    },
  };
}
