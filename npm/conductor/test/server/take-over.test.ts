/** Two servers on one store: what one leaves goes on in the other. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { type Running, start } from "../cli/cli.js";
import { projectWith, sharedStores, WAIT } from "./on-stores.js";

const COUNT = 5;

/** Node types that tell a file what they do, and one that stays until a file is there. */
const NODES = `import { appendFileSync, existsSync } from "node:fs";
import { defineNode } from "@atomiton/nodes";
export const pay = defineNode({
  type: "pay",
  execute: ({ idempotencyKey }) => {
    appendFileSync("deeds.log", idempotencyKey + " " + process.pid + "\\n");
    return process.pid;
  },
});
export const hold = defineNode({
  type: "hold",
  effects: "reads",
  execute: async ({ signal }) => {
    while (!existsSync("door")) {
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.pid;
  },
});
`;

const FLOW = {
  id: "shop",
  type: "group",
  nodes: [
    { id: "before", type: "pay" },
    { id: "middle", type: "hold" },
    { id: "after", type: "pay" },
  ],
  edges: [
    { id: "e", source: "before", target: "middle" },
    { id: "f", source: "middle", target: "after" },
  ],
};

/** A server of the project. */
async function served(folder: string, store: string) {
  const args = ["serve", "--open", "--port", "0", "--store", store, "--nodes", join(folder, "nodes.mjs")];
  const running: Running = start(args, { cwd: folder });
  onTestFinished(() => void running.child.kill("SIGKILL"));
  await running.says("Everybody on this machine");
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(running.apiUrl + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return answer.json();
  };
  return { running, ask };
}

describe.each(sharedStores())("two servers on one $name", ({ name, address, missing }) => {
  it.skipIf(missing !== undefined).each(["SIGKILL", "SIGTERM"] as const)(
    "go on in the other one with what %s cuts off in one",
    async (signal) => {
      const folder = projectWith(NODES);
      const store = address(folder);
      const one = await served(folder, store);
      const two = await served(folder, store);
      await one.ask("POST", "/flows", FLOW);
      const ids = Array.from({ length: COUNT }, (_, index) => `${name}-${signal}-${index}`);
      for (const executionId of ids) {
        const begun = await one.ask("POST", "/flows/shop/run?wait=0", { context: { executionId } });
        expect(begun).toMatchObject({ executionId });
      }
      // What they did first is on record, so that the middle is under way.
      for (const id of ids) {
        await vi.waitFor(async () => {
          expect(await one.ask("GET", `/executions/${id}/values/before`)).toBe(one.running.child.pid);
        }, WAIT);
      }
      one.running.child.kill(signal);
      expect((await one.running.ended).code).toBe(signal === "SIGTERM" ? 0 : null);
      writeFileSync(join(folder, "door"), "");
      for (const id of ids) {
        await vi.waitFor(async () => {
          expect(await two.ask("GET", `/executions/${id}`)).toMatchObject({ status: "completed", epoch: 2 });
        }, WAIT);
        expect(await two.ask("GET", `/executions/${id}/values/before`)).toBe(one.running.child.pid);
        expect(await two.ask("GET", `/executions/${id}/values/middle`)).toBe(two.running.child.pid);
      }
      const deeds = readFileSync(join(folder, "deeds.log"), "utf8").trim().split("\n").sort();
      const expected = ids.flatMap((id) => [
        `${id}/after ${two.running.child.pid}`,
        `${id}/before ${one.running.child.pid}`,
      ]);
      expect(deeds).toEqual(expected.sort());
      await two.running.says("that another process left");
      two.running.child.kill("SIGTERM");
      expect((await two.running.ended).code).toBe(0);
      expect(existsSync(join(folder, "door"))).toBe(true);
    },
    600_000,
  );
});
