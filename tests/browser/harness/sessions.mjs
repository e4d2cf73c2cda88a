/** Sessions with a server: one user, `ada`, whose password is `analytical`. */

const USER = { id: "user-1", username: "ada", email: "ada@example.com", roles: ["owner"] };
const PASSWORD = "analytical";
const HOUR = 3_600_000;

/** What the channel `auth` needs, and `expireAll()`, which ends the sessions that there are. */
export function createSessions() {
  const open = new Set();
  const listeners = new Set();
  let count = 0;

  function begin() {
    const token = `token-${++count}`;
    open.add(token);
    return { token, user: USER, expiresAt: new Date(Date.now() + HOUR).toISOString() };
  }

  function demand(token) {
    if (!open.has(token)) throw new Error("Not logged in");
  }

  return {
    async login({ username, password }) {
      if (username !== USER.username || password !== PASSWORD) throw new Error("Invalid credentials");
      return begin();
    },
    async logout({ token } = {}) {
      open.delete(token);
    },
    async getCurrentUser({ token } = {}) {
      demand(token);
      return USER;
    },
    async refreshToken({ token } = {}) {
      demand(token);
      open.delete(token);
      return begin();
    },
    onAuthExpired(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    expireAll() {
      open.clear();
      for (const listener of listeners) listener({ reason: "expired" });
    },
    isOpen: (token) => open.has(token),
  };
}
