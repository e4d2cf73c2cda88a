/** Requests that a server carries out once. */
import { beforeEach, describe, expect, it } from "vitest";

import { json, testServer } from "./http-server.js";
import { places } from "./run.js";
import { warned } from "./warned.js";

/** The orders that were carried out, by key. */
const orders = new Map<string, number>();
beforeEach(() => orders.clear());

const server = testServer({
  "/orders": (request, response) => {
    request.resume();
    const key = String(request.headers["idempotency-key"]);
    const number = orders.get(key) ?? orders.size + 1;
    orders.set(key, number);
    json(response, { number });
  },
  "/away": (request, response) => {
    request.resume();
    response.writeHead(307, { location: `${server.base.replace("127.0.0.1", "localhost")}/echo` }).end();
  },
});

describe.each(places)("the key of http-request in $name", ({ name, run, failure }) => {
  const order = async (more: object = {}, input?: unknown) =>
    (await run("http-request", input, { method: "POST", url: `${server.base}/orders`, idempotency: true, ...more }))
      .result.number as number;
  const headersOf = async (parameters: object, input?: unknown) =>
    (await run("http-request", input, { url: `${server.base}/echo`, ...parameters })).result.headers;

  it("makes a second attempt at a step the same order, and other steps and executions others", async () => {
    expect([await order(), await order({ attempt: 2 })]).toEqual([1, 1]);
    expect([await order({ nodeId: "m" }), await order({ executionId: "f" })]).toEqual([2, 3]);
    expect(await order({ method: "PATCH" })).toBe(1);
    expect([...orders.keys()].every((key) => /^[\w-]{24}$/.test(key))).toBe(true);
  });

  it("goes along only where it is asked for", async () => {
    expect(await headersOf({ method: "POST" })).not.toHaveProperty("idempotency-key");
    expect(await headersOf({ method: "POST", idempotency: false })).not.toHaveProperty("idempotency-key");
    expect(await headersOf({ idempotency: true }, { method: "POST" })).toHaveProperty("idempotency-key");
  });

  it.each(["GET", "PUT", "DELETE"])("is of no use to %s, which is warned of", async (method) => {
    const warnings = await warned(run, "http-request", undefined, {
      method,
      url: `${server.base}/echo`,
      idempotency: true,
    });
    expect(warnings).toEqual([
      [
        "ignored-idempotency",
        `\`idempotency\` is for POST and PATCH: to carry out a ${method} twice is the same as once by the rules of HTTP`,
      ],
    ]);
    expect(await headersOf({ method, idempotency: true })).not.toHaveProperty("idempotency-key");
  });

  it("is refused beside one of the author's, and where several requests would share it", async () => {
    const post = { method: "POST", url: `${server.base}/orders`, idempotency: true };
    expect(await failure("http-request", undefined, { ...post, headers: { "Idempotency-Key": "a" } })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message:
        "[http-request] `idempotency` makes the header Idempotency-Key, and `headers` has one too; leave one of them out",
    });
    const pages = { type: "page", items: "a" };
    expect(await failure("http-request", undefined, { ...post, pagination: pages })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("`pagination` sends several"),
    });
    expect(orders.size).toBe(0);
  });

  it.runIf(name === "a machine")("does not follow a redirect to another origin", async () => {
    const parameters = { method: "POST", url: `${server.base}/away`, idempotency: true };
    const { result } = await run("http-request", undefined, parameters);
    expect(result.headers).not.toHaveProperty("idempotency-key");
  });
});
