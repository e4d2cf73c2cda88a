/** Questions that runs put to people, and their answers. */
import { type Conductor, createConductor, type OpenQuestion, readFlow } from "@atomiton/conductor/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applications } from "./desktop/process/application.js";
import { httpServer, json } from "./transports/servers.js";

let conductor: Conductor;
beforeEach(() => {
  conductor = createConductor({ logLevel: "error", concurrency: 4 });
});
afterEach(() => conductor.shutdown());

const FORM = "form: { type: object, required: [ok], properties: { ok: { type: boolean } } }";
const ASK = `{ id: ask, type: wait-for-input, parameters: { message: "Go on?", ${FORM} } }`;
const flowOf = (text: string) => readFlow(text) as never;
const run = (text: string, context = {}, by = conductor) => by.flow.run(flowOf(text), context);

/** The next questions, so many of them. */
function questions(count: number, of = conductor): Promise<OpenQuestion[]> {
  const heard: OpenQuestion[] = [];
  return new Promise((resolve) => {
    const end = of.executions.onQuestion((question) => {
      heard.push(question);
      if (heard.length < count) return;
      end();
      resolve(heard);
    });
  });
}

describe("a question", () => {
  it("waits for its answer, and is told in progress and in the list", async () => {
    const asked = questions(1);
    const running = run(`id: f\nnodes: [${ASK}]`, { executionId: "mine", input: { data: 7 } });
    const [question] = await asked;
    expect(question).toEqual({
      id: expect.stringMatching(/^mine\/.*ask$/),
      executionId: "mine",
      nodeId: "ask",
      message: "Go on?",
      form: expect.objectContaining({ required: ["ok"] }),
      data: 7,
      askedAt: expect.any(Number),
    });
    expect(await conductor.executions.waiting()).toEqual([question]);
    expect(await conductor.executions.waiting("mine")).toEqual([question]);
    expect(await conductor.executions.waiting("other")).toEqual([]);
    expect(conductor.node.store.getState().nodes.get("ask")).toMatchObject({
      state: "executing",
      message: "Waits for an answer: Go on?",
    });
    await expect(conductor.executions.answer("mine", { ok: "yes" })).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(/The answer to "Go on\?" does not fit: `ok` must be/),
    });
    expect(await conductor.executions.waiting("mine")).toHaveLength(1);
    await conductor.executions.answer("mine", { ok: true });
    expect(await running).toMatchObject({ success: true, data: { result: { ok: true }, answered: true } });
    expect(await conductor.executions.waiting()).toEqual([]);
    await expect(conductor.executions.answer("mine", { ok: true })).rejects.toMatchObject({
      code: "NODE_NOT_FOUND",
      message: expect.stringContaining("No question `mine` is open"),
    });
  });

  it("is one of several, answered by its id: in rounds of a loop and from a flow inside", async () => {
    await conductor.storage.saveFlow(flowOf(`id: inner\nnodes: [${ASK}]`));
    const asked = questions(3);
    const running = run(
      `id: f
nodes:
  - id: each
    type: loop
    parameters: { concurrency: 2 }
    nodes: [{ id: item, type: wait-for-input, parameters: { message: "\${{ item }}?" } }]
  - { id: sub, type: sub-flow, parameters: { flow: inner } }`,
      { executionId: "many", input: { data: ["a", "b"] } },
    );
    const all = await asked;
    expect(all.map(({ message }) => message).sort()).toEqual(["Go on?", "a?", "b?"]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
    await expect(conductor.executions.answer("many", 1)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(/asks 3 questions; answer one of them by its id: `many\//),
    });
    for (const { id, message, form } of all) await conductor.executions.answer(id, form ? { ok: true } : message);
    const { error, outputs } = await running;
    expect(error).toBeUndefined();
    expect(outputs?.["each"]).toMatchObject({ results: [{ result: "a?" }, { result: "b?" }] });
  });

  it("ends with its run, its deadline and its attempt", async () => {
    const asked = questions(1);
    const cancelled = run(`id: f\nnodes: [${ASK}]`, { executionId: "gone" });
    await asked;
    await conductor.node.cancel("gone");
    expect((await cancelled).error?.code).toBe("CANCELLED");
    expect(await conductor.executions.waiting()).toEqual([]);
    const late = await run(`id: f\nnodes: [${ASK.replace("id: ask,", "id: ask, policy: { timeout: 20ms },")}]`);
    expect(late.error?.code).toBe("TIMEOUT");
    expect(await conductor.executions.waiting()).toEqual([]);
  });

  it("does not take the place of another run's, where both have the same id", async () => {
    const asked = questions(2);
    const both = [1, 2].map(() => run(`id: f\nnodes: [${ASK}]`, { executionId: "twin" }));
    const [first, second] = (await asked) as [OpenQuestion, OpenQuestion];
    expect(first.id).not.toBe(second.id);
    await conductor.executions.answer(second.id, { ok: false });
    await conductor.executions.answer("twin", { ok: true });
    const answers = (await Promise.all(both)).map(({ data }) => (data as { result: { ok: boolean } }).result.ok);
    expect(answers.sort()).toEqual([false, true]);
  });
});

describe("a question over a server", () => {
  it("is listed and answered, and says why an answer is refused", async () => {
    const server = await httpServer(async ({ path, body }, response) => {
      const { executionId, id, answer } = JSON.parse(body);
      if (path === "/api/node/waiting") return json(response, await conductor.executions.waiting(executionId));
      const refused = ({ message: error, code }: Error & { code?: string }) => ({ success: false, error, code });
      return json(response, await conductor.executions.answer(id, answer).then(() => ({ success: true }), refused));
    });
    const asked = questions(1);
    const running = run(`id: f\nnodes: [${ASK}]`, { executionId: "far" });
    await asked;
    const client = createConductor({ transport: "http", apiUrl: server.url, logLevel: "error" });
    expect(await client.executions.waiting("far")).toMatchObject([{ nodeId: "ask", message: "Go on?" }]);
    await expect(client.executions.answer("far", {})).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    await client.executions.answer("far", { ok: true });
    await expect(client.executions.answer("far", { ok: true })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    expect((await running).success).toBe(true);
    await client.shutdown();
  });
});

describe("a question of a desktop application", () => {
  const start = applications(() => ({}));

  it("is told to its pages, which answer it", async () => {
    const page = await start({ conductor }).open();
    await page.ask("listen", "node", "question");
    const running = page.call("node", "execute", {
      node: flowOf(`id: f\nname: f\ntype: group\nnodes: [${ASK}]`),
      context: { executionId: "desk" },
    });
    const question = await page.hears("node.question");
    expect(question).toMatchObject({ executionId: "desk", nodeId: "ask" });
    expect((await page.call("node", "waiting", { executionId: "desk" })).result).toEqual([question]);
    expect((await page.call("node", "answer", { id: "desk", answer: 1 })).result).toMatchObject({
      success: false,
      code: "INVALID_PARAMETERS",
    });
    expect((await page.call("node", "answer", { id: "desk", answer: { ok: true } })).result).toEqual({ success: true });
    expect((await running).result).toMatchObject({ success: true, data: { result: { ok: true } } });
    expect((await page.call("node", "answer", null)).result).toMatchObject({ success: false });
  });
});
