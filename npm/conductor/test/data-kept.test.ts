/** Data with a `result` or `records` of its own comes whole through nodes of the library, and expressions see the same. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/desktop";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { edge, group, leaf } from "./contract/flows";
import { seededRandom } from "./seeded-random";

/** Answers every request with this, as JSON. */
let body: unknown;
const server = createServer((_request, response) => {
  response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
});
const folder = mkdtempSync(join(tmpdir(), "data-kept-"));
let request: ReturnType<typeof leaf>;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  request = leaf("given", { type: "http-request", parameters: { url } });
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The chain from `given` through nodes that hand on what comes in. */
function chain(nodes: ReturnType<typeof leaf>[]) {
  const edges = nodes.slice(1).map(({ id }, at) => {
    const { id: source, type } = nodes[at] as (typeof nodes)[number];
    return edge(source, id, { targetHandle: "data", ...(type === "condition" && { sourceHandle: "true" }) });
  });
  return createConductor().flow.run(group("flow", nodes, edges));
}

const STEPS = [
  { type: "delay", parameters: { duration: 0 } },
  { type: "merge", parameters: { mode: "first" } },
  { type: "code", parameters: { code: "return data" } },
  { type: "code", parameters: { code: "return inputs.data" } },
  { type: "edit-fields", parameters: {} },
  { type: "edit-fields", parameters: { keepOnlySet: true, values: "${{ data }}" } },
  { type: "condition", parameters: { expression: "true" } },
];

/** Names beside `result` and `records` in what services answer. */
const NAMES = ["meta", "page", "next", "code", "items", "data", "message", "status", "id", "count", "ok"];

function randomData(random: () => number, depth = 3): Record<string, unknown> {
  const value = (): unknown => {
    const kind = Math.floor(random() * 4);
    if (kind === 0) return Math.floor(random() * 100);
    if (kind === 1) return ["text", null, true][Math.floor(random() * 3)];
    return kind === 2 || depth === 0 ? [1, { a: 2 }] : randomData(random, depth - 1);
  };
  const beside = NAMES.filter(() => random() < 0.3).map((name) => [name, value()]);
  const own = random() < 0.5 ? { result: value() } : { records: [value()] };
  // No type of the library has `unit` beside its data.
  return { ...own, ...Object.fromEntries(beside), unit: "kg" };
}

describe("data with a field `result` or `records`", () => {
  it("keeps what is beside it through random chains of nodes", async () => {
    const random = seededRandom(8);
    for (let round = 0; round < 100; round++) {
      body = randomData(random);
      const steps = Array.from({ length: Math.floor(random() * 6) }, (_, at) =>
        leaf(`n${at}`, STEPS[Math.floor(random() * STEPS.length)]),
      );
      const last = leaf("last", { type: "edit-fields", parameters: { values: { seen: "${{ data }}" } } });
      const { error, data } = await chain([request, ...steps, last]);
      expect(error).toBeUndefined();
      expect(data, JSON.stringify(steps)).toEqual({ result: { ...(body as object), seen: body } });
    }
  });

  it("is written to a file whole", async () => {
    body = { result: [{ a: 1 }], meta: { page: 1 } };
    const path = join(folder, "answer.json");
    const { error } = await chain([
      request,
      leaf("write", { type: "file-system", parameters: { operation: "write", path } }),
    ]);
    expect(error).toBeUndefined();
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(body);
  });
});
