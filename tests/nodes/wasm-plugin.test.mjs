/** A plugin written in Rust with the kit of Extism, built here and called by a flow. */

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { createConductor } from "@atomiton/conductor/node";

import { builtPlugin } from "./wasm-plugin.mjs";

const folder = mkdtempSync(join(tmpdir(), "conductor-plugin-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "plugin.wasm");

before(() => cpSync(builtPlugin(), file));

async function call(name, data, more = {}) {
  const node = { id: "plugin", type: "wasm", parameters: { file, function: name, ...more } };
  return createConductor().node.run(node, { input: { data } });
}

test("it gets rows and settings, and gives values", async () => {
  const orders = [
    { region: "north", total: 4 },
    { region: "south", total: 2.5 },
    { region: "north", total: 1 },
  ];
  const { data } = await call("sums", orders, { config: { currency: "CHF" } });
  assert.deepEqual(data.result, { currency: "CHF", by_region: { north: 5, south: 2.5 } });
  const many = Array.from({ length: 100_000 }, (_, at) => ({ region: `r${at % 5}`, total: 1 }));
  const sums = await call("sums", many);
  assert.deepEqual(Object.values(sums.data.result.by_region), [20_000, 20_000, 20_000, 20_000, 20_000]);
});

test("it fails in its own words, or traps, and never alone takes the memory of the machine", async () => {
  const refused = await call("sums", [{ region: "north", total: -1 }]);
  assert.match(refused.error.message, /^\[wasm\] The plugin failed: north has a total below zero/);
  const wrong = await call("sums", [{ region: "north" }]);
  assert.match(wrong.error.message, /missing field `total`/);
  for (const [name, more] of [
    ["mistake", {}],
    ["hoard", { memoryPages: 256 }],
  ]) {
    const { error } = await call(name, "x", { inputFormat: "text", outputFormat: "text", ...more });
    assert.equal(error.code, "EXECUTION_FAILED");
    assert.match(error.message, new RegExp(`trapped in \`${name}\`: unreachable`));
  }
});
