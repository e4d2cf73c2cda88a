/** A project that `conductor init` of the packed tarballs makes: installed, run and tested as its README says. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { createProject } from "./project.mjs";

let project;
let folder;

before(async () => {
  project = await createProject();
  await project.run(process.execPath, [project.program("conductor"), "init", "flows"]);
  folder = join(project.folder, "flows");
  // What `npm install` would bring from the registry.
  renameSync(join(project.folder, "node_modules"), join(folder, "node_modules"));
});

after(() => project.remove());

// A test runner that knows itself inside of another one runs nothing.
const ALONE = { NODE_TEST_CONTEXT: undefined };
const npm = (...args) => project.run("npm", ["--prefix", folder, ...args], { env: ALONE });

test("its flow runs by `npm start` and is valid", async () => {
  assert.match(await npm("run", "validate"), /orders\.flow\.yaml is valid/);
  await npm("start");
  assert.equal(readFileSync(join(folder, "out", "customers.csv"), "utf8"), "customer,spent\nAda,285\nLinus,15\n");
});

test("its tests pass by `npm test`, all five", async () => {
  assert.match(await npm("test"), /pass 5\b/);
});

test("an edited flow gives other results, and the test says so", async () => {
  const path = join(folder, "orders.flow.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace("value: 15 }", "value: 10 }"));
  await npm("start");
  assert.equal(
    readFileSync(join(folder, "out", "customers.csv"), "utf8"),
    "customer,spent\nAda,285\nLinus,15\nGrace,12.8\n",
  );
  await assert.rejects(npm("test"), ({ output }) => {
    assert.match(output, /pass 3\b/);
    assert.match(output, /fail 2\b/);
    return true;
  });
});

test("the schema that its flow names is there", () => {
  const [, path] = /\$schema=(\S+)/.exec(readFileSync(join(folder, "orders.flow.yaml"), "utf8"));
  assert.ok(existsSync(join(folder, path)));
  assert.equal(JSON.parse(readFileSync(join(folder, path), "utf8")).$defs.node.type, "object");
});
