/** The packed tarballs in other runtimes than Node and browsers. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";

import { within } from "../browser/harness/index.mjs";
import { FLOW, RESULT } from "./page.mjs";
import { createProject } from "./project.mjs";

const RUN = `
  const conductor = createConductor();
  conductor.node.run(${JSON.stringify(FLOW)}).then(({ data, error }) => {
    console.log(JSON.stringify({ result: data?.result, backend: conductor.engine.backend, error: error?.message }));
  });`;

let project;

before(async () => {
  project = await createProject(["bun@1.4.5", "deno@2.9.6", "esbuild@0.28.2", "workerd@1.20261117.1"]);
  // What its package does when npm installs it, which the projects here do not let packages do.
  await project.run(process.execPath, [join("node_modules", "bun", "install.js")]);
});

after(() => project.remove());

for (const [name, args] of Object.entries({ bun: ["run"], deno: ["run", "--allow-all", "--quiet"] })) {
  describe(name, () => {
    const run = async (file, text, env) =>
      JSON.parse(await project.run(project.program(name), [...args, project.write(`${name}/${file}`, text)], { env }));

    const module = `import { createConductor } from "@atomiton/conductor"; ${RUN}`;

    test("runs a flow with code of its user, on the addon", async () => {
      assert.deepEqual(await run("module.mjs", module), { result: RESULT, backend: "native" });
    });

    test("runs it on WebAssembly", async () => {
      assert.deepEqual(await run("wasm.mjs", module, { CONDUCTOR_BACKEND: "wasm" }), {
        result: RESULT,
        backend: "wasm",
      });
    });

    test("runs it when the conductor is required", async () => {
      const text = `const { createConductor } = require("@atomiton/conductor"); ${RUN}`;
      assert.deepEqual(await run("common.cjs", text), { result: RESULT, backend: "native" });
    });

    test("has the entry points that need no Electron", async () => {
      const text = `
        const names = ["node", "types", "browser", "slim", "test-utils/factories"];
        const loaded = await Promise.all(names.map((name) => import("@atomiton/conductor/" + name)));
        console.log(JSON.stringify(loaded.map((entry) => Object.keys(entry).length > 0)));`;
      assert.deepEqual(await run("entries.mjs", text), Array(5).fill(true));
    });
  });
}

test("a worker on workerd runs nodes, with the module as the file that it imports", async (t) => {
  const url = await startWorker(
    t,
    `import { createConductor } from "@atomiton/conductor";
     const mine = { double: { execute: ({ input }) => input.default.result.n * 2 } };
     const node = (id, type, parameters) => ({ id, type, parameters });
     const nodes = [node("set", "edit-fields", { values: { n: "{{n}}" } }), node("twice", "double")];
     const flow = { id: "flow", type: "group", nodes, edges: [{ id: "e", source: "set", target: "twice" }] };
     export default {
       async fetch(request) {
         const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: (type) => mine[type] } });
         const n = Number(new URL(request.url).searchParams.get("n"));
         const { data, error } = await conductor.node.run(flow, { input: { n } });
         return Response.json({ data, error, engine: conductor.engine.backend });
       },
     };`,
  );
  for (const n of [3, 21]) {
    const answer = await within(fetch(`${url}?n=${n}`), "an answer of the worker");
    assert.deepEqual(await answer.json(), { data: 2 * n, engine: "wasm" });
  }
});

/** Bundles a worker with the conditions that Cloudflare's own tool sets, and starts it on a port that the system chooses. */
async function startWorker(t, text) {
  const require = createRequire(join(project.folder, "package.json"));
  const entry = join(project.folder, project.write("worker/source.mjs", text));
  const outfile = join(dirname(entry), "worker.js");
  const { warnings } = await require("esbuild").build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["*.wasm"],
    logLevel: "silent",
  });
  assert.deepEqual(warnings, []);
  const module = require.resolve("@atomiton/conductor/conductor.wasm");
  copyFileSync(module, join(dirname(entry), "conductor.wasm"));
  const config = project.write(
    "worker/config.capnp",
    `using Workerd = import "/workerd/workerd.capnp";
     const config :Workerd.Config = (
       services = [(name = "main", worker = .worker)],
       sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
     );
     const worker :Workerd.Worker = (
       modules = [
         (name = "worker.js", esModule = embed "worker.js"),
         (name = "conductor.wasm", wasm = embed "conductor.wasm"),
       ],
       compatibilityDate = "2026-07-01",
     );`,
  );
  const child = spawn(require("workerd").default, ["serve", "--control-fd=3", join(project.folder, config)], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const over = new Promise((resolve) => child.once("close", resolve));
  t.after(() => {
    child.kill();
    return within(over, "workerd to end");
  });
  return within(portOf(child.stdio[3], over), "workerd to listen");
}

async function portOf(lines, over) {
  over.then((status) => lines.destroy(new Error(`workerd ended with ${status}`)));
  for await (const line of createInterface({ input: lines })) {
    const { event, port } = JSON.parse(line);
    if (event === "listen") return `http://127.0.0.1:${port}/`;
  }
  throw new Error("workerd did not listen");
}
