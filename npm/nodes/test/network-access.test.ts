import { createServer } from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { NodeError } from "../src/contract/error.js";
import { type NetworkAccess, networkAccess } from "../src/contract/network-access.js";
import { nodes } from "../src/executables.js";
import { createGuard, guardOf } from "../src/machine/guard/guard.js";
import { guardedFetch } from "../src/machine/guard/guarded-fetch.js";
import { json, testServer } from "./http-server.js";
import { failure, run, temporaryFolder } from "./run.js";
import { NO_ADDRESSES, SPELLINGS } from "./ssrf-spellings.js";

let asked = 0;
const server = testServer({
  "/": (_, response) => {
    asked++;
    json(response, { secret: "of the network" });
  },
  "/to": (_, response, url) => void response.writeHead(307, { location: url.searchParams.get("at") ?? "" }).end(),
});

const PUBLIC: NetworkAccess = { privateAddresses: false };
const LOOPBACK: NetworkAccess = { privateAddresses: ["127.0.0.0/8"] };
const REFUSED = /^\[[a-z-]+\] Connections to .+ are not allowed here: /;

const withAccess = (access: NetworkAccess, parameters: object) => ({ ...parameters, [networkAccess]: access });

/** How each type that calls out is told a host. */
const CALLERS: Record<string, (host: string) => object> = {
  "http-request": (host) => ({ url: `http://${host}:${server.port}/` }),
  "webhook-out": (host) => ({ url: `http://${host}:${server.port}/`, secret: "s".repeat(32), data: 1 }),
  message: (host) => ({ service: "slack", url: `http://${host}:${server.port}/`, text: "t" }),
  llm: (host) => ({ baseUrl: `http://${host}:${server.port}/v1`, model: "m", prompt: "p" }),
  embed: (host) => ({ baseUrl: `http://${host}:${server.port}/v1`, model: "m", texts: ["t"] }),
};

describe("an owner who refuses addresses that are not public", () => {
  it("has a table of 300 spellings and more", () => {
    expect(SPELLINGS.length + NO_ADDRESSES.length).toBeGreaterThan(300);
    for (const host of SPELLINGS) expect(URL.canParse(`http://${host}:80/`), host).toBe(true);
  });

  it.each(Object.entries(CALLERS))("lets %s get to none of them", async (type, parametersOf) => {
    asked = 0;
    for (const host of SPELLINGS) {
      const refused = await failure(type, {}, withAccess(PUBLIC, parametersOf(host)));
      expect(refused.message, host).toMatch(REFUSED);
      expect(refused, host).toMatchObject({ code: "EXECUTION_FAILED" });
    }
    for (const host of NO_ADDRESSES) {
      const refused = await failure(type, {}, withAccess(PUBLIC, parametersOf(host)));
      expect(refused.code, host).toBe("INVALID_PARAMETERS");
    }
    expect(asked).toBe(0);
  });

  it("would get to those of this machine, were they allowed", async () => {
    asked = 0;
    const own = SPELLINGS.filter((host) => /^127\.0\.0\.1\.?$/.test(hostname(host)));
    expect(own.length).toBeGreaterThan(15);
    for (const host of own) {
      expect(
        (await run("http-request", {}, CALLERS["http-request"]?.(host) as object as Record<string, unknown>)).ok,
      ).toBe(true);
      const output = await run("http-request", {}, withAccess(LOOPBACK, CALLERS["http-request"]?.(host) ?? {}));
      expect(output.result, host).toEqual({ secret: "of the network" });
    }
    expect(asked).toBe(2 * own.length);
  });

  it("refuses them as the target of a redirect, also where the first host is allowed", async () => {
    asked = 0;
    for (const host of ["[::1]", "127.0.0.2", "0", "2130706433", "[::ffff:127.0.0.1]"]) {
      const url = `${server.base}/to?at=${encodeURIComponent(`http://${host}:${server.port}/`)}`;
      const access = { privateAddresses: ["127.0.0.1"] };
      const moved = run("http-request", {}, withAccess(access, { url }));
      // The number is the address that is allowed; the others are not.
      if (host === "2130706433") expect((await moved).ok).toBe(true);
      else await expect(moved, host).rejects.toThrow(REFUSED);
    }
    expect(asked).toBe(1);
  });

  it.each([
    ["127.0.0.1"],
    ["localhost"],
    ["2130706433"],
    ["0x7f.1"],
    ["0177.0.0.1"],
    ["::1"],
    ["[::1]"],
    ["::ffff:127.0.0.1"],
    ["fe80::1%lo"],
    ["169.254.169.254"],
    ["0"],
  ])("keeps mails and databases from %s", async (host) => {
    const mail = { host, port: server.port, from: "a@example.com", to: "b@example.com", text: "t", requireTls: false };
    expect((await failure("email", {}, withAccess(PUBLIC, mail))).message).toMatch(REFUSED);
    const connection = `postgresql://u@${/^[^[]*:/.test(host) ? `[${host.replace("%", "%25")}]` : host}:${server.port}/d`;
    const refused = await failure("database", {}, withAccess(PUBLIC, { connection, sql: "select 1" }));
    // What is no address for a URL does not get as far.
    if (!/%/.test(host)) expect(refused.message).toMatch(REFUSED);
  });

  it("keeps databases from sockets of this machine", async () => {
    const folder = temporaryFolder();
    let connected = 0;
    const local = net.createServer(() => connected++);
    await new Promise<void>((resolve) => local.listen(`${folder}/.s.PGSQL.5432`, resolve));
    const connection = `postgresql://u@${encodeURIComponent(folder)}:5432/d`;
    const refused = await failure("database", {}, withAccess(PUBLIC, { connection, sql: "select 1" }));
    expect(refused.message).toMatch(/are not allowed here: it is no host of a network/);
    expect(connected).toBe(0);
    local.close();
  });

  it("does not let a flow say otherwise", async () => {
    const url = `${server.base}/`;
    for (const name of ["network", "access", "networkAccess", "@atomiton/network-access", "privateAddresses"]) {
      const refused = await failure("http-request", { [name]: {} }, withAccess(PUBLIC, { url, [name]: true }));
      expect(refused.message, name).toMatch(REFUSED);
    }
    const made = nodes["http-request"]?.({ url });
    await expect(made?.execute(withAccess(PUBLIC, {}))).rejects.toThrow(REFUSED);
  });
});

