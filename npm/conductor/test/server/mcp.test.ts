/** Flows of a server as tools of the Model Context Protocol, by the SDK's own client. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult, Progress } from "@modelcontextprotocol/sdk/types.js";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import type { ServerOptions } from "../../src/exports/server.js";
import { flowOf, keyOf, serving } from "./serving.js";

/** A flow that takes variables of all kinds. */
const TAKING = {
  ...flowOf("variables", "order report"),
  name: "Order report",
  description: "Reports on orders",
  metadata: { tool: true },
  variables: {
    country: { type: "string", description: "Where they were sent", enum: ["NO", "SE"] },
    limit: { type: "integer", defaultValue: 10 },
    dry: false,
    note: { type: "string", required: false },
  },
};

const tool = (type: string, id: string, said: unknown = true) => ({ ...flowOf(type, id), metadata: { tool: said } });

async function served(flows: object[] = [], options: Partial<ServerOptions> = {}) {
  const server = await serving({ mcp: true, ...options });
  for (const flow of flows) await server.conductor.storage.saveFlow(flow as never);
  const url = new URL(server.apiUrl.replace(/\/api$/, "/mcp"));
  /** A client with the key of a role. */
  const connect = async (role: string, path = url) => {
    const client = new Client({ name: "test", version: "1.0.0" });
    const headers = { authorization: `Bearer ${keyOf(role)}` };
    const transport = new StreamableHTTPClientTransport(path, { requestInit: { headers } });
    onTestFinished(() => client.close());
    await client.connect(transport as never);
    return Object.assign(client, { http: transport });
  };
  /** Sends something as it is. */
  const post = (body: string, headers: Record<string, string> = {}, role: string | null = "runner") =>
    fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(role !== null && { authorization: `Bearer ${keyOf(role)}` }),
        ...headers,
      },
      body,
    });
  return { ...server, url, connect, post };
}

const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
});

const textOf = (result: unknown) => (result as CallToolResult).content.map((part) => ("text" in part ? part.text : ""));

describe("tools", () => {
  it("are the flows whose metadata says so, with what they take", async () => {
    const { connect } = await served([TAKING, flowOf("say", "hidden"), tool("say", "off", false)]);
    const { tools } = await (await connect("viewer")).listTools();
    expect(tools).toMatchObject([
      {
        name: "order_report",
        title: "Order report",
        description: "Reports on orders",
        inputSchema: {
          type: "object",
          properties: {
            country: { type: "string", description: "Where they were sent", enum: ["NO", "SE"] },
            limit: { type: "integer", default: 10 },
            dry: { default: false },
            note: { type: "string" },
          },
          required: ["country"],
          additionalProperties: false,
        },
      },
    ]);
  });

  it("are those that the owner names, and no other", async () => {
    const { connect } = await served([TAKING, flowOf("say", "named")], { mcp: { flows: ["named", "missing"] } });
    const { tools } = await (await connect("viewer")).listTools();
    expect(tools.map(({ name }) => name)).toEqual(["named"]);
  });

  it("have names of their own, whatever the flows are called", async () => {
    const long = "x".repeat(80);
    const ids = ["a b", "a_b", "a/b", "ä", `${long}1`, `${long}2`];
    const { connect } = await served([...ids.map((id) => tool("say", id)), tool("say", "last", { name: "chosen" })]);
    const client = await connect("runner");
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(new Set(names).size).toBe(ids.length + 1);
    expect(names).toEqual(expect.arrayContaining(["a_b", "chosen"]));
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    for (const name of names) expect(await client.callTool({ name })).not.toHaveProperty("isError");
  });

  it("are known again when their flows change", async () => {
    const { connect, conductor } = await served([tool("say", "f")]);
    const client = await connect("viewer");
    expect((await client.listTools()).tools).toMatchObject([{ name: "f", title: "f" }]);
    await conductor.storage.saveFlow({ ...tool("say", "f"), description: "Other words" } as never);
    expect((await client.listTools()).tools).toMatchObject([{ description: "Other words" }]);
    await conductor.storage.saveFlow(flowOf("say") as never);
    expect((await client.listTools()).tools).toEqual([]);
    const runner = await connect("runner");
    await expect(runner.callTool({ name: "f" })).rejects.toThrow("There is no tool f; there are none");
    await conductor.storage.saveFlow(tool("say", "f", { name: "renamed" }) as never);
    expect(await runner.callTool({ name: "renamed" })).toMatchObject({ structuredContent: { success: true } });
    await conductor.storage.saveFlow(tool("say", "f", { name: "again" }) as never);
    await expect(runner.callTool({ name: "renamed" })).rejects.toThrow("there are again");
    await conductor.storage.deleteFlow("f");
    expect((await client.listTools()).tools).toEqual([]);
  });

  it("are not made of flows whose metadata cannot be kept", async () => {
    const strange = [{ nme: "x" }, { name: "no spaces" }, "yes", { description: 1 }].map((said, index) =>
      tool("say", `strange${index}`, said),
    );
    const { connect } = await served([...strange, tool("say", "fine")]);
    const { tools } = await (await connect("viewer")).listTools();
    expect(tools.map(({ name }) => name)).toEqual(["fine"]);
  });
});

