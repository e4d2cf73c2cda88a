/** Messages read from files, as other programs write them: nodemailer, and by hand what senders get wrong. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { describe, expect, it } from "vitest";

import { nodeTypes } from "../src/definitions.js";
import { failure, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
let count = 0;
const saved = (content: string | Buffer): string => {
  const path = join(folder, `${++count}.eml`);
  writeFileSync(path, content);
  return path;
};
const read = (path: string) => run("email", {}, { operation: "read", path });

/** A message as nodemailer writes it. */
async function composed(mail: object): Promise<Buffer> {
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail(mail);
  return message as Buffer;
}

const HEADERS = "From: Ada <ada@example.com>\r\nSubject: s\r\nMIME-Version: 1.0\r\n";
const withParts = (...parts: string[]) =>
  `${HEADERS}Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.map((part) => `--b\r\n${part}\r\n`).join("")}--b--\r\n`;
const attached = (name: string, type: string, content: string) =>
  `Content-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\n${content}`;

describe("email that is read", () => {
  it("has sender, recipients, subject, time, both contents and its attachments", async () => {
    const csv = "Stück,Preis\n1,„3 €“\n";
    const bytes = Buffer.from([0, 255, 128, 10, 13]);
    const path = saved(
      await composed({
        from: '"Müller, Jörg" <j@example.com>',
        to: ["ada@example.com", "Grace <grace@example.com>"],
        cc: "all@example.com",
        replyTo: "office@example.com",
        subject: "Rechnung für März – 2024 ✓ with a subject that is so long that it has to be folded over lines",
        date: new Date("2024-03-04T09:00:00Z"),
        messageId: "<1@example.com>",
        text: "Grüße\n",
        html: "<p>Grüße</p>",
        attachments: [
          { filename: "März.csv", content: csv },
          { filename: "a.bin", content: bytes },
        ],
      }),
    );
    const mail = await read(path);
    expect(mail).toMatchObject({
      subject: "Rechnung für März – 2024 ✓ with a subject that is so long that it has to be folded over lines",
      from: { name: "Müller, Jörg", address: "j@example.com" },
      to: [
        { name: "", address: "ada@example.com" },
        { name: "Grace", address: "grace@example.com" },
      ],
      cc: [{ name: "", address: "all@example.com" }],
      replyTo: [{ name: "", address: "office@example.com" }],
      date: "2024-03-04T09:00:00.000Z",
      messageId: "<1@example.com>",
    });
    expect([mail.text.trim(), mail.html.trim()]).toEqual(["Grüße", "<p>Grüße</p>"]);
    expect(mail.attachments).toEqual([
      expect.objectContaining({
        filename: "März.csv",
        contentType: "text/csv",
        text: csv,
        size: Buffer.byteLength(csv),
      }),
      {
        filename: "a.bin",
        contentType: "application/octet-stream",
        size: 5,
        content: bytes.toString("base64"),
        isInline: false,
      },
    ]);
    const { result, ...beside } = mail;
    expect(result).toEqual(beside);
  });

  it("comes over an edge as text or bytes as well", async () => {
    const text = `${HEADERS}\r\nHi\r\n`;
    for (const content of [text, Buffer.from(text)]) {
      const mail = await run("email", { default: { result: content } }, { operation: "read" });
      expect([mail.subject, mail.text.trim()]).toEqual(["s", "Hi"]);
    }
  });

  it("names attachments so that no name leads out of a folder", async () => {
    const names = ["../../etc/passwd", "..", "C:\\\\x\\\\a.csv", "a/b.csv", ".bashrc", "", "a|b?.csv"];
    const mail = await read(saved(withParts(...names.map((name) => attached(name, "application/octet-stream", "x")))));
    const found = mail.attachments.map(({ filename }: { filename: string }) => filename);
    expect(found).toHaveLength(names.length);
    for (const name of found) expect(name).toMatch(/^[^/\\.:][^/\\:]*$/);
    expect(found[5]).toBe("attachment-6");
  });

  it("reads text in Windows-1252 where it is not UTF-8", async () => {
    const path = saved(Buffer.from(withParts(attached("a.csv", "text/csv", "St\u00fcck,1\n")), "latin1"));
    expect((await read(path)).attachments[0].text.trim()).toMatch(/^Stück,1$/);
  });

  it("is refused where it is no message, with what to do", async () => {
    const words = async (path: string) => {
      const { code, message } = await failure("email", {}, { operation: "read", path });
      return `${code} ${message}`;
    };
    expect(await words(saved("id,total\n1,2\n"))).toMatch(/DESERIALIZATION_FAILED .*is no email: it has no header/);
    expect(await words(saved(""))).toContain("is no email");
    expect(await words(saved(`From ada@example.com Mon Mar  4\n${HEADERS}\nHi\n`))).toContain("(mbox)");
    expect(await words(join(folder, "missing.eml"))).toMatch(/EXECUTION_FAILED .*Message not found/);
    expect(await words(folder)).toContain("not a file but a folder");
    expect((await failure("email", { default: 7 }, { operation: "read" })).message).toContain("needs `path`");
  });

  it("ends for hostile messages: parts in parts, headers without end, more bytes than may be", async () => {
    const deep = Array.from(
      { length: 300 },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
    );
    const { code } = await failure("email", {}, { operation: "read", path: saved(`${HEADERS}${deep.join("")}`) });
    expect(code).toBe("DESERIALIZATION_FAILED");
    const long = await failure(
      "email",
      {},
      { operation: "read", path: saved(`${HEADERS}X: ${"a".repeat(3_000_000)}\r\n\r\n`) },
    );
    expect(long.code).toBe("DESERIALIZATION_FAILED");
    const large = await failure(
      "email",
      {},
      { operation: "read", path: saved(Buffer.alloc(50 * 1024 * 1024 + 1, "a")) },
    );
    expect(large.code).toBe("MEMORY_LIMIT_EXCEEDED");
  });
});

describe("parameters of email", () => {
  const problems = (parameters: Record<string, unknown>) =>
    (nodeTypes.get("email")?.problems?.(parameters, {}) ?? []).map(({ path, message }) => `${path} ${message}`);

  it("belong to sending or to reading", async () => {
    expect(problems({ operation: "read", path: "a.eml" })).toEqual([]);
    expect(problems({ host: "h", from: "f" })).toEqual([]);
    expect(problems({ from: "f" })).toEqual([" `host` is missing; `operation: send` needs host and from"]);
    expect(problems({ operation: "read", host: "h" })).toEqual([
      expect.stringMatching(/^\/host .*is for `operation: send`/),
    ]);
    expect(problems({ host: "h", from: "f", path: "a" })).toEqual([expect.stringMatching(/^\/path .*`attachments`/)]);
    expect((await failure("email", {}, { operation: "read", path: "a", subject: "s" })).message).toContain(
      "`subject` is for",
    );
    expect((await failure("email", {}, { from: "f" })).message).toContain("`host` is missing");
  });
});
