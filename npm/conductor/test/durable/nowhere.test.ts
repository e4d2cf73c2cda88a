/** Secrets and redacted parts, planted wherever a flow can have them, and every byte that leaves a run searched for them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/desktop";
import { defineNode } from "@atomiton/nodes";
import { createMemoryExecutions } from "@atomiton/storage";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { missingPostgres, startPostgres } from "../../../../tests/nodes/postgres.mjs";
import type { WindowLike } from "../../src/desktop/electron.js";
import { createMainProcessSetup } from "../../src/desktop/main-process.js";
import { conductor as command } from "../cli/cli.js";
import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { FakeApp } from "../desktop/process/application.js";
import { MainIpc } from "../desktop/process/main.js";
import { httpServer, json } from "../transports/servers.js";
import { textIn, writingsOf, writtenIn } from "./written.js";

const TOKEN = 't0k"én/+&42 x';
const PASSWORD = "correct horse battery staple";
const CARD = "4111-1111-1111-1111";
const PLANTED = [...writingsOf(TOKEN), ...writingsOf(PASSWORD), CARD];
const READ = { TOKEN, PASSWORD } as Record<string, string>;

const folder = mkdtempSync(join(tmpdir(), "conductor-nowhere-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bearer = { auth: "Bearer ${{ secrets.TOKEN }}" };
const parameters = {
  type: "object" as const,
  properties: { auth: { description: "What no one else may see." } },
};

/** Says all that it is given in every way that it has, and gives it. */
const leak = defineNode({
  type: "leak",
  description: "Leaks what it is given.",
  effects: "none",
  parameters,
  // biome-ignore lint/suspicious/noExplicitAny: it looks into everything.
  async execute({ parameters: { auth }, input, variables, progress, warn, log }: any) {
    variables.leaked = auth;
    progress(40, `with ${auth}`);
    warn("leak", `warned of ${auth}`);
    log.warn(`logged ${auth}`, { auth, input });
    return { auth, basic: Buffer.from(`me:${auth}`).toString("base64"), bytes: Buffer.from(String(auth)), input };
  },
});
const refuse = defineNode({
  type: "refuse",
  description: "Fails with what it is given.",
  effects: "reads",
  parameters,
  // biome-ignore lint/suspicious/noExplicitAny: it looks into everything.
  async execute({ parameters: { auth }, input }: any) {
    const cause = Object.assign(new Error(`cause ${auth}`), { input: JSON.stringify(input) });
    throw Object.assign(new Error(`refused ${auth} ${JSON.stringify(input)}`, { cause }), { auth, input });
  },
});
const pay = defineNode({
  type: "card",
  description: "Gives a card.",
  effects: "writes",
  async execute() {
    return { customer: { name: "Ada", card: CARD }, rows: [{ card: CARD }] };
  },
});

/** Gives nothing that it must not. */
const shout = defineNode({
  type: "shout",
  description: "Gives what it is given in capitals.",
  version: "1",
  effects: "none",
  parameters,
  execute: async ({ parameters: { auth } }) => String(auth).toUpperCase(),
});

const goesOn = (node: Definition): Definition => ({ ...node, policy: { continueOnError: true } });

const cached = (id: string, parameters: object, type = "leak"): Definition =>
  ({ ...leaf(id, { type, parameters }), policy: { cache: "1h" } }) as Definition;

/** A flow with all of it, and with nodes that ask this server. */
function flowOf(url: string): Definition {
  const http = {
    url: `${url}/?key=\${{ secrets.TOKEN }}`,
    headers: { Authorization: "Basic ${{ secrets.PASSWORD }}", "X-Key": "${{ secrets.PASSWORD }}" },
  };
  const loop = {
    id: "loop",
    type: "loop",
    parameters: { loopType: "forEach", array: ["${{ secrets.PASSWORD }}", "${{ nodes.card.customer }}"] },
    nodes: [
      leaf("round", { type: "leak", parameters: { auth: "round ${{ loop.index }} ${{ secrets.TOKEN }}" } }),
      goesOn(leaf("refuse-round", { type: "refuse", parameters: bearer })),
    ],
  } as Definition;
  const nodes = [
    leaf("card", { type: "card" }),
    leaf("leak", { type: "leak", parameters: bearer }),
    goesOn(leaf("refuse", { type: "refuse", parameters: bearer })),
    loop,
    leaf("code", { type: "code", parameters: { code: "return { key: secrets.PASSWORD, data }" } }),
    goesOn(leaf("request", { type: "http-request", parameters: http })),
    goesOn(
      leaf("nowhere", {
        type: "http-request",
        parameters: { ...http, url: "http://127.0.0.1:9/${{ secrets.TOKEN }}" },
      }),
    ),
    leaf("inside", { type: "sub-flow", parameters: { flow: "inner", variables: { key: "${{ secrets.TOKEN }}" } } }),
    leaf("last", { type: "leak", parameters: { auth: "${{ nodes.inside }}" } }),
    // Nothing of these may be in the cache, neither as a key nor as what is kept.
    cached("cached", bearer),
    cached("cached-card", { auth: "${{ nodes.card.rows[0].card }}" }, "shout"),
    cached("cached-input", { auth: "1" }),
    cached("cached-open", { auth: "nothing that counts" }, "shout"),
  ];
  const edges = nodes
    .slice(1)
    .filter(({ id }) => id !== "cached-open")
    .map(({ id }) => edge("card", id));
  edges.push(edge("inside", "last"));
  return { ...group("everything", nodes, edges), policy: { redact: ["**.card"] } } as Definition;
}