describe("a call", () => {
  it("runs the flow, with its defaults, and answers with text and with what it gave", async () => {
    const { connect, conductor } = await served([TAKING]);
    const client = await connect("runner");
    await client.listTools();
    const answer = await client.callTool({ name: "order_report", arguments: { country: "NO" } });
    const data = { country: "NO", limit: 10, dry: false };
    expect(answer.structuredContent).toMatchObject({ success: true, data });
    expect(JSON.parse(textOf(answer)[0] ?? "")).toEqual(data);
    const { executionId } = answer.structuredContent as { executionId: string };
    expect(await conductor.executions.get(executionId)).toMatchObject({ status: "completed", flowId: "order report" });
  });

  it("hands inputs of the flow to its first nodes", async () => {
    const inputPorts = [{ id: "city", name: "City", type: "input", dataType: "string", required: true }];
    const { connect, calls } = await served([{ ...tool("say", "f"), inputPorts }]);
    const client = await connect("runner");
    await client.callTool({ name: "f", arguments: { city: "Oslo" } });
    expect(calls).toEqual([{ city: "Oslo" }]);
    const missing = await client.callTool({ name: "f" });
    expect(textOf(missing).join()).toContain("`city` is missing");
    expect(calls).toHaveLength(1);
  });

  it.each([
    [
      { country: "NO", contry: 1 },
      "Unknown argument `contry`; the tool takes `country`, `limit`, `dry`, `note`. Did you mean",
    ],
    [{}, "`country` is missing"],
    [{ country: "DK" }, 'must be one of "NO", "SE"'],
    [{ country: "NO", limit: 1.5 }, "`limit` must be of type integer, found number"],
    [{ country: 7, limit: "x" }, "`country` must be of type string, found number\n"],
    [{ country: null }, "found null"],
    [{ country: "NO", constructor: 1 }, "Unknown argument `constructor`"],
  ])("with %j is refused, and runs nothing", async (given, words) => {
    const { connect, conductor } = await served([TAKING]);
    const answer = await (await connect("runner")).callTool({ name: "order_report", arguments: given });
    expect(answer.isError).toBe(true);
    expect(answer.structuredContent).toMatchObject({ success: false, error: { code: "INVALID_PARAMETERS" } });
    expect(textOf(answer).join()).toContain(words);
    expect((await conductor.executions.list()).executions).toEqual([]);
  });

  it("of a flow that fails says with which code, where and why", async () => {
    const { connect } = await served([tool("fail", "f"), tool("bigint", "g")]);
    const client = await connect("runner");
    const answer = await client.callTool({ name: "f" });
    expect(answer.isError).toBe(true);
    expect(answer.structuredContent).toMatchObject({
      success: false,
      executionId: expect.any(String),
      error: { code: "EXECUTION_FAILED", nodeId: "a", message: expect.stringContaining("it fails") },
    });
    expect(textOf(answer)[0]).toMatch(/^EXECUTION_FAILED in node a: .*it fails/);
    const unheld = await client.callTool({ name: "g" });
    expect(unheld.structuredContent).toMatchObject({ error: { code: "SERIALIZATION_FAILED" } });
  });

  it("of an unknown tool is an error that names those that there are", async () => {
    const { connect } = await served([tool("say", "f"), flowOf("say", "hidden")]);
    const client = await connect("runner");
    await expect(client.callTool({ name: "g" })).rejects.toThrow("There is no tool g; there are f");
    await expect(client.callTool({ name: "hidden" })).rejects.toThrow("There is no tool hidden");
  });

  it("is cut where its result is too long, with the place of all of it", async () => {
    const { connect } = await served([tool("large", "f")]);
    const client = await connect("runner");
    await client.listTools();
    const answer = await client.callTool({ name: "f" });
    const [shown = "", note = ""] = textOf(answer);
    expect(shown).toBe("x".repeat(50_000));
    const uri = /Cut: 50000 of 1048576 characters\. Read all of it as the resource (\S+)\.$/.exec(note)?.[1] ?? "";
    expect(answer.structuredContent).toMatchObject({ cut: { characters: 2 ** 20, shown: 50_000, uri } });
    expect(answer.structuredContent).not.toHaveProperty("data");
    const { contents } = await client.readResource({ uri });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({
      success: true,
      data: "x".repeat(2 ** 20),
    });
  });

  it("says where there is no store that the rest is kept nowhere", async () => {
    const { connect } = await served([tool("large", "f")], { durable: false });
    const client = await connect("runner");
    expect(textOf(await client.callTool({ name: "f" }))[1]).toContain("kept nowhere");
    expect(client.getServerCapabilities()).not.toHaveProperty("resources");
  });

  it("tells a client that asks how far it is, by numbers that grow", async () => {
    const { connect, release } = await served([tool("slow", "f")]);
    const client = await connect("runner");
    const heard: Progress[] = [];
    const answer = client.callTool({ name: "f" }, undefined, {
      onprogress(progress) {
        heard.push(progress);
        if (progress.message === "nearly half") release();
      },
    });
    expect(await answer).toMatchObject({ structuredContent: { data: "slow" } });
    expect(heard.map(({ total }) => total)).toEqual(heard.map(() => 100));
    const numbers = heard.map(({ progress }) => progress);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(numbers.some((number) => number > 0 && number < 100)).toBe(true);
  });

  it("that the client cancels ends the execution", async () => {
    const { connect, conductor } = await served([tool("hold", "f")]);
    const client = await connect("runner");
    const begun = new Promise<string>((resolve) =>
      conductor.events.on("started", ({ executionId }) => resolve(executionId)),
    );
    const over = new Promise((resolve) => conductor.events.on("error", resolve));
    const asking = new AbortController();
    const answer = client.callTool({ name: "f" }, undefined, { signal: asking.signal });
    const executionId = await begun;
    asking.abort("enough");
    await expect(answer).rejects.toThrow("enough");
    expect(await over).toMatchObject({ executionId });
    expect(await conductor.executions.get(executionId)).toMatchObject({ status: "cancelled" });
    // The connection goes on.
    expect((await client.listTools()).tools).toHaveLength(1);
  });

  it("that is cancelled leaves no connection open", async () => {
    const { connect, post, conductor } = await served([tool("hold", "f")]);
    const client = await connect("runner");
    const headers = { "mcp-session-id": client.http.sessionId ?? "" };
    const begun = new Promise((resolve) => conductor.events.on("started", resolve));
    const answer = await post('{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"f"}}', headers);
    await begun;
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "c" } };
    expect((await post(JSON.stringify(cancel), headers)).status).toBe(202);
    expect(await answer.text()).toBe("");
  });

  it("of one client is not ended by another with the same number", async () => {
    const { connect, conductor, release } = await served([tool("hold", "f")]);
    const [one, other] = [await connect("runner"), await connect("runner")];
    let count = 0;
    const bothBegun = new Promise<void>((resolve) => conductor.events.on("started", () => ++count === 2 && resolve()));
    const over = new Promise((resolve) => conductor.events.once("error", resolve));
    const asking = new AbortController();
    const [first, second] = [
      one.callTool({ name: "f" }, undefined, { signal: asking.signal }),
      other.callTool({ name: "f" }),
    ];
    first.catch(() => {});
    await bothBegun;
    asking.abort();
    await over;
    release();
    expect(await second).toMatchObject({ structuredContent: { success: true, data: "held" } });
  });

  it("ends with its session", async () => {
    const { connect, conductor } = await served([tool("hold", "f")]);
    const client = await connect("runner");
    const begun = new Promise((resolve) => conductor.events.on("started", resolve));
    const over = new Promise((resolve) => conductor.events.on("error", resolve));
    client.callTool({ name: "f" }).catch(() => {});
    await begun;
    await client.http.terminateSession();
    expect(await over).toMatchObject({ error: { message: "Execution cancelled" } });
  });

  it("is not ended with the server where a store keeps it", async () => {
    const { connect, conductor, server, release } = await served([tool("hold", "f")]);
    const client = await connect("runner");
    const begun = new Promise((resolve) => conductor.events.on("started", resolve));
    const over = new Promise((resolve) => {
      conductor.events.on("completed", () => resolve("completed"));
      conductor.events.on("error", () => resolve("cancelled"));
    });
    client.callTool({ name: "f" }).catch(() => {});
    await begun;
    server.close();
    release();
    expect(await over).toBe("completed");
  });
});

