import { describe, expect, it } from "vitest";
import { checkedParameters, getNodeExecutable } from "../src/executables.js";
import { routesOf } from "../src/index.js";

const execute = (type: string, params: object) =>
  getNodeExecutable(type)?.execute(params as never) as Promise<Record<string, unknown>>;

const refusal = (type: string, parameters: Record<string, unknown>) =>
  checkedParameters(type, parameters).then(
    () => undefined,
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );

describe("webhook", () => {
  const data = { method: "PUT", path: "a", headers: {}, query: {}, body: 1, receivedAt: "", address: "" };
  const fired = (node: string) => ({ trigger: { node, type: "webhook", key: "k" }, data });

  it("hands on the request for which it fired, and nothing where another trigger did", async () => {
    const node = { id: "mine", type: "webhook" };
    const context = { nodeId: "mine" };
    expect(await execute("webhook", { node, context, nodeId: "mine", input: fired("mine") })).toEqual(data);
    const other = await execute("webhook", { node, context, nodeId: "mine", input: fired("other") });
    expect([other, routesOf(other)]).toEqual([{}, []]);
  });

  it("makes a request of the input of a run by hand", async () => {
    expect(await execute("webhook", { input: { a: 1 } })).toMatchObject({
      method: "POST",
      body: { a: 1 },
      headers: {},
    });
    expect(await execute("webhook", { input: { body: "b", method: "PUT" } })).toMatchObject({
      method: "PUT",
      body: "b",
    });
  });

  const signature = (more: object) => ({ authenticate: "signature", signature: { secret: "s", ...more } });
  it.each([
    [{ path: "a b" }, "letters, digits"],
    [{ path: "a//b" }, "letters, digits"],
    [{ path: "/a" }, "letters, digits"],
    [{ path: "a/../b" }, "no part"],
    [{ path: "." }, "no part"],
    [{ path: "test/a" }, "may not begin with `test`"],
    [{ path: "a".repeat(201) }, "200 characters"],
    [{ authenticate: "signature" }, "needs `signature`"],
    [{ signature: { scheme: "github", secret: "s" } }, "counts only with"],
    [signature({ scheme: "hmac" }), "needs the `header`"],
    [signature({ scheme: "hmac", header: "a b" }), "no name of a header"],
    [signature({ scheme: "hmac", header: "x", timestampHeader: "a:b" }), "no name of a header"],
    [signature({ scheme: "github", timestampHeader: "x" }), "only with the scheme `hmac`"],
    [signature({ scheme: "github", secret: [] }), "empty list"],
  ])("refuses %o", async (parameters, message) => {
    expect(await refusal("webhook", parameters)).toMatch(new RegExp(`^INVALID_PARAMETERS .*${message}`));
  });

  it("takes what is right", async () => {
    for (const path of ["a", "a/b.c~d_e-f", "testing", "...", "..a/b"])
      expect(await refusal("webhook", { path })).toBe(undefined);
  });
});

describe("respond", () => {
  it("says that nothing waits for it in a run by hand", async () => {
    expect(await execute("respond", { input: { data: 1 } })).toEqual({
      status: 200,
      headers: {},
      body: 1,
      sent: false,
    });
  });

  it.each([
    [{ headers: { "x-a": "b\r\nset-cookie: c" } }, "not valid"],
    [{ headers: { "a b": "c" } }, "not valid"],
    [{ headers: { "Transfer-Encoding": "chunked" } }, "transfer-encoding"],
    [{ headers: { "Proxy-Connection": "close" } }, "proxy-connection"],
    [{ headers: { "content-length": "1" } }, "content-length"],
    [{ status: 204, body: "x" }, "has no body"],
  ])("refuses %o", async (parameters, message) => {
    await expect(execute("respond", parameters)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining(message),
    });
  });
});
