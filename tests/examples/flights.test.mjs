/** The flights example against a real server that fails every third call: each number is worked out here as well, by hand. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../../scripts/command.mjs";

const CLI = join(ROOT, "npm", "conductor", "bin", "conductor.js");
const EXAMPLE = join(ROOT, "examples", "flights");
const FLOW = join(EXAMPLE, "flights.flow.yaml");
const DATA = join("node_modules", "vega-datasets");

test("the flow has at most 60 lines, comments aside", () => {
  const lines = readFileSync(FLOW, "utf8").split("\n");
  assert.ok(lines.filter((line) => !/^\s*(#|$)/.test(line)).length <= 60);
});

for (const [how, fail] of Object.entries({
  "hangs up": (request) => request.socket.destroy(),
})) {
  for (const [least, words] of [
    [10, "All is well."],
    [27, "Bring a book."],
  ]) {
    test(`a service that ${how} at every third call is asked again; delays from ${least} min on`, async (t) => {
      const top = busiest();
      const delays = new Map(top.map(({ airport }, at) => [airport, least + at]));
      const { url, asked } = await serve(t, delays, fail);
      const { code, stdout, stderr, out, folder } = await run(t, url);
      assert.equal(code, 0, stdout + stderr);

      const expected = top.map((row) => ({ ...row, delay: delays.get(row.airport) }));
      assert.deepEqual(JSON.parse(out("top.json")), expected);
      const lines = expected.map(({ airport, name, flights, delay }) => `${airport},${name},${flights},${delay}`);
      assert.equal(
        out("top.csv").replaceAll("\r\n", "\n").trimEnd(),
        ["airport,name,flights,delay", ...lines].join("\n"),
      );
      assert.deepEqual(await sheet(join(folder, "out", "flights", "top.xlsx")), expected);
      assert.equal(
        out("report.md"),
        [
          "# Busiest airports",
          "",
          ...expected.map(({ airport, flights, delay }) => `- ${airport}: ${flights} flights, ${delay} min late`),
          "",
          words,
          "",
        ].join("\n"),
      );
      assert.equal(out("problem.json"), undefined);
      // The third and the sixth call failed; both were made again, and no other.
      const [a, b, c, d, e] = top.map(({ airport }) => airport);
      assert.deepEqual(asked, [a, b, c, c, d, e, e]);
    });
  }
}

test("a service that never answers leads along the error edge, and no other file is written", async (t) => {
  const { url, asked } = await serve(t, new Map(), (request) => request.socket.destroy(), 1);
  const { code, out, stdout, stderr } = await run(t, url);
  assert.equal(code, 0, stdout + stderr);
  const { code: kind, message, nodeId } = JSON.parse(out("problem.json"));
  assert.deepEqual([kind, nodeId], ["EXECUTION_FAILED", "delay"]);
  assert.ok(message.includes(url), message);
  for (const name of ["top.csv", "top.json", "top.xlsx", "report.md"]) assert.equal(out(name), undefined);
  assert.deepEqual(asked, Array(4).fill(busiest()[0].airport));
});

test("the example's own service does as its page says", async (t) => {
  const child = spawn(process.execPath, [join(EXAMPLE, "api.mjs"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  const [said] = await once(child.stdout, "data");
  const { code, stdout, stderr, out } = await run(t, /http:\S+/.exec(String(said))[0]);
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(
    JSON.parse(out("top.json")).map(({ airport, name, flights }) => ({ airport, name, flights })),
    busiest(),
  );
});

/** The five airports with most flights on routes with 100 or more, read and summed up without this project. */
function busiest() {
  const text = readFileSync(join(ROOT, DATA, "data", "flights-airport.csv"), "utf8");
  const sums = new Map();
  for (const line of text.trim().split(/\r?\n/).slice(1)) {
    const [origin, , count] = line.split(",");
    if (Number(count) > 99) sums.set(origin, (sums.get(origin) ?? 0) + Number(count));
  }
  const airports = readFileSync(join(ROOT, DATA, "data", "airports.csv"), "utf8").split(/\r?\n/);
  const nameOf = (airport) => airports.find((line) => line.startsWith(`${airport},`)).split(",")[1];
  const rows = [...sums].map(([airport, flights]) => ({ airport, name: nameOf(airport), flights }));
  return rows.sort((one, other) => other.flights - one.flights).slice(0, 5);
}

/** A service that knows these delays and fails at every third call. `asked` are the airports asked for, in order. */
async function serve(t, delays, fail, every = 3) {
  const asked = [];
  const server = createServer((request, response) => {
    const airport = request.url.slice("/airports/".length);
    asked.push(airport);
    if (asked.length % every === 0) return fail(request, response);
    response.writeHead(200, { "content-type": "application/json" });
    return response.end(JSON.stringify({ airport, delay: delays.get(airport) }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

/** Runs the flow in a folder of its own. `out(name)` is a file that it wrote, `undefined` when it did not. */
async function run(t, api) {
  const here = mkdtempSync(join(tmpdir(), "conductor flights "));
  t.after(() => rmSync(here, { recursive: true, force: true }));
  mkdirSync(join(here, "node_modules"));
  symlinkSync(join(ROOT, DATA), join(here, DATA), "junction");
  const child = spawn(process.execPath, [CLI, "run", FLOW, "--var", `api=${api}`], { cwd: here });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  const out = (name) => {
    const path = join(here, "out", "flights", name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  return { code, stdout, stderr, out, folder: here };
}

/** The rows of a workbook, read by a flow of its own. */
async function sheet(path) {
  const { runNode } = await import("@atomiton/conductor/testing");
  const { data, error } = await runNode("spreadsheet", { path, types: "auto" });
  assert.equal(error, undefined);
  return data.records;
}