const inner = {
  ...group("inner", [
    goesOn(leaf("refuse", { type: "refuse", parameters: bearer })),
    leaf("own", { type: "leak", parameters: { auth: "${{ secrets.PASSWORD }} ${{ variables.key }}" } }),
  ]),
  policy: { redact: ["**.card"] },
  variables: { key: { type: "string", defaultValue: "" } },
};

type Executions = ReturnType<typeof createConductor>["executions"];
type Sources = { store: unknown; written(): Promise<string>; close?(): Promise<void> };

const missing = missingPostgres();
let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
beforeAll(async () => {
  if (missing === undefined) server = await startPostgres();
});
afterAll(() => server?.stop());

const bytesOf = (path: string) => {
  const files = readdirSync(path, { withFileTypes: true, recursive: true }).filter((file) => file.isFile());
  return files.map((file) => readFileSync(join(file.parentPath, file.name)).toString("latin1")).join("\n");
};
/** Text as its bytes, each a character, as `bytesOf` gives them. */
const inBytes = (text: string) => Buffer.from(text).toString("latin1");

const stores: Record<string, () => Promise<Sources>> = {
  async memory() {
    const store = createMemoryExecutions();
    const { cache } = store;
    const kept: string[] = [];
    const keep = cache?.keep;
    if (cache !== undefined && keep !== undefined) {
      cache.keep = (entries) => {
        for (const entry of entries) kept.push(textIn({ ...entry, output: new TextDecoder().decode(entry.output) }));
        return keep.call(cache, entries);
      };
    }
    return { store, written: async () => inBytes([await writtenIn(store), ...kept].join("\n")) };
  },
  async SQLite() {
    const path = mkdtempSync(join(folder, "sqlite-"));
    return { store: `sqlite:${join(path, "c.db")}`, written: async () => bytesOf(path) };
  },
  async PostgreSQL() {
    const { url } = server as NonNullable<typeof server>;
    const pool = new pg.Pool({ connectionString: url });
    // The server may be gone before it.
    pool.on("error", () => {});
    const written = async () => {
      const { rows: tables } = await pool.query("select tablename from pg_tables where schemaname = 'conductor'");
      let all = "";
      for (const { tablename } of tables) {
        const { rows } = await pool.query(`select * from conductor."${tablename}"`);
        for (const value of rows.flatMap((row) => Object.values(row))) {
          all += Buffer.isBuffer(value) ? value.toString("latin1") : inBytes(String(JSON.stringify(value)));
          all += inBytes(String(value));
        }
      }
      return all;
    };
    return { store: url, written, close: () => pool.end() };
  },
};

