/** Tokens of sessions: how long they are kept, who hears of them, and which server gets them. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { eventIssuerOf, issuerOf } from "../../src/transports/issuer.js";
import { browserTokenStore, memoryTokenStore, tokensOf } from "../../src/transports/token-store.js";

const A = "https://a.example";
const B = "https://b.example";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The storage of a page that has room for so many characters, and all that ever stood in it. */
function pageStorage(room = Number.POSITIVE_INFINITY) {
  const items = new Map<string, string>();
  const states: Record<string, string>[] = [];
  const note = () => states.push(Object.fromEntries(items));
  const localStorage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem(key: string, value: string) {
      if (value.length > room) throw new DOMException("full", "QuotaExceededError");
      items.set(key, value);
      note();
    },
    removeItem(key: string) {
      items.delete(key);
      note();
    },
  };
  return { storages: { localStorage, sessionStorage: { clear: vi.fn() } }, items, states };
}

describe("a token in the storage of a page", () => {
  it("stands there as it is, its server beside it", () => {
    const { storages, items } = pageStorage();
    const store = browserTokenStore(storages);
    store.set("t", A);
    expect(Object.fromEntries(items)).toEqual({ auth_token: "t", auth_token_origin: A });
    const later = browserTokenStore(storages);
    expect([later.get(), later.issuer()]).toEqual(["t", A]);
    later.clear();
    expect([store.get(), store.issuer(), items.size]).toEqual([null, null, 0]);
    expect(storages.sessionStorage.clear).toHaveBeenCalledOnce();
  });

  it("is of nobody where somebody else put it there", () => {
    const { storages, items } = pageStorage();
    items.set("auth_token", "t");
    const store = browserTokenStore(storages);
    expect([store.get(), store.issuer()]).toEqual(["t", null]);
  });

  it("never stands beside the server of another", () => {
    const { storages, states } = pageStorage();
    const store = browserTokenStore(storages);
    store.set("a", A);
    store.set("b", B);
    store.set("nobody's");
    store.clear();
    const pairs = states.filter(({ auth_token }) => auth_token).map((state) => Object.values(state).sort());
    expect(pairs).toEqual([["a", A], ["b", B], ["nobody's"]].map((pair) => pair.sort()));
  });

  it("is kept by the page where there is no room for it, and the one before is gone", () => {
    const { storages, items } = pageStorage(20);
    const store = browserTokenStore(storages);
    store.set("old", A);
    const long = "new".repeat(10);
    store.set(long, A);
    expect([store.get(), store.issuer()]).toEqual([long, A]);
    expect(items.size).toBe(0);
    store.set("short", A);
    expect([store.get(), items.get("auth_token")]).toEqual(["short", "short"]);
    store.clear();
    expect(store.get()).toBeNull();
  });

  it("is kept by the page where looking at the storage throws", () => {
    const store = browserTokenStore({
      get localStorage(): never {
        throw new DOMException("denied", "SecurityError");
      },
    });
    store.set("t", A);
    expect([store.get(), store.issuer()]).toEqual(["t", A]);
    store.clear();
    expect([store.get(), store.issuer()]).toEqual([null, null]);
  });
});

describe("whoever listens to tokens", () => {
  it.each([
    ["of a page", () => browserTokenStore(pageStorage().storages)],
    ["of a program", memoryTokenStore],
  ])("hears of each change, until the end: %s", (_, make) => {
    const store = make();
    const heard: (string | null)[] = [];
    const end = store.onChange(() => heard.push(store.get()));
    store.set("t1", A);
    store.set("t2", A);
    store.clear();
    end();
    store.set("t3", A);
    expect(heard).toEqual(["t1", "t2", null]);
  });

  it("hears of other stores of the same page", () => {
    const { storages } = pageStorage();
    const heard = vi.fn();
    const end = browserTokenStore(storages).onChange(heard);
    browserTokenStore(storages).set("t");
    end();
    expect(heard).toHaveBeenCalledOnce();
  });

  it("hears of other pages, if it is about the token", () => {
    const page = new EventTarget();
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
    const say = (key: string | null) => page.dispatchEvent(Object.assign(new Event("storage"), { key }));
    const heard = vi.fn();
    const end = browserTokenStore(pageStorage().storages).onChange(heard);
    say("draft");
    expect(heard).not.toHaveBeenCalled();
    say("auth_token");
    say(null);
    expect(heard).toHaveBeenCalledTimes(2);
    end();
    say("auth_token");
    expect(heard).toHaveBeenCalledTimes(2);
  });
});

describe("the tokens of one server", () => {
  it("are those that it gave, and those of nobody", () => {
    const all = memoryTokenStore();
    const [ofA, ofB] = [tokensOf(all, A), tokensOf(all, B)];
    ofA.set("a");
    expect([ofA.get(), ofB.get(), all.issuer()]).toEqual(["a", null, A]);
    all.set("nobody's");
    expect([ofA.get(), ofB.get()]).toEqual(["nobody's", "nobody's"]);
    ofB.clear();
    expect(ofA.get()).toBeNull();
  });

  it.each([
    ["http", { apiUrl: `${A}/api` }, {}, A],
    ["http", {}, { apiUrl: `${A}/v2/api`, wsUrl: "wss://b.example" }, A],
    ["http", {}, {}, "http://localhost:3000"],
    ["websocket", {}, { apiUrl: `${A}/api` }, A],
    ["websocket", {}, { apiUrl: A, wsUrl: "wss://events.a.example" }, A],
    ["websocket", {}, { wsUrl: "wss://a.example/api/ws" }, A],
    ["websocket", { wsUrl: "wss://b.example/ws" }, { apiUrl: A, wsUrl: "wss://a.example" }, B],
    ["websocket", { apiUrl: B }, { apiUrl: A, wsUrl: "wss://a.example" }, A],
    ["websocket", { apiUrl: B }, { apiUrl: A }, B],
    ["websocket", {}, {}, "http://localhost:3000"],
    ["ipc", { apiUrl: A }, {}, "ipc:"],
    ["http", { apiUrl: "no address" }, {}, "no address"],
  ] as const)("are those of whom its addresses name: %s %o %o", (type, options, config, issuer) => {
    expect(issuerOf(type, options, config)).toBe(issuer);
  });

  it("are said to a WebSocket for events that belongs to the server, not to one of another", () => {
    const own = { apiUrl: A, wsUrl: "wss://events.a.example" };
    expect(eventIssuerOf(own.wsUrl, {}, own)).toBe(A);
    expect(eventIssuerOf("wss://b.example/api/ws", { apiUrl: B }, { apiUrl: A })).toBe(B);
    expect(eventIssuerOf(own.wsUrl, { apiUrl: B }, own)).toBe("https://events.a.example");
    expect(eventIssuerOf("wss://events.b.example", { apiUrl: B, wsUrl: "wss://events.b.example" }, own)).toBe(B);
  });
});
