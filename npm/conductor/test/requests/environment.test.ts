/** What a conductor is, and what it makes of where it runs. */
import * as root from "@atomiton/conductor";
import * as browser from "@atomiton/conductor/browser";
import * as desktop from "@atomiton/conductor/desktop";
import * as node from "@atomiton/conductor/node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chain, HeldNodes, independent, leaf, pass, stopClock, watch } from "../contract/flows.js";
import { asNode, conductorOf, ending, storageOf, until } from "./stored.js";

beforeEach(() => {
  vi.stubEnv("CONDUCTOR_CONCURRENCY", undefined);
  vi.stubEnv("CONDUCTOR_TIMEOUT", undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const entries = [
  ["@atomiton/conductor", root],
  ["@atomiton/conductor/node", node],
  ["@atomiton/conductor/desktop", desktop],
] as const;

describe.each(entries)("a conductor of %s", (_name, { createConductor }) => {
  const factory = { getNodeExecutable: () => ({ execute: async ({ nodeId }: { nodeId: string }) => `out:${nodeId}` }) };

  it("has six keys, and more that are not listed", () => {
    const conductor = ending(createConductor());
    expect(Object.keys(conductor)).toEqual(["node", "system", "events", "store", "execute", "health"]);
    for (const [key, type] of [
      ["flow", "object"],
      ["storage", "object"],
      ["auth", "object"],
      ["configureTransport", "function"],
      ["shutdown", "function"],
      ["getEnvironment", "function"],
      ["inDesktop", "boolean"],
      ["inBrowser", "boolean"],
      ["engine", "object"],
    ] as const) {
      expect(typeof conductor[key], key).toBe(type);
    }
  });

  it("runs nodes, flows and stored flows here", async () => {
    const storage = await storageOf(chain(2, "f"));
    const conductor = ending(createConductor({ nodeExecutorFactory: factory, storage } as never));
    expect((await conductor.node.run(asNode(leaf("a")))).data).toBe("out:a");
    expect((await conductor.flow.run(asNode(chain(2)))).data).toBe("out:n2");
    expect((await conductor.execute({ flowId: "f" })).data).toBe("out:n2");
  });

  it("knows the types of the node library", async () => {
    const conductor = ending(createConductor());
    const edit = { id: "a", type: "edit-fields", parameters: { values: { greeting: "hello" } } };
    expect(await conductor.node.run(edit as never)).toMatchObject({
      success: true,
      data: { result: { greeting: "hello" } },
    });
  });

  it("has settings that older code gives", async () => {
    const conductor = ending(
      createConductor({ transport: "local", concurrency: 8, timeout: 30_000, nodeExecutorFactory: factory } as never),
    );
    expect((await conductor.node.run(asNode(leaf("a")))).success).toBe(true);
  });

  it("has methods that work without it", async () => {
    const conductor = ending(createConductor({ nodeExecutorFactory: factory, storage: await storageOf() } as never));
    const { execute, health, getEnvironment, configureTransport, shutdown } = conductor;
    const { health: systemHealth } = conductor.system;
    const { getCurrentUser } = conductor.auth;
    configureTransport("local");
    expect((await execute(leaf("a") as never)).success).toBe(true);
    expect((await health()).status).toBe("ok");
    expect((await systemHealth()).status).toBe("ok");
    expect(await getCurrentUser()).toBeNull();
    expect(getEnvironment().hasTransport).toBe(true);
    await shutdown();
  });
});

describe("the package's root", () => {
  it("has a conductor that is ready", async () => {
    const result = await root.conductor.execute({ flowId: "no-flow-of-this-name" });
    expect(result).toEqual({
      success: false,
      error: "Flow with id no-flow-of-this-name not found",
      metadata: expect.objectContaining({ flowId: "no-flow-of-this-name" }),
    });
    expect(Object.keys(root.conductor)).toEqual(Object.keys(root.createConductor()));
  });

  it("has what older code imports", () => {
    for (const name of [
      "conductor",
      "createConductor",
      "setupMainProcessHandler",
      "ExecutionEngine",
      "createExecutionEngine",
      "SimpleExecutor",
      "createSimpleExecutor",
      "createSimpleNode",
      "StateManager",
      "createStateManager",
      "createLocalTransport",
      "createHTTPTransport",
      "createIPCTransport",
      "createExecutionRouter",
      "isAtomic",
      "isComposite",
      "Queue",
      "createQueue",
      "ErrorCode",
      "createExecutionId",
      "toExecutionId",
      "createExecutionError",
      "getErrorRecoveryStrategy",
    ]) {
      expect(root, name).toHaveProperty(name);
    }
  });

  it("tells nodes with children from others", () => {
    for (const [kind, isComposite] of [
      [leaf("a"), false],
      [{ id: "g", type: "group", nodes: [] }, false],
      [chain(1), true],
    ] as const) {
      expect(root.isComposite(kind as never)).toBe(isComposite);
      expect(root.isAtomic(kind as never)).toBe(!isComposite);
    }
  });

  it("makes local conductors where there is no window", async () => {
    const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("must not be called"));
    const conductor = ending(root.createConductor());
    await conductor.execute({ flowId: "nobody" });
    expect(fetched).not.toHaveBeenCalled();
  });
});

describe("the environment's variables", () => {
  it("say how many nodes run at once, unless the settings do", async () => {
    vi.stubEnv("CONDUCTOR_CONCURRENCY", "3");
    const most = async (config: object) => {
      const held = new HeldNodes();
      const conductor = await conductorOf({ flows: [independent("a", "b", "c", "d")], body: held.body, ...config });
      const run = conductor.execute({ flowId: "root" });
      for (let done = 0; done < 4; done += 1) {
        await until(() => held.running.length > 0, "a start");
        await held.finish(held.running[0] as string);
      }
      expect((await run).success).toBe(true);
      return held.most;
    };
    expect(await most({})).toBe(3);
    expect(await most({ concurrency: 2 })).toBe(2);
  });

  it("say how long an execution may take, unless settings or request do", async () => {
    vi.stubEnv("CONDUCTOR_TIMEOUT", "50");
    stopClock();
    const body = () => new Promise(() => undefined);
    const conductor = await conductorOf({ flows: [chain(1, "f")], body });
    const run = watch(conductor.execute({ flowId: "f" }));
    const longer = watch(conductor.execute({ flowId: "f", options: { timeout: 80 } }));
    const set = await conductorOf({ flows: [chain(1, "f")], body, timeout: 100 });
    const longest = watch(set.execute({ flowId: "f" }));
    await pass(50);
    expect([run.settled, longer.settled, longest.settled]).toEqual([true, false, false]);
    await pass(30);
    expect([longer.settled, longest.settled]).toEqual([true, false]);
    await pass(20);
    for (const { value } of [run, longer, longest]) expect(value?.metadata?.error?.code).toBe("TIMEOUT");
  });

  it.each(["", "soon", "-1", "NaN"])("are ignored where they make no sense: %j", async (value) => {
    vi.stubEnv("CONDUCTOR_TIMEOUT", value);
    vi.stubEnv("CONDUCTOR_CONCURRENCY", value);
    const conductor = await conductorOf({ flows: [chain(2, "f")] });
    expect((await conductor.execute({ flowId: "f" })).success).toBe(true);
  });
});

describe("where a conductor runs", () => {
  it("is told by one object", async () => {
    const conductor = await conductorOf();
    const environment = conductor.getEnvironment();
    expect(conductor.getEnvironment()).toBe(environment);
    expect(environment).toMatchObject({
      hasTransport: true,
      capabilities: { nodeExecution: true, localStorage: false, sessionStorage: false, cloudExecution: false },
      details: { userAgent: expect.any(String), platform: expect.any(String) },
    });
  });

  it.each([...entries, ["@atomiton/conductor/browser", browser] as const])(
    "is found without reading Node's own storages, which warn: %s",
    async (_name, { createConductor }) => {
      const read = vi.fn();
      const names = ["localStorage", "sessionStorage"];
      const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
      for (const name of names) Object.defineProperty(globalThis, name, { configurable: true, get: () => read(name) });
      try {
        const conductor = ending(createConductor({ transport: "local" }));
        expect(conductor.getEnvironment().capabilities).toMatchObject({ localStorage: false, sessionStorage: false });
        expect(await conductor.auth.getCurrentUser()).toBeNull();
        await conductor.auth.logout();
      } finally {
        for (const [i, name] of names.entries()) {
          const descriptor = before[i];
          if (descriptor) Object.defineProperty(globalThis, name, descriptor);
          else Reflect.deleteProperty(globalThis, name);
        }
      }
      expect(read).not.toHaveBeenCalled();
    },
  );

  it("has the storages that the window of a page has", () => {
    vi.stubGlobal("window", { localStorage: {} });
    const { capabilities } = ending(browser.createConductor({ transport: "local" })).getEnvironment();
    expect(capabilities).toMatchObject({ localStorage: true, sessionStorage: false });
  });

  it("is no desktop application in plain Node", async () => {
    const conductor = await conductorOf();
    expect(conductor.getEnvironment().isDesktop).toBe(false);
    expect(conductor.inDesktop).toBe(false);
  });

  it.each([...entries, ["@atomiton/conductor/browser", browser] as const])(
    "is a desktop application where its window has a bridge, also in Node: %s",
    (_name, { createConductor }) => {
      const __bridge__ = { call: async () => ({}), listen: () => () => {}, send: () => {} };
      vi.stubGlobal("window", { atomiton: { __bridge__ } });
      const conductor = ending(createConductor());
      expect(conductor.getEnvironment()).toMatchObject({ type: "desktop", isDesktop: true, hasTransport: true });
      expect([conductor.inDesktop, conductor.inBrowser]).toEqual([true, false]);
    },
  );

  it("has the health of local execution", async () => {
    const { system, health } = await conductorOf();
    for (const { status, timestamp, message } of [await system.health(), await health()]) {
      expect([status, message]).toEqual(["ok", "Local conductor operational"]);
      expect(Math.abs(timestamp - Date.now())).toBeLessThan(60_000);
    }
  });

  it("cannot be restarted outside of a desktop application", async () => {
    const { restart } = (await conductorOf()).system;
    await expect(restart()).rejects.toThrow(/restart/i);
  });
});

describe("logging in without a server", () => {
  it.each([
    { username: "", password: "p" },
    { username: "u", password: "" },
    { username: "", password: "" },
    {},
    undefined,
  ])("refuses empty credentials first: %j", async (credentials) => {
    const { login } = (await conductorOf()).auth;
    await expect(login(credentials as never)).rejects.toThrow("Invalid credentials");
  });

  it("says that there is nobody to ask", async () => {
    const { login, refreshToken, getCurrentUser, logout, onAuthExpired } = (await conductorOf()).auth;
    await expect(login({ username: "u", password: "p" })).rejects.toThrow("No transport available for authentication");
    await expect(refreshToken()).rejects.toThrow("No token to refresh");
    expect(await getCurrentUser()).toBeNull();
    expect(await logout()).toBeUndefined();
    expect(() => onAuthExpired(() => undefined)()).not.toThrow();
  });
});