describe("executions", () => {
  it("are listed, page by page, and read", async () => {
    const { connect, post: _, conductor } = await served([tool("say", "f")]);
    for (let index = 0; index < 51; index++) {
      await conductor.execute({ flowId: "f", context: { executionId: `run ${index}/a` } });
    }
    const client = await connect("viewer");
    const first = await client.listResources();
    expect(first.resources).toHaveLength(50);
    const second = await client.listResources({ cursor: first.nextCursor });
    expect(second.resources).toHaveLength(1);
    const { uri = "" } = second.resources[0] ?? {};
    const read = async (path: string) => {
      const { contents } = await client.readResource({ uri: uri + path });
      return JSON.parse((contents[0] as { text: string }).text);
    };
    expect(await read("")).toMatchObject({ status: "completed", flowId: "f" });
    expect(await read("/result")).toMatchObject({ success: true });
    expect(await read("/trace")).toMatchObject({ nodes: [{ nodeId: "a" }] });
    expect(await read("/logs")).toEqual([]);
    expect(await read("/values/a")).toHaveProperty("said");
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(5);
    for (const strange of [
      "conductor://executions/none",
      "file:///etc/passwd",
      "conductor://executions/%ff",
      `${uri}/x`,
    ]) {
      await expect(client.readResource({ uri: strange })).rejects.toThrow(/no resource|none|not/i);
    }
  });

  it("that are not over have no result yet", async () => {
    const { connect, conductor } = await served([tool("hold", "f")]);
    const begun = new Promise((resolve) => conductor.events.on("started", resolve));
    void conductor.execute({ flowId: "f", context: { executionId: "one" } });
    await begun;
    const client = await connect("viewer");
    await expect(client.readResource({ uri: "conductor://executions/one/result" })).rejects.toThrow("is running");
  });
});

