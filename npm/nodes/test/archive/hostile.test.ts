import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { NodeError } from "../../src/contract/error.js";
import { failure, run, temporaryFolder } from "../run.js";
import { type ForgedEntry, type ForgedMember, forgedTar, forgedZip } from "./forge.js";

const folder = temporaryFolder();
let made = 0;
const fresh = () => join(folder, `fresh-${++made}`, "target");
const evil = Buffer.from("evil");
const MIB = 1024 * 1024;

/** What comes of extracting to a folder, and that nothing lies anywhere but in it. */
async function extracted(data: Uint8Array, more: Record<string, unknown> = {}) {
  const warnings: string[] = [];
  const warn = (rule: string, message: string) => warnings.push(`${rule}: ${message}`);
  const target = fresh();
  const around = join(target, "..");
  mkdirSync(around, { recursive: true });
  const parameters = { operation: "extract", folder: target, warn, ...more };
  const answer = await run("archive", { data }, parameters).catch((error: NodeError) => error);
  const names = existsSync(target) ? (readdirSync(target, { recursive: true }) as string[]).sort() : [];
  expect(readdirSync(around).filter((name) => name !== "target")).toEqual([]);
  expect(answer instanceof Error && !(answer instanceof NodeError), String(answer)).toBe(false);
  expect(names.filter((name) => name.includes(".tmp"))).toEqual([]);
  if (answer instanceof NodeError) {
    expect(existsSync(target), "nothing is left of a failed try").toBe(false);
    return { told: `${answer.code} ${answer.message}`, names, warnings };
  }
  return { told: "", names, warnings };
}

const zip = (...entries: ForgedEntry[]) => forgedZip(entries);
const tar = (...members: ForgedMember[]) => forgedTar(members);
const small = { name: "a.txt", content: evil };

/** Names by which an archive tries to leave its folder, or to be something else than a file. */
const ESCAPES = [
  "../evil",
  "../../evil",
  "a/../../evil",
  "a/b/../../../evil",
  "./../evil",
  "..",
  "../",
  "a/..",
  "/evil",
  "//evil",
  "/tmp/evil",
  "/../evil",
  "..\\evil",
  "a\\..\\..\\evil",
  "\\evil",
  "\\\\server\\share\\evil",
  "C:\\evil",
  "C:/evil",
  "c:evil",
  "\\\\?\\C:\\evil",
  "con",
  "NUL",
  "a/Aux.txt",
  "com1.log",
  "lpt9",
  "a\nb",
  "a\rb",
  "a\u001bb",
];

