import { createHmac } from "node:crypto";
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";
import { createConductor } from "../../src/exports/node.js";
import { createServer, createTriggers, type ServerOptions } from "../../src/exports/server.js";
import { executionsOf, until } from "../triggers/harness.js";
import { byKey, keyOf } from "./serving.js";

const SECRETS: Readonly<Record<string, string>> = { HOOK: "a secret of twenty-four bytes or more", EMPTY: "" };
const JSON_TYPE = { "content-type": "application/json" };

function flowOf(parameters: object, nodes: object[] = [], edges: object[] = [], id = "hook") {
  return { id, name: id, nodes: [{ id: "request", type: "webhook", parameters }, ...nodes], edges };
}

async function served(flows: object[], options: Partial<ServerOptions> = {}, kept?: ExecutionStore) {
  const store = kept ?? createMemoryExecutions();
  const secrets = (name: string) => SECRETS[name];
  const conductor = createConductor({ store, transport: "local", secrets });
  const log: string[] = [];
  const triggers = createTriggers({ conductor, store, secrets, log: (line) => log.push(line) });
  for (const flow of flows) await conductor.storage.saveFlow(flow as never);
  await triggers.start();
  const server = createServer({ conductor, triggers, durable: true, webhooks: true, authenticate: byKey, ...options });
  const listening = await server.listen({ port: 0 });
  let isEnded = false;
  const end = async () => {
    if (isEnded) return;
    isEnded = true;
    triggers.close();
    await listening.close(100);
    server.close();
    await conductor.shutdown();
  };
  onTestFinished(end);
  const origin = listening.apiUrl.slice(0, -"/api".length);
  const send = (path: string, body?: string, headers: Record<string, string> = JSON_TYPE, method = "POST") =>
    fetch(`${origin}/hooks/${path}`, { method, headers, ...(body !== undefined && { body }) });
  const runs = (id = "hook") => executionsOf(store, id);
  return { conductor, triggers, log, send, runs, origin, store, end, port: listening.port };
}

/** Lets a server hear what its clients did before. */
async function left(origin: string) {
  for (let turn = 0; turn < 20; turn++) await fetch(`${origin}/health`);
}

const seconds = () => String(Math.floor(Date.now() / 1000));
const hmac = (key: string | Uint8Array, text: string) => createHmac("sha256", key).update(text).digest("hex");

describe("signatures", () => {
  it.each([
    ["an empty secret", "${{ secrets.EMPTY }}"],
    ["whsec_ without a key", "whsec_"],
    ["whsec_ with what is no base64", "whsec_!!!!"],
  ])("are not checked with %s, whose key a stranger would have", async (_, secret) => {
    const { send, runs } = await served([
      flowOf({ path: "a", authenticate: "signature", signature: { scheme: "standard", secret } }),
    ]);
    const at = seconds();
    const forged = createHmac("sha256", "").update(`m.${at}.{}`).digest("base64");
    const headers = { "webhook-id": "m", "webhook-timestamp": at, "webhook-signature": `v1,${forged}` };
    const answer = await send("a", "{}", { ...JSON_TYPE, ...headers });
    expect([404, 503]).toContain(answer.status);
    expect(await runs()).toHaveLength(0);
  });

  it("of one delivery begin one execution, whatever unsigned headers say", async () => {
    const signature = { scheme: "stripe", secret: "${{ secrets.HOOK }}" };
    const { send, runs } = await served([flowOf({ path: "a", authenticate: "signature", signature })]);
    const at = seconds();
    const body = '{"id":"evt_1"}';
    const headers = { ...JSON_TYPE, "stripe-signature": `t=${at},v1=${hmac(SECRETS.HOOK as string, `${at}.${body}`)}` };
    expect((await send("a", body, headers)).status).toBe(202);
    expect((await send("a", body, { ...headers, "idempotency-key": "another" })).status).toBe(202);
    expect(await runs()).toHaveLength(1);
  });

  it("are made with the time where the sender signs it in a header of its own", async () => {
    const signature = {
      scheme: "hmac",
      secret: "${{ secrets.HOOK }}",
      header: "x-signature",
      timestampHeader: "x-time",
    };
    const { send, runs } = await served([flowOf({ path: "a", authenticate: "signature", signature })]);
    const made = (at: string, signed = `${at}.{}`) => ({
      ...JSON_TYPE,
      "x-time": at,
      "x-signature": hmac(SECRETS.HOOK as string, signed),
    });
    expect((await send("a", "{}", made(seconds(), "{}"))).status).toBe(401);
    expect((await send("a", "{}", made(String(Number(seconds()) - 600)))).status).toBe(401);
    expect((await send("a", "{}", { ...made(seconds()), "x-time": "" })).status).toBe(401);
    expect((await send("a", "{}", made(seconds()))).status).toBe(202);
    expect(await runs()).toHaveLength(1);
  });

  it("are read in either case of hexadecimal digits, from a header whose name can be one", async () => {
    const settings = { scheme: "hmac", secret: "${{ secrets.HOOK }}" };
    const { send, triggers } = await served([
      flowOf({ path: "a", authenticate: "signature", signature: { ...settings, header: "x-signature" } }),
      flowOf(
        { path: "b", authenticate: "signature", signature: { ...settings, header: "no header" } },
        [],
        [],
        "wrong",
      ),
    ]);
    const digest = hmac(SECRETS.HOOK as string, "{}");
    expect((await send("a", "{}", { ...JSON_TYPE, "x-signature": digest.toUpperCase() })).status).toBe(202);
    expect((await send("b", "{}", { ...JSON_TYPE, "x-signature": digest })).status).toBe(404);
    expect(triggers.list().find(({ flowId }) => flowId === "wrong")).toMatchObject({ status: "refused" });
  });
});

