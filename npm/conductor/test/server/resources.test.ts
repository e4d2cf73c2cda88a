/** Flows and executions as resources of a server. */
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { createConductor, openReplay } from "../../src/exports/node.js";
import { flowOf, keyOf, serving } from "./serving.js";

describe("flows of a server", () => {
  it("are saved, listed, loaded, saved again, and deleted", async () => {
    const { ask, post } = await serving();
    const saved = await post("editor", "/flows", flowOf("say"));
    expect(saved.status).toBe(201);
    expect(saved.headers.get("etag")).toBe('"1"');
    expect(await (await ask("viewer", "/flows")).json()).toMatchObject({ total: 1, flows: [{ id: "f" }] });
    const loaded = await ask("viewer", "/flows/f");
    expect(loaded.headers.get("etag")).toBe('"1"');
    expect(await loaded.json()).toMatchObject({ id: "f", nodes: [{ id: "a", type: "say" }] });
    const again = await ask("editor", "/flows/f", { method: "PUT", body: JSON.stringify(flowOf("fail")) });
    expect([again.status, again.headers.get("etag")]).toEqual([200, '"2"']);
    expect(await (await ask("viewer", "/flows/f?version=1")).json()).toMatchObject({ nodes: [{ type: "say" }] });
    expect(await (await ask("viewer", "/flows/f/versions")).json()).toMatchObject({ versions: [{}, {}] });
    expect((await ask("editor", "/flows/f", { method: "DELETE" })).status).toBe(204);
    expect((await ask("viewer", "/flows/f")).status).toBe(404);
  });

  it("are saved with problems, of which the answer tells, and never under another id than their own", async () => {
    const { ask, post } = await serving();
    const put = (flow: object) => ask("editor", "/flows/f", { method: "PUT", body: JSON.stringify(flow) });
    const [node] = flowOf("say").nodes;
    const cyclic = { ...flowOf("say"), edges: [{ id: "e", source: node?.id, target: node?.id }] };
    const cycle = { severity: "error", message: expect.stringContaining("Cycle detected in node graph") };
    const saved = await post("editor", "/flows", cyclic);
    expect([saved.status, await saved.json()]).toEqual([201, expect.objectContaining({ id: "f", problems: [cycle] })]);
    expect(await (await put({ ...cyclic, id: undefined })).json()).toMatchObject({ problems: [cycle] });
    expect(await (await put(flowOf("say"))).json()).not.toHaveProperty("problems");
    const other = await put(flowOf("say", "other"));
    expect([other.status, await other.json()]).toMatchObject([
      400,
      { code: "VALIDATION_FAILED", error: expect.stringMatching(/the id "other", .* that of "f"/) },
    ]);
  });

  it("are saved only on top of the version that If-Match names", async () => {
    const { ask, post } = await serving();
    await post("editor", "/flows", flowOf("say"));
    const put = (version: string, type: string) =>
      ask("editor", "/flows/f", {
        method: "PUT",
        headers: { "if-match": version },
        body: JSON.stringify(flowOf(type)),
      });
    expect((await put('"1"', "fail")).status).toBe(200);
    const late = await put('"1"', "hold");
    expect(late.status).toBe(412);
    expect(await late.json()).toMatchObject({
      code: "INVALID_PARAMETERS",
      error: expect.stringMatching(/load it again, take over what changed, and save with its ETag as `If-Match: "2"`$/),
    });
    expect(await (await ask("viewer", "/flows/f")).json()).toMatchObject({ nodes: [{ type: "fail" }] });
    for (const version of ["1", "*"]) expect((await put(version, "hold")).status).toBe(400);
    const isNew = { method: "PUT", headers: { "if-none-match": "*" }, body: JSON.stringify(flowOf("say")) };
    expect((await ask("editor", "/flows/f", isNew)).status).toBe(412);
    await ask("editor", "/flows/f", { method: "DELETE" });
    expect(await (await put('"2"', "hold")).json()).toMatchObject({
      error: expect.stringMatching(/; save it with `If-None-Match: \*` to make it anew$/),
    });
  });

  it("refuses a variable of another type than a flow declares, however it is run over HTTP, where a program is warned", async () => {
    const { post, conductor, calls } = await serving();
    const picky = { ...flowOf("say", "typed"), variables: { most: { type: "integer" } } };
    await post("editor", "/flows", picky);
    const given = { variables: { most: "5" } };
    const events = await post("runner", "/flows/typed/run", given, { accept: "text/event-stream" });
    expect(await events.text()).toContain("is of type `integer`, and was given string");
    for (const [query, headers] of [
      ["", {}],
      ["?wait=1m", {}],
      ["", { "idempotency-key": "a" }],
    ] as const) {
      const refused = await post("runner", `/flows/typed/run${query}`, given, headers);
      expect([refused.status, await refused.json()]).toMatchObject([
        400,
        {
          error: "The variable `most` of the flow `typed` is of type `integer`, and was given string",
          code: "INVALID_PARAMETERS",
        },
      ]);
    }
    expect(calls).toHaveLength(0);
    expect((await post("runner", "/flows/typed/run", { variables: { most: 5 } })).status).toBe(200);
    const { success, warnings } = await conductor.flow.run(await conductor.storage.loadFlow("typed"), given);
    expect(success).toBe(true);
    expect(warnings?.map(({ rule }) => rule)).toContain("variable-type");
  });

  it("are run, and answered with their result or with where it will be", async () => {
    const { ask, post, release } = await serving();
    await post("editor", "/flows", flowOf("say"));
    const ran = await post("runner", "/flows/f/run", { inputs: { x: 1 } });
    expect(ran.status).toBe(200);
    expect(await ran.json()).toMatchObject({ success: true });
    await post("editor", "/flows", flowOf("hold", "slow"));
    const later = await post("runner", "/flows/slow/run?wait=20ms");
    expect(later.status).toBe(202);
    const where = later.headers.get("location") ?? "";
    const path = where.replace("/api", "");
    expect(await (await ask("viewer", path)).json()).toMatchObject({ status: "running", flowId: "slow" });
    release();
    const { executionId } = (await later.json()) as { executionId: string };
    const result = await post("viewer", "/node/attach", executionId);
    expect(await result.json()).toMatchObject({ success: true });
    expect(await (await ask("viewer", path)).json()).toMatchObject({ status: "completed" });
    expect((await post("runner", "/flows/f/run?wait=soon")).status).toBe(400);
    // What began nothing is refused; clients of the library read why in a result.
    const missing = await post("runner", "/flows/none/run");
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: "NODE_NOT_FOUND" }]);
    await post("editor", "/flows", { ...flowOf("say", "picky"), variables: { tone: { enum: ["kind"] } } });
    const refused = await post("runner", "/flows/picky/run", { variables: { tone: "curt" } });
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "INVALID_PARAMETERS" }]);
    const executed = await post("runner", "/execute", { flowId: "none" });
    expect([executed.status, await executed.json()]).toMatchObject([200, { success: false }]);
  });

  it("are answered for once they are in the store, also where the request comes twice", async () => {
    const memory = createMemoryExecutions();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let arrived = () => {};
    const atGate = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let isShut = false;
    const store: ExecutionStore = {
      ...memory,
      async write(changes) {
        if (isShut) {
          arrived();
          await gate;
        }
        return memory.write(changes);
      },
    };
    const { post } = await serving({}, store);
    await post("editor", "/flows", flowOf("hold", "slow"));
    isShut = true;
    const key = { "idempotency-key": "order-8" };
    const named = { context: { executionId: "one" } };
    let answered = 0;
    const asking = [
      { body: {}, headers: key },
      { body: {}, headers: key },
      { body: named, headers: {} },
      { body: named, headers: {} },
      // An empty id is the same as no id.
      { body: { context: { executionId: "" } }, headers: {} },
    ].map(async ({ body, headers }) => {
      const answer = await post("runner", "/flows/slow/run?wait=0", body, headers);
      answered++;
      return answer;
    });
    await atGate;
    // A server that answers without waiting has done so by the time at which it answers other requests.
    for (let round = 0; round < 5; round++) await post("viewer", "/node/active");
    expect(answered).toBe(0);
    open();
    const ids = await Promise.all(
      asking.map(async (answer) => {
        const { status } = await answer;
        const { executionId } = (await (await answer).json()) as { executionId: string };
        return { status, isThere: (await memory.get(executionId)) !== undefined };
      }),
    );
    expect(ids).toEqual(asking.map(() => ({ status: 202, isThere: true })));
  });

  it("are not answered before their end by a server that could not tell of them later", async () => {
    const { post, calls } = await serving({ durable: false });
    await post("editor", "/flows", flowOf("say"));
    const refused = await post("runner", "/flows/f/run?wait=1s");
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "INVALID_PARAMETERS" }]);
    expect(calls).toEqual([]);
  });

  it("are begun once for one Idempotency-Key, and refused for another request with it", async () => {
    const { post, calls } = await serving();
    await post("editor", "/flows", flowOf("say"));
    const key = { "idempotency-key": "order-7" };
    const first = (await (await post("runner", "/flows/f/run", { inputs: { x: 1 } }, key)).json()) as object;
    const second = await (await post("runner", "/flows/f/run", { inputs: { x: 1 } }, key)).json();
    expect(first).toMatchObject({ success: true });
    expect(second).toMatchObject({ success: true });
    expect(calls).toHaveLength(1);
    expect((await post("runner", "/flows/f/run", { inputs: { x: 2 } }, key)).status).toBe(422);
    expect((await post("admin", "/flows/f/run", { inputs: { x: 2 } }, key)).status).toBe(200);
    expect(calls).toHaveLength(2);
  });
});

