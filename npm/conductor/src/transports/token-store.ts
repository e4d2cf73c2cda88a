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

const KEY = "auth_token";

/** The storages of a page. Looking at them throws where its user blocks them. */
export interface BrowserStorages {
  readonly localStorage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly sessionStorage?: Pick<Storage, "clear">;
}

/**
 * Keeps the token in `localStorage["auth_token"]`, where it outlives the page; `clear` also empties `sessionStorage`.
 * Where the page has no storage, it is kept as long as the page.
 */
export function browserTokenStore(storages: BrowserStorages = globalThis): TokenStore {
  const memory = memoryTokenStore();
  return {
    get: () => attempt(() => storages.localStorage?.getItem(KEY)) ?? memory.get(),
    set(token) {
      memory.clear();
      const isKept = attempt(() => {
        const { localStorage } = storages;
        localStorage?.setItem(KEY, token);
        return localStorage !== undefined;
      });
      if (!isKept) memory.set(token);
    },
    clear() {
      memory.clear();
      attempt(() => storages.localStorage?.removeItem(KEY));
      attempt(() => storages.sessionStorage?.clear());
    },
  };
}

function attempt<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
