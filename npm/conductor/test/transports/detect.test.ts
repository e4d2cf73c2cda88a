import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultApiUrl, defaultWebSocketUrl, detectEnvironment } from "../../src/transports/detect.js";

beforeEach(() => {
  vi.stubEnv("VITE_API_URL", undefined);
  vi.stubEnv("ATOMITON_API_URL", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe("the environment", () => {
  it.each([
    ["ipc", { electron: { ipcRenderer: {} } }],
    ["ipc", { atomiton: { __bridge__: {} } }],
    ["http", {}],
    ["http", { electron: {}, atomiton: {} }],
    ["local", undefined],
  ])("is %s with the window %j", (type, window) => {
    vi.stubGlobal("window", window);
    expect(detectEnvironment()).toBe(type);
  });
});

describe("the address of the API", () => {
  it("is that of VITE_API_URL, else of ATOMITON_API_URL, else on this machine", () => {
    expect(defaultApiUrl()).toBe("http://localhost:3000/api");
    vi.stubEnv("ATOMITON_API_URL", "http://atomiton");
    expect(defaultApiUrl()).toBe("http://atomiton");
    vi.stubEnv("VITE_API_URL", "https://vite/api");
    expect(defaultApiUrl()).toBe("https://vite/api");
    vi.stubEnv("VITE_API_URL", "");
    expect(defaultApiUrl()).toBe("http://atomiton");
  });

  it("does not need a process", () => {
    vi.stubGlobal("process", undefined);
    expect(defaultApiUrl()).toBe("http://localhost:3000/api");
  });
});

describe("the address of the WebSocket", () => {
  it("is what the page says", () => {
    vi.stubEnv("VITE_API_URL", "https://vite/api");
    vi.stubGlobal("window", { __ATOMITON_WS_URL__: "ws://page" });
    expect(defaultWebSocketUrl("http://given")).toBe("ws://page");
  });

  it.each([
    ["http://h:3000/api", "ws://h:3000/api/ws"],
    ["https://h", "wss://h/api/ws"],
    ["https://h/v2/api/", "wss://h/v2/api/ws"],
    ["https://http.example", "wss://http.example/api/ws"],
  ])("belongs to the address of the API: %s", (apiUrl, url) => {
    expect(defaultWebSocketUrl(apiUrl)).toBe(url);
    vi.stubEnv("VITE_API_URL", apiUrl);
    expect(defaultWebSocketUrl()).toBe(url);
  });

  it("is on this machine where nothing is said", () => {
    expect(defaultWebSocketUrl()).toBe("ws://localhost:3001");
  });
});

describe("pages", () => {
  it("can load everything here but the class for Node: no module of Node, no package, no engine", () => {
    const folder = fileURLToPath(new URL("../../src/transports/", import.meta.url));
    const foreign: string[] = [];
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const text = readFileSync(folder + name, "utf8");
      for (const [, type, from = ""] of text.matchAll(/^(?:import|export)\b(\s+type)?[^;"]*?\sfrom\s+"([^"]+)"/gm)) {
        const own = from.startsWith("./") || (from.startsWith("../") && !/^(\.\.\/)+(types|engine|api)\//.test(from));
        // These need nothing at all, which its own tests hold it to.
        const plain = /\/types\/(ids|flow|base64)\.js$/.test(from) || from === "@atomiton/values";
        if (type === undefined && !own && !plain) foreign.push(`${name}: ${from}`);
      }
      for (const [, later = ""] of text.matchAll(/\bimport\("([^"]+)"\)/g)) {
        if (!later.startsWith(".")) foreign.push(`${name}: ${later}`);
      }
    }
    expect(foreign).toEqual(["node-websocket.ts: ws"]);
  });
});
