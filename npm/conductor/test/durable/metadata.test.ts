/** What a request says about its execution, kept with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/desktop";
import { createMemoryExecutions, type ExecutionStore, openPostgresStore, openSqliteStore } from "@atomiton/storage";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";

import { missingPostgres, startPostgres } from "../../../../tests/nodes/postgres.mjs";
import { conductor as cli } from "../cli/cli.js";
import { edge, group, leaf } from "../contract/flows.js";
import { httpServer, json } from "../transports/servers.js";
import { CARD } from "./redacting.js";
import { textIn, writtenIn } from "./written.js";

const seen: unknown[] = [];
const bodies: Record<string, (params: Record<string, unknown>) => unknown> = {
  see: (params) => {
    seen.push(params);
    return "seen";
  },
};

/** A conductor whose store has flows. */
async function conductorOn(store: ExecutionStore | string | undefined, flows: object[], config: object = {}) {
  const conductor = createConductor({
    transport: "local",
    ...(store !== undefined && { store }),
    nodeExecutorFactory: { getNodeExecutable: (type: string) => bodies[type] && { execute: bodies[type] } },
    logLevel: "error",
    ...config,
  } as never);
  onTestFinished(() => conductor.shutdown());
  for (const flow of flows) await conductor.storage.saveFlow({ name: "Orders", ...flow } as never);
  return conductor;
}

const flow = () => group("orders", [leaf("see", { type: "see" })]);
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
let folder: string;
let count = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metadata-"));
  if (missingPostgres() === undefined) server = await startPostgres();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const stores: [string, () => Promise<ExecutionStore>][] = [
  ["memory", async () => createMemoryExecutions()],
  ["SQLite", () => openSqliteStore(join(folder, `${++count}.db`))],
  ["PostgreSQL", () => openPostgresStore(server?.url as string, { schema: `metadata ${++count}` })],
];

describe.each(stores)("what a request says about its execution in %s", (name, open) => {
  const isMissing = name === "PostgreSQL" && missingPostgres() !== undefined;

  it.skipIf(isMissing)("is kept with it, shown, and what it is found by", async () => {
    const store = await open();
    const conductor = await conductorOn(store, [flow()]);
    onTestFinished(() => store.close());
    const metadata = {
      customer: "acme",
      ticket: 42,
      urgent: true,
      "ä b": "ö: 1",
      nothing: null,
      note: "x".repeat(300),
      cart: { lines: [1, { sku: "s" }], $type: "Date" },
    };
    const given = structuredClone(metadata);
    const context = { executionId: "one" as never };
    expect(await conductor.execute({ flowId: "orders", metadata: given, context })).toMatchObject({ success: true });
    // What is changed afterwards is not in it.
    given.cart.lines = [];
    await conductor.execute({ flowId: "orders", metadata: { customer: "other", ticket: 42 } });
    await conductor.execute({ flowId: "orders" });

    const row = await conductor.executions.get("one");
    expect(row.metadata).toEqual(metadata);
    expect(row.tags).toEqual(["customer:acme", "ticket:42", "urgent:true", "ä b:ö: 1", "nothing", "note", "cart"]);
    const found = async (...tags: string[]) =>
      (await conductor.executions.list({ tags })).executions.map(({ id }) => id).length;
    expect(
      await Promise.all([found("ticket:42"), found("ticket:42", "customer:acme"), found("cart"), found()]),
    ).toEqual([2, 1, 1, 3]);
    expect(await found("customer:none")).toBe(0);
    const { executions } = await conductor.executions.list();
    expect(await conductor.executions.get(executions[0]?.id as string)).not.toHaveProperty("metadata");

    const bytes = await conductor.executions.export("one");
    expect(await conductor.executions.import(bytes, { id: "again" })).toBe("again");
    expect(await conductor.executions.get("again")).toMatchObject({ metadata, tags: row.tags, trigger: "import" });
    // A fork is another execution, of which nothing was said.
    const { executionId } = await conductor.executions.fork("one");
    await conductor.executions.result(executionId);
    expect(await conductor.executions.get(executionId)).not.toHaveProperty("metadata");
  });
});

