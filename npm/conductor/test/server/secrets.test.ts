/** Secrets of a store: what is kept of them, what opens them, and what does not. */
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryExecutions, type EntryStorage, type ExecutionStore } from "@atomiton/storage";
import { openSqliteStore } from "@atomiton/storage/desktop";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { openSecrets } from "../../src/exports/server.js";
import { secretsInTurn } from "../../src/server/secrets/secrets.js";

const VALUE = "planted-5f3a9c71-Zürich-🔑";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "conductor-secrets-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const newKey = () => randomBytes(32).toString("base64");

function opening(store: ExecutionStore = createMemoryExecutions(), file = join(folder(), "key")) {
  const made: string[] = [];
  const secrets = openSecrets({ store, key: { file }, onKeyMade: (path) => made.push(path) });
  return { secrets, store, file, made, entries: (store.entries as (name: string) => EntryStorage)("secrets") };
}

/** Writes over an entry what does not belong there. */
async function tamper(entries: EntryStorage, id: string, content: string): Promise<void> {
  expect(await entries.write([{ id, entry: { hash: "tampered", content } }])).toEqual([]);
}

describe("secrets", () => {
  it("are told to who asks by name, also to another process that has the key", async () => {
    const { secrets, store, file, made } = opening();
    await secrets.set("TOKEN", VALUE);
    expect(made).toEqual([file]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await secrets("TOKEN")).toBe(VALUE);
    const other = opening(store, file);
    expect(await other.secrets("TOKEN")).toBe(VALUE);
    await other.secrets.set("TOKEN", "another one");
    expect(await secrets("TOKEN")).toBe("another one");
    expect(other.made).toEqual([]);
    expect(await secrets.remove("TOKEN")).toBe(true);
    expect(await secrets.remove("TOKEN")).toBe(false);
    await expect(other.secrets("TOKEN")).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("conductor secrets set TOKEN"),
    });
  });

  it("are listed without what they are, also without the key", async () => {
    const { secrets, store } = opening();
    await secrets.set("b", VALUE);
    await secrets.set("a", { from: "env:HOME" });
    const [{ createdAt } = { createdAt: "" }] = await secrets.list();
    await secrets.set("a", { from: "env:USER" });
    const { secrets: keyless } = opening(store);
    const listed = await keyless.list();
    expect(listed).toEqual([
      expect.objectContaining({ name: "a", from: "env:USER", createdAt }),
      expect.objectContaining({ name: "b", key: expect.stringMatching(/^[0-9a-f]{16}$/) }),
    ]);
    expect(JSON.stringify(listed)).not.toContain(VALUE);
    expect(listed[1]).not.toHaveProperty("sealed");
  });

  it("are encrypted in another way each time", async () => {
    const { secrets, entries } = opening();
    await secrets.set("a", VALUE);
    const before = (await entries.get("a"))?.content;
    await secrets.set("a", VALUE);
    const after = (await entries.get("a"))?.content;
    const sealedOf = (content = "{}") => JSON.parse(content).sealed as string;
    expect(sealedOf(after)).not.toBe(sealedOf(before));
    expect(Buffer.from(sealedOf(after), "base64").subarray(0, 12)).not.toEqual(
      Buffer.from(sealedOf(before), "base64").subarray(0, 12),
    );
  });

  it.each(["", "1a", "a b", "a.b", "__proto__\u0000", "ä", "x".repeat(101), "../a"])(
    "have no name like %j",
    async (name) => {
      const { secrets } = opening();
      await expect(secrets.set(name, VALUE)).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
      expect(await secrets.list()).toEqual([]);
    },
  );

  it.each(["__proto__", "constructor", "toString", "_", "with-hyphen"])("may be called %s", async (name) => {
    const { secrets } = opening();
    expect(await secrets.has(name)).toBe(false);
    await expect(secrets(name)).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
    await secrets.set(name, VALUE);
    expect(await secrets(name)).toBe(VALUE);
    expect((await secrets.list()).map((secret) => secret.name)).toEqual([name]);
  });

  it.each([
    ["", "empty"],
    ["\ud800", "Unicode"],
    ["x".repeat(64 * 1024 + 1), "bytes"],
    [{ from: "sh:rm" }, "env:NAME"],
    [{ from: "file:relative" }, "absolute"],
    [{ from: "env:A B" }, "env:NAME"],
    [null, "env:NAME"],
    [7, "env:NAME"],
  ])("are not set to %j", async (value, why) => {
    const { secrets, made } = opening();
    await expect(secrets.set("a", value as never)).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining(why),
    });
    expect(made).toEqual([]);
  });

  it.each(["\0\n\t", "x".repeat(64 * 1024), "\ufeffbom", "a\r\n"])("come back byte for byte", async (value) => {
    const { secrets } = opening();
    await secrets.set("a", value);
    expect(await secrets("a")).toBe(value);
  });

  it("are refused by a store that keeps none, by its name", () => {
    const { entries: _, ...store } = createMemoryExecutions();
    expect(() => openSecrets({ store: store as never, key: newKey() })).toThrow(/memory keeps no secrets/);
  });
});