describe("names", () => {
  const addresses = (...all: string[]) => all.map((address) => ({ address, family: net.isIP(address) }));

  it("are refused if one of their addresses is not allowed", async () => {
    for (const bad of ["10.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "169.254.169.254", "fe80::1"]) {
      for (const all of [addresses("93.184.216.34", bad), addresses(bad, "2606:2800:220:1::1"), addresses(bad)]) {
        const guard = createGuard(PUBLIC, (_, __, found) => found(null, all));
        await expect(guard.addressOf("rebound.example", 80), bad).rejects.toThrow("has an address that is not public");
      }
    }
    const guard = createGuard(PUBLIC, (_, __, found) => found(null, addresses("93.184.216.34")));
    expect(await guard.addressOf("fine.example", 80)).toBe("93.184.216.34");
  });

  it("are looked up once for a connection, which goes to what was checked", async () => {
    // A name that answers otherwise the second time, as in an attack by rebinding.
    let lookups = 0;
    const answers = ["127.0.0.1", "10.0.0.1"];
    const guard = createGuard(LOOPBACK, (_, __, found) => found(null, addresses(answers[lookups++] as string)));
    const fetch = guardedFetch(guard);
    const response = await fetch(new URL(`http://rebound.example:${server.port}/`), {});
    expect(await response.json()).toEqual({ secret: "of the network" });
    expect(lookups).toBe(1);
    const next = guard.addressOf("rebound.example", server.port);
    await expect(next).rejects.toBeInstanceOf(NodeError);
  });

  it("that do not exist fail as they do without a guard", async () => {
    const url = "http://no-such-host.invalid/";
    const refused = await failure("http-request", {}, withAccess(PUBLIC, { url }));
    expect(refused.message).toMatch(/fetch failed \((?:ENOTFOUND|EAI_AGAIN)\)/);
  });
});

describe("hosts that an owner lists", () => {
  const all = (...hosts: string[]): NetworkAccess => ({ hosts });

  it("are the only ones, at each redirect", async () => {
    const access = all("127.0.0.1");
    expect((await run("http-request", {}, withAccess(access, { url: `${server.base}/` }))).ok).toBe(true);
    const local = `http://localhost:${server.port}/`;
    expect((await failure("http-request", {}, withAccess(access, { url: local }))).message).toBe(
      "[http-request] Connections to localhost are not allowed here: it is not among the hosts that are allowed",
    );
    const url = `${server.base}/to?at=${encodeURIComponent(local)}`;
    expect((await failure("http-request", {}, withAccess(access, { url }))).message).toMatch(REFUSED);
    expect((await failure("http-request", {}, withAccess(all(), { url: local }))).message).toMatch(REFUSED);
  });

  it.each([
    ["api.example.com", "api.example.com", 443, true],
    ["API.example.com", "api.EXAMPLE.com.", 443, true],
    ["api.example.com", "evil-api.example.com", 443, false],
    ["api.example.com", "api.example.com.evil.test", 443, false],
    ["*.example.com", "a.b.example.com", 80, true],
    ["*.example.com", "example.com", 80, false],
    ["*.example.com", "notexample.com", 80, false],
    ["db.example.com:5432", "db.example.com", 5432, true],
    ["db.example.com:5432", "db.example.com", 22, false],
    ["bücher.example", "xn--bcher-kva.example", 80, true],
    ["[2606:2800:220:1::1]:443", "2606:2800:220:1::1", 443, true],
    ["8.8.8.8", "8.8.8.8", 53, true],
  ])("%s has %s at %d: %s", (entry, host, port, allowed) => {
    const check = () => createGuard(all(entry)).check(host, port);
    if (allowed) expect(check).not.toThrow();
    else expect(check).toThrow("are not allowed here");
  });

  it.each([
    [""],
    ["http://a.example"],
    ["a.example/path"],
    ["*"],
    ["a.*.example"],
    ["a.example:99999"],
    ["a b"],
    ["u@a"],
  ])("cannot be written as %j", (entry) => {
    expect(() => createGuard(all(entry))).toThrow("The setting `network.hosts` lists hosts such as");
  });

  it.each([["10.0.0.0/33"], ["10.0/8"], ["127.1"], ["localhost"], [""]])("nor networks as %j", (entry) => {
    expect(() => createGuard({ privateAddresses: [entry] })).toThrow("`network.privateAddresses` lists addresses");
  });
});

describe("a guarded connection", () => {
  let tunnels = 0;
  const proxy = createServer().on("connect", () => tunnels++);
  beforeAll(() => new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve)));
  afterAll(() => void proxy.close());

  it("goes through no proxy that the environment names", async () => {
    const { HTTP_PROXY, NODE_USE_ENV_PROXY } = process.env;
    Object.assign(process.env, {
      HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NODE_USE_ENV_PROXY: "1",
    });
    try {
      expect((await run("http-request", {}, withAccess(LOOPBACK, { url: `${server.base}/` }))).ok).toBe(true);
      expect(tunnels).toBe(0);
    } finally {
      for (const [name, value] of Object.entries({ HTTP_PROXY, NODE_USE_ENV_PROXY })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  it("does what one does that is not", async () => {
    const request = { url: `${server.base}/echo?a=1`, method: "POST", body: { a: "é" }, headers: { "x-a": "1" } };
    const plain = await run("http-request", {}, request);
    const guarded = await run("http-request", {}, withAccess(LOOPBACK, request));
    const { "user-agent": agent, ...headers } = plain.result.headers;
    expect(guarded.result).toMatchObject({ ...plain.result, headers: { ...headers, "user-agent": "undici" } });
    expect(agent).toBe("node");
    expect(guardOf(LOOPBACK)).toBe(guardOf(LOOPBACK));
    const abort = new AbortController();
    abort.abort();
    const signal = abort.signal;
    expect((await failure("http-request", {}, withAccess(LOOPBACK, { ...request, signal }))).code).toBe("CANCELLED");
  });
});

function hostname(host: string): string {
  return new URL(`http://${host}/`).hostname;
}
