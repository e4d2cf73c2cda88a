/** Secrets of a server: who may set them, where they must not be seen, and whose flows read them. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { openSqliteStore } from "@atomiton/storage/desktop";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { type AuditEntry, openSecrets, type ServerOptions } from "../../src/exports/server.js";
import { rawSocket } from "./raw.js";
import { keyOf, serving } from "./serving.js";

const VALUE = "planted-9d41b7e2-Zürich-🔑";
const READS = "${{ secrets.TOKEN }}";
const key = randomBytes(32).toString("base64");

/** A server with secrets, of which TOKEN is one, and the nodes of the library. */
async function keeping(options: Partial<ServerOptions> = {}, store: ExecutionStore = createMemoryExecutions()) {
  const secrets = openSecrets({ store, key });
  const served = await serving({ secrets, ...options }, store, { secrets, nodeExecutorFactory: undefined as never });
  const put = (role: string | null, name: string, body: unknown) =>
    served.ask(role, `/secrets/${name}`, { method: "PUT", body: JSON.stringify(body) });
  await secrets.set("TOKEN", VALUE);
  return { ...served, secrets, put };
}

interface Flow {
  id: string;
  type: string;
  name: string;
  nodes: object[];
  edges: object[];
}

function flow(id: string, ...nodes: object[]): Flow {
  return { id, type: "group", name: id, nodes, edges: [] };
}

/** A node that gives these values. */
function giving(values: object, id = "a") {
  return { id, type: "edit-fields", parameters: { keepOnlySet: true, values } };
}

describe("the secrets of a server", () => {
  it("are set by admins, listed with their uses for editors, and never told", async () => {
    const { ask, put, post, secrets } = await keeping();
    await post("editor", "/flows", flow("two", giving({ a: READS, b: "${{ secrets.OTHER }}" })));
    await post("editor", "/flows", {
      ...flow("code", { id: "t", type: "transform", parameters: { transformFunction: "x => secrets.TOKEN" } }),
    });
    expect((await put("admin", "NEW", { value: "a new one" })).status).toBe(204);
    expect(await secrets("NEW")).toBe("a new one");

    const listed = await ask("editor", "/secrets");
    const text = await listed.text();
    expect(JSON.parse(text)).toEqual({
      secrets: [
        expect.objectContaining({ name: "NEW", usedBy: [] }),
        expect.objectContaining({ name: "TOKEN", usedBy: ["code", "two"] }),
      ],
      missing: [{ name: "OTHER", usedBy: ["two"] }],
    });
    expect(text).not.toMatch(/planted|a new one|sealed/);
    expect((await ask("admin", "/secrets/TOKEN")).status).toBe(405);
    expect((await ask("viewer", "/secrets")).status).toBe(403);
    expect((await ask(null, "/secrets")).status).toBe(401);
    for (const role of ["viewer", "runner", "editor"]) {
      expect((await put(role, "TOKEN", { value: "stolen" })).status).toBe(403);
      expect((await ask(role, "/secrets/TOKEN", { method: "DELETE" })).status).toBe(403);
    }
    expect(await secrets("TOKEN")).toBe(VALUE);

    expect((await ask("admin", "/secrets/NEW", { method: "DELETE" })).status).toBe(204);
    expect((await ask("admin", "/secrets/NEW", { method: "DELETE" })).status).toBe(404);
    await expect(secrets("NEW")).rejects.toThrow(/no secret of this name/);
  });

  it.each([
    [{ value: "" }, 400],
    [{ value: 7 }, 400],
    [{}, 400],
    [null, 400],
    [{ value: "x", from: "file:/etc/passwd" }, 400],
    [{ from: "file:/etc/passwd" }, 400],
    [{ value: { from: "file:/etc/passwd" } }, 400],
    [{ value: "x".repeat(64 * 1024 + 1) }, 400],
  ])("are not set to %j", async (body, status) => {
    const { put, secrets } = await keeping();
    const answer = await put("admin", "TOKEN", body);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain("root:");
    expect(await secrets("TOKEN")).toBe(VALUE);
  });

  it("are not read from files of the server by any command", async () => {
    const { apiUrl, secrets, post } = await keeping();
    const { call } = await rawSocket(apiUrl, { token: keyOf("admin") });
    for (const args of [
      { name: "A", value: { from: "file:/etc/passwd" } },
      { name: "A", from: "file:/etc/passwd" },
      { name: "A", value: "x", from: "file:/etc/passwd" },
    ]) {
      expect(await call("secret", "set", args)).toMatchObject({ code: "VALIDATION_FAILED" });
      expect((await post("admin", "/secret/set", args)).status).toBe(422);
    }
    expect(await secrets.has("A")).toBe(false);
    expect(await call("secret", "set", { name: "A", value: "by socket" })).not.toHaveProperty("error");
    expect(await secrets("A")).toBe("by socket");
  });

  it("are none without `secrets`", async () => {
    const { ask } = await serving();
    expect((await ask("admin", "/secrets")).status).toBe(501);
  });
});