describe("names that lead elsewhere", () => {
  it.each(ESCAPES)("%j is refused in zip, tar and tar.gz, whatever stands before it", async (name) => {
    for (const data of [
      zip(small, { name, content: evil }),
      zip(small, { name: `${name}/`, mode: 0o040755 }),
      tar(small, { name, content: evil }),
      gzipSync(tar(small, { name, type: "5" })),
    ]) {
      const { told } = await extracted(data);
      expect(told).toMatch(/^DESERIALIZATION_FAILED .*cannot be extracted: /);
      expect((await failure("archive", { data }, { operation: "extract" })).code).toBe("DESERIALIZATION_FAILED");
      const { entries } = await run("archive", { data }, {});
      expect(entries[0].problem).toBeUndefined();
      expect(entries[1].problem).toMatch(/absolute|`\.\.`|backslash|device|control/);
      // What is not wanted does no harm.
      expect((await extracted(data, { patterns: "a.txt" })).names).toEqual(["a.txt"]);
    }
  });

  it("ends at a zero in a name, or refuses it", async () => {
    expect((await extracted(zip({ name: "a\0/../../evil", content: evil }))).told).toContain("cannot be extracted");
    const { names } = await extracted(tar({ name: "a\0/../../evil", content: evil }));
    expect(names).toEqual(["a"]);
  });

  it("takes names that only look odd", async () => {
    const odd = ["./a", "b//c", "..d", "e..", "...", " f", "~", "$HOME", "%2e%2e", "g/./h", "漢", "-rf"];
    const wanted = [" f", "$HOME", "%2e%2e", "-rf", "...", "..d", "a", "b", "b/c", "e..", "g", "g/h", "~", "漢"];
    for (const data of [zip(...odd.map((name) => ({ name }))), tar(...odd.map((name) => ({ name })))]) {
      expect((await extracted(data)).names).toEqual(wanted);
    }
  });

  it("leaves links and devices out, and follows none", async () => {
    const target = Buffer.from("/etc/passwd");
    const links = zip({ name: "link", content: target, mode: 0o120777 }, { name: "pipe", mode: 0o010644 }, small);
    const members = tar(
      { name: "link", type: "2", link: "/etc/passwd" },
      { name: "hard", type: "1", link: "../outside" },
      { name: "null", type: "3" },
      { name: "disk", type: "4" },
      { name: "pipe", type: "6" },
      { name: "odd", type: "Z" },
      small,
    );
    for (const [data, count] of [
      [links, 2],
      [members, 6],
      [gzipSync(members), 6],
    ] as const) {
      const { names, warnings } = await extracted(data);
      expect(names).toEqual(["a.txt"]);
      expect(warnings).toEqual([
        expect.stringMatching(`^entries-left-out: ${count} entries of The data are links or devices .*\`link\``),
      ]);
    }
    // A folder behind a link that came before is no way out either.
    for (const data of [
      zip({ name: "out", content: Buffer.from("/tmp"), mode: 0o120777 }, { name: "out/evil", content: evil }),
      tar({ name: "out", type: "2", link: "/tmp" }, { name: "out/evil", content: evil }),
    ]) {
      expect((await extracted(data)).names).toEqual(["out", "out/evil"]);
      expect(existsSync("/tmp/evil")).toBe(false);
    }
  });

  it("takes no name twice, and none for a file and a folder", async () => {
    const pairs: [string, string, string][] = [
      ["a", "a", 'two entries "a"'],
      ["a", "./a", 'two entries "a"'],
      ["\u00e9", "e\u0301", "two entries"],
      ["a", "a/b", "a folder of"],
      ["a/b", "a", "is a file and a folder"],
      ["a/b/c", "a/b", "is a file and a folder"],
    ];
    for (const [one, other, words] of pairs) {
      for (const data of [zip({ name: one }, { name: other }), tar({ name: one }, { name: other })]) {
        expect((await extracted(data)).told).toMatch(/^DESERIALIZATION_FAILED/);
        expect((await extracted(data)).told).toContain(words);
      }
    }
    expect((await extracted(tar({ name: "a", type: "5" }, { name: "a/", type: "5" }))).names).toEqual(["a"]);
  });
});

