/** `conductor dev`: changes of files while it serves. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { folder, start } from "./cli.js";

const flow = (text: string, type = "edit-fields") => `
id: hello
nodes:
  - id: greet
    type: ${type}
    parameters: { values: { text: "${text}" } }
`;
const MODULE = (text: string) => `
import { defineNode } from "${new URL("../../../nodes/dist/index.js", import.meta.url).href}";
export const shout = defineNode({ type: "shout", execute: () => ({ result: ${JSON.stringify(text)} }) });
`;

async function dev(root: string, ...args: string[]) {
  const running = start(["dev", root, "--port", "0", ...args], { cwd: root });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  let said = "";
  running.child.stderr?.on("data", (text: string) => {
    said += text;
  });
  /** The address that was told last. */
  const client = async (times = 1) => {
    await expect.poll(() => said.match(/Serving at \S+/g)?.length).toBe(times);
    const apiUrl = [...said.matchAll(/Serving at (\S+)/g)].at(-1)?.[1] ?? "";
    const conductor = createConductor({ transport: "http", apiUrl });
    onTestFinished(() => conductor.shutdown());
    return conductor;
  };
  const end = async () => {
    running.child.kill("SIGTERM");
    return (await running.ended).code;
  };
  return { running, client, end, said: () => said };
}

it("serves the flows of a folder, takes their changes, and keeps the last version that can be run", async () => {
  const root = folder();
  mkdirSync(join(root, "flows"));
  const path = join(root, "flows", "hello.yaml");
  writeFileSync(path, flow("one"));
  const { running, client, end, said } = await dev(root, "--no-config");
  const conductor = await client();
  const greeting = async () => {
    const { data } = await conductor.execute({ flowId: "hello" });
    return (data as { result: { text: string } }).result.text;
  };
  expect(await greeting()).toBe("one");

  writeFileSync(path, flow("two"));
  await running.says("as version 2");
  expect(await greeting()).toBe("two");

  writeFileSync(path, flow("three", "edit-feilds"));
  await running.says("goes on with the last version of hello");
  expect(said()).toMatch(/flows\/hello\.yaml: 1 problem/);
  expect(said()).toContain("line 5, column 5 · /nodes/0/type · NODE_TYPE_NOT_FOUND");
  expect(await greeting()).toBe("two");

  writeFileSync(path, flow("four"));
  await running.says("as version 3");
  expect(await greeting()).toBe("four");

  writeFileSync(join(root, "other.flow.yaml"), flow("five"));
  await running.says("has the id hello already");
  expect(await greeting()).toBe("four");
  expect(await end()).toBe(0);
});

it("starts anew for node types that changed, and waits for code that cannot be loaded", async () => {
  const root = folder();
  writeFileSync(join(root, "hello.flow.yaml"), "id: hello\nnodes:\n  - { id: s, type: shout }\n");
  writeFileSync(join(root, "shout.mjs"), MODULE("one"));
  const { running, client, end } = await dev(root, "--no-config", "--nodes", "shout.mjs");
  const answer = async (times: number) => (await (await client(times)).execute({ flowId: "hello" })).data;
  expect(await answer(1)).toMatchObject({ result: "one" });
  writeFileSync(join(root, "shout.mjs"), "export const shout = (");
  await running.says("The server starts when code or settings change");
  writeFileSync(join(root, "shout.mjs"), MODULE("two"));
  expect(await answer(2)).toMatchObject({ result: "two" });
  expect(await end()).toBe(0);
});
