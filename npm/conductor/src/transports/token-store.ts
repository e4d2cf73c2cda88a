import { type PageStorages, pageStorages } from "./detect.js";

/** Where the token of a session is kept, with the server that it is for. */
export interface TokenStore {
  get(): string | null;
  /** Origin of the server that gave the token; `null` where it is unknown. */
  issuer(): string | null;
  set(token: string, issuer?: string): void;
  /** Forgets the token, and what else belongs to the session. */
  clear(): void;
  /** Calls back whenever the token has become another one, or none. Ends with what it returns. */
  onChange(listener: () => void): () => void;
}

/** Keeps the token as long as this program runs. */
export function memoryTokenStore(): TokenStore {
  let kept: { token: string; issuer: string | null } | undefined;
  const listeners = new Set<() => void>();
  return {
    get: () => kept?.token ?? null,
    issuer: () => kept?.issuer ?? null,
    set(token, issuer) {
      kept = { token, issuer: issuer ?? null };
      tell(listeners);
    },
    clear() {
      kept = undefined;
      tell(listeners);
    },
    onChange: (listener) => subscribe(listeners, listener),
  };
}

const KEY = "auth_token";
/** The token itself stands alone under its key, where pages look for it. */
const ISSUER_KEY = "auth_token_origin";

/** Those who hear of all stores in this page: they share its storage. */
const pageListeners = new Set<() => void>();

/**
 * Keeps the token in `localStorage["auth_token"]`, where it outlives the page, and the origin of its server in
 * `auth_token_origin`; `clear` also empties `sessionStorage`. Where the page has no storage, or no room in it, the token
 * is kept as long as the page.
 */
export function browserTokenStore(storages: PageStorages = pageStorages()): TokenStore {
  const memory = memoryTokenStore();
  const read = (key: string) => attempt(() => storages.localStorage?.getItem(key)) ?? null;
  const forget = () => {
    // Other pages see one change at a time: never this token with another's server.
    attempt(() => storages.localStorage?.removeItem(KEY));
    attempt(() => storages.localStorage?.removeItem(ISSUER_KEY));
  };
  return {
    get: () => read(KEY) ?? memory.get(),
    issuer: () => (read(KEY) === null ? memory.issuer() : read(ISSUER_KEY)),
    set(token, issuer) {
      memory.clear();
      if (read(ISSUER_KEY) !== (issuer ?? null)) forget();
      const isKept = attempt(() => {
        const { localStorage } = storages;
        if (issuer !== undefined) localStorage?.setItem(ISSUER_KEY, issuer);
        localStorage?.setItem(KEY, token);
        return localStorage !== undefined;
      });
      if (!isKept) {
        // What was kept before is over.
        forget();
        memory.set(token, issuer);
      }
      tell(pageListeners);
    },
    clear() {
      memory.clear();
      forget();
      attempt(() => storages.sessionStorage?.clear());
      tell(pageListeners);
    },
    onChange(listener) {
      const end = subscribe(pageListeners, listener);
      const endOthers = onOtherPages(listener);
      return () => {
        end();
        endOthers();
      };
    },
  };
}

/**
 * The store as one server sees it: only tokens that are its own, and those whose server is unknown. Whatever
 * is set is from this server.
 */
export function tokensOf(store: TokenStore, server: string): TokenStore {
  return {
    ...store,
    get: () => ([server, null].includes(store.issuer()) ? store.get() : null),
    set: (token) => store.set(token, server),
  };
}

/** Calls back when another page of this origin changes the token. Platforms without pages never do. */
function onOtherPages(listener: () => void): () => void {
  const page = globalThis as unknown as Partial<Pick<EventTarget, "addEventListener" | "removeEventListener">>;
  const heard = (event: Event) => {
    const { key } = event as { key?: unknown };
    // Without a key, all of the storage was emptied.
    if (key === KEY || key === null) listener();
  };
  page.addEventListener?.("storage", heard);
  return () => page.removeEventListener?.("storage", heard);
}

/** The same function may listen more than once. */
function subscribe(listeners: Set<() => void>, listener: () => void): () => void {
  const own = () => listener();
  listeners.add(own);
  return () => void listeners.delete(own);
}

function tell(listeners: ReadonlySet<() => void>): void {
  for (const listener of [...listeners]) listener();
}

function attempt<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