describe("what is not as it was written", () => {
  it("is not opened: an entry in the place of another one", async () => {
    const { secrets, entries } = opening();
    await secrets.set("low", "harmless");
    await secrets.set("high", VALUE);
    await tamper(entries, "low", (await entries.get("high"))?.content ?? "");
    await expect(secrets("low")).rejects.toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: expect.stringContaining('"low"'),
    });
    expect(await secrets("high")).toBe(VALUE);
  });

  it("is not opened: any byte of it, any fact beside it", async () => {
    const { secrets, entries } = opening();
    await secrets.set("a", VALUE);
    const content = JSON.parse((await entries.get("a"))?.content ?? "");
    const bytes = Buffer.from(content.sealed, "base64");
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await tamper(entries, "a", JSON.stringify({ ...content, sealed: changed.toString("base64") }));
      await expect(secrets("a")).rejects.toMatchObject({ code: "DESERIALIZATION_FAILED" });
    }
    for (const change of [
      // Else the database would decide which file of the server is read.
      { from: "file:/etc/passwd" },
      { createdAt: "2000-01-01T00:00:00.000Z" },
      { changedAt: "2000-01-01T00:00:00.000Z" },
      { sealed: "" },
      { sealed: bytes.subarray(0, 20).toString("base64") },
      { version: 2 },
      { key: 1 },
    ]) {
      await tamper(entries, "a", JSON.stringify({ ...content, ...change }));
      await expect(secrets("a"), JSON.stringify(change)).rejects.toMatchObject({ code: "DESERIALIZATION_FAILED" });
    }
    await tamper(entries, "a", "{");
    await expect(secrets("a")).rejects.toMatchObject({ code: "DESERIALIZATION_FAILED" });
    // What is broken can be set again.
    await secrets.set("a", "new");
    expect(await secrets("a")).toBe("new");
  });

  it("is not opened with another key, which names both", async () => {
    const { secrets, store } = opening();
    await secrets.set("a", VALUE);
    const [{ key } = { key: "" }] = await secrets.list();
    const wrong = openSecrets({ store, key: newKey() });
    await expect(wrong("a")).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining(`encrypted with the key ${key}, which is missing`),
    });
    const missing = opening(store);
    await expect(missing.secrets("a")).rejects.toThrow(`${missing.file} is not there`);
    // A second key beside secrets of another one would only show later.
    await expect(missing.secrets.set("b", "x")).rejects.toThrow(key);
    expect(missing.made).toEqual([]);
    expect(() => statSync(missing.file)).toThrow();
  });

  it.each(["short", "", `${newKey()}\nnone`, "A".repeat(44)])("is no file of keys: %j", async (text) => {
    const { secrets, store, file } = opening();
    await secrets.set("a", VALUE);
    writeFileSync(file, text);
    await expect(opening(store, file).secrets("a")).rejects.toMatchObject({ code: "INVALID_PARAMETERS" });
  });

  it.each(["", " ", "short", 7, null, {}, { file: "" }])("is no key: %j", (key) => {
    expect(() => openSecrets({ store: createMemoryExecutions(), key: key as never })).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETERS" }),
    );
  });
});