describe("a flow that a caller sends", () => {
  const OWN: Record<string, Flow> = {
    "an expression": flow("own", giving({ a: READS })),
    "an expression in a group": flow("own", flow("inner", giving({ a: "x ${{ secrets['TOKEN'] }}" }))),
    "user code": flow("own", { id: "t", type: "transform", parameters: { transformFunction: "x => secrets.TOKEN" } }),
    "a disabled node": flow("own", { ...giving({ a: READS }), parameters: { enabled: false, values: { a: READS } } }),
    "a flow of a file": flow("own", { id: "s", type: "sub-flow", parameters: { flow: "own.flow.yaml" } }),
    "a flow of a file, as a tool": flow("own", {
      id: "s",
      type: "llm",
      parameters: {
        model: "m",
        prompt: "?",
        tools: [{ name: "t", node: { type: "sub-flow", parameters: { flow: "own.flow.yaml" } } }],
      },
    }),
    "a flow whose name is worked out": flow("own", {
      id: "s",
      type: "sub-flow",
      parameters: { flow: "${{ ['own', 'flow', 'yaml'].join('.') }}" },
    }),
  };

  it.each(Object.keys(OWN))("gets no secret below the role editor: %s", async (name) => {
    const { post, apiUrl } = await keeping();
    const own = OWN[name] as Flow;
    const socket = await rawSocket(apiUrl, { token: keyOf("runner") });
    const request = { ...own, flowId: "saved", inputs: {} };
    const answers = [
      await post("runner", "/node/execute", { node: own }).then(async (a) => [a.status, await a.text()]),
      // The command takes nodes in the place of requests.
      await post("runner", "/execute", request).then(async (a) => [a.status, await a.text()]),
      await post("runner", "/conductor/execute", request).then(async (a) => [a.status, await a.text()]),
      [403, JSON.stringify(await socket.call("node", "execute", { node: own }))],
      [403, JSON.stringify(await socket.call("conductor", "execute", request))],
    ];
    for (const [status, text] of answers) {
      expect([status, text]).toEqual([403, expect.stringContaining("only saved flows get secrets")]);
      expect(text).not.toContain("planted");
    }
    // A saved flow runs as it was saved: its request has no place for another one.
    const run = await post("runner", "/flows/saved/run", own);
    const refusal = await run.text();
    expect([run.status, refusal]).toEqual([400, expect.stringContaining("Unrecognized keys")]);
    expect(refusal).not.toContain("planted");
  });

  it("gets them for an editor, and for all where the owner says so", async () => {
    const body = { node: flow("own", giving({ a: READS })) };
    const { post } = await keeping();
    expect(await (await post("editor", "/node/execute", body)).json()).toMatchObject({
      data: { result: { a: VALUE } },
    });
    const open = await keeping({ secretsFor: "all-flows" });
    const answer = await open.post("runner", "/node/execute", body);
    expect(await answer.json()).toMatchObject({ data: { result: { a: VALUE } } });
  });

  it("runs without secrets, also as a part of it a saved flow that has some", async () => {
    const { post } = await keeping();
    await post("editor", "/flows", flow("saved", giving({ a: `length ${"${{ secrets.TOKEN.length }}"}` })));
    expect(await (await post("runner", "/flows/saved/run")).json()).toMatchObject({ success: true });
    const own = flow("own", { id: "s", type: "sub-flow", parameters: { flow: "saved" } });
    const answer = await (await post("runner", "/node/execute", { node: own })).json();
    expect(answer).toMatchObject({ data: { result: { result: { a: `length ${VALUE.length}` } } } });
    const plain = { node: flow("plain", giving({ a: "secrets" })) };
    expect(await (await post("runner", "/node/execute", plain)).json()).toMatchObject({ success: true });
  });

  it("cannot be made of a saved one by a fork", async () => {
    const { post } = await keeping();
    const saved = flow("saved", giving({ to: "https://example.com", token: READS }), giving({ b: 1 }, "b"));
    await post("editor", "/flows", saved);
    const request = { flowId: "saved", context: { executionId: "e1" } };
    const edges = [{ id: "e", source: "a", target: "b" }];
    expect(await (await post("runner", "/execute", request)).json()).toMatchObject({ success: true });
    for (const changes of [
      { parameters: { a: { values: { to: "https://attacker.example" } } } },
      { parameters: { b: { values: { stolen: READS } } } },
      { flow: { ...saved, nodes: [giving({ stolen: READS })] } },
      // What the old execution was given is in it as a reference.
      { flow: { ...saved, nodes: [saved.nodes[0], giving({ stolen: "${{ nodes.a.result.token }}" }, "b")], edges } },
      { flow: flow("saved", giving({ stolen: "nothing" })) },
    ]) {
      const answer = await post("runner", "/executions/e1/fork", changes);
      expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("only saved flows")]);
    }
    expect((await post("runner", "/executions/e1/fork", { from: "a" })).status).toBe(201);
    const byEditor = { parameters: { b: { values: { b: 2 } } } };
    expect((await post("editor", "/executions/e1/fork", byEditor)).status).toBe(201);
    expect((await post("runner", "/executions/none/fork", byEditor)).status).toBe(404);
  });

  it.each([
    5,
    null,
    "x",
    [],
    {},
    { node: null },
    { node: 5 },
    { node: { id: 1, nodes: 7 } },
    { node: { nodes: [null] } },
  ])("is refused where it is none: %j", async (body) => {
    const { post } = await keeping();
    const answer = await post("runner", "/node/execute", body);
    expect(answer.status).toBeLessThan(500);
    expect(await answer.text()).toMatch(/VALIDATION_FAILED|INVALID|MISSING|TYPE/);
  });
});

