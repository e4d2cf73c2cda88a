import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";

import { retryOf } from "../src/contract/error.js";
import { type Asked, openaiServer } from "./openai-server.js";
import { run as onMachine, places } from "./run.js";

const server = openaiServer();

/** Vectors of the lengths of texts, given backwards. */
const lengths = (response: ServerResponse, { body }: Asked) => {
  const data = (body.input as string[]).map((text, index) => ({ index, embedding: [text.length, index] })).reverse();
  const answer = {
    model: "small-2",
    data,
    usage: { prompt_tokens: body.input.length, total_tokens: body.input.length },
  };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
};

describe.each(places)("embed in $name", ({ run, failure }) => {
  const base = () => ({ baseUrl: server.baseUrl, model: "small", apiKey: "hidden" });
  const refused = (more: object = {}, input: unknown = {}) => failure("embed", input, { ...base(), ...more });

  it("gives vectors in the order of the texts, over several requests", async () => {
    server.answers = [lengths];
    const told: unknown[][] = [];
    const progress = (...report: unknown[]) => told.push(report);
    const texts = ["a", "bb", "ccc", "dddd", "eeeee"];
    const output = await run(
      "embed",
      { default: { result: texts } },
      { ...base(), batchSize: 2, progress, prices: { input: 1 } },
    );
    expect(output).toEqual({
      result: [
        [1, 0],
        [2, 1],
        [3, 0],
        [4, 1],
        [5, 0],
      ],
      count: 5,
      dimensions: 2,
      usage: { promptTokens: 5, completionTokens: 0, totalTokens: 5 },
      cost: 0.000005,
      model: "small-2",
    });
    expect(server.asked.map(({ body }) => body.input)).toEqual([["a", "bb"], ["ccc", "dddd"], ["eeeee"]]);
    expect(server.asked[0]).toMatchObject({ path: "/v1/embeddings", headers: { authorization: "Bearer hidden" } });
    expect(told.at(-1)).toEqual([100, "5 of 5 texts"]);
  });

  it("takes a text, objects with a field, the rows of a table, and nothing", async () => {
    server.answers = [lengths];
    expect((await run("embed", {}, { ...base(), texts: "abc", dimensions: 2 })).result).toEqual([[3, 0]]);
    expect(server.asked[0]?.body).toEqual({ model: "small", input: ["abc"], encoding_format: "float", dimensions: 2 });
    const items = [{ a: { b: "x" } }, { a: { b: "yy" } }];
    expect((await run("embed", { texts: items }, { ...base(), field: "a.b" })).count).toBe(2);
    const table = await onMachine("spreadsheet", {}, { data: "t\nabcd\n" });
    expect((await run("embed", { default: table }, { ...base(), field: "t" })).result).toEqual([[4, 0]]);
    const before = server.asked.length;
    expect(await run("embed", { texts: [] }, base())).toMatchObject({ result: [], count: 0, dimensions: 0 });
    expect(server.asked).toHaveLength(before);
  });

  it("says what is no text before it asks", async () => {
    const words = async (more: object, input: unknown = {}) => {
      const { code, message } = await refused(more, input);
      return `${code} ${message}`;
    };
    expect(await words({})).toContain("INVALID_PARAMETERS [embed] There is no text");
    expect(await words({}, { texts: ["a", 7] })).toContain("`texts[1]` must be text, found 7");
    expect(await words({}, { texts: ["a", ""] })).toContain(
      "`texts[1]` must be text, found empty text, which has no vector",
    );
    expect(await words({}, { texts: [{ title: "x" }] })).toContain("`texts[0]` must be text, found an object");
    expect(await words({ field: "titel" }, { texts: [{ title: "x" }] })).toContain(
      "`texts[0]` has no field `titel`. Did you mean `title`?",
    );
    expect(await words({ field: "constructor" }, { texts: [{ title: "x" }] })).toContain("has no field `constructor`");
    expect(server.asked).toHaveLength(0);
  });

  it("takes no answer that has not one vector for each text", async () => {
    const vector = (index: unknown, embedding: unknown = [1]) => ({ index, embedding });
    for (const data of [
      undefined,
      [],
      [vector(0)],
      [vector(0), vector(0)],
      [vector(0), vector(2)],
      [vector(0), vector(-1)],
      [vector(0), vector("constructor")],
      [vector(0), vector(1, "text")],
      [vector(0), vector(1, [null])],
      [vector(0), vector(1, [1, 2])],
    ]) {
      server.answers = [{ data }];
      expect(await refused({}, { texts: ["a", "b"] })).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    }
    server.answers = [{ data: [{ embedding: [1] }, { embedding: [2] }] }];
    expect((await run("embed", { texts: ["a", "b"] }, base())).result).toEqual([[1], [2]]);
  });

  it("tells what the service says, and stops when it is cancelled", async () => {
    server.answers = [(response) => void response.writeHead(429, { "retry-after": "1" }).end("slow down")];
    const busy = await refused({}, { texts: "a" });
    expect(busy.message).toContain("429 Too Many Requests");
    expect(retryOf(busy)).toBe(1000);
    const abort = new AbortController();
    server.answers = [lengths];
    const progress = () => abort.abort();
    const cancelled = await refused({ batchSize: 1, signal: abort.signal, progress }, { texts: ["a", "b", "c"] });
    expect(cancelled.code).toBe("CANCELLED");
  });
});