describe("values that are elsewhere", () => {
  afterEach(() => {
    delete process.env.CONDUCTOR_TEST_SECRET;
  });

  it("are read each time, from the environment", async () => {
    const { secrets } = opening();
    await secrets.set("a", { from: "env:CONDUCTOR_TEST_SECRET" });
    await expect(secrets("a")).rejects.toThrow(/`secrets.a`.*env:CONDUCTOR_TEST_SECRET.*no such variable/);
    process.env.CONDUCTOR_TEST_SECRET = "one";
    expect(await secrets("a")).toBe("one");
    process.env.CONDUCTOR_TEST_SECRET = "two";
    expect(await secrets("a")).toBe("two");
  });

  it("are read each time, from a file", async () => {
    const { secrets } = opening();
    const path = join(folder(), "mounted");
    await secrets.set("a", { from: `file:${path}` });
    await expect(secrets("a")).rejects.toThrow(/`secrets.a`/);
    writeFileSync(path, "one\n");
    expect(await secrets("a")).toBe("one");
    writeFileSync(path, "two\r\n");
    expect(await secrets("a")).toBe("two");
    writeFileSync(path, Buffer.from([0xff]));
    await expect(secrets("a")).rejects.toThrow(/`secrets.a`/);
    writeFileSync(path, "x".repeat(64 * 1024 + 1));
    await expect(secrets("a")).rejects.toThrow(/more than/);
    rmSync(path);
    symlinkSync(tmpdir(), path);
    await expect(secrets("a")).rejects.toThrow(/no file/);
  });
});

describe("a rotation", () => {
  it("encrypts all of them anew; who runs goes on, and old entries open as before", async () => {
    const { secrets, store, file, entries } = opening();
    for (const name of ["a", "b", "c"]) await secrets.set(name, `${VALUE} ${name}`);
    const before = await secrets.list();
    const old = await entries.get("a");
    const running = opening(store, file);
    expect(await running.secrets("a")).toBe(`${VALUE} a`);

    const { key, changed } = await secrets.rotate();
    expect(changed).toBe(3);
    const after = await running.secrets.list();
    expect(after).toEqual(before.map((secret) => ({ ...secret, key })));
    expect(key).not.toBe(before[0]?.key);
    for (const name of ["a", "b", "c"]) expect(await running.secrets(name)).toBe(`${VALUE} ${name}`);
    // As from a backup of the store.
    await tamper(entries, "a", old?.content ?? "");
    expect(await running.secrets("a")).toBe(`${VALUE} a`);
    await running.secrets.set("d", "new");
    expect((await secrets.list()).find(({ name }) => name === "d")?.key).toBe(key);
  });

  it("changes nothing where one of them cannot be opened", async () => {
    const { secrets, entries, file } = opening();
    await secrets.set("a", VALUE);
    await secrets.set("b", VALUE);
    await tamper(entries, "b", (await entries.get("a"))?.content ?? "");
    const before = [readFileSync(file, "utf8"), await entries.list()];
    await expect(secrets.rotate()).rejects.toThrow(/Nothing was changed.*"b"/);
    expect([readFileSync(file, "utf8"), await entries.list()]).toEqual(before);
  });

  it("of keys that are given as text takes the last one, and says so where there is none", async () => {
    const store = createMemoryExecutions();
    const [old, fresh] = [newKey(), newKey()];
    const before = openSecrets({ store, key: old });
    await before.set("a", VALUE);
    await expect(before.rotate()).rejects.toThrow(/behind a blank, a new one/);
    const both = openSecrets({ store, key: `${old} ${fresh}` });
    expect(await both("a")).toBe(VALUE);
    expect((await both.rotate()).changed).toBe(1);
    expect((await both.rotate()).changed).toBe(0);
    expect(await openSecrets({ store, key: fresh })("a")).toBe(VALUE);
    await expect(before("a")).rejects.toThrow(/is missing/);
  });

  it("overwrites no value that is set meanwhile", async () => {
    const { secrets, store, file } = opening();
    await secrets.set("a", "old");
    await secrets.set("b", "old");
    const kept = (store.entries as (name: string) => EntryStorage)("secrets");
    let isFirst = true;
    // Between what the rotation read and what it writes, another process sets one of them.
    const write: EntryStorage["write"] = async (changes) => {
      if (isFirst) {
        isFirst = false;
        await secrets.set("a", "new");
      }
      return kept.write(changes);
    };
    const rotating = openSecrets({ store: { ...store, entries: () => ({ ...kept, write }) }, key: { file } });
    const { key } = await rotating.rotate();
    expect([await secrets("a"), await secrets("b")]).toEqual(["new", "old"]);
    expect((await secrets.list()).map((secret) => secret.key)).toEqual([key, key]);
  });

  it("by several at once loses no key", async () => {
    const { secrets, store, file } = opening();
    await secrets.set("a", VALUE);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        opening(store, file)
          .secrets.rotate()
          .catch(() => undefined),
      ),
    );
    expect(await secrets("a")).toBe(VALUE);
    expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(9);
  });
});