describe("archives that are too much", () => {
  it("ends a bomb by its ratio, by its size and by its entries", async () => {
    const zeros = Buffer.alloc(64 * MIB);
    const packed = deflateRawSync(zeros);
    const bomb = zip({ name: "zeros", content: zeros, packed });
    const bombs = [bomb, gzipSync(tar({ name: "zeros", content: zeros }), { level: 9 })];
    for (const data of bombs) {
      expect((await extracted(data)).told).toMatch(/^MEMORY_LIMIT_EXCEEDED .*1000 times as large.*`maxRatio`/);
      expect((await extracted(data, { maxRatio: 2000, maxSize: MIB })).told).toMatch(
        /^MEMORY_LIMIT_EXCEEDED .*more than the 1048576 bytes that `maxSize` allows/,
      );
      const values = { operation: "extract", maxRatio: 2000, maxSize: 2 * MIB };
      expect((await failure("archive", { data }, values)).code).toBe("MEMORY_LIMIT_EXCEEDED");
      expect((await extracted(data, { maxRatio: 2000 })).names).toEqual(["zeros"]);
    }
    // Listing a zip unpacks nothing; a tar must be gone through.
    expect((await run("archive", { data: bombs[0] }, {})).size).toBe(64 * MIB);
    expect((await failure("archive", { data: bombs[1] }, {})).code).toBe("MEMORY_LIMIT_EXCEEDED");
    const many = Array.from({ length: 2001 }, (_, at) => ({ name: `f${at}` }));
    for (const data of [forgedZip(many), forgedTar(many)]) {
      expect((await extracted(data, { maxEntries: 2000 })).told).toMatch(/^MEMORY_LIMIT_EXCEEDED .*2000 entries/);
      expect((await failure("archive", { data }, { maxEntries: 2000 })).code).toBe("MEMORY_LIMIT_EXCEEDED");
    }
  });

  it("refuses entries that share their bytes, before one of them is unpacked", async () => {
    const zeros = Buffer.alloc(MIB);
    const kernel = { name: "0", content: zeros };
    const again = Array.from({ length: 500 }, (_, at) => ({ ...kernel, name: `${at + 1}`, offset: 0 }));
    expect((await extracted(zip(kernel, ...again))).told).toMatch(/^DESERIALIZATION_FAILED .*overlap/);

    // Each holds the local headers of those behind it, quoted by a block that is stored.
    const inner = zip(kernel).subarray(0, 30 + 1 + deflateRawSync(zeros).length);
    const quote = Buffer.from([
      0,
      inner.length & 255,
      inner.length >> 8,
      ~inner.length & 255,
      (~inner.length >> 8) & 255,
    ]);
    const packed = Buffer.concat([quote, inner.subarray(0, 31), deflateRawSync(zeros)]);
    const outer = { name: "1", packed, content: zeros };
    const quoted = zip(outer, { ...kernel, offset: 30 + 1 + quote.length });
    expect((await extracted(quoted)).told).toMatch(/^DESERIALIZATION_FAILED .*overlap/);
  });

  it("takes an archive in an archive as a file", async () => {
    let nested = zip({ name: "zeros", content: Buffer.alloc(4 * MIB) });
    for (let level = 0; level < 10; level++) {
      const content = nested;
      nested = forgedZip(Array.from({ length: 16 }, (_, at) => ({ name: `lib ${at}.zip`, content })));
    }
    const { names } = await extracted(nested);
    expect(names).toHaveLength(16);
  });

  it("is no way to hold the memory by headers alone", async () => {
    const header = {
      name: "x",
      type: "x",
      content: Buffer.from(`${" ".repeat(0)}5000000 path=${"a/".repeat(2_499_990)}\n`),
    };
    expect((await extracted(tar(header, small))).told).toMatch(/^DESERIALIZATION_FAILED .*Header exceeds max size/);
    const long = { name: "x", type: "L", content: Buffer.from(`${"n".repeat(5000)}\0`) };
    expect((await extracted(tar(long, small))).told).toContain("it has more than 4096 bytes");
    const headers = gzipSync(
      forgedTar(Array.from({ length: 40_000 }, () => ({ name: "x", type: "x", content: evil }))),
    );
    expect((await extracted(headers, { maxSize: 8 * MIB })).told).toMatch(/^MEMORY_LIMIT_EXCEEDED/);
    expect((await extracted(headers)).warnings).toEqual([expect.stringMatching(/^empty-archive: /)]);
  });
});

