import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterEach, describe, expect, it } from "vitest";

import { adviceOf, retryOf } from "../src/contract/error.js";
import { optionalPackage } from "../src/machine/optional-package.js";
import { failure, run, temporaryFolder } from "./run.js";
import { CERTIFICATE, KEY } from "./self-signed.js";

interface Received {
  from: string;
  to: string[];
  user: unknown;
  text: string;
}

const folder = temporaryFolder();
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A real SMTP server, which refuses some recipients; gives its port and what it receives. */
async function smtp(options: SMTPServerOptions = {}): Promise<{ port: number; received: Received[] }> {
  const received: Received[] = [];
  const refusal = (text: string, responseCode: number) => Object.assign(new Error(text), { responseCode });
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: options.key === undefined ? ["STARTTLS"] : [],
    onAuth: ({ username, password }, _session, done) =>
      password === "right" ? done(null, { user: username }) : done(refusal("Who are you?", 535)),
    onRcptTo: ({ address }, _session, done) => {
      if (address.startsWith("nobody")) return done(refusal("No such mailbox", 550));
      if (address.startsWith("later")) return done(refusal("Try again later", 451));
      done();
    },
    onData: (stream, { envelope, user }, done) => {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("end", () => {
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        received.push({ from, to, user, text: Buffer.concat(pieces).toString("utf8") });
        done();
      });
    },
    ...options,
  });
  server.on("error", () => {});
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  return { port: (server.server.address() as AddressInfo).port, received };
}

const mail = (port: number, more: object = {}) => ({
  host: "127.0.0.1",
  port,
  from: "Reports <reports@example.com>",
  to: "ada@example.com",
  subject: "Hello",
  text: "How are you?",
  ...more,
});