describe("addresses", () => {
  it("are those of flows whose ids have other characters", async () => {
    const { send, runs } = await served([flowOf({ authenticate: "none" }, [], [], "größe 50% ?")]);
    expect((await send(`${encodeURIComponent("größe 50% ?")}/request`, "{}")).status).toBe(202);
    expect(await runs("größe 50% ?")).toHaveLength(1);
    expect((await send("%E0%A4%A/request", "{}")).status).toBe(404);
  });

  it("and all else of a trigger are its own, where ids with slashes look alike together", async () => {
    const of = (flowId: string, nodeId: string, path: string) => ({
      ...flowOf({ path, authenticate: "none" }, [], [], flowId),
      nodes: [{ id: nodeId, type: "webhook", parameters: { path, authenticate: "none" } }],
    });
    const limits = { webhooks: { concurrent: 1, queued: 1 } };
    const flows = [of("a", "b/c", "one"), of("a/b", "c", "two"), of("a%2Fb", "c", "three")];
    const { send, runs, triggers, store } = await served(flows, { limits });
    expect(triggers.list().map(({ status }) => status)).toEqual(["armed", "armed", "armed"]);
    for (const [path, id] of [
      ["one", "a"],
      ["two", "a/b"],
      ["three", "a%2Fb"],
    ] as const) {
      expect((await send(path, "{}", { ...JSON_TYPE, "idempotency-key": "same" })).status).toBe(202);
      expect(await runs(id)).toHaveLength(1);
    }
    const names = ["a/b%2Fc", "a%2Fb/c", "a%252Fb/c"];
    const found = await Promise.all(names.map((name) => store.list({ tags: [`trigger:${name}`] }, { limit: 10 })));
    expect(found.map(({ executions }) => executions.length)).toEqual([1, 1, 1]);
  });

  it("that are the same of two flows by their ids are those of the first one, and the other one says so", async () => {
    const of = (flowId: string, nodeId: string) => ({
      ...flowOf({}, [], [], flowId),
      nodes: [{ id: nodeId, type: "webhook", parameters: { authenticate: "none" } }],
    });
    const { send, runs, triggers } = await served([of("a/b", "c"), of("a", "b/c")]);
    expect((await send("a/b/c", "{}")).status).toBe(202);
    expect([(await runs("a/b")).length + (await runs("a")).length]).toEqual([1]);
    const refused = triggers.list().filter(({ status }) => status === "refused");
    expect(refused).toMatchObject([{ problem: expect.stringContaining("The path a/b/c is that of ") }]);
  });

  it("are refused that no request reaches", async () => {
    const { triggers } = await served([flowOf({ path: "../api/flows", authenticate: "none" })]);
    expect(triggers.list()).toMatchObject([{ status: "refused" }]);
  });

  it("stay with the flow that had them first, over a restart, until that gives them up", async () => {
    const first = flowOf({ path: "a", authenticate: "none" }, [], [], "zebra");
    const second = flowOf({ path: "a", authenticate: "none" }, [], [], "ant");
    const store = createMemoryExecutions();
    const one = await served([first], {}, store);
    await one.conductor.storage.saveFlow(second as never);
    await until(() => expect(one.triggers.list()).toHaveLength(2));
    expect((await one.send("a", "{}")).status).toBe(202);
    await one.end();
    expect(one.log.join("\n")).not.toContain("from now on");
    const two = await served([first, second], {}, store);
    expect((await two.send("a", "{}")).status).toBe(202);
    expect(await two.runs("zebra")).toHaveLength(2);
    expect(await two.runs("ant")).toHaveLength(0);
    expect(two.log.join("\n")).toContain("ant/request does not fire any more: the path a is that of zebra/request");
    const save = (flow: object) => two.conductor.storage.saveFlow(flow as never, { overwrite: true } as never);
    // Neither a change of the first one nor its pause gives its path to the other.
    await save({ ...first, metadata: { enabled: false } });
    await until(() => expect(two.triggers.list().map(({ status }) => status)).toContain("off"));
    expect((await two.send("a", "{}")).status).toBe(404);
    expect(two.triggers.list()).toContainEqual(
      expect.objectContaining({ flowId: "ant", status: "refused", problem: expect.stringContaining("which is off") }),
    );
    await save({
      ...first,
      nodes: [{ ...first.nodes[0], parameters: { path: "a", authenticate: "none", methods: ["PUT"] } }],
    });
    await until(async () => expect((await two.send("a", "{}")).status).toBe(405));
    expect((await two.send("a", "{}", JSON_TYPE, "PUT")).status).toBe(202);
    expect([(await two.runs("zebra")).length, (await two.runs("ant")).length]).toEqual([3, 0]);
    await two.conductor.storage.deleteFlow("zebra");
    await until(async () => expect((await two.send("a", "{}")).status).toBe(202));
    expect(await two.runs("ant")).toHaveLength(1);
    expect(two.log.at(-1)).toContain("ant/request has the path a from now on");
  });

  it("for trying do not take a delivery away from the real one, and are not spent by a request that is not taken", async () => {
    const { send, runs, origin } = await served([flowOf({ path: "a", authenticate: "none" })]);
    const made = await fetch(`${origin}/api/triggers/hook/request/test-address`, {
      method: "POST",
      headers: { authorization: `Bearer ${keyOf("editor")}` },
    });
    const { path } = (await made.json()) as { path: string };
    const headers = { ...JSON_TYPE, "idempotency-key": "one" };
    expect((await fetch(origin + path)).status).toBe(405);
    expect((await fetch(origin + path, { method: "POST", headers, body: "{}" })).status).toBe(202);
    expect((await send("a", "{}", headers)).status).toBe(202);
    expect(await runs()).toHaveLength(2);
  });
});