describe("executions of a server", () => {
  it("are listed, looked into, exported and deleted", async () => {
    const { ask, post } = await serving();
    await post("editor", "/flows", flowOf("say"));
    await post("runner", "/flows/f/run", { context: { executionId: "one" } });
    await post("runner", "/execute", { flowId: "f", context: { executionId: "two" } });
    const page = (await (await ask("viewer", "/executions?status=completed&limit=1")).json()) as Record<
      string,
      unknown
    >;
    expect(page).toMatchObject({ executions: [{ id: "two" }], next: expect.any(String) });
    expect(await (await ask("viewer", `/executions?limit=1&cursor=${page.next}`)).json()).toMatchObject({
      executions: [{ id: "one" }],
    });
    expect(await (await ask("viewer", "/executions/one")).json()).toMatchObject({ id: "one", status: "completed" });
    expect(await (await ask("viewer", "/executions/one/values/a")).json()).toMatchObject({ said: expect.anything() });
    expect(await (await ask("viewer", "/executions/one/trace")).json()).toMatchObject({ nodes: expect.any(Array) });
    expect(await (await ask("viewer", "/executions/one/diff/two")).json()).toMatchObject({});
    const file = await ask("viewer", "/executions/one/export");
    expect(file.headers.get("content-type")).toBe("application/octet-stream");
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100);
    const forked = await post("runner", "/executions/one/fork", { from: "a", executionId: "three" });
    expect(forked.status).toBe(201);
    expect((await ask("editor", "/executions/one", { method: "DELETE" })).status).toBe(200);
    expect((await ask("viewer", "/executions/one")).status).toBe(404);
    expect((await ask("editor", "/executions/one", { method: "DELETE" })).status).toBe(404);
    expect((await ask("viewer", "/executions?colour=red")).status).toBe(400);
    expect((await post("runner", "/executions/none/cancel")).status).toBe(404);
  });

  it("are exported without what the caller leaves out, by a query and by a client", async () => {
    const { ask, post, apiUrl } = await serving();
    await post("editor", "/flows", flowOf("say"));
    await post("runner", "/flows/f/run", { inputs: { mail: "ada@example.com" }, context: { executionId: "one" } });
    const leftOutBy = async (query: string) => {
      const answer = await ask("viewer", `/executions/one/export?${query}`);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      expect(Buffer.from(bytes).includes("ada@example.com")).toBe(query === "");
      return (await openReplay(bytes)).leftOut;
    };
    expect(await leftOutBy("")).toBeUndefined();
    expect(await leftOutBy("withoutValues=true")).toEqual({ values: true });
    expect(await leftOutBy("redact=mail&redact=**.mail")).toEqual({ redact: ["mail", "**.mail"] });
    for (const query of ["redact=none", "redact=a..b", "values=false", "withoutValues=true&withoutValues=false"]) {
      expect((await ask("viewer", `/executions/one/export?${query}`)).status, query).toBe(400);
    }
    const client = createConductor({ transport: "http", apiUrl, key: keyOf("viewer") } as never);
    const bytes = await client.executions.export("one", { redact: ["**.mail"] });
    expect((await openReplay(bytes)).leftOut).toEqual({ redact: ["**.mail"] });
    await expect(client.executions.export("one", { redact: ["none"] })).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
    });
    await expect(client.executions.export("one", { redcat: ["**.mail"] } as object)).rejects.toThrow(/redcat/);
    await client.shutdown();
  });

  it("refuse an Idempotency-Key where it does not count", async () => {
    const { post } = await serving();
    const key = { "idempotency-key": "one" };
    for (const [role, path, body] of [
      ["editor", "/flows", flowOf("say")],
      ["runner", "/executions/one/cancel", undefined],
      ["runner", "/executions/one/fork", {}],
      ["runner", "/node/execute", { node: flowOf("say") }],
    ] as const) {
      const answer = await post(role, path, body, key);
      expect([path, answer.status, (await answer.json()).error]).toEqual([
        path,
        400,
        expect.stringContaining("An Idempotency-Key counts at"),
      ]);
    }
  });

  it.each(["", " ", "0x10", "1e400", "one", "+1"])("refuse what is no number in a query: %j", async (text) => {
    const { ask } = await serving();
    for (const path of ["/flows?limit=", "/executions?from=", "/flows/f?version="]) {
      const answer = await ask("viewer", path + encodeURIComponent(text));
      expect([path, answer.status]).toEqual([path, 400]);
    }
    expect((await ask("viewer", "/executions?from=1.5e3&limit=10")).status).toBe(200);
  });

  it("save no flow under an id that could not be run", async () => {
    const { post } = await serving();
    const statusOf = async (id: string) => (await post("editor", "/flows", flowOf("say", id))).status;
    expect([await statusOf("f".repeat(1024)), await statusOf("f".repeat(1025))]).toEqual([201, 400]);
    expect((await post("runner", `/flows/${"f".repeat(1024)}/run`, {})).status).toBe(200);
  });

  it("answer a method that they do not take with those that they take, also where a command could stand", async () => {
    const { ask } = await serving();
    const answer = await ask("admin", "/flows/f", { method: "POST" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, PUT, DELETE"]);
    expect((await ask(null, "/flows/f", { method: "POST" })).status).toBe(401);
    expect((await ask("admin", "/flow/nothing", { method: "POST" })).status).toBe(422);
  });

  it("say a code with each error of a command", async () => {
    const { post } = await serving();
    const answer = await post("viewer", "/node/listExecutions", { options: { cursor: "no cursor" } });
    expect(await answer.json()).toMatchObject({ code: expect.any(String), channelError: true });
  });
});
