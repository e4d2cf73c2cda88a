/** Redirects of http-request: what goes along to where, and how many are followed. */
import { describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { networkAccess } from "../src/contract/network-access.js";
import { type Answer, type TestServer, testServer } from "./http-server.js";
import { places, type TestedPlace } from "./run.js";

const leadsTo =
  (target: () => string): Answer =>
  (request, response, url) => {
    request.resume();
    response.writeHead(Number(url.searchParams.get("status") ?? 302), { location: target() }).end("moved");
  };

const first: TestServer = testServer({
  "/within": leadsTo(() => "/echo"),
  "/elsewhere": leadsTo(() => `${second.base}/echo`),
  "/there-and-back": leadsTo(() => `${second.base}/back`),
  "/3": leadsTo(() => "/2"),
  "/2": leadsTo(() => "/1"),
  "/1": leadsTo(() => "/echo"),
});
const second: TestServer = testServer({ "/back": leadsTo(() => `${first.base}/echo`) });

const SECRET = "s3cret";
const loopback = { [networkAccess]: { mayReach: ["127.0.0.1"], isServer: true } };

/** Ways in which a request says who asks, with the header in which that arrives. */
const KEYS: [name: string, parameters: object, header: string][] = [
  ["a cookie", { headers: { Cookie: `session=${SECRET}` } }, "cookie"],
  ["a header of its own", { headers: { Authorization: `Bearer ${SECRET}` } }, "authorization"],
  ["a token", { auth: { type: "bearer", token: SECRET } }, "authorization"],
  ["a name and a password", { auth: { type: "basic", username: "u", password: SECRET } }, "authorization"],
  ["a key", { auth: { type: "apiKey", name: "X-Api-Key", value: SECRET } }, "x-api-key"],
  ["a key under another name", { headers: { "X-Goog-Whatever": SECRET } }, "x-goog-whatever"],
  ["a header of proxies", { headers: { "Proxy-Authorization": `Basic ${SECRET}` } }, "proxy-authorization"],
];

const machine = places.filter(({ name }) => name === "a machine");

describe.each(machine)("redirects of http-request in $name", ({ run, failure }) => {
  const echoed = async (path: string, parameters: object) => {
    const { result } = await run("http-request", {}, { url: first.base + path, ...parameters });
    return result as { method: string; path: string; headers: Record<string, string>; body: string };
  };

  describe.each([
    ["without bounds", {}],
    ["where the owner bounds the network", loopback],
  ])("%s", (_, access) => {
    it.each(KEYS)("take %s along within an origin, and to no other", async (_name, parameters, header) => {
      expect((await echoed("/within", { ...parameters, ...access })).headers).toHaveProperty([header]);
      for (const status of [301, 302, 303, 307, 308]) {
        const { headers } = await echoed(`/elsewhere?status=${status}`, { ...parameters, ...access });
        expect(headers["host"], String(status)).toBe(`127.0.0.1:${second.port}`);
        expect(headers, String(status)).not.toHaveProperty([header]);
        expect(JSON.stringify(headers)).not.toContain(SECRET);
      }
    });

    it.each(KEYS)("do not give %s back to an origin that the way leads to again", async (_name, parameters, header) => {
      const { headers } = await echoed("/there-and-back", { ...parameters, ...access });
      expect(headers["host"]).toBe(`127.0.0.1:${first.port}`);
      expect(headers).not.toHaveProperty([header]);
    });
  });

  it("take what says nothing of who asks along", async () => {
    const { headers } = await echoed("/elsewhere", { headers: { Accept: "text/csv", "X-Api-Key": SECRET } });
    expect(headers["accept"]).toBe("text/csv");
  });

  it("are the answer with `maxRedirects: 0`", async () => {
    for (const access of [{}, loopback]) {
      const asked = { url: `${first.base}/elsewhere?status=307`, maxRedirects: 0, ...access };
      expect(await run("http-request", {}, asked)).toMatchObject({
        status: 307,
        ok: false,
        success: false,
        result: "moved",
        url: `${first.base}/elsewhere?status=307`,
        headers: { location: `${second.base}/echo` },
      });
    }
    const failing = { url: `${first.base}/within`, maxRedirects: 0, failOn: "3xx" };
    expect((await failure("http-request", {}, failing)).code).toBe("EXECUTION_FAILED");
  });

  it("are followed as often as `maxRedirects` says, and not once more", async () => {
    for (const access of [{}, loopback]) {
      expect((await echoed("/3", { maxRedirects: 3, ...access })).path).toBe("/echo");
      const refused = await failure("http-request", {}, { url: `${first.base}/3`, maxRedirects: 2, ...access });
      expect(refused.code).toBe("EXECUTION_FAILED");
      expect(refused.message).toContain("its redirects lead in a circle, or over more than 2 addresses");
      expect(adviceOf(refused)?.join()).toContain("`maxRedirects`");
    }
  });

  it("make a GET of a POST, and of no method of an extension", async () => {
    expect(await echoed("/within", { method: "POST", body: "x" })).toMatchObject({ method: "GET", body: "" });
    expect(await echoed("/within", { method: "PROPFIND", body: "x", maxRedirects: 1 })).toMatchObject({
      method: "PROPFIND",
      body: "x",
    });
    expect(await echoed("/within?status=303", { method: "PROPFIND", body: "x" })).toMatchObject({ method: "GET" });
  });

  it.each([-1, 21, 1.5, "all"])("refuse `maxRedirects: %j`", async (maxRedirects) => {
    const refused = await failure("http-request", {}, { url: first.base, maxRedirects });
    expect(refused.message).toContain("Invalid http-request parameters: `maxRedirects` must be ");
  });
});

describe("redirects of http-request in a page", () => {
  const { run, failure } = places.find(({ name }) => name === "a page") as TestedPlace;

  it("cannot be counted", async () => {
    const refused = await failure("http-request", {}, { url: `${first.base}/1`, maxRedirects: 3 });
    expect(refused).toMatchObject({
      code: "NO_TRANSPORT",
      message: expect.stringContaining("`maxRedirects` may be 0 or 20") as string,
    });
    const followed = await run("http-request", {}, { url: `${first.base}/1`, maxRedirects: 20 });
    expect(followed.result.path).toBe("/echo");
    const straight = await run("http-request", {}, { url: `${first.base}/echo`, maxRedirects: 0 });
    expect(straight.result.path).toBe("/echo");
  });
});
