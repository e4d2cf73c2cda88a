/** Templates that talk to services, run for real against servers of this machine. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { at, place, readJson, run, runWell } from "./template-run.js";
import { httpServer, json, type Received } from "./transports/servers.js";

describe("flaky-api", () => {
  let statuses: number[] = [];
  let asked = 0;
  let url = "";
  const files = () => ({ url, kept: at("kept.json"), output: at("answer.json") });
  beforeEach(async () => {
    [statuses, asked] = [[], 0];
    ({ url } = await httpServer((_, response) => {
      asked++;
      const status = statuses.shift() ?? 200;
      json(response, status === 200 ? { rate: asked } : "overloaded", status);
    }));
  });

  it("asks again until it is answered", async () => {
    statuses = [503, 500, 503];
    await runWell("flaky-api", files());
    expect(asked).toBe(4);
    expect(readJson("answer.json")).toEqual({ fresh: true, at: expect.stringMatching(/^\d{4}-/), data: { rate: 4 } });
    expect(readJson("kept.json")).toEqual(readJson("answer.json"));
  });

  it("takes the last good answer where the service is down, and says so", async () => {
    await runWell("flaky-api", files());
    const { at: time } = readJson("answer.json") as { at: string };
    statuses = Array(4).fill(503);
    await runWell("flaky-api", files());
    expect(asked).toBe(5);
    expect(readJson("answer.json")).toEqual({
      fresh: false,
      at: time,
      data: { rate: 1 },
      problem: expect.stringContaining("503"),
    });
    expect(readJson("kept.json")).toMatchObject({ fresh: true });
  });

  it("does not ask again after a refusal that stays one, and gives up where nothing is kept", async () => {
    statuses = [404];
    const { error } = await run("flaky-api", files());
    expect(asked).toBe(1);
    expect(error).toMatchObject({
      nodeId: "give-up",
      message: expect.stringMatching(/No answer: .*404.*does not exist/),
    });
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it("says what is wrong with an answer that was kept", async () => {
    writeFileSync(at("kept.json"), "{");
    statuses = [404];
    const { error } = await run("flaky-api", files());
    expect(error?.message).toMatch(/nor one of before: .*JSON/);
  });
});

describe("fan-out", () => {
  it("asks about a thousand items, again where that may help, and sums up", async () => {
    const asked = new Map<string, number>();
    // Nothing is answered before 20 requests wait at once.
    const waiting: (() => void)[] = [];
    const { url } = await httpServer(async ({ path }, response) => {
      if (waiting.length < 20) {
        const all = new Promise<void>((resolve) => waiting.push(resolve));
        if (waiting.length === 20) for (const go of waiting) go();
        await all;
      }
      const id = decodeURIComponent(path.slice("/items/".length));
      asked.set(id, (asked.get(id) ?? 0) + 1);
      const number = Number(id.slice(1));
      if (number % 100 === 7) return json(response, "unknown", 404);
      if (number % 50 === 3 && asked.get(id) === 1) return json(response, "busy", 503);
      json(response, { double: number * 2 });
    });
    // Ids that would be another address if they were put into one as they are.
    writeFileSync(at("in.csv"), `id\n${Array.from({ length: 1000 }, (_, index) => `/${index}`).join("\n")}\n`);
    const result = await run("fan-out", { items: at("in.csv"), url: `${url}/items`, output: at("out") });
    expect(result.error).toBeUndefined();
    expect(result.warnings).toHaveLength(10);
    expect(asked.size).toBe(1000);
    expect([asked.get("/3"), asked.get("/4"), asked.get("/7")]).toEqual([2, 1, 1]);
    expect(waiting).toHaveLength(20);
    expect(readJson("out", "summary.json")).toEqual({
      items: 1000,
      succeeded: 990,
      failed: 10,
      codes: { EXECUTION_FAILED: 10 },
    });
    const answers = readJson("out", "answers.json") as { id: string; answer: { double: number } }[];
    expect(answers).toHaveLength(990);
    for (const { id, answer } of answers) expect(answer.double).toBe(Number(id.slice(1)) * 2);
    const failed = readJson("out", "failed.json") as { id: string; message: string }[];
    expect(failed.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, index) => `/${index * 100 + 7}`));
    for (const { message } of failed) expect(message).toContain("404");
  });

  it("sums up nothing of a list without items", async () => {
    writeFileSync(at("in.csv"), "id\n");
    await run("fan-out", { items: at("in.csv"), url: "http://127.0.0.1:1/items", output: at("out") });
    expect(readJson("out", "summary.json")).toEqual({ items: 0, succeeded: 0, failed: 0, codes: {} });
  });
});

describe("scrape-and-diff", () => {
  let page = "";
  let hookStatus = 200;
  let told: unknown[] = [];
  let url = "";
  const watch = () => ({ url: `${url}/list`, webhook: `${url}/webhook`, kept: at("kept.json") });
  const listOf = (prices: Record<string, string>) =>
    Object.entries(prices)
      .map(([name, price]) => `<li class="product"><b class=name>${name}</b> <i class=price>${price}</i></li>`)
      .join("");
  beforeEach(async () => {
    [told, hookStatus] = [[], 200];
    ({ url } = await httpServer(({ path, body }, response) => {
      if (path === "/webhook") {
        if (hookStatus === 200) told.push(JSON.parse(body));
        return json(response, "ok", hookStatus);
      }
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
    }));
  });

  it("tells what changed since the last run, and nothing else", async () => {
    page = listOf({ "Salt &amp; Pepper": "1 €", "{{x}}": "2 €" });
    await runWell("scrape-and-diff", watch());
    expect(readJson("kept.json")).toEqual([
      { name: "Salt & Pepper", value: "1 €" },
      { name: "{{x}}", value: "2 €" },
    ]);
    await runWell("scrape-and-diff", watch());
    expect(told).toEqual([]);
    page = listOf({ "Salt &amp; Pepper": "3 €", "${{ secrets.X }}": "5 €" });
    await runWell("scrape-and-diff", watch());
    const text = "new: ${{ secrets.X }}, 5 €\nSalt & Pepper: 1 € → 3 €\ngone: {{x}}\n";
    expect(told).toEqual([{ text, title: `Changes on ${url}/list` }]);
    await runWell("scrape-and-diff", watch());
    expect(told).toHaveLength(1);
  });

  it("keeps the last list until its changes were told", async () => {
    page = listOf({ Salt: "1" });
    await runWell("scrape-and-diff", watch());
    page = listOf({ Salt: "2" });
    hookStatus = 403;
    expect((await run("scrape-and-diff", watch())).error?.nodeId).toBe("tell");
    expect(readJson("kept.json")).toEqual([{ name: "Salt", value: "1" }]);
    hookStatus = 200;
    await runWell("scrape-and-diff", watch());
    expect(told).toMatchObject([{ text: "Salt: 1 → 2\n" }]);
  });

  it("does not take a page that was built anew for an empty list", async () => {
    page = listOf({ Salt: "1" });
    await runWell("scrape-and-diff", watch());
    page = "<main>All is new</main>";
    const { error } = await run("scrape-and-diff", watch());
    expect(error?.message).toContain(`Nothing on ${url}/list fits .product`);
    expect(readJson("kept.json")).toEqual([{ name: "Salt", value: "1" }]);
    expect(told).toEqual([]);
  });
});

describe("llm-extraction", () => {
  const invoice = { number: "7", seller: "Ada", date: "2026-01-02", total: 12.5, currency: "EUR" };
  let answers: unknown[] = [];
  let requests: Received[] = [];
  let url = "";
  beforeEach(async () => {
    writeFileSync(at("mail.txt"), "Invoice 7 of Ada ${{ 1 + 1 }}: 12.50 EUR");
    ({ url, requests } = await httpServer((_, response) => {
      const content = JSON.stringify(answers.length > 1 ? answers.shift() : answers[0]);
      json(response, { model: "m", choices: [{ message: { role: "assistant", content }, finish_reason: "stop" }] });
    }));
  });

  /** Runs it, and answers the question once it is asked. */
  async function reviewed(answer: object) {
    const { executions } = place.conductor;
    const asked: unknown[] = [];
    executions.onQuestion(({ id, message, data }) => {
      asked.push({ message, data });
      void executions.answer(id, answer);
    });
    const files = { text: at("mail.txt"), output: at("out.json") };
    const { error } = await run("llm-extraction", { ...files, baseUrl: `${url}/v1`, model: "m" });
    return { error, asked };
  }

  it("writes what a person approved", async () => {
    answers = [invoice];
    const { error, asked } = await reviewed({ approved: true });
    expect(error).toBeUndefined();
    expect(asked).toEqual([{ message: `Is this what ${at("mail.txt")} says?`, data: invoice }]);
    expect(readJson("out.json")).toEqual(invoice);
    const { messages } = JSON.parse(requests[0]?.body ?? "") as { messages: { content: string }[] };
    expect(messages.at(-1)?.content).toBe("Invoice 7 of Ada ${{ 1 + 1 }}: 12.50 EUR");
  });

  it("asks the model again before it asks a person", async () => {
    answers = [{ ...invoice, total: "much" }, invoice];
    const { error, asked } = await reviewed({ approved: true });
    expect([error, asked.length, requests.length]).toEqual([undefined, 1, 2]);
    expect(readJson("out.json")).toEqual(invoice);
  });

  it.each([
    [{ approved: false, note: "Another date" }, "Not approved: Another date"],
    [{ approved: false }, "Not approved: no reason given"],
  ])("writes nothing that a person refused: %j", async (answer, message) => {
    answers = [invoice];
    expect((await reviewed(answer)).error?.message).toContain(message);
    expect(existsSync(at("out.json"))).toBe(false);
  });

  it("puts no question about answers that never fit", async () => {
    answers = [{ sum: 1 }];
    const { error, asked } = await reviewed({ approved: true });
    expect(error?.nodeId).toBe("extract");
    expect([asked, requests.length]).toEqual([[], 3]);
  });
});