describe("answers", () => {
  it("are no 202 for an execution that is not kept", async () => {
    const broken = flowOf({ path: "a", authenticate: "none" }, [{ id: "x", type: "no-such-type" }]);
    const { send, runs, origin } = await served([broken]);
    const answer = await send("a", "{}");
    const kept = await runs();
    if (answer.status === 202) {
      const headers = { authorization: `Bearer ${keyOf("viewer")}` };
      const found = await fetch(`${origin}${answer.headers.get("location")}`, { headers });
      expect([found.status, kept.length]).toEqual([200, 1]);
    } else expect(kept).toHaveLength(0);
  });

  it("are those of the node that answered, also for a redelivery, where another one stands before it", async () => {
    const nodes = [
      { id: "late", type: "respond", parameters: { status: 299, body: "late" } },
      { id: "wait", type: "delay", parameters: { duration: 1 } },
      { id: "early", type: "respond", parameters: { status: 201, body: "early" } },
    ];
    const edges = [
      { source: "request", target: "early" },
      { source: "early", target: "wait" },
      { source: "wait", target: "late" },
    ];
    const { send, runs } = await served([flowOf({ path: "a", authenticate: "none", answer: "node" }, nodes, edges)]);
    const headers = { ...JSON_TYPE, "idempotency-key": "one" };
    const first = await send("a", "{}", headers);
    expect([first.status, await first.text()]).toEqual([201, "early"]);
    await until(async () => expect((await runs())[0]?.status).toBe("completed"));
    const again = await send("a", "{}", headers);
    expect([again.status, await again.text()]).toEqual([201, "early"]);
    expect(await runs()).toHaveLength(1);
  });

  it.each(["does not wait any more", "has left"])("are not said to be sent where the sender %s", async (how) => {
    const nodes = [
      { id: "ask", type: "wait-for-input", parameters: { message: "Go on?" } },
      { id: "answer", type: "respond", parameters: { body: "late" } },
    ];
    const edges = [
      { source: "request", target: "ask" },
      { source: "ask", target: "answer" },
    ];
    const waitFor = how === "has left" ? 600_000 : 20;
    const flow = flowOf({ path: "a", authenticate: "none", answer: "node", waitFor }, nodes, edges);
    const { conductor, origin, runs } = await served([flow]);
    const leaves = new AbortController();
    const sent = fetch(`${origin}/hooks/a`, { method: "POST", body: "x", signal: leaves.signal }).catch(
      () => undefined,
    );
    await until(async () => expect(await conductor.executions.waiting()).toHaveLength(1));
    if (how === "has left") leaves.abort();
    expect((await sent)?.status).toBe(how === "has left" ? undefined : 504);
    if (how === "has left") await left(origin);
    const [question] = await conductor.executions.waiting();
    await conductor.executions.answer(question?.id as string, "yes");
    await until(async () => expect((await runs())[0]?.status).toBe("completed"));
    expect(await conductor.executions.value((await runs())[0]?.id as string, "answer")).toMatchObject({ sent: false });
  });

  it("set no header of the connection", async () => {
    for (const name of ["proxy-authenticate", "proxy-connection", "transfer-encoding", "upgrade"]) {
      const node = { id: "r", type: "respond", parameters: { headers: { [name]: "x" }, body: "x" } };
      const flow = flowOf(
        { path: "a", authenticate: "none", answer: "node" },
        [node],
        [{ source: "request", target: "r" }],
      );
      const { send, end } = await served([flow]);
      const answer = await send("a", "{}");
      expect([name, answer.status, answer.headers.get(name)]).toEqual([name, 500, null]);
      await end();
    }
  });
});

