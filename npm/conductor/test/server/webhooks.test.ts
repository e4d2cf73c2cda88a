import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { type DefinedNode, defineNode } from "@atomiton/nodes";
import { createMemoryExecutions, type ExecutionStore, openSqliteStore } from "@atomiton/storage";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { createConductor } from "../../src/exports/node.js";
import { createServer, createTriggers, type ExecutionLimits, type ServerOptions } from "../../src/exports/server.js";
import { executionsOf, folder, until } from "../triggers/harness.js";
import { byKey, keyOf } from "./serving.js";

const SECRET = "it is a secret of twenty-four bytes";
const PATH = "orders";

function flowOf(parameters: object, nodes: object[] = [], edges: object[] = []) {
  return {
    id: "hook",
    name: "Hook",
    nodes: [
      { id: "request", type: "webhook", parameters: { path: PATH, ...parameters } },
      { id: "note", type: "edit-fields", parameters: { keepOnlySet: true, values: { body: "${{ data.body }}" } } },
      ...nodes,
    ],
    edges: [{ source: "request", target: "note" }, ...edges],
  };
}

async function served(
  flow: object | undefined,
  options: Partial<ServerOptions> = {},
  store?: ExecutionStore,
  nodes: readonly DefinedNode[] = [],
) {
  const kept = store ?? createMemoryExecutions();
  const conductor = createConductor({
    store: kept,
    transport: "local",
    secrets: (name) => (name === "HOOK" ? SECRET : undefined),
    nodes,
  });
  const log: string[] = [];
  const secrets = (name: string) => (name === "HOOK" ? SECRET : undefined);
  const triggers = createTriggers({ conductor, store: kept, log: (line) => log.push(line), secrets });
  if (flow !== undefined) await conductor.storage.saveFlow(flow as never);
  await triggers.start();
  const server = createServer({ conductor, triggers, durable: true, webhooks: true, authenticate: byKey, ...options });
  const listening = await server.listen({ port: 0 });
  const end = async () => {
    triggers.close();
    await listening.close(100);
    server.close();
    await conductor.shutdown();
  };
  onTestFinished(end);
  const origin = listening.apiUrl.slice(0, -"/api".length);
  const send = (
    body: string | Uint8Array | undefined,
    headers: Record<string, string> = {},
    path = PATH,
    method = "POST",
  ) => fetch(`${origin}/hooks/${path}`, { method, headers, ...(body !== undefined && { body: body as never }) });
  const runs = () => executionsOf(kept, "hook");
  const outputs = async (node = "request") =>
    Promise.all(
      (await runs()).map(({ id }) => conductor.executions.value(id, node) as Promise<Record<string, unknown>>),
    );
  return { conductor, triggers, log, send, runs, outputs, origin, port: listening.port, store: kept };
}

const JSON_TYPE = { "content-type": "application/json" };
const runner = { authorization: `Bearer ${keyOf("runner")}` };

const hex = (text: string) => createHmac("sha256", SECRET).update(text).digest("hex");
const seconds = (ms = 0) => String(Math.floor((Date.now() + ms) / 1000));

