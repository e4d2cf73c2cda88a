import { describe, expect, it } from "vitest";

import { httpRequestSchema } from "../src/schemas.js";
import { nodeTypes } from "../src/types/definitions.js";
import { testServer } from "./http-server.js";
import { places } from "./run.js";
import { warned } from "./warned.js";

const server = testServer({
  "/cookies": (_, response, url) => {
    const count = Number(url.searchParams.get("n"));
    response.writeHead(200, { "set-cookie": Array.from({ length: count }, (_, n) => `c${n}=${n}; Path=/, x`) }).end();
  },
});
const echo = (): string => `${server.base}/echo`;

describe.each(places)("the parameters of http-request in $name", ({ run, failure }) => {
  const ask = async (parameters: object, input?: unknown) =>
    (await run("http-request", input, { url: echo(), ...parameters })).result;

  it("sends every method, and the body of those that have one", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const got = await ask({ method, body: { a: 1 } });
      expect(got).toMatchObject({ method, body: '{"a":1}' });
      expect(got.headers["content-type"]).toBe("application/json");
    }
    expect((await ask({ method: "OPTIONS" })).method).toBe("OPTIONS");
    expect(await run("http-request", {}, { url: echo(), method: "HEAD" })).toMatchObject({ status: 200, result: null });
    expect((await ask({}, { method: "propfind" })).method).toBe("PROPFIND");
  });

  // The server of Node answers no method that it does not know.
  it.each(["PROPFIND", "REPORT", "PURGE", "MKCOL", "M-SEARCH", "SEARCH", "LINK", "propfind"])(
    "sends the method %s of an extension, with its body",
    async (method) => {
      expect(await ask({ method })).toMatchObject({ method: method.toUpperCase(), body: "" });
      expect(await ask({ method, body: "<a/>", bodyType: "text" })).toMatchObject({ body: "<a/>" });
    },
  );

  it.each(["INVALID", "TRACE", "X_1", "GET POST", "PROPFINDS\n"])(
    "knows no method %s, and sends nothing",
    async (method) => {
      const refused = await failure("http-request", { method }, { url: echo() });
      expect(refused.message).toContain("must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, found");
      expect(httpRequestSchema.safeParse({ url: echo(), method }).success).toBe(false);
      expect(httpRequestSchema.safeParse({ url: echo(), method: "purge" }).success).toBe(true);
    },
  );

  it.each([
    ["GTE", "GET"],
    ["gett", "GET"],
    ["POTS", "POST"],
    ["PATHC", "PATCH"],
    ["DELTE", "DELETE"],
    ["OPTION", "OPTIONS"],
  ])("takes %s for a slip, and sends nothing", async (method, meant) => {
    for (const [input, parameters] of [[{}, { method }] as const, [{ method }, {}] as const]) {
      const refused = await failure("http-request", input, { url: echo(), ...parameters });
      expect(refused.code).toBe("INVALID_PARAMETERS");
      expect(refused.message).toContain(`found ${JSON.stringify(method)}. Did you mean \`${meant}\`?`);
    }
    const problems = nodeTypes.get("http-request")?.problems?.({ url: echo(), method }, {});
    expect(problems).toMatchObject([{ severity: "error", path: "/method" }]);
  });

  it("says nothing beforehand of methods that may be sent, or that an expression gives", () => {
    for (const method of ["get", "PURGE", "\u0024{{ input.method }}", undefined]) {
      expect(nodeTypes.get("http-request")?.problems?.({ url: echo(), method }, {})).toEqual([]);
    }
  });

  it.each([[{ url: "" }], [{ url: null }], [{ url: { result: "" } }]])(
    "asks no other address where an edge brings none: %j",
    async (input) => {
      const refused = await failure("http-request", input, { url: echo() });
      expect(refused.code).toBe("INVALID_PARAMETERS");
      expect(refused.message).toBe("[http-request] URL is required for HTTP requests");
    },
  );

  it("tells of a body that a GET leaves out, and not of an empty one", async () => {
    const rules = await warned(run, "http-request", {}, { url: echo(), body: { a: 1 } });
    expect(rules).toEqual([
      ["ignored-body", "A GET has no body, so that `body` is not sent; use POST, PUT, PATCH or DELETE"],
    ]);
    expect(await warned(run, "http-request", { body: [1] }, { url: echo(), method: "HEAD" })).toHaveLength(1);
    expect(await warned(run, "http-request", {}, { url: echo(), body: "" })).toEqual([]);
  });

  it("gives every cookie of an answer", async () => {
    const cookies = async (n: number): Promise<unknown> =>
      (await run("http-request", {}, { url: `${server.base}/cookies?n=${n}` })).headers["set-cookie"];
    expect(await cookies(0)).toBeUndefined();
    expect(await cookies(1)).toBe("c0=0; Path=/, x");
    expect(await cookies(3)).toEqual(["c0=0; Path=/, x", "c1=1; Path=/, x", "c2=2; Path=/, x"]);
  });

  it("takes the query and the authorization as parameters, an edge before them", async () => {
    const params = { a: "1 2", b: [1, true, null], c: null };
    const query = [
      ["a", "1 2"],
      ["b", "1"],
      ["b", "true"],
    ];
    expect((await ask({ params })).query).toEqual(query);
    expect((await ask({ params: JSON.stringify(params) })).query).toEqual(query);
    expect((await ask({ params }, { params: { d: 1 } })).query).toEqual([["d", "1"]]);
    const auth = { type: "basic", username: "u", password: 7 };
    expect((await ask({ auth })).headers.authorization).toBe("Basic dTo3");
    const brought = { auth: { type: "bearer", token: "t" } };
    expect((await ask({ auth, headers: { authorization: "own" } }, brought)).headers.authorization).toBe("Bearer t");
  });

  it("sends a key in a header or in the query, and tells none of it", async () => {
    const auth = { type: "apiKey", name: "X-Api-Key", value: "s3cret" };
    expect((await ask({ auth })).headers["x-api-key"]).toBe("s3cret");
    const output = await run("http-request", {}, { url: `${echo()}?a=1`, auth: { ...auth, name: "key", in: "query" } });
    expect(output.result.query).toEqual([
      ["a", "1"],
      ["key", "s3cret"],
    ]);
    expect(output.url).toBe(`${echo()}?a=1`);
    const bad = { auth: { type: "apiKey", name: "a b", value: "s3cret" } };
    expect((await failure("http-request", bad, { url: echo() })).message).not.toContain("s3cret");
  });

  const secret = "hunter2";
  it.each([
    ["auth", "Bearer hunter2", "auth must be an object or the JSON text of one"],
    ["auth", [secret], "auth must be an object or the JSON text of one"],
    ["auth", {}, '`auth.type` must be one of "basic", "bearer", "apiKey", "oauth2"'],
    ["auth", { type: "Bearer", token: secret }, '"apiKey", "oauth2", found "Bearer"'],
    ["auth", { type: "constructor", token: secret }, 'found "constructor"'],
    ["auth", { type: "bearer" }, "`auth.token` must be text, found nothing"],
    ["auth", { type: "bearer", token: "" }, "`auth.token` must be text, found empty text"],
    ["auth", { type: "bearer", token: { value: secret } }, "`auth.token` must be text, found an object"],
    ["auth", { type: "bearer", value: secret }, '`auth` of type "bearer" may have token, found value'],
    ["auth", { type: "basic", user: "u", password: secret }, "may have username, password, found user"],
    ["auth", { type: "basic", username: "u", password: [secret] }, "`auth.password` must be text, found a list"],
    ["auth", { type: "apiKey", value: secret }, "`auth.name` must be text, found nothing"],
    ["auth", { type: "apiKey", name: "k", value: secret, in: "cookie" }, '`auth.in` must be "header" or "query"'],
    ["params", "a=1", "params must be an object or the JSON text of one"],
    ["params", [["a", 1]], "params must be an object or the JSON text of one"],
    [
      "params",
      { a: { b: 1 } },
      "`params.a` must be text, a number, true or false, or a list of these, found an object",
    ],
    ["params", { a: [1, [2]] }, "`params.a` must be text"],
    ["headers", { a: { b: 1 } }, "`headers.a` must be text"],
    ["method", { a: 1 }, "`method` must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, found an object"],
    ["method", "GET /x", "`method` must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"],
    ["method", "CONNECT", "`method` must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"],
    ["method", "trace", '`method` must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, found "trace"'],
    ["method", "GET\r\nx: y", "`method` must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"],
    ["method", "É", "`method` must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"],
  ])("refuses %s %j", async (name, value, message) => {
    const refused = await failure("http-request", { [name]: value }, { url: echo() });
    expect(refused.code).toBe("INVALID_PARAMETERS");
    expect(refused.message).toContain(message);
    expect(refused.message).not.toContain(secret);
  });
});