/** What a client over HTTP is sent when it looks after executions. */
async function toldByServer({ executions: of }: { executions: Executions }, ids: readonly string[]): Promise<string> {
  const commands: Record<string, (sent: Record<string, string>) => Promise<unknown>> = {
    listExecutions: () => of.list(),
    getExecution: ({ executionId = "" }) => of.get(executionId),
    traceOfExecution: ({ executionId = "" }) => of.trace(executionId),
    valueOfExecution: ({ executionId = "", nodeId = "" }) => of.value(executionId, nodeId),
    logsOfExecution: ({ executionId = "" }) => of.logs(executionId),
    resultOfExecution: ({ executionId = "" }) => of.result(executionId),
    diffExecutions: ({ a = "", b = "" }) => of.diff(a, b),
    exportExecution: async ({ executionId = "" }) => Buffer.from(await of.export(executionId)).toString("base64"),
  };
  const told: string[] = [];
  const server = await httpServer(async ({ path, body }, response) => {
    const answer = await commands[path.replace("/api/node/", "")]?.(JSON.parse(body));
    told.push(JSON.stringify(answer) ?? "");
    json(response, answer);
  });
  const { executions, shutdown } = createConductor({ transport: "http", apiUrl: server.url, logLevel: "error" });
  await executions.list();
  await executions.diff(ids[0] as string, ids[1] as string);
  for (const id of ids) {
    const replay = await executions.replay(id);
    told.push(textIn([await executions.get(id), await executions.trace(id), await executions.value(id, "refuse")]));
    told.push(textIn([await executions.logs(id), await executions.result(id), replay.at(replay.length).nodes]));
    told.push(textIn(replay.value("refuse")), textIn(replay.error("refuse")));
  }
  await shutdown();
  expect(told.length).toBeGreaterThan(ids.length * 6);
  return told.join("\n");
}

const nowhereIn = (what: string, text: string) => {
  for (const planted of PLANTED) {
    for (const form of new Set([planted, inBytes(planted)]))
      expect(text.includes(form), `${form} in ${what}`).toBe(false);
  }
};