describe("archives that are not what they say", () => {
  it("notices every size, checksum and place that is wrong", async () => {
    const content = Buffer.from("hello hello hello hello");
    const wrong: Record<string, Buffer> = {
      "too small a size": zip({ name: "a", content, size: 3 }),
      "too large a size": zip({ name: "a", content, size: 3000 }),
      "a stored size": zip({ name: "a", content, method: 0, size: 3 }),
      "another checksum": zip({ name: "a", content, crc: 1 }),
      "another checksum of stored bytes": zip({ name: "a", content, method: 0, crc: 1 }),
      "no deflate": zip({ name: "a", content, packed: Buffer.from("ffffffffffff", "hex") }),
      "more packed bytes than there are": zip({ name: "a", content, packedSize: 3_000_000 }),
      "an offset beyond the end": zip(small, { name: "b", offset: 9_999_999 }),
      "more entries than there are": forgedZip([small], { count: 9 }),
      "a directory elsewhere": forgedZip([small], { offset: 3 }),
      "a size that is no number": tar({ name: "a", content, size: "zzzzzzzzzzz\0" }),
      "a size beyond the end": tar({ name: "a", content, size: "77777777777\0" }),
      "a size of nine bytes": tar({ name: "a", content, size: Buffer.from("800000ffffffffffffffffff", "hex") }),
      "a size below zero": tar({ name: "a", content, size: Buffer.from("ffffffffffffffffffffffff", "hex") }),
    };
    for (const [what, data] of Object.entries(wrong)) {
      const { told, names } = await extracted(data);
      // A size that is not a number ends the header: what follows is not read as one.
      expect(told, what).toMatch(/^DESERIALIZATION_FAILED/);
      expect(names, what).toEqual([]);
      await run("archive", { data }, {}).catch((error) => expect(error.code, what).toBe("DESERIALIZATION_FAILED"));
    }
  });

  it("notices where an archive ends early, wherever that is", async () => {
    const content = Buffer.from(Uint8Array.from({ length: 2000 }, (_, at) => (at * 31) & 255));
    const members = [
      { name: "a", content },
      { name: "b", content },
    ];
    const whole = { zip: forgedZip(members), tar: forgedTar(members), gz: gzipSync(forgedTar(members)) };
    for (const [kind, data] of Object.entries(whole)) {
      for (let length = 0; length < data.length; length += Math.ceil(data.length / 40)) {
        const { told, warnings } = await extracted(data.subarray(0, length));
        const isTold = told.startsWith("DESERIALIZATION_FAILED") || warnings.join().includes("archive-without-end");
        expect(isTold, `${kind} of ${length} bytes: ${told}`).toBe(true);
      }
    }
    const { names, warnings } = await extracted(forgedTar(members, false));
    expect(names).toEqual(["a", "b"]);
    expect(warnings).toEqual([expect.stringMatching(/^archive-without-end: /)]);
  });

  it("survives any damage to any byte", async () => {
    const members = [
      { name: "a", content: Buffer.from("hello") },
      { name: "b/c", content: Buffer.alloc(600, "x") },
    ];
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
      return (seed >>> 4) % below;
    };
    for (const data of [forgedZip(members), forgedTar(members), gzipSync(forgedTar(members))]) {
      for (let round = 0; round < 150; round++) {
        const damaged = Buffer.from(data);
        for (let hits = 0; hits <= random(3); hits++) damaged[random(damaged.length)] = random(256);
        const { told } = await extracted(damaged, { maxSize: 4 * MIB });
        expect(told, damaged.toString("base64")).toMatch(/^$|^(?:DESERIALIZATION_FAILED|MEMORY_LIMIT_EXCEEDED)/);
      }
    }
  });

  it("tells of encryption and of methods that cannot be read here, and lets them be left out", async () => {
    const locked = zip(small, { name: "locked", content: evil, flags: 0x801, method: 8 });
    expect((await extracted(locked)).told).toMatch(/^DESERIALIZATION_FAILED .*`locked` .*it is encrypted/);
    expect((await run("archive", { data: locked }, {})).entries[1]).toMatchObject({
      path: "locked",
      problem: "it is encrypted",
    });
    expect((await extracted(locked, { patterns: ["**", "!locked"] })).names).toEqual(["a.txt"]);
    for (const [method, words] of [
      [12, "bzip2"],
      [14, "LZMA"],
      [93, "zstd"],
      [77, "method 77"],
    ] as const) {
      expect((await extracted(zip({ ...small, method }))).told).toContain(`it is compressed with ${words}`);
    }
  });

  it("names what is no archive, and what is another one", async () => {
    const told = async (data: Uint8Array, more: object = {}) => (await extracted(data, more as never)).told;
    expect(await told(Buffer.alloc(0))).toContain("begins like none of them");
    expect(await told(Buffer.from("hello"))).toMatch(/^DESERIALIZATION_FAILED .*zip, tar and tar\.gz can be read/);
    expect(await told(Buffer.from("377abcaf271c", "hex"))).toContain("is 7z");
    expect(await told(Buffer.from("526172211a07", "hex"))).toContain("is RAR");
    expect(await told(Buffer.from("fd377a585a00", "hex"))).toContain("compressed with xz");
    expect(await told(gzipSync("hello"))).toMatch(/^DESERIALIZATION_FAILED .*cannot be read as tar\.gz/);
    expect(await told(Buffer.from("hello"), { format: "zip" })).toContain("cannot be read as zip");
    expect(await told(Buffer.from("hello"), { format: "tar" })).toMatch(/^DESERIALIZATION_FAILED/);
    expect(await told(Buffer.from("hello"), { format: "tar.gz" })).toContain("cannot be read as tar.gz");
    const { warnings } = await extracted(forgedZip([]));
    expect(warnings).toEqual(["empty-archive: There is nothing in The data"]);
  });
});

describe("archives in use", () => {
  it("leaves nothing of an extraction that is cancelled halfway", async () => {
    const data = gzipSync(tar({ name: "big", content: Buffer.alloc(48 * MIB) }), { level: 1 });
    for (const operation of ["extract", "list"]) {
      const abort = new AbortController();
      const target = fresh();
      const more = operation === "extract" ? { folder: target } : {};
      const running = failure("archive", { data }, { operation, ...more, signal: abort.signal, maxRatio: 2000 });
      while (operation === "extract" && !existsSync(target)) await new Promise((resolve) => setImmediate(resolve));
      setImmediate(() => abort.abort());
      expect((await running).code).toBe("CANCELLED");
      expect(existsSync(target)).toBe(false);
    }
  });
});