describe("bodies", () => {
  it.each([
    ["nested deeply", "[".repeat(200_000) + "]".repeat(200_000)],
    ["objects nested deeply", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["a lone surrogate", '{"a":"\\ud800"}'],
    ["a null character", '{"a":"\\u0000"}'],
    ["a number out of range", '{"a":1e999,"b":-0}'],
    [
      "names of the prototype",
      '{"__proto__":{"a":1},"constructor":{"prototype":{"b":1}},"toString":1,"trigger":{"node":"x"}}',
    ],
    ["a byte order mark", "\ufeff{}"],
  ])("with %s are no failure of the server", async (_, body) => {
    for (const answer of ["received", "result"]) {
      const { send, runs, end } = await served([flowOf({ path: "a", authenticate: "none", answer })]);
      const { status } = await send("a", body);
      expect(status).toBeLessThan(500);
      if (status < 300) expect(await runs()).toHaveLength(1);
      await end();
    }
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  it("that are forms of one name over and over are taken up to 10,000 fields, and hold up no other request", async () => {
    const { send, runs, origin, conductor } = await served([
      flowOf({ path: "a", authenticate: "none", answer: "result" }),
    ]);
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const post = (fields: number) => send("a", `${"a&".repeat(fields - 1)}a=1`, form);
    const [many, health] = await Promise.all([post(2 ** 19 - 1), fetch(`${origin}/health`)]);
    expect([many.status, await many.json(), health.status]).toEqual([
      413,
      { error: "A form or a query may have 10000 fields at most", code: "VALIDATION_FAILED" },
      200,
    ]);
    expect((await post(10_001)).status).toBe(413);
    expect(await runs()).toHaveLength(0);
    expect((await post(10_000)).status).toBe(200);
    const [{ id } = { id: "" }] = await runs();
    const { body } = (await conductor.executions.value(id, "request")) as { body: { a: string[] } };
    expect([body.a.length, body.a.at(-1)]).toEqual([10_000, "1"]);
  });

  it("whose form comes in parts have as many fields at most", async () => {
    const { send } = await served([flowOf({ path: "a", authenticate: "none", maxBytes: 2 ** 21 })]);
    const boundary = "-".repeat(30);
    const field = `--${boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n`;
    const headers = { "content-type": `multipart/form-data; boundary=${boundary}` };
    const post = (fields: number) => send("a", `${field.repeat(fields)}--${boundary}--\r\n`, headers);
    expect([(await post(10_001)).status, (await post(10_000)).status]).toEqual([413, 202]);
  });

  it("are not read before it is known who sends, where that does not depend on them", async () => {
    const { send, port } = await served([flowOf({ path: "a" })]);
    expect((await send("a", "x".repeat(2_000_000))).status).toBe(401);
    const { connect } = await import("node:net");
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.write("POST /hooks/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nthe rest never comes");
      });
      onTestFinished(() => void socket.destroy());
      socket.on("data", (chunk) => resolve(String(chunk)));
      socket.on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
  });
});

it("begins exactly one execution for each of 1,000 deliveries that come at once, each of them twice", async () => {
  const { send, store } = await served([flowOf({ path: "a", authenticate: "none" })]);
  const ids = await Promise.all(
    Array.from({ length: 2000 }, async (_, at) => {
      const answer = await send("a", "{}", { ...JSON_TYPE, "idempotency-key": `d-${at % 1000}` });
      const { executionId } = (await answer.json()) as { executionId: string };
      return `${answer.status} ${at % 1000} ${executionId}`;
    }),
  );
  expect(new Set(ids).size).toBe(1000);
  expect(ids.every((id) => id.startsWith("202 "))).toBe(true);
  const { executions, next } = await store.list({ flowId: "hook" }, { limit: 1000 });
  expect([executions.length, next]).toEqual([1000, undefined]);
});