describe("what a request says about its execution", () => {
  it("is not seen by nodes", async () => {
    seen.length = 0;
    const conductor = await conductorOn(createMemoryExecutions(), [flow()]);
    const result = await conductor.execute({ flowId: "orders", metadata: { customer: "acme" } });
    expect(JSON.stringify([seen, result])).not.toContain("acme");
    expect(seen).toHaveLength(1);
  });

  it("has no secrets, in whichever form they stand, and nothing that the flow redacts", async () => {
    const store = createMemoryExecutions();
    const secret = "s3cret-of-the-bank";
    const asks = leaf("see", { type: "see", parameters: { key: "${{ secrets.BANK }}" } });
    const redacting = { ...group("orders", [asks]), policy: { redact: ["card", "**.pin"] } };
    const conductor = await conductorOn(store, [redacting], { secrets: () => secret });
    const metadata = {
      key: secret,
      [`by ${secret}`]: 1,
      bearer: `Bearer ${Buffer.from(`user:${secret}`).toString("base64")}`,
      address: `https://bank.example?key=${encodeURIComponent(secret)}`,
      card: "4000-0000",
      owner: { pin: 987654, name: "Ada" },
      said: `the card is ${CARD}`,
      paid: CARD,
      kept: "as it is",
    };
    const result = await conductor.execute({
      flowId: "orders",
      inputs: { card: CARD },
      metadata,
      context: { executionId: "one" as never },
    });
    expect(result.success).toBe(true);
    const row = await conductor.executions.get("one");
    expect(row.metadata).toEqual({
      key: "***",
      "by ***": 1,
      bearer: expect.stringContaining("***"),
      address: "https://bank.example?key=***",
      card: "[redacted]",
      owner: { pin: "[redacted]", name: "Ada" },
      said: "the card is [redacted]",
      paid: "[redacted]",
      kept: "as it is",
    });
    const everything = [
      textIn(await writtenIn(store)),
      JSON.stringify(await conductor.executions.list()),
      JSON.stringify(row),
      Buffer.from(await conductor.executions.export("one")).toString("latin1"),
    ].join("\n");
    for (const hidden of [secret, Buffer.from(secret).toString("base64").slice(4, 16), CARD, "4000-0000", "987654"]) {
      expect(everything).not.toContain(hidden);
    }
    expect(everything).toContain("as it is");
  });

  it.each<[string, unknown, string, RegExp]>([
    ["a list", [1], "INVALID_PARAMETERS", /is an object, and this is a list/],
    ["a text", "acme", "INVALID_PARAMETERS", /is an object, and this is a string/],
    ["too much", { note: "ä".repeat(9_000) }, "INVALID_PARAMETERS", /has 18011 bytes of JSON, and may have 16384/],
    ["a function", { a: { b: [1, () => {}] } }, "SERIALIZATION_FAILED", /`metadata.a.b\[1\]` is a function/],
    ["a date", { "a b": new Date() }, "SERIALIZATION_FAILED", /`metadata\["a b"\]` is an instance of a class/],
    ["a big integer", { n: 1n }, "SERIALIZATION_FAILED", /`metadata.n` is a bigint/],
    ["no number", { n: Number.NaN }, "SERIALIZATION_FAILED", /`metadata.n` is NaN/],
    ["a hole", { n: [undefined, 1] }, "SERIALIZATION_FAILED", /`metadata.n\[0\]` is undefined/],
    ["a NUL character", { n: "a\0" }, "SERIALIZATION_FAILED", /`metadata.n` is a text with a NUL/],
    ["half a character in a key", { "\ud800": 1 }, "SERIALIZATION_FAILED", /`metadata` is an object with/],
    ["inside of itself", cyclic, "SERIALIZATION_FAILED", /more than 32 levels deep, or inside of itself/],
  ])("cannot be %s, which fails the request before anything runs", async (_, metadata, code, message) => {
    seen.length = 0;
    const store = createMemoryExecutions();
    const conductor = await conductorOn(store, [flow()]);
    const result = await conductor.execute({ flowId: "orders", metadata: metadata as never });
    expect(result).toMatchObject({ success: false, metadata: { error: { code } } });
    expect(result.error).toMatch(message);
    expect([seen, (await store.list()).executions]).toEqual([[], []]);
  });

  it("leaves nothing where it is empty or missing", async () => {
    const conductor = await conductorOn(createMemoryExecutions(), [flow()]);
    for (const metadata of [{}, { a: undefined }, undefined, null]) {
      const { metadata: facts } = await conductor.execute({ flowId: "orders", metadata: metadata as never });
      const row = await conductor.executions.get(facts?.executionId as string);
      expect(row.tags).toEqual([]);
      expect(row).not.toHaveProperty("metadata");
    }
  });

  it("is warned of where no store keeps it, and where the execution began with another", async () => {
    const without = await conductorOn(undefined, [flow()]);
    const { success, metadata } = await without.execute({ flowId: "orders", metadata: { customer: "acme" } });
    expect(success).toBe(true);
    expect(metadata?.warnings).toMatchObject([{ rule: "not-kept", message: expect.stringContaining("no store") }]);

    const conductor = await conductorOn(createMemoryExecutions(), [flow()]);
    const again = (metadata?: Record<string, unknown>) =>
      conductor.execute({
        flowId: "orders",
        context: { executionId: "one" as never },
        ...(metadata && { metadata }),
      });
    await again({ customer: "acme" });
    expect((await again({ customer: "acme" })).metadata).not.toHaveProperty("warnings");
    expect((await again()).metadata).not.toHaveProperty("warnings");
    expect((await again({ customer: "other" })).metadata?.warnings).toMatchObject([
      { rule: "began-otherwise", message: expect.stringContaining("another metadata") },
    ]);
    expect((await conductor.executions.get("one")).metadata).toEqual({ customer: "acme" });
  });

  it("goes with the other flow of a fallback", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const fails = group("fails", [leaf("f", { type: "none" })]);
    const conductor = await conductorOn(createMemoryExecutions(), [flow(), fails]);
    const result = await conductor.execute({
      flowId: "fails",
      context: { executionId: "one" as never },
      options: { fallback: { flowId: "orders" } },
      metadata: { customer: "acme" },
    });
    expect(result.metadata?.fallbackUsed).toBe("flow");
    const { executions } = await conductor.executions.list({ tags: ["customer:acme"] });
    expect(executions.map(({ id }) => id)).toEqual(["one/fallback", "one"]);
  });

  it("reaches a server", async () => {
    const bodies: unknown[] = [];
    const remote = await httpServer(({ body }, response) => {
      bodies.push(JSON.parse(body));
      json(response, { success: true, outputs: {}, metadata: { executionId: "exec_1" } });
    });
    const client = createConductor({ transport: "http", apiUrl: remote.url, logLevel: "error" });
    onTestFinished(() => client.shutdown());
    await client.execute({ flowId: "orders", metadata: { customer: "acme" } });
    expect(bodies).toMatchObject([{ flowId: "orders", metadata: { customer: "acme" } }]);
  });

  it("is printed by `conductor executions show`, and found by `--tag`", async () => {
    const file = join(folder, "cli.db");
    const store = await openSqliteStore(file);
    const conductor = await conductorOn(store, [
      group("orders", [leaf("a", { type: "see" }), leaf("b", { type: "see" })], [edge("a", "b")]),
    ]);
    for (const customer of ["acme", "other"]) {
      const context = { executionId: customer as never };
      await conductor.execute({ flowId: "orders", metadata: { customer, ticket: 42 }, context });
    }
    await store.close();
    const args = ["--store", `sqlite:${file}`, "--no-config"];
    const shown = await cli("executions", "show", "acme", ...args);
    expect(shown.stdout).toMatch(/^metadata +\{"customer":"acme","ticket":42\}$/m);
    expect(JSON.parse((await cli("executions", "show", "acme", "--json", ...args)).stdout).metadata).toEqual({
      customer: "acme",
      ticket: 42,
    });
    const list = async (...tags: string[]) =>
      JSON.parse((await cli("executions", "list", "--json", "--tag", ...tags, ...args)).stdout).length;
    expect(await list("ticket:42")).toBe(2);
    expect(await list("ticket:42", "customer:other")).toBe(1);
  });
});
