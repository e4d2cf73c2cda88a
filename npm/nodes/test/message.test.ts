import { describe, expect, it } from "vitest";

import { retryOf } from "../src/contract/error.js";
import { cut } from "../src/types/message/cut.js";
import { recordingServer } from "./http-server.js";
import { places } from "./run.js";

const server = recordingServer({ headers: { "content-type": "text/plain" }, body: "ok" });

describe.each(places)("message in $name", ({ run, failure }) => {
  const post = async (service: string, more: object, input: unknown = {}) => {
    const warnings: string[] = [];
    const warn = (rule: string, message: string) => warnings.push(`${rule}: ${message}`);
    const output = await run("message", input, { service, url: `${server.base}/hidden`, text: "Hello", warn, ...more });
    // biome-ignore lint/suspicious/noExplicitAny: bodies are looked at field by field
    const body: any = JSON.parse(server.received[0]?.body ?? "null");
    return { output, body, warnings };
  };

  it("has the form that Slack understands, without mentions", async () => {
    const { output, body } = await post("slack", {
      text: "<!channel> a & b",
      title: "T",
      username: "bot",
      fields: { n: 1, "<x>": null },
    });
    expect(body).toEqual({
      text: "*T*\n&lt;!channel&gt; a &amp; b",
      username: "bot",
      attachments: [
        {
          fields: [
            { title: "n", value: "1", short: true },
            { title: "&lt;x&gt;", value: "", short: true },
          ],
        },
      ],
    });
    expect(output).toMatchObject({ result: "ok", status: 200, truncated: false });
  });

  it("has the form that Discord understands, without mentions", async () => {
    server.answer = { status: 204 };
    const fields = [
      { name: "n", value: { a: 1 } },
      { name: "", value: "" },
    ];
    const { output, body } = await post("discord", { text: "@everyone", title: "T", username: "bot", fields });
    expect(body).toEqual({
      content: "@everyone",
      username: "bot",
      embeds: [
        {
          title: "T",
          fields: [
            { name: "n", value: '{"a":1}', inline: true },
            { name: "\u200b", value: "\u200b", inline: true },
          ],
        },
      ],
      allowed_mentions: { parse: [] },
    });
    expect(output.status).toBe(204);
    server.received = [];
    expect((await post("discord", {})).body).toEqual({ content: "Hello", allowed_mentions: { parse: [] } });
  });

  it("is a card for Teams, and plain for others", async () => {
    const { body, warnings } = await post("teams", { title: "T", fields: { n: 1 }, username: "bot" });
    expect(body).toMatchObject({ type: "message", attachments: [{ content: { type: "AdaptiveCard" } }] });
    expect(body.attachments[0].content.body).toEqual([
      { type: "TextBlock", text: "T", wrap: true, weight: "Bolder", size: "Medium" },
      { type: "TextBlock", text: "Hello", wrap: true },
      { type: "FactSet", facts: [{ title: "n", value: "1" }] },
    ]);
    expect(warnings).toEqual([expect.stringContaining("the username, which Teams does not show")]);
    server.received = [];
    const plain = { title: "T", username: "u", fields: { n: 1 } };
    expect((await post("json", plain)).body).toEqual({
      text: "Hello",
      title: "T",
      username: "u",
      fields: [{ name: "n", value: "1" }],
    });
  });

  it("takes text, title and fields over edges", async () => {
    const input = { text: { result: "from an edge" }, title: "T", fields: { result: { n: 1 } } };
    const { body } = await post("json", { text: undefined }, input);
    expect(body).toEqual({ text: "from an edge", title: "T", fields: [{ name: "n", value: "1" }] });
  });

  it("cuts off what is too long, and says so", async () => {
    const smile = "😀";
    const discord = await post("discord", { text: smile.repeat(1001), title: "t".repeat(300) });
    expect(discord.body.content).toBe(`${smile.repeat(999)}…`);
    expect(discord.body.embeds[0].title).toHaveLength(256);
    expect(discord.output.truncated).toBe(true);
    expect(discord.warnings).toEqual([
      expect.stringContaining("truncated-message: The message for discord was sent without"),
    ]);

    server.received = [];
    const slack = await post("slack", { text: "<".repeat(40_000), title: "T" });
    expect(slack.body.text.length).toBeLessThanOrEqual(40_000);
    expect(slack.body.text).toMatch(/&lt;…$/);

    server.received = [];
    const teams = await post("teams", { text: "é\n".repeat(30_000) });
    expect(Buffer.byteLength(JSON.stringify(teams.body))).toBeLessThanOrEqual(28_000);
    expect(Buffer.byteLength(JSON.stringify(teams.body))).toBeGreaterThan(27_990);

    server.received = [];
    const fields = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, "v".repeat(i === 0 ? 2000 : 10)]));
    const many = await post("discord", { fields });
    expect(many.body.embeds[0].fields).toHaveLength(25);
    expect(many.body.embeds[0].fields[0].value).toHaveLength(1024);
    expect(many.warnings[0]).toContain("5 of 30 fields");
  });

  it("fails with what the service says, without the address", async () => {
    server.answer = { status: 429, headers: { "retry-after": "3" }, body: "slow down" };
    const error = await failure("message", {}, { service: "slack", url: `${server.base}/hidden`, text: "x" });
    expect(error.message).toBe(
      `[message] 429 Too Many Requests from ${new URL(server.base).host} (POST ${server.base}/***): slow down`,
    );
    expect(retryOf(error)).toBe(3000);
  });

  it("says what is wrong", async () => {
    const words = async (more: object, input: unknown = {}) => {
      const { code, message } = await failure("message", input, {
        service: "json",
        url: server.base,
        text: "x",
        ...more,
      });
      return `${code} ${message}`;
    };
    expect(await words({ text: undefined, url: undefined })).toMatch(/Must be a valid URL.*Text is required/);
    expect(await words({ service: "irc" })).toContain('must be one of "slack", "discord", "teams", "json"');
    expect(await words({ url: "hidden" })).toBe(
      "INVALID_PARAMETERS [message] `url` must be an address that begins with http:// or https://",
    );
    expect(await words({}, { fields: 7 })).toContain("TYPE_MISMATCH");
    expect(await words({ fields: [{ key: "a" }] })).toContain(
      "`fields[0]` must have `name` and `value`, found an object with key",
    );
    expect(await words({}, { title: {} })).toContain("TYPE_MISMATCH [message] `title` must be text");
    expect(await words({ service: "teams", fields: { a: "x".repeat(30_000) } })).toContain("send fewer fields");
    expect(server.received).toHaveLength(0);
    expect(await words({ signal: AbortSignal.abort() })).toContain("CANCELLED");
  });
});

describe("a text that is cut", () => {
  it("is its longest beginning that fits", () => {
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: round % 40 }, () => (Math.random() < 0.5 ? "a" : "😀")).join("");
      const most = 1 + Math.floor(Math.random() * 30);
      const fit = cut(text, most);
      expect(fit.length).toBeLessThanOrEqual(most);
      if (text.length <= most) expect(fit).toBe(text);
      else {
        expect(text.startsWith(fit.slice(0, -1))).toBe(true);
        expect(fit.length).toBeGreaterThanOrEqual(most - 1);
        expect(fit).not.toMatch(/[\ud800-\udbff]…$/);
      }
    }
  });
});
