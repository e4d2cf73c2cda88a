/** What a server does with the classes of the platform that it answers with. */
import { expect, it } from "vitest";

import { serving } from "./serving.js";

it("leaves Request and Response of the application as they are", async () => {
  const { fetch: given, Request: request, Response: response } = globalThis;
  await serving();
  expect([globalThis.fetch, globalThis.Request, globalThis.Response]).toEqual([given, request, response]);
  expect(Function.prototype.toString.call(Response)).not.toContain("cache");
});

it("answers applications that hand a request on with a Response of the platform, which can be cloned and read twice", async () => {
  const { server } = await serving();
  const answer = await server.fetch(new Request("http://127.0.0.1/health"));
  expect(Object.getPrototypeOf(answer)).toBe(Response.prototype);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  const copy = answer.clone();
  expect(await copy.json()).toEqual(await answer.json());
});

it("answers requests of node:http with the same headers", async () => {
  const { ask } = await serving();
  const answer = await ask("viewer", "/flows/none");
  expect(answer.status).toBe(404);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
});