describe("the file of keys", () => {
  it("may have empty lines, and says which place has no key", async () => {
    const { secrets, file } = opening();
    await secrets.set("a", VALUE);
    appendFileSync(file, "\n\n");
    expect(await secrets("a")).toBe(VALUE);
    appendFileSync(file, "oops\n");
    await expect(secrets("a")).rejects.toThrow(/place 4/);
    // What stands there may be a key that lost a character.
    await expect(secrets("a")).rejects.not.toThrow(/oops/);
  });

  it("that is made by several at once is one", async () => {
    const store = createMemoryExecutions();
    const file = join(folder(), "key");
    const all = Array.from({ length: 8 }, () => opening(store, file).secrets);
    await Promise.all(all.map((secrets, index) => secrets.set(`s${index}`, VALUE)));
    for (const secrets of all) expect(await secrets("s7")).toBe(VALUE);
  });
});

describe("a conductor", () => {
  const flow = (id: string, values: object) => ({
    id,
    type: "group",
    name: id,
    nodes: [{ id: "a", type: "edit-fields", parameters: { keepOnlySet: true, values } }],
    edges: [],
  });

  it("asks the project first, then the store, and names what neither has", async () => {
    const { secrets, store } = opening();
    await secrets.set("BOTH", "of the store");
    await secrets.set("STORED", "kept");
    const own = (name: string) => (name === "BOTH" ? "of the project" : undefined);
    const conductor = createConductor({ transport: "local", store, secrets: secretsInTurn(own, secrets) });
    onTestFinished(() => conductor.shutdown());
    const { data } = await conductor.flow.run(
      flow("f", { a: "${{ secrets.BOTH }}", b: "${{ secrets.STORED }}" }) as never,
    );
    expect(data).toMatchObject({ result: { a: "of the project", b: "kept" } });
    const { error } = await conductor.flow.run(flow("g", { a: "${{ secrets.NONE }}" }) as never);
    expect(error).toMatchObject({
      code: "INVALID_PARAMETERS",
      nodeId: "a",
      message: expect.stringContaining("conductor secrets set NONE"),
    });
  });

  it("keeps nothing of a value in a database, its log, and the file of keys", async () => {
    const path = folder();
    const store = await openSqliteStore(join(path, "conductor.db"));
    onTestFinished(() => store.close());
    const { secrets, file } = opening(store, join(path, "key"));
    await secrets.set("TOKEN", VALUE);
    const conductor = createConductor({ transport: "local", store, secrets });
    onTestFinished(() => conductor.shutdown());
    const { data } = await conductor.flow.run(flow("f", { a: "Bearer ${{ secrets.TOKEN }}" }) as never);
    expect(data).toMatchObject({ result: { a: `Bearer ${VALUE}` } });
    await secrets.rotate();
    for (const name of ["conductor.db", "conductor.db-wal", "key"]) {
      const bytes = readFileSync(join(path, name));
      for (const form of [VALUE, Buffer.from(VALUE).toString("base64"), encodeURIComponent(VALUE)]) {
        expect([name, bytes.includes(form)]).toEqual([name, false]);
      }
      // The search finds what is there.
      if (name === "conductor.db-wal") expect(bytes.includes("TOKEN")).toBe(true);
    }
    const [key = ""] = readFileSync(file, "utf8").split("\n");
    for (const name of ["conductor.db", "conductor.db-wal"]) {
      const bytes = readFileSync(join(path, name));
      expect(bytes.includes(key) || bytes.includes(Buffer.from(key, "base64"))).toBe(false);
    }
  });
});
