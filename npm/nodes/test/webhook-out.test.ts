import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";

import { retryOf } from "../src/contract/error.js";
import { type Received, recordingServer } from "./http-server.js";
import { places } from "./run.js";

const SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const KEY = Buffer.from(SECRET.slice(6), "base64");

const server = recordingServer({ headers: { "content-type": "application/json" }, body: "{}" });

function signature(key: Buffer, { headers, body }: Received): string {
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  return `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
}

describe.each(places)("webhook-out in $name", ({ run, failure }) => {
  const to = (path: string, more: object = {}) => ({ url: `${server.base}${path}`, secret: SECRET, ...more });

  it("signs what it sends as the specification says", async () => {
    server.answer.body = '{"seen":true}';
    const now = Math.floor(Date.now() / 1000);
    const output = await run("webhook-out", { data: { result: { ü: [1] } } }, to("/hook?a=1"));
    const [message] = server.received as [Received];
    expect(message).toMatchObject({ method: "POST", url: "/hook?a=1", body: '{"ü":[1]}' });
    expect(message.headers["content-type"]).toBe("application/json");
    expect(message.headers["webhook-signature"]).toBe(signature(KEY, message));
    expect(output).toEqual({
      result: { seen: true },
      status: 200,
      id: message.headers["webhook-id"],
      timestamp: Number(message.headers["webhook-timestamp"]),
      duration: expect.any(Number) as number,
    });
    expect(output.timestamp).toBeGreaterThanOrEqual(now);
    expect(output.id).toMatch(/^msg_[\w-]{24}$/);
  });

  it("gives a step the same id at every attempt, and others another", async () => {
    const idOf = async (more: object) => (await run("webhook-out", { data: 1 }, to("/", more))).id as string;
    const first = await idOf({});
    expect(await idOf({})).toBe(first);
    expect(await idOf({ nodeId: "m" })).not.toBe(first);
    expect(await idOf({ executionId: "f" })).not.toBe(first);
    const unnamed = { executionId: undefined };
    expect(await idOf(unnamed)).not.toBe(await idOf(unnamed));
  });

  it("signs with each of several secrets, also such as are plain text", async () => {
    const plain = "a secret of more than 24 bytes";
    await run("webhook-out", { default: [] }, to("/", { secret: [SECRET, plain] }));
    const [message] = server.received as [Received];
    expect(message.headers["webhook-signature"]).toBe(
      `${signature(KEY, message)} ${signature(Buffer.from(plain), message)}`,
    );
  });

  it("sends headers and credentials of its own, but none of those it makes", async () => {
    const url = `${server.base.replace("//", "//u:p@")}/`;
    await run("webhook-out", {}, { url, secret: SECRET, data: 0, headers: '{"X-A":"1"}' });
    expect(server.received[0]?.headers).toMatchObject({ "x-a": "1", authorization: "Basic dTpw" });
    expect(await failure("webhook-out", { data: 1 }, to("/", { headers: { "Webhook-Id": "x" } }))).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: "[webhook-out] `headers` may not have webhook-id, which the node makes itself",
    });
  });

  it("fails for error statuses, and says when another try makes sense", async () => {
    server.answer = { status: 503, headers: { "retry-after": "7" }, body: '{"busy":1}' };
    const busy = await failure("webhook-out", { data: 1 }, to("/secret/path"));
    expect(busy).toMatchObject({
      code: "EXECUTION_FAILED",
      message: `[webhook-out] 503 Service Unavailable from ${new URL(server.base).host} (POST ${server.base}/***): {"busy":1}`,
    });
    expect(retryOf(busy)).toBe(7000);
    server.answer = { status: 410 };
    expect(retryOf(await failure("webhook-out", { data: 1 }, to("/")))).toBe(false);
  });

  it("follows no redirect, which would drop what it sends", async () => {
    server.answer = { status: 302, headers: { location: "https://other.example/x" } };
    const error = await failure("webhook-out", { data: 1 }, to("/"));
    expect(error).toMatchObject({
      code: "EXECUTION_FAILED",
      message: `[webhook-out] ${new URL(server.base).host} answers with a redirect (302) to https://other.example, which a POST does not follow`,
    });
    expect(retryOf(error)).toBe(false);
    expect(server.received).toHaveLength(1);
  });

  it("says what is wrong, and repeats neither secret nor address", async () => {
    const words = async (parameters: Record<string, unknown>, input: unknown = { data: 1 }) => {
      const { code, message } = await failure("webhook-out", input, parameters);
      expect(message).not.toMatch(/hidden/);
      return `${code} ${message}`;
    };
    expect(await words({})).toMatch(/INVALID_PARAMETERS.*Must be a valid URL.*`secret` is missing/);
    expect(await words(to("/", { secret: "" }))).toContain("INVALID_PARAMETERS");
    expect(await words(to("/", { secret: [] }))).toContain("empty list");
    expect(await words(to("/", { secret: "whsec_hidden!" }))).toContain("after which base64 must follow");
    expect(await words(to("/", { url: "hidden" }))).toContain("`url` must be an address");
    expect(await words(to("/", { url: "file:///hidden" }))).toContain("`url` must be an address");
    expect(await words(to("/", { url: "http://127.0.0.1:1/hidden" }))).toContain("fetch failed");
    expect(await words(to("/"), {})).toContain("INVALID_PARAMETERS [webhook-out] There is no data to send");
    expect(await words(to("/"), { data: { big: 1n } })).toContain("cannot be written as JSON");
    expect(server.received).toHaveLength(0);
    const warnings: string[] = [];
    const warn = (rule: string) => warnings.push(rule);
    await run("webhook-out", { data: 1 }, to("/", { secret: "short", warn }));
    expect(warnings).toEqual(["short-secret"]);
  });

  it("stops when it is cancelled", async () => {
    expect((await failure("webhook-out", { data: 1 }, to("/", { signal: AbortSignal.abort() }))).code).toBe(
      "CANCELLED",
    );
  });
});