describe("a planted secret", () => {
  it("is found in nothing that a server tells others or keeps", async () => {
    const folder = mkdtempSync(join(tmpdir(), "conductor-planted-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const told: string[] = [];
    for (const level of ["log", "info", "warn", "error", "debug"] as const) {
      const spy = vi.spyOn(console, level).mockImplementation((...args) => void told.push(args.map(String).join(" ")));
      onTestFinished(() => spy.mockRestore());
    }
    const store = await openSqliteStore(join(folder, "conductor.db"));
    const audited: AuditEntry[] = [];
    const { apiUrl, ask, post, put } = await keeping({ audit: (entry) => void audited.push(entry) }, store);
    const file = join(folder, "mounted");
    writeFileSync(file, VALUE);
    expect((await put("admin", "TOKEN", { value: VALUE })).status).toBe(204);
    const socket = await rawSocket(apiUrl, { token: keyOf("viewer") });
    await socket.take(({ type }) => type === "hello");

    await post("editor", "/flows", flow("gives", giving({ a: `Bearer ${READS}` })));
    await post(
      "editor",
      "/flows",
      flow("fails", {
        id: "t",
        type: "transform",
        parameters: {
          data: [1],
          transformFunction: "x => { console.log(secrets.TOKEN); throw new Error(secrets.TOKEN) }",
        },
      }),
    );
    const request = (flowId: string) => ({ flowId, context: { executionId: flowId } });
    // The caller of a run gets what its nodes return: that is the result of the work.
    expect(await (await post("runner", "/execute", request("gives"))).text()).toContain(VALUE);
    told.push(await (await post("runner", "/execute", request("fails"))).text());
    // What is refused is not repeated.
    told.push(await (await put("admin", "1wrong", { value: VALUE })).text());
    told.push(await (await put("viewer", "TOKEN", { value: VALUE })).text());
    for (const path of [
      "/secrets",
      "/flows",
      "/flows/gives",
      "/executions",
      "/executions/gives",
      "/executions/gives/trace",
      "/executions/gives/values/a",
      "/executions/gives/logs",
      "/executions/gives/export",
      "/executions/fails",
      "/executions/fails/trace",
      "/executions/fails/logs",
      "/openapi.json",
      "/health",
    ]) {
      const answer = await ask("editor", path);
      expect([path, answer.status]).toEqual([path, 200]);
      told.push(Buffer.from(await answer.arrayBuffer()).toString("utf8"));
    }
    await socket.take(
      ({ event, data }) => event === "error" && (data as { executionId: string }).executionId === "fails",
    );
    told.push(JSON.stringify(socket.received));
    await post("runner", "/node/execute", { node: flow("own", giving({ a: READS })) });
    const changes = audited.map(({ event, what, subject, outcome }) => ({ event, what, subject, outcome }));
    expect(changes).toContainEqual({ event: "call", what: "secret.set", subject: "TOKEN", outcome: "ok" });
    expect(changes).toContainEqual({ event: "refused", what: "node.execute", outcome: "403" });
    told.push(JSON.stringify(audited));
    expect(told.join("\n")).toContain("gives");
    for (const text of told) expect(text).not.toContain("planted-9d41b7e2");
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.startsWith("conductor.db"))
      .map(({ name }) => name);
    expect(names).toContain("conductor.db-wal");
    for (const name of names) {
      const bytes = readFileSync(join(folder, name));
      for (const form of ["planted-9d41b7e2", Buffer.from(VALUE).toString("base64").slice(0, 20), key]) {
        expect([name, form, bytes.includes(form)]).toEqual([name, form, false]);
      }
    }
  });
});
