import { beforeEach, describe, expect, it } from "vitest";

import { bodyOf, json, testServer } from "./http-server.js";
import { places } from "./run.js";

const SECRET = "s3cret of ü & co";
/** What the server of tokens was asked, and what it answers. */
let asked: { authorization: string | undefined; form: Record<string, string> }[] = [];
let answer: { status: number; body: unknown } = { status: 200, body: {} };
/** The token that counts, or `*` for any; others are refused. */
let good = "";
let used: (string | undefined)[] = [];
/** Lets the server of tokens answer. */
let open: Promise<void> = Promise.resolve();
let client = 0;

const server = testServer({
  "/token": async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams((await bodyOf(request)).toString()));
    asked.push({ authorization: request.headers.authorization, form });
    await open;
    if (answer.status !== 200) {
      return void response
        .writeHead(answer.status, { "content-type": "application/json", location: "/elsewhere" })
        .end(JSON.stringify(answer.body));
    }
    json(response, { access_token: `t${asked.length}`, token_type: "bearer", ...(answer.body as object) });
  },
  "/api": async (request, response) => {
    used.push(request.headers.authorization);
    const body = (await bodyOf(request)).toString();
    if (good !== "*" && request.headers.authorization !== `Bearer ${good}`) {
      return void response.writeHead(401).end(`no: ${request.headers.authorization}`);
    }
    json(response, { body });
  },
});

beforeEach(() => {
  asked = [];
  used = [];
  answer = { status: 200, body: { expires_in: 3600 } };
  good = "t1";
  open = Promise.resolve();
  // Tokens are kept in the process: each test is another client.
  client++;
});

const auth = (more: object = {}) => ({
  type: "oauth2",
  tokenUrl: `${server.base}/token?tenant=1`,
  clientId: `client ${client}`,
  clientSecret: SECRET,
  ...more,
});

describe.each(places)("a token of OAuth in $name", ({ run, failure }) => {
  const ask = (more: object = {}, parameters: object = {}) =>
    run("http-request", {}, { url: `${server.base}/api`, auth: auth(more), ...parameters });
  const refusal = (more: object = {}, parameters: object = {}) =>
    failure("http-request", {}, { url: `${server.base}/api`, auth: auth(more), ...parameters });

  it("is asked for once and kept", async () => {
    for (let time = 0; time < 3; time++) expect((await ask()).status).toBe(200);
    const name = `client+${client}:s3cret+of+%C3%BC+%26+co`;
    expect(asked).toEqual([
      {
        authorization: `Basic ${Buffer.from(name).toString("base64")}`,
        form: { grant_type: "client_credentials" },
      },
    ]);
    expect(used).toEqual(["Bearer t1", "Bearer t1", "Bearer t1"]);
  });

  it("is asked for by one of several nodes at once", async () => {
    let proceed = (): void => {};
    open = new Promise((resolve) => {
      proceed = resolve;
    });
    const all = Promise.all(Array.from({ length: 20 }, () => ask()));
    await expect.poll(() => asked.length).toBe(1);
    proceed();
    for (const { status } of await all) expect(status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it("is asked for by another node where the first one is cancelled", async () => {
    let proceed = (): void => {};
    open = new Promise((resolve) => {
      proceed = resolve;
    });
    const abort = new AbortController();
    const first = refusal({}, { signal: abort.signal });
    await expect.poll(() => asked.length).toBe(1);
    const second = ask();
    abort.abort();
    expect((await first).code).toBe("CANCELLED");
    proceed();
    good = "t2";
    expect((await second).status).toBe(200);
    expect(asked).toHaveLength(2);
  });

  it("is another one for each scope, audience, client and secret", async () => {
    good = "*";
    for (const more of [{}, { scope: "a" }, { scope: ["a", "b"] }, { audience: "x" }, { clientSecret: "other" }]) {
      await ask({ ...more, send: "body" });
    }
    expect(asked.map(({ form }) => [form["scope"], form["audience"], form["client_secret"]])).toEqual([
      [undefined, undefined, SECRET],
      ["a", undefined, SECRET],
      ["a b", undefined, SECRET],
      [undefined, "x", SECRET],
      [undefined, undefined, "other"],
    ]);
    expect(asked[0]).toMatchObject({ authorization: undefined, form: { client_id: `client ${client}` } });
  });

  it("is asked for again once it ended, and kept where no end is told", async () => {
    answer.body = { expires_in: 30 };
    await ask();
    good = "t2";
    expect((await ask()).status).toBe(200);
    expect(asked).toHaveLength(2);
    answer.body = {};
    good = "*";
    for (let time = 0; time < 3; time++) await ask({ scope: "endless" });
    expect(asked).toHaveLength(3);
  });

  it("is asked for once more where it is refused, and the body is sent again", async () => {
    await ask();
    good = "t2";
    expect((await ask({}, { method: "POST", body: { a: 1 } })).result).toEqual({ body: '{"a":1}' });
    expect(used).toEqual(["Bearer t1", "Bearer t1", "Bearer t2"]);
    good = "none";
    expect((await ask()).status).toBe(401);
    expect(asked).toHaveLength(3);
    expect(used.slice(3)).toEqual(["Bearer t2", "Bearer t3"]);
  });

  it("is in no error", async () => {
    good = "none";
    answer.body = { access_token: "t0ken-of-the-client" };
    const refused = await refusal({}, { failOn: "401" });
    expect(refused.message).toBe(
      `[http-request] 401 Unauthorized from 127.0.0.1:${server.port} (GET ${server.base}/api): no: Bearer ***`,
    );
  });

  it("is not given without a reason that is told, and no secret with it", async () => {
    answer = { status: 401, body: { error: "invalid_client", error_description: `bad secret ${SECRET}` } };
    const refused = await refusal();
    expect(refused).toMatchObject({ code: "EXECUTION_FAILED" });
    expect(refused.message).toBe(
      `[http-request] The token endpoint ${server.base}/token answers 401: invalid_client: bad secret ***`,
    );
    expect(used).toEqual([]);
    answer = { status: 302, body: {} };
    expect((await refusal()).message).toContain("answers with a redirect (302)");
  });

  it.each([
    [{ access_token: "" }, "has no `access_token`"],
    [{ access_token: { a: 1 } }, "has no `access_token`"],
    [{ token_type: "mac" }, "is of a type other than Bearer"],
    [{ expires_in: "soon" }, "says with `expires_in` no number of seconds"],
  ])("has to be one: %j", async (body, message) => {
    answer.body = body;
    const refused = await refusal();
    expect(refused.code).toBe("DESERIALIZATION_FAILED");
    expect(refused.message).toContain(message);
  });

  it.each([
    [{ tokenUrl: "nowhere" }, "`auth.tokenUrl` must be an address that begins with http"],
    [{ clientId: undefined }, "`auth.clientId` must be text, found nothing"],
    [{ clientSecret: { a: 1 } }, "`auth.clientSecret` must be text, found an object"],
    [{ send: "query" }, '`auth.send` must be "header" or "body"'],
    [{ scope: [{}] }, "`auth.scope` must be text"],
    [{ grant: "password" }, "may have tokenUrl, clientId, clientSecret, scope, audience, send, found grant"],
  ])("is not asked for with %j", async (more, message) => {
    const refused = await refusal(more);
    expect(refused.code).toBe("INVALID_PARAMETERS");
    expect(refused.message).toContain(message);
    expect(asked).toEqual([]);
  });
});