describe("callers", () => {
  it("without a key, or with a wrong one, learn nothing", async () => {
    const { post, url } = await served([tool("say", "f")]);
    for (const headers of [{}, { authorization: "Bearer wrong" }]) {
      const answer = await post(INITIALIZE, headers, null);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    }
    const transport = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: "Bearer x" } },
    });
    await expect(new Client({ name: "t", version: "1" }).connect(transport as never)).rejects.toThrow();
  });

  it("that are viewers see, and run nothing", async () => {
    const { connect, calls } = await served([tool("say", "f")]);
    const client = await connect("viewer");
    expect((await client.listTools()).tools).toHaveLength(1);
    await expect(client.callTool({ name: "f" })).rejects.toThrow('"vera" has the role viewer');
    expect(calls).toEqual([]);
  });

  it("cannot use a session of another caller", async () => {
    const { connect, post } = await served([tool("say", "f")]);
    const client = await connect("runner");
    const headers = { "mcp-session-id": client.http.sessionId ?? "" };
    const list = JSON.stringify({ jsonrpc: "2.0", id: 9, method: "tools/list" });
    expect((await post(list, headers, "admin")).status).toBe(404);
    expect((await post(list, { "mcp-session-id": "none" })).status).toBe(404);
    expect((await post(list, headers)).status).toBe(200);
  });

  it("whose key is taken back do no more in a session that they had", async () => {
    let isGood = true;
    const { connect } = await served([tool("say", "f")], {
      authenticate: () => (isGood ? { name: "ron", role: "runner" } : undefined),
    });
    const client = await connect("runner");
    isGood = false;
    await expect(client.callTool({ name: "f" })).rejects.toThrow();
  });

  it("that begin ever more sessions lose their own idle ones, and nobody else's", async () => {
    const { connect, post } = await served([tool("say", "f")]);
    const [other, first] = [await connect("editor"), await connect("runner")];
    for (let count = 0; count < 100; count++) await (await post("{}")).text();
    await first.listTools();
    for (let count = 0; count < 100; count++) await (await post(INITIALIZE)).text();
    await expect(first.listTools()).rejects.toThrow(/session/);
    expect((await other.listTools()).tools).toHaveLength(1);
  });

  it("come from no page of another site", async () => {
    const { post, url } = await served([tool("say", "f")], { origins: ["https://good.example"] });
    expect((await post(INITIALIZE, { origin: "https://evil.example" })).status).toBe(403);
    const good = await post(INITIALIZE, { origin: "https://good.example" });
    expect(good.status).toBe(200);
    expect(good.headers.get("access-control-expose-headers")).toContain("mcp-session-id");
    expect((await post(INITIALIZE, { origin: url.origin })).status).toBe(200);
  });

  it("find nothing where the protocol is not served", async () => {
    const { post } = await served([], { mcp: false });
    expect((await post(INITIALIZE)).status).toBe(404);
  });

  it("find it below the base as well, and described", async () => {
    const { connect, apiUrl } = await served([tool("say", "f")]);
    const client = await connect("viewer", new URL(`${apiUrl}/mcp`));
    expect((await client.listTools()).tools).toHaveLength(1);
    const { paths } = (await (await fetch(`${apiUrl}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(["/mcp", "/api/mcp"]));
  });
});

describe("hostile messages", () => {
  it("of any shape are answered, and end nothing", async () => {
    const { connect, post } = await served([tool("say", "f")]);
    const client = await connect("runner");
    const headers = { "mcp-session-id": client.http.sessionId ?? "" };
    const method = fc.constantFrom(
      "tools/call",
      "tools/list",
      "resources/read",
      "resources/list",
      "initialize",
      "ping",
      "x",
    );
    const message = fc.record(
      {
        jsonrpc: fc.constantFrom<unknown>("2.0", "1.0", 2),
        id: fc.oneof(fc.integer({ min: 1000 }), fc.string(), fc.jsonValue()),
        method: fc.oneof(method, fc.jsonValue()),
        params: fc.oneof(fc.jsonValue(), fc.record({ name: fc.constant("f"), arguments: fc.jsonValue() })),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      message.map((one) => JSON.stringify(one)),
      fc.array(message, { maxLength: 5 }).map((several) => JSON.stringify(several)),
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), async (text, inSession) => {
        const answer = await post(text, inSession ? headers : {});
        await answer.text();
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
    expect((await client.listTools()).tools).toHaveLength(1);
  });

  it("that are too large, too deep, or no JSON are refused", async () => {
    const { connect, post } = await served([TAKING]);
    const client = await connect("runner");
    const headers = { "mcp-session-id": client.http.sessionId ?? "" };
    const call = (given: string) =>
      `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"order_report","arguments":${given}}}`;
    expect((await post(call(`{"country":"${"x".repeat(5 * 2 ** 20)}"}`), headers)).status).toBe(413);
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    for (const text of [call(`{"country":${deep}}`), deep, call(`{"country":"NO","note":${deep}}`)]) {
      const answer = await post(text, headers);
      expect(answer.status).toBeLessThan(500);
      await answer.text();
    }
    expect((await post("{", headers)).status).toBe(400);
    expect((await post(INITIALIZE, { ...headers, "content-type": "text/plain" })).status).toBe(415);
    expect((await post(INITIALIZE, { ...headers, accept: "text/html" })).status).toBe(406);
    expect((await client.listTools()).tools).toHaveLength(1);
  });
});

describe("the setting", () => {
  it.each([{ flows: [] }, { flows: "f" }, { flow: ["f"] }, "yes", { flows: ["f"], other: 1 }, null])(
    "%j is refused",
    async (mcp) => {
      await expect(serving({ mcp: mcp as never })).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    },
  );
});