describe("webhooks", () => {
  it("begin an execution for each request of a caller, and say which", async () => {
    const { send, runs, outputs } = await served(flowOf({}));
    const answer = await send(
      '{"id":1,"__proto__":{"x":1}}',
      { ...JSON_TYPE, ...runner, cookie: "a=b", "x-own": "1" },
      `${PATH}?a=1&a=2&b=3`,
    );
    expect(answer.status).toBe(202);
    const { executionId } = (await answer.json()) as { executionId: string };
    expect(answer.headers.get("location")).toBe(`/api/executions/${executionId}`);
    const [row] = await runs();
    expect(row).toMatchObject({ id: executionId, trigger: "webhook", tags: ["trigger:hook/request"] });
    await until(async () => expect((await runs())[0]?.status).toBe("completed"));
    const [data] = await outputs();
    expect(data).toMatchObject({ method: "POST", path: PATH, query: { a: ["1", "2"], b: "3" }, address: "127.0.0.1" });
    expect(data?.headers).toMatchObject({ "x-own": "1" });
    expect(Object.keys(data?.headers as object)).not.toContain("authorization");
    expect(Object.keys(data?.headers as object)).not.toContain("cookie");
    for (const key of ["", keyOf("viewer")]) {
      const refused = await send("{}", key === "" ? JSON_TYPE : { ...JSON_TYPE, authorization: `Bearer ${key}` });
      expect(refused.status).toBe(key === "" ? 401 : 403);
    }
    expect(await runs()).toHaveLength(1);
  });

  it("are there only where the owner turned them on, at their path, for their methods, while they are on", async () => {
    const off = await served(flowOf({ authenticate: "none" }), { webhooks: false });
    expect((await off.send("{}")).status).toBe(404);
    const described = async (origin: string) =>
      Object.keys(((await (await fetch(`${origin}/openapi.json`)).json()) as { paths: object }).paths);
    expect(await described(off.origin)).not.toContain("/hooks/{path}");
    const { send, conductor, triggers, log, origin } = await served(
      flowOf({ authenticate: "none", methods: ["PUT", "GET"] }),
    );
    expect(await described(origin)).toContain("/hooks/{path}");
    const refused = await send("{}");
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "PUT, GET"]);
    expect((await send(undefined, {}, PATH, "GET")).status).toBe(202);
    expect((await send("{}", {}, "others", "PUT")).status).toBe(404);
    await conductor.storage.saveFlow({ ...flowOf({ authenticate: "none" }), id: "second" } as never);
    await until(() => expect(triggers.list()).toMatchObject([{ status: "armed" }, { status: "refused" }]));
    expect(log.at(-1)).toContain("The path orders is that of hook/request");
    await conductor.storage.saveFlow(
      { ...flowOf({ authenticate: "none" }), metadata: { enabled: false } } as never,
      { overwrite: true } as never,
    );
    await until(async () => expect((await send("{}", {}, PATH, "PUT")).status).toBe(404));
  });

  it("are at an address made of the ids where they have no path, and take senders with tokens of their own", async () => {
    const nodes = [{ id: "the request", type: "webhook", parameters: { authenticate: "none" } }];
    const flow = { id: "naïve flow", name: "Naïve", nodes };
    const { origin } = await served(flow, { rateLimits: { strangers: { perSecond: 1, burst: 1 } } });
    for (let count = 0; count < 5; count++) {
      const answer = await fetch(`${origin}/hooks/naïve%20flow/the%20request`, {
        method: "POST",
        headers: { authorization: "Bearer a-token-of-the-sender" },
      });
      expect(answer.status).toBe(202);
    }
  });

  it("read nothing of senders that are no callers", async () => {
    const { port } = await served(flowOf({}));
    const text = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("data", (chunk) => {
        resolve(String(chunk));
        socket.destroy();
      });
      // The body never comes.
      socket.write(`POST /hooks/${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n`);
    });
    expect(text).toMatch(/^HTTP\/1.1 401 /);
  });

  it.each([
    ["JSON", '{"a":[1]}', "application/json", { a: [1] }],
    ["another JSON", '{"a":1}', "application/vnd.api+json; charset=utf-8", { a: 1 }],
    ["a form", "a=1&b=2&b=3", "application/x-www-form-urlencoded", { a: "1", b: ["2", "3"] }],
    ["text", "hello", "text/plain", "hello"],
    ["bytes", new Uint8Array([0xff, 0xfe, 1]), "application/octet-stream", "//4B"],
    ["nothing", undefined, "application/json", null],
  ])("take %s as what it is", async (_, body, type, expected) => {
    const { send, outputs, runs } = await served(flowOf({ authenticate: "none", rawBody: true }));
    expect((await send(body, { "content-type": type })).status).toBe(202);
    await until(async () => expect((await runs())[0]?.status).toBe("completed"));
    const [data] = await outputs();
    expect(data?.body).toEqual(expected);
    expect(data?.raw).toBe(Buffer.from(body ?? "").toString("base64"));
  });

  it("refuse bodies that are no JSON, or too large, also where that is not said before", async () => {
    const { send, runs, port } = await served(flowOf({ authenticate: "none", maxBytes: 1000 }));
    expect((await send("{", JSON_TYPE)).status).toBe(400);
    expect((await send("x".repeat(1001))).status).toBe(413);
    const chunked = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text));
      socket.on("error", () => resolve(text));
      socket.write(
        `POST /hooks/${PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      for (let part = 0; part < 20; part++) socket.write(`64\r\n${"x".repeat(100)}\r\n`);
      socket.write("0\r\n\r\n");
    });
    expect(chunked).toMatch(/^HTTP\/1.1 413 /);
    expect(await runs()).toHaveLength(0);
  });

  it("answer with the result at its end, or with what a node says before that", async () => {
    const whole = await served(flowOf({ authenticate: "none", answer: "result" }));
    const answer = await whole.send('{"a":1}', JSON_TYPE);
    expect([answer.status, await answer.json()]).toEqual([200, { result: { body: { a: 1 } } }]);

    const nodes = [
      {
        id: "respond",
        type: "respond",
        parameters: { status: 201, headers: { "x-own": ["a", "b"] }, body: "<b>${{ data.body.a }}</b>" },
      },
      { id: "ask", type: "wait-for-input", parameters: { message: "Go on?" } },
    ];
    const edges = [
      { source: "request", target: "respond" },
      { source: "respond", target: "ask" },
    ];
    const node = await served(flowOf({ authenticate: "none", answer: "node" }, nodes, edges));
    const told = await node.send('{"a":1}', JSON_TYPE);
    expect([told.status, await told.text(), told.headers.get("x-own")]).toEqual([201, "<b>1</b>", "a, b"]);
    expect(told.headers.get("content-security-policy")).toBe("sandbox");
    await until(async () => expect(await node.conductor.executions.waiting()).toHaveLength(1));

    const none = await served(flowOf({ authenticate: "none", answer: "node" }));
    const missing = await none.send('{"a":1}', JSON_TYPE);
    expect([missing.status, await missing.json()]).toMatchObject([
      500,
      { error: expect.stringContaining("without an answer") },
    ]);
  });

  it("do not tell strangers why a flow failed, and let nobody wait for ever", async () => {
    const stop = { id: "stop", type: "stop", parameters: { message: "the password of the database is wrong" } };
    const fails = [{ source: "note", target: "stop" }];
    const strange = await served(flowOf({ authenticate: "none", answer: "result" }, [stop], fails));
    const refused = await strange.send("{}", JSON_TYPE);
    expect([refused.status, JSON.stringify(await refused.json())]).toEqual([
      500,
      expect.not.stringContaining("password"),
    ]);
    const known = await served(flowOf({ answer: "result" }, [stop], fails));
    const told = await known.send("{}", { ...JSON_TYPE, ...runner });
    expect([told.status, JSON.stringify(await told.json())]).toEqual([500, expect.stringContaining("password")]);
    const ask = { id: "ask", type: "wait-for-input", parameters: { message: "Go on?" } };
    const waits = [{ source: "note", target: "ask" }];
    for (const [answer, status] of [
      ["result", 202],
      ["node", 504],
    ] as const) {
      const slow = await served(flowOf({ authenticate: "none", answer, waitFor: 20 }, [ask], waits));
      expect((await slow.send("{}", JSON_TYPE)).status).toBe(status);
    }
  });

  it("are not known before the triggers are, and that is told", async () => {
    const store = createMemoryExecutions();
    const conductor = createConductor({ store, transport: "local" });
    const triggers = createTriggers({ conductor, store });
    const server = createServer({ conductor, triggers, durable: true, webhooks: true, authenticate: byKey });
    const { apiUrl, close } = await server.listen({ port: 0 });
    onTestFinished(async () => {
      triggers.close();
      await close(0);
      server.close();
      await conductor.shutdown();
    });
    await conductor.storage.saveFlow(flowOf({ authenticate: "none" }) as never);
    const send = async (path: string) => {
      const { status, headers } = await fetch(`${apiUrl}/hooks/${path}`, { method: "POST" });
      return [status, headers.get("retry-after")];
    };
    expect(await send(PATH)).toEqual([503, "1"]);
    await triggers.start();
    expect([await send(PATH), await send("another")]).toEqual([
      [202, null],
      [404, null],
    ]);
  });

  it("are tried at an address for one request, also while the flow is off", async () => {
    const off = { ...flowOf({ authenticate: "none", answer: "result" }), metadata: { enabled: false } };
    const { origin } = await served(off);
    const make = (role: string) =>
      fetch(`${origin}/api/triggers/hook/request/test-address`, {
        method: "POST",
        headers: { authorization: `Bearer ${keyOf(role)}` },
      });
    expect((await make("runner")).status).toBe(403);
    const answer = await make("editor");
    expect(answer.status).toBe(201);
    const { path } = (await answer.json()) as { path: string };
    const send = () => fetch(origin + path, { method: "POST", headers: JSON_TYPE, body: '{"a":1}' });
    const first = await send();
    expect([first.status, await first.json()]).toEqual([200, { result: { body: { a: 1 } } }]);
    expect((await send()).status).toBe(404);
  });
});

describe("executions of a webhook", () => {
  /** A webhook whose executions go on until they are released. */
  async function holding(limits: ExecutionLimits, parameters: object) {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hold = defineNode({
      type: "hold",
      execute: ({ signal }) =>
        Promise.race([
          released,
          new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
        ]),
    });
    const flow = flowOf(
      { authenticate: "none", ...parameters },
      [{ id: "wait", type: "hold" }],
      [{ source: "note", target: "wait" }],
    );
    return { ...(await served(flow, { limits }, undefined, [hold])), release };
  }

  it("beyond its limit wait for their turn, and are refused where too many wait", async () => {
    const webhooks = { concurrent: 1, queued: 1 };
    const { send, runs, release } = await holding({ webhooks }, { answer: "received" });
    expect((await send("1")).status).toBe(202);
    const others = [send("2"), send("3")];
    const refused = await Promise.race(others);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "5"]);
    expect(await refused.json()).toEqual({
      error: "Too many executions of the webhook hook/request: 1 may go on at once, and 1 wait. Try again in 5 s",
      code: "RATE_LIMIT_EXCEEDED",
    });
    expect(await runs()).toHaveLength(1);
    release();
    const answers = await Promise.all(others);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 429]);
    await until(async () => expect((await runs()).map(({ status }) => status)).toEqual(["completed", "completed"]));
  });

  it.each([
    ["is off", 404, { metadata: { enabled: false } }],
    ["has another path", 404, { path: "others" }],
    ["asks for a key", 503, { authenticate: "caller" }],
    ["is deleted", 404, undefined],
  ])("that wait begin nothing where their webhook %s meanwhile", async (_, status, change) => {
    const webhooks = { concurrent: 1, queued: 1 };
    const { send, runs, release, conductor, triggers } = await holding({ webhooks }, { answer: "received" });
    expect((await send("1")).status).toBe(202);
    const others = [send("2"), send("3")];
    const refused = await Promise.race(others);
    expect(refused.status).toBe(429);
    const webhook = triggers.webhook(PATH);
    if (change === undefined) await conductor.storage.deleteFlow("hook");
    else {
      const { metadata, ...parameters } = change as { metadata?: object };
      const flow = await conductor.storage.loadFlow("hook");
      const [request, ...nodes] = flow.nodes ?? [];
      const changed = { ...request, parameters: { ...request?.parameters, ...parameters } };
      await conductor.storage.saveFlow({ ...flow, ...(metadata && { metadata }), nodes: [changed, ...nodes] } as never);
    }
    // What was saved is known once the webhook is another one.
    await until(async () => expect(triggers.webhook(PATH)).not.toBe(webhook));
    release();
    const answers = await Promise.all(others);
    const found = answers.find((answer) => answer !== refused);
    expect([found?.status, found?.headers.has("retry-after")]).toEqual([status, status === 503]);
    expect(await runs()).toHaveLength(1);
  });

  it("give their place up while they wait for people", async () => {
    const flow = flowOf(
      { authenticate: "none", answer: "received" },
      [{ id: "ask", type: "wait-for-input", parameters: { message: "Go on?" } }],
      [{ source: "note", target: "ask" }],
    );
    const { send, runs } = await served(flow, { limits: { webhooks: { concurrent: 1 } } });
    expect((await send("1")).status).toBe(202);
    expect((await send("2")).status).toBe(202);
    await until(async () => expect((await runs()).map(({ status }) => status)).toEqual(["waiting", "waiting"]));
  });

  it("may take so long, and are cancelled then", async () => {
    const { send, runs } = await holding({ webhooks: { durationMs: 50 } }, { answer: "result" });
    const answer = await send("1");
    expect([answer.status, await answer.json()]).toMatchObject([500, { code: "TIMEOUT" }]);
    expect(await runs()).toMatchObject([{ status: "cancelled" }]);
  });
});

describe("signatures of webhooks", () => {
  const body = '{"id":"evt_1","event_id":"Ev1","text":"ä"}';
  const python = (message: string, algorithm: string, as: string) =>
    execFileSync("python3", [
      "-c",
      `import hmac,sys,base64;d=hmac.new(sys.argv[1].encode(),sys.argv[2].encode(),"${algorithm}");print(base64.b64encode(d.digest()).decode() if "${as}"=="base64" else d.hexdigest())`,
      SECRET,
      message,
    ])
      .toString()
      .trim();
  const signed: Record<string, [settings: object, headers: (text: string, at?: string) => Record<string, string>]> = {
    github: [{ scheme: "github" }, (text) => ({ "x-hub-signature-256": `sha256=${python(text, "sha256", "hex")}` })],
    stripe: [
      { scheme: "stripe" },
      (text, at = seconds()) => ({ "stripe-signature": `t=${at},v0=1,v1=0000,v1=${hex(`${at}.${text}`)}` }),
    ],
    slack: [
      { scheme: "slack" },
      (text, at = seconds()) => ({
        "x-slack-request-timestamp": at,
        "x-slack-signature": `v0=${hex(`v0:${at}:${text}`)}`,
      }),
    ],
    standard: [
      { scheme: "standard" },
      (text, at = seconds()) => ({
        "webhook-id": "msg_1",
        "webhook-timestamp": at,
        "webhook-signature": `v1,AAAA v1,${createHmac("sha256", SECRET).update(`msg_1.${at}.${text}`).digest("base64")}`,
      }),
    ],
    hmac: [
      { scheme: "hmac", header: "X-Own", algorithm: "sha512", encoding: "base64", prefix: "s=" },
      (text) => ({ "x-own": `s=${python(text, "sha512", "base64")}` }),
    ],
  };

  it.each(Object.keys(signed))("are checked as %s makes them", async (scheme) => {
    const [settings, headers] = signed[scheme] as (typeof signed)[string];
    const signature = { ...settings, secret: ["an older secret", "${{ secrets.HOOK }}"] };
    const { send, runs, outputs } = await served(flowOf({ authenticate: "signature", signature }));
    const made = headers(body);
    expect((await send(`${body} `, { ...JSON_TYPE, ...made })).status).toBe(401);
    expect((await send(body, JSON_TYPE)).status).toBe(401);
    expect((await send(body, { ...JSON_TYPE, ...runner })).status).toBe(401);
    for (const [name, value] of Object.entries(made)) {
      const wrong = { ...JSON_TYPE, ...made, [name]: value.replace(/[1-9a-f](?=[^1-9a-f]*$)/, "0") };
      if (name !== "webhook-id") expect((await send(body, wrong)).status).toBe(401);
    }
    if (["stripe", "slack", "standard"].includes(scheme)) {
      for (const late of [-301_000, 302_000]) {
        expect((await send(body, { ...JSON_TYPE, ...headers(body, seconds(late)) })).status).toBe(401);
      }
    }
    expect(await runs()).toHaveLength(0);
    expect((await send(body, { ...JSON_TYPE, ...made })).status).toBe(202);
    await until(async () => expect((await runs())[0]?.status).toBe("completed"));
    const [data] = await outputs();
    for (const [name, value] of Object.entries(made)) {
      if (name.includes("signature") || name === "x-own") expect(JSON.stringify(data)).not.toContain(value);
    }
  });

  it("fit those that GitHub gives as an example", async () => {
    const secret = "It's a Secret to Everybody";
    const signature = { scheme: "github", secret };
    const { send } = await served(flowOf({ authenticate: "signature", signature }));
    const example = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    expect((await send("Hello, World!", { "x-hub-signature-256": example })).status).toBe(202);
  });

  it("are those that webhook-out makes", async () => {
    const signature = { scheme: "standard", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
    const { conductor, origin, runs } = await served(flowOf({ authenticate: "signature", signature }));
    const parameters = { url: `${origin}/hooks/${PATH}`, secret: signature.secret, data: { a: 1 } };
    const result = await conductor.node.run({ id: "send", type: "webhook-out", parameters } as never);
    expect(result).toMatchObject({ success: true, data: { status: 202 } });
    expect(await runs()).toHaveLength(1);
  });

  it("names the setting that gives secrets to triggers, where there are none", async () => {
    const store = createMemoryExecutions();
    const conductor = createConductor({ store, transport: "local", secrets: () => SECRET });
    const triggers = createTriggers({ conductor, store });
    onTestFinished(async () => {
      triggers.close();
      await conductor.shutdown();
    });
    await expect(triggers.secret("${{ secrets.HOOK }}")).rejects.toThrow(
      "`secrets.HOOK` cannot be read: the triggers of this server have no secrets. Give them `secrets: (name) => …`, a setting of createTriggers",
    );
    await expect(triggers.secret("${{ env.HOOK }}")).rejects.toThrow("of createTriggers");
  });

  it("cannot be checked without the secret, which is never taken for right", async () => {
    const signature = { scheme: "github", secret: "${{ secrets.MISSING }}" };
    const { send, runs, triggers } = await served(flowOf({ authenticate: "signature", signature }));
    expect((await send(body, { "x-hub-signature-256": `sha256=${hex(body)}` })).status).toBe(503);
    expect(await runs()).toHaveLength(0);
    await expect(triggers.secret("${{ secrets.MISSING }}")).rejects.toThrow("secrets.MISSING");
    const odd = await served(
      flowOf({ authenticate: "signature", signature: { scheme: "github", secret: "${{ input.x }}" } }),
    );
    expect(odd.triggers.list()).toMatchObject([
      { status: "refused", problem: expect.stringContaining("secrets.NAME") },
    ]);
  });
});

describe("deliveries of webhooks", () => {
  it("begin one execution each, however often and at once they come, and over a restart", async () => {
    const database = join(folder(), "a.db");
    const store = await openSqliteStore(database);
    const flow = flowOf(
      { authenticate: "none", answer: "node", waitFor: "10m" },
      [{ id: "respond", type: "respond", parameters: { status: 201 } }],
      [{ source: "note", target: "respond" }],
    );
    const first = await served(flow, {}, store);
    const send = (own: typeof first, id: number) =>
      own
        .send(`{"id":${id}}`, { ...JSON_TYPE, "idempotency-key": `delivery-${id}` })
        .then(async (answer) => [answer.status, await answer.text()]);
    const all = await Promise.all(Array.from({ length: 300 }, (_, at) => send(first, at % 100)));
    expect(await first.runs()).toHaveLength(100);
    const expected = (id: number) => [201, `{"body":{"id":${id}}}`];
    for (const [at, answer] of all.entries()) expect(answer).toEqual(expected(at % 100));
    first.triggers.close();
    await first.conductor.shutdown();
    await store.close();
    const again = await openSqliteStore(database);
    onTestFinished(() => again.close());
    const second = await served(undefined, {}, again);
    expect(await Promise.all([1, 2, 3].map((id) => send(second, id)))).toEqual([1, 2, 3].map(expected));
    expect(await second.runs()).toHaveLength(100);
  });

  it("are looked for in the store only where they have a name", async () => {
    const store = createMemoryExecutions();
    const asked: string[] = [];
    const { get } = store;
    store.get = (id) => {
      asked.push(id);
      return get.call(store, id);
    };
    const { send, runs, outputs } = await served(flowOf({ authenticate: "none", answer: "result" }), {}, store);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, id) => send(`{"id":${id}}`, JSON_TYPE)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const begun = (await runs()).map(({ id }) => id);
    expect(new Set(begun).size).toBe(10);
    for (const id of begun) expect(id).toMatch(/^webhook-[0-9a-f]{32}$/);
    expect(asked).toEqual([]);
    expect(new Set(await outputs("note"))).toEqual(
      new Set(Array.from({ length: 10 }, (_, id) => ({ result: { body: { id } } }))),
    );
    asked.length = 0;
    expect((await send("{}", { ...JSON_TYPE, "idempotency-key": "named" })).status).toBe(200);
    expect(asked).not.toEqual([]);
  });

  it("are refused to keys for other flows", async () => {
    for (const [flows, status] of [
      [["hook"], 202],
      [["other"], 403],
    ] as const) {
      const caller = { name: "partner", role: "runner", flows } as const;
      const { send, runs } = await served(flowOf({}), { authenticate: () => caller });
      expect((await send("{}", { ...JSON_TYPE, authorization: "Bearer any" })).status).toBe(status);
      expect(await runs()).toHaveLength(status === 202 ? 1 : 0);
    }
  });

  it("of two callers are not the same by their names", async () => {
    const { send, runs } = await served(flowOf({}));
    for (const role of ["runner", "editor"]) {
      const headers = { ...JSON_TYPE, "idempotency-key": "a", authorization: `Bearer ${keyOf(role)}` };
      expect((await send("{}", headers)).status).toBe(202);
    }
    expect(await runs()).toHaveLength(2);
  });

  it("by hand are one for one Idempotency-Key, and another request with it is refused", async () => {
    const first = await served(flowOf({}));
    let { origin } = first;
    const fire = async (data: object, key = "one") => {
      const answer = await fetch(`${origin}/api/triggers/hook/request/fire`, {
        method: "POST",
        headers: { ...JSON_TYPE, "idempotency-key": key, authorization: `Bearer ${keyOf("runner")}` },
        body: JSON.stringify({ data }),
      });
      return [answer.status, await answer.json()];
    };
    const answers = await Promise.all([1, 2, 3].map(() => fire({ body: 1 })));
    expect(answers[0]?.[0]).toBe(201);
    for (const answer of [...answers, await fire({ body: 1 })]) expect(answer).toEqual(answers[0]);
    ({ origin } = await served(undefined, {}, first.store));
    expect(await fire({ body: 1 })).toEqual(answers[0]);
    expect(await fire({ body: 2 })).toMatchObject([422, { code: "VALIDATION_FAILED" }]);
    expect(await fire({ body: 2 }, "two")).not.toEqual(answers[0]);
    expect(await first.runs()).toHaveLength(2);
  });

  it("of strangers with one name are one only where they are the same", async () => {
    const { send, runs } = await served(flowOf({ authenticate: "none", answer: "result", methods: ["GET", "POST"] }));
    const headers = { ...JSON_TYPE, "idempotency-key": "1" };
    const sent = async (...request: Parameters<typeof send>) => (await send(...request)).json();
    const ada = await sent('{"of":"ada"}', headers);
    expect(await sent('{"of":"eve"}', headers)).toMatchObject({ result: { body: { of: "eve" } } });
    expect(await sent('{"of":"ada"}', headers)).toEqual(ada);
    expect(await runs()).toHaveLength(2);
    await sent(undefined, headers, `${PATH}?of=ada`, "GET");
    await sent(undefined, headers, `${PATH}?of=eve`, "GET");
    expect(await runs()).toHaveLength(4);
  });

  it("whose sender leaves go on", async () => {
    const ask = { id: "ask", type: "wait-for-input", parameters: { message: "Go on?" } };
    const { conductor, port } = await served(
      flowOf({ authenticate: "none", answer: "result" }, [ask], [{ source: "note", target: "ask" }]),
    );
    const socket = connect(port, "127.0.0.1");
    socket.write(`POST /hooks/${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}`);
    await until(async () => expect(await conductor.executions.waiting()).toHaveLength(1));
    socket.destroy();
    const [question] = await conductor.executions.waiting();
    await conductor.executions.answer(question?.id as string, "yes");
    await until(async () => {
      const { executions } = await conductor.executions.list({ flowId: "hook" });
      expect(executions.map(({ status }) => status)).toEqual(["completed"]);
    });
  });
});

it("never fails as a server, whatever comes to a webhook", async () => {
  const { origin } = await served(flowOf({ authenticate: "none" }));
  const name = fc.stringMatching(/^[a-z-]{1,20}$/);
  const value = fc.stringMatching(/^[\x21-\x7e]{0,50}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.constant(PATH),
        fc.string({ maxLength: 50 }).map(encodeURIComponent),
        fc.constant("test/x"),
        fc.constant(""),
      ),
      fc.dictionary(name, value, { maxKeys: 5 }),
      fc.oneof(fc.string(), fc.json(), fc.uint8Array()),
      fc.constantFrom(
        "application/json",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "a/b",
        "",
      ),
      fc.constantFrom("POST", "PUT", "DELETE", "PATCH", "OPTIONS"),
      async (path, headers, body, type, method) => {
        let answer: Response;
        try {
          const sent = new Request(`${origin}/hooks/${path}`, {
            method,
            body: body as never,
            headers: { ...headers, "content-type": type },
          });
          answer = await fetch(sent);
        } catch (error) {
          // What a client refuses to send.
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        expect(answer.status).toBeLessThan(500);
        await answer.arrayBuffer();
      },
    ),
    { numRuns: 300 },
  );
});
