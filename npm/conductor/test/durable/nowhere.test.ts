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

const goesOn = (node: Definition): Definition => ({ ...node, policy: { continueOnError: true } });

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
  ];
  const edges = nodes.slice(1).map(({ id }) => edge("card", id));
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
    return { store, written: async () => inBytes(await writtenIn(store)) };
  },
  async SQLite() {
    const path = mkdtempSync(join(folder, "sqlite-"));
    return { store: `sqlite:${join(path, "c.db")}`, written: async () => bytesOf(path) };
  },
  async PostgreSQL() {
    const { url } = server as NonNullable<typeof server>;
    const pool = new pg.Pool({ connectionString: url });
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

const nowhereIn = (what: string, text: string) => {
  for (const planted of PLANTED) {
    for (const form of new Set([planted, inBytes(planted)]))
      expect(text.includes(form), `${form} in ${what}`).toBe(false);
  }
};

describe("what must be seen by nobody", () => {
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
      nodes: [leak, refuse, pay],
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
      const nodes = id === "one" ? outer : ["refuse", "own"];
      const values = await Promise.all(nodes.map((node) => conductor.executions.value(id, node)));
      nowhereIn(`answers about ${id}`, textIn([await conductor.executions.get(id), values]));
      nowhereIn(`the trace of ${id}`, textIn(await conductor.executions.trace(id)));
    }
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
    const shown = [await on("executions", "show", "one"), await on("executions", "show", "one", "--json")];
    shown.push(await on("executions", "list", "--json"), await on("executions", "list"));
    for (const { code, stderr } of shown) expect(code, stderr).toBe(0);
    expect(shown[0]?.stdout).toContain("refused ***");
    rmSync(join(path, "conductor.config.mjs"));
    nowhereIn("what was printed", textIn([ran, shown]));
    nowhereIn("the files", bytesOf(path));
  });
});