describe("secrets and redacted parts", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(Object.keys(stores))("is in nothing that leaves a run kept in %s", async (name) => {
    if (name === "PostgreSQL" && missing !== undefined) return;
    const said: unknown[] = [];
    for (const level of ["debug", "info", "warn", "error", "log"] as const) {
      vi.spyOn(console, level).mockImplementation((...args) => void said.push(...args));
    }
    const { url, requests } = await httpServer(({ headers, path }, response) => {
      json(response, { path, authorization: headers.authorization }, 500, "No");
    });
    const { store, written, close } = await (stores[name] as () => Promise<Sources>)();
    const conductor = createConductor({
      transport: "local",
      store,
      nodes: [leak, refuse, pay, shout],
      logLevel: "debug",
      secrets: (secret: string) => READ[secret],
    } as never);
    await conductor.storage.saveFlow(inner as never);
    const ipc = new MainIpc();
    const app = new FakeApp();
    const sent: unknown[] = [];
    const handler = createMainProcessSetup(() => conductor as never)({
      ipcMain: ipc,
      app,
      conductor: conductor as never,
    });
    const frame = { url: "file:///app/index.html", origin: "file://", parent: null };
    const webContents = { send: (...message: unknown[]) => void sent.push(structuredClone(message)), mainFrame: frame };
    app.emit("browser-window-created", {}, { webContents, isDestroyed: () => false } as WindowLike);
    const events: unknown[] = [];
    conductor.node.onProgress((event) => void events.push(event));
    conductor.node.onComplete((event) => void events.push(event));
    conductor.node.onError((event) => void events.push(event));
    const result = await conductor.node.run(
      flowOf(url) as never,
      {
        executionId: "one",
        input: { planted: PASSWORD, card: CARD },
        variables: { planted: TOKEN },
      } as never,
    );

    expect(result.error).toBeUndefined();
    // The nodes had all of it.
    expect(requests.length).toBeGreaterThan(0);
    expect(requests[0]?.headers["x-key"]).toBe(PASSWORD);
    expect(JSON.stringify(result.outputs?.last)).toContain(PASSWORD);
    expect(sent.length).toBeGreaterThan(2);
    expect(events.length).toBeGreaterThan(2);

    nowhereIn("the store", await written());
    nowhereIn("the console", textIn(said));
    nowhereIn("events", textIn(events));
    nowhereIn("events for pages", textIn(sent));
    nowhereIn("the trace", textIn([result.trace, result.warnings, result.trace?.retries]));
    nowhereIn("the view", textIn(conductor.node.store?.getState?.()));
    const ids = (await conductor.executions.list()).executions.map(({ id }) => id);
    expect(ids).toHaveLength(2);
    for (const id of ids) {
      const outer = ["card", "leak", "refuse", "loop", "code", "request", "inside", "last"];
      const nodes = id === "one" ? [...outer, "cached", "cached-card"] : ["refuse", "own"];
      const values = await Promise.all(nodes.map((node) => conductor.executions.value(id, node)));
      nowhereIn(`answers about ${id}`, textIn([await conductor.executions.get(id), values]));
      nowhereIn(`the trace of ${id}`, textIn(await conductor.executions.trace(id)));
      const logs = await conductor.executions.logs(id);
      expect(logs.map(({ text }) => text).join()).toMatch(/logged .*\*\*\*/);
      nowhereIn(`the log of ${id}`, textIn(logs));
      const result = await conductor.executions.result(id);
      nowhereIn(`the result of ${id}`, textIn([result, result.data, result.outputs, result.trace, result.warnings]));
      const file = await conductor.executions.export(id);
      nowhereIn(`the file of ${id}`, Buffer.from(file).toString("latin1"));
      const replay = await conductor.executions.replay(id);
      for (let step = 0; step <= replay.length; step++) {
        const moment = replay.at(step);
        const told = nodes.flatMap((node) => [moment.value(node), moment.error(node)]);
        nowhereIn(`step ${step} of ${id}`, textIn([moment.nodes, moment.changed, told]));
      }
    }
    await conductor.executions.import(await conductor.executions.export("one"), { id: "imported" });
    const { executionId } = await conductor.executions.fork("one", {
      from: "card",
      input: { planted: PASSWORD, card: CARD },
    });
    const forked = await conductor.executions.result(executionId);
    expect(forked.error).toBeUndefined();
    nowhereIn("the result of a fork", textIn([forked, forked.data, forked.outputs, forked.trace]));
    nowhereIn("differences", textIn(await conductor.executions.diff("one", executionId)));
    // There is a cache.
    const open = () => conductor.node.run(group("g", [cached("o", { auth: "of no one" }, "shout")]) as never);
    await open();
    expect((await open()).trace?.nodes[0]?.cached).toBe(1);
    nowhereIn("what a server tells", await toldByServer(conductor, ids));
    nowhereIn("the store after all that", await written());
    await handler.cleanup();
    await conductor.shutdown();
    nowhereIn("the store that was closed", await written());
    await close?.();
  });

  it("is in nothing that the command line prints or writes of executions", async () => {
    const path = mkdtempSync(join(folder, "cli-"));
    const config = `export default { secrets: (name) => (${JSON.stringify(READ)})[name], store: "sqlite:${join(path, "c.db")}" };`;
    writeFileSync(join(path, "conductor.config.mjs"), config);
    const flow = {
      id: "f",
      type: "group",
      policy: { redact: ["**.card"] },
      nodes: [
        {
          id: "a",
          type: "code",
          parameters: { code: `return { key: secrets.TOKEN, card: "4111-1111-" + "1111-1111" }` },
        },
        { id: "b", type: "code", parameters: { code: "throw new Error('refused ' + secrets.PASSWORD + data.card)" } },
      ],
      edges: [{ id: "e", source: "a", target: "b" }],
    };
    writeFileSync(join(path, "flow.json"), JSON.stringify(flow));
    const on = (...args: string[]) => command(...args, "--config", join(path, "conductor.config.mjs"));
    const ran = await on(
      "run",
      join(path, "flow.json"),
      "--id",
      "one",
      "--trace",
      join(path, "trace.json"),
      "--verbose",
    );
    expect(ran.code, ran.stderr).toBe(1);
    const printed: unknown[] = [];
    const shown = [await on("executions", "show", "one"), await on("executions", "show", "one", "--json")];
    const file = join(path, "one.conductor-run");
    for (const args of [
      ["executions", "logs", "one"],
      ["executions", "logs", "one", "--json"],
      ["executions", "export", "one", "--output", file],
      ["executions", "import", file, "--id", "two"],
      ["executions", "diff", "one", "two"],
      ["executions", "diff", "one", "two", "--json"],
      ["executions", "fork", "one", "--id", "three", "--from", "a"],
      ["executions", "diff", "one", "three"],
      ["replay", "one"],
      ["replay", "one", "--node", "a", "--json"],
      ["replay", file],
      ["replay", file, "--node", "b"],
      ["cache", "stats"],
    ]) {
      const told = await on(...args);
      if (args[1] !== "fork") expect(told.code, `${args.join(" ")}: ${told.stderr}${told.stdout}`).toBeLessThan(2);
      printed.push(told);
    }
    shown.push(await on("executions", "list", "--json"), await on("executions", "list"));
    for (const { code, stderr } of shown) expect(code, stderr).toBe(0);
    expect(shown[0]?.stdout).toContain("refused ***");
    rmSync(join(path, "conductor.config.mjs"));
    expect(textIn(printed)).toContain("refused ***");
    nowhereIn("what was printed", textIn([ran, shown, printed]));
    nowhereIn("the files", bytesOf(path));
  });
});
