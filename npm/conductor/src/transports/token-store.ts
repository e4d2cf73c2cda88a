/** Where the token of a session is kept. */

export interface TokenStore {
  get(): string | null;
  set(token: string): void;
  /** Forgets the token, and what else belongs to the session. */
  clear(): void;
}

/** Keeps the token as long as this program runs. */
export function memoryTokenStore(): TokenStore {
  let token: string | null = null;
  return {
    get: () => token,
    set(next) {
      token = next;
    },
    clear() {
      token = null;
    },
  };
}