describe("email", () => {
  it("reaches the server with all that it has", async () => {
    const { port, received } = await smtp();
    writeFileSync(join(folder, "report.txt"), "a report");
    const output = await run(
      "email",
      {},
      mail(port, {
        user: "me",
        password: "right",
        to: 'Ada <ada@example.com>, "Hopper, Grace" <grace@example.com>',
        cc: ["cc@example.com"],
        bcc: "bcc@example.com",
        replyTo: "answers@example.com",
        subject: "Grüße 😀",
        html: "<b>Hi</b>",
        attachments: [
          { path: join(folder, "report.txt") },
          { filename: "a.bin", content: "AAEC", encoding: "base64", contentType: "application/x-own" },
        ],
      }),
    );
    expect(output).toMatchObject({
      accepted: ["ada@example.com", "grace@example.com", "cc@example.com", "bcc@example.com"],
      rejected: [],
      result: output.messageId,
    });
    const [got] = received as [Received];
    expect(got).toMatchObject({ from: "reports@example.com", to: output.accepted, user: "me" });
    expect(got.text).toContain(`Message-ID: ${output.messageId}`);
    expect(got.text).toMatch(/^From: Reports <reports@example\.com>\r\nTo: Ada <ada@example\.com>/m);
    expect(got.text).toContain("Reply-To: answers@example.com");
    expect(got.text).not.toContain("bcc@example.com");
    expect(got.text).toContain("<b>Hi</b>");
    expect(got.text).toContain(Buffer.from("a report").toString("base64"));
    expect(got.text).toMatch(/application\/x-own; name=a\.bin/);
    expect(got.text).toContain("AAEC");
  });

  it("is the same message at every attempt at a step, and another at another", async () => {
    const { port } = await smtp();
    const idOf = async (more: object) => (await run("email", {}, mail(port, more))).messageId as string;
    const first = await idOf({});
    expect(first).toMatch(/^<[\w-]{24}@example\.com>$/);
    expect(await idOf({})).toBe(first);
    expect(await idOf({ nodeId: "m" })).not.toBe(first);
  });

  it("takes recipients and content over edges", async () => {
    const { port, received } = await smtp();
    const input = {
      to: { result: ["grace@example.com"] },
      subject: "S",
      text: { result: "T" },
      attachments: [{ filename: "f", content: "c" }],
    };
    await run("email", input, mail(port));
    expect(received[0]).toMatchObject({ to: ["grace@example.com"] });
    expect(received[0]?.text).toMatch(/^Subject: S\r$/m);
    const file = { attachments: [{ path: join(folder, "report.txt") }] };
    expect((await failure("email", file, mail(port))).message).toContain("only parameters may name files");
  });

  it("lets no header in, neither by addresses nor by the subject", async () => {
    const { port, received } = await smtp();
    const injected = "x\r\nBcc: victim@example.com";
    for (const more of [
      { subject: injected },
      { from: `a@example.com\nBcc: v@example.com` },
      { to: `a@example.com\r\nBcc: v@example.com` },
      { to: ["a@example.com\n"] },
      { replyTo: `"${injected}" <a@example.com>` },
      { attachments: [{ filename: injected, content: "c" }] },
      { attachments: [{ filename: "f", content: "c", contentType: injected }] },
    ]) {
      expect(await failure("email", {}, mail(port, more))).toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringContaining("line break or control character") as string,
      });
    }
    expect((await failure("email", {}, mail(port, { to: ["a@example.com, v@example.com"] }))).message).toContain(
      "`to[0]` must be one address",
    );
    expect(received).toHaveLength(0);
    // Content may have lines, whatever they look like.
    await run("email", {}, mail(port, { text: injected }));
    expect(received[0]?.to).toEqual(["ada@example.com"]);
  });

  it("takes content that names a file or address for content", async () => {
    const { port } = await smtp();
    for (const text of [{ path: "/etc/passwd" }, { href: "http://127.0.0.1:1/" }]) {
      expect((await failure("email", { text }, mail(port))).message).toContain("`text` must be text");
      const attachments = [{ filename: "f", content: text }];
      expect((await failure("email", { attachments }, mail(port))).message).toContain("must be text or bytes");
    }
  });

  it("warns of recipients that the server refuses, and fails where it refuses all", async () => {
    const { port } = await smtp();
    const warnings: string[] = [];
    const warn = (rule: string, message: string) => warnings.push(`${rule}: ${message}`);
    const output = await run("email", {}, mail(port, { to: ["ada@example.com", "nobody@example.com"], warn }));
    expect(output).toMatchObject({ accepted: ["ada@example.com"], rejected: ["nobody@example.com"] });
    expect(warnings).toEqual(["rejected-recipients: The server refused nobody@example.com: 550 No such mailbox"]);
    const all = await failure("email", {}, mail(port, { to: "nobody@example.com" }));
    expect(all).toMatchObject({ code: "EXECUTION_FAILED" });
    expect(all.message).toContain("refuses the sender or all recipients");
    expect(all.message).toContain("550 No such mailbox");
    expect(retryOf(all)).toBe(false);
    expect(retryOf(await failure("email", {}, mail(port, { to: "later@example.com" })))).toBeUndefined();
  });

  it("encrypts before it tells a password, but to its own machine", async () => {
    const plain = await smtp();
    const secret = { user: "me", password: "right" };
    const refused = await failure("email", {}, mail(plain.port, { ...secret, host: "127.0.0.2" }));
    expect(refused.message).toContain("could not be encrypted");
    expect(refused.message).not.toContain("right");
    const required = await failure("email", {}, mail(plain.port, { requireTls: true }));
    expect(required.message).toContain("could not be encrypted");
    expect(adviceOf(required)?.join(" ")).toContain("requireTls: false");
    expect(plain.received).toHaveLength(0);
    const encrypted = await smtp({ key: KEY, cert: CERTIFICATE });
    const unknown = await failure("email", {}, mail(encrypted.port, { ...secret, host: "localhost" }));
    expect(unknown.message).toContain("could not be encrypted");
    expect(encrypted.received).toHaveLength(0);
  });

  it("tells what the server says of an account, and not the password", async () => {
    const { port } = await smtp();
    const error = await failure("email", {}, mail(port, { user: "me", password: "hidden" }));
    expect(error.message).toContain("does not accept the account");
    expect(error.message).toContain("535 Who are you?");
    expect(error.message).not.toContain("hidden");
    expect(retryOf(error)).toBe(false);
  });

  it("says what is wrong", async () => {
    const words = async (more: object, input: unknown = {}) => (await failure("email", input, mail(1, more))).message;
    expect(await words({ host: undefined, from: undefined })).toMatch(/`host` is missing.*`from` is missing/);
    expect(await words({ to: undefined })).toContain("no recipient: give it `to`, `cc` or `bcc`");
    expect(await words({ to: "ada" })).toContain("`to` must have addresses such as `ada@example.com`");
    expect(await words({ to: [] })).toContain("no recipient");
    expect(await words({}, { to: [7] })).toContain("`to[0]` must be text, found 7");
    expect(await words({ from: "a@b.c, d@e.f" })).toContain("`from` must be one address");
    expect(await words({ text: undefined })).toContain("The mail is empty");
    expect(await words({ password: "x" })).toContain("`password` without a `user`");
    expect(await words({ attachments: [{ file: "x" }] })).toContain(
      '`attachments[0]` may have filename, path, content, encoding, contentType, found "file"',
    );
    expect(await words({ attachments: [{ filename: "x" }] })).toContain("either `path` or `content`, found nothing");
    expect(await words({ attachments: [{ content: "x" }] })).toContain("`attachments[0].filename` must be text");
    expect(await words({ attachments: [{ path: join(folder, "none") }] })).toContain("cannot be read");
    expect(await words({ attachments: [{ filename: "x", content: "!", encoding: "base64" }] })).toContain("base64");
    expect(await words({})).toContain("127.0.0.1 on port 1 cannot be reached");
    expect(
      await failure("email", {}, mail(1, { attachments: [{ filename: "x", content: "x".repeat(53_000_000) }] })),
    ).toMatchObject({ code: "MEMORY_LIMIT_EXCEEDED" });
  });

  it("says how to get the package where it is missing", async () => {
    const missing = await optionalPackage("no-such-package", "email", () => {
      const name = "no-such-package";
      return import(/* @vite-ignore */ name) as Promise<unknown>;
    }).catch((error: unknown) => error);
    expect(missing).toMatchObject({
      code: "EXECUTION_FAILED",
      message: expect.stringContaining("email needs the package no-such-package") as string,
    });
    expect(adviceOf(missing)).toEqual(["npm install no-such-package"]);
  });
});

describe("a mail server that does not answer", () => {
  async function silent(): Promise<{ port: number; connected: Promise<Socket> }> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const connected = once(server, "connection").then(([socket]) => socket as Socket);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as AddressInfo).port, connected };
  }

  it("is given up in time", async () => {
    const { port } = await silent();
    expect(await failure("email", {}, mail(port, { timeout: 50 }))).toMatchObject({
      code: "TIMEOUT",
      message: "[email] The mail was given up after 50 ms",
    });
    const late = await failure("email", {}, mail(port, { connectionTimeout: 50 }));
    expect(late).toMatchObject({ code: "TIMEOUT" });
    expect(late.message).toContain(`127.0.0.1 on port ${port} did not answer in time`);
  });

  it("is left when the node is cancelled", async () => {
    const { port, connected } = await silent();
    const abort = new AbortController();
    const pending = failure("email", {}, mail(port, { signal: abort.signal }));
    const socket = await connected;
    socket.resume();
    const left = once(socket, "close");
    abort.abort();
    expect((await pending).code).toBe("CANCELLED");
    await left;
  });
});
