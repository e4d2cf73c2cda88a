import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { failure, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const read = (path: string, more: object = {}) => run("file-system", {}, { path, ...more });
const write = (path: string, content: unknown, more: object = {}) =>
  run("file-system", { content }, { operation: "write", path, ...more });

/** Runs a node and gives its output with what it warned of. */
async function warned(input: unknown, parameters: Record<string, unknown>) {
  const warnings: string[] = [];
  const warn = (rule: string, message: string) => warnings.push(`${rule}: ${message}`);
  return { output: await run("file-system", input, { ...parameters, warn }), warnings };
}

describe("what file-system reads and writes", () => {
  it("gives back bytes as they are, as bytes and as base64", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await write(at("all"), bytes);
    const { result, content, size } = await read(at("all"), { format: "bytes" });
    expect(result).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(result, bytes)).toBe(0);
    expect([content, size]).toEqual([result, 256]);
    const text = (await read(at("all"), { format: "base64" })).result;
    expect(Buffer.from(text, "base64")).toEqual(Buffer.from(bytes));
    await write(at("copy"), text, { format: "base64" });
    expect(readFileSync(at("copy"))).toEqual(Buffer.from(bytes));
    expect((await read(at("empty-no"), { format: "bytes" }).catch((error) => error)).code).toBe("EXECUTION_FAILED");
    writeFileSync(at("empty"), "");
    expect((await read(at("empty"), { format: "bytes" })).result.length).toBe(0);
  });

  it("gives back values by JSON and YAML, text among them", async () => {
    const values: unknown[] = [
      { a: [1, "2", null, true], "": { "b c": "x\ny: #z" }, date: "2024-01-02", no: "no" },
      [],
      "[1]",
      "",
      null,
      -0.5,
    ];
    for (const format of ["json", "yaml"]) {
      for (const value of values) {
        await write(at("value"), value, { format });
        expect((await read(at("value"), { format })).result).toEqual(value);
      }
    }
  });

  it("reads and writes a text line by line", async () => {
    for (const [text, lines] of [
      ["", []],
      ["\n", [""]],
      ["a", ["a"]],
      ["a\nb\n", ["a", "b"]],
      ["\ufeffa\r\n\r\nb", ["a", "", "b"]],
      ["one\rtwo\n", ["one\rtwo"]],
    ] as const) {
      writeFileSync(at("lines"), text);
      expect((await read(at("lines"), { format: "lines" })).result).toEqual(lines);
    }
    writeFileSync(at("wide"), Buffer.from("\ufeffé\r\nb", "utf16le"));
    expect((await read(at("wide"), { format: "lines", encoding: "utf-16le" })).result).toEqual(["é", "b"]);

    await write(at("written"), ["a", "", 1, true], { format: "lines" });
    expect(readFileSync(at("written"), "utf8")).toBe("a\n\n1\ntrue\n");
    await write(at("written"), [], { format: "lines" });
    expect(readFileSync(at("written"), "utf8")).toBe("");
    const refused = async (content: unknown) =>
      (await failure("file-system", { content }, { operation: "write", path: at("refused"), format: "lines" })).message;
    expect(await refused("a\nb")).toMatch(/`format: lines` takes a list of texts, found "a\\nb"$/);
    expect(await refused(["a", "b\nc"])).toMatch(/a line each, found a text with a line break in it at \[1\]$/);
    expect(await refused([{ a: 1 }])).toMatch(/a line each, found .+ at \[0\]$/);
    const table = await run("spreadsheet", {}, { data: "a,b\n1,2\n" });
    expect(await refused(table)).toMatch(/`format: lines` takes a list of texts/);
  });

  it("writes values as YAML where the name says so, and text as it is", async () => {
    await write(at("a.yaml"), { a: [1] });
    expect(readFileSync(at("a.yaml"), "utf8")).toBe("a:\n  - 1\n");
    await write(at("a.YML"), { result: { list: [{ b: "yes" }] }, success: true });
    expect(readFileSync(at("a.YML"), "utf8")).toBe('list:\n  - b: "yes"\n');
    await write(at("text.yaml"), "a: 1 # kept\n");
    expect(readFileSync(at("text.yaml"), "utf8")).toBe("a: 1 # kept\n");
    const table = await run("spreadsheet", {}, { data: "a,b\n1,2\n" });
    await run("file-system", table, { operation: "write", path: at("table.yaml") });
    expect(readFileSync(at("table.yaml"), "utf8")).toBe('- a: "1"\n  b: "2"\n');
    await run("file-system", table, { operation: "write", path: at("table.csv"), format: "json" });
    expect(JSON.parse(readFileSync(at("table.csv"), "utf8"))).toEqual([{ a: "1", b: "2" }]);
  });

  it("says where JSON and YAML are wrong", async () => {
    const words = async (text: string, format: string) => {
      writeFileSync(at("wrong"), text);
      const { code, message } = await failure("file-system", {}, { path: at("wrong"), format });
      return `${code} ${message.replaceAll(folder, "")}`;
    };
    expect(await words('{\n "a": 1,,\n}', "json")).toMatch(
      /^DESERIALIZATION_FAILED \[file-system\] Read operation failed: \/wrong is not JSON: .*\(line 2 column 9\)$/,
    );
    expect(await words("", "json")).toContain("is not JSON: Unexpected end of JSON input");
    expect(await words("a: [1, 2", "yaml")).toMatch(
      /^DESERIALIZATION_FAILED .*\/wrong cannot be read: .*unclosed bracket.* \(line 1 column 4\)$/,
    );
    expect(await words("a: 1\n---\nb: 2\n", "yaml")).toContain(
      "expected one document, found several (line 3 column 1)",
    );
    expect(await words("__proto__: 1", "yaml")).toMatch(/^VALIDATION_FAILED .*`__proto__` is not allowed/);
    expect(await words("[".repeat(2000), "yaml")).toMatch(/^VALIDATION_FAILED .*limit `depth`/);
    const laughs = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (const [one, next] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]) {
      laughs.push(`${next}: &${next} [${Array(9).fill(`*${one}`).join()}]`);
    }
    expect(await words(laughs.join("\n"), "yaml")).toMatch(/^VALIDATION_FAILED .*Aliases repeat more than/);
  });

  it("reads and writes text in four encodings, and refuses what is not in them", async () => {
    const text = "Preis: 5 € – „süß“";
    for (const encoding of ["utf-8", "utf-16le", "utf-16be", "windows-1252"]) {
      await write(at("encoded"), text, { encoding });
      expect((await read(at("encoded"), { encoding })).result).toBe(text);
    }
    expect([...readFileSync(at("encoded")).subarray(7, 11)]).toEqual([0x35, 0x20, 0x80, 0x20]);
    await write(at("encoded"), { a: "ü" }, { encoding: "windows-1252", format: "json" });
    expect((await read(at("encoded"), { encoding: "windows-1252", format: "json" })).result).toEqual({ a: "ü" });
    writeFileSync(at("encoded"), "\ufeffa", "utf16le");
    expect((await read(at("encoded"), { encoding: "utf-16le" })).result).toBe("a");

    const refused = await failure(
      "file-system",
      { content: "a 漢" },
      {
        operation: "write",
        path: at("encoded"),
        encoding: "windows-1252",
      },
    );
    expect(refused).toMatchObject({ code: "SERIALIZATION_FAILED" });
    expect(refused.message).toContain('windows-1252 has no character "漢", which is character 3 of the content');
    const wrong = await failure("file-system", {}, { path: at("encoded"), encoding: "utf-8" });
    expect(wrong).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    expect(wrong.message).toContain("is not text in utf-8; it begins with the mark of utf-16le");
  });

  it("warns of bytes that are no text, and keeps a byte order mark that was not asked about", async () => {
    writeFileSync(at("latin"), Buffer.from([0x66, 0xfc, 0x72]));
    const { output, warnings } = await warned({}, { path: at("latin") });
    expect(output.result).toBe("f\ufffdr");
    expect(warnings).toEqual([expect.stringMatching(/^not-utf-8: .*latin` is not text in UTF-8/)]);
    writeFileSync(at("wide"), "\ufeffa", "utf16le");
    expect((await warned({}, { path: at("wide") })).warnings[0]).toContain("begins with the mark of utf-16le");
    writeFileSync(at("marked"), "\ufeffa");
    const marked = await warned({}, { path: at("marked") });
    expect([marked.output.result, marked.warnings]).toEqual(["\ufeffa", []]);
    expect((await read(at("marked"), { encoding: "utf-8" })).result).toBe("a");
    writeFileSync(at("marked"), "\ufeff[1]");
    expect((await read(at("marked"), { format: "json" })).result).toEqual([1]);
    expect((await read(at("marked"), { format: "yaml" })).result).toEqual([1]);
  });

  it("warns of text that becomes JSON twice over", async () => {
    const parameters = { operation: "write", path: at("twice"), format: "json" };
    const { warnings } = await warned({ content: '{"a":1}' }, parameters);
    expect(warnings).toEqual([expect.stringMatching(/^text-as-json: /)]);
    expect(readFileSync(at("twice"), "utf8")).toBe('"{\\"a\\":1}"');
    expect((await warned({ content: { a: 1 } }, parameters)).warnings).toEqual([]);
  });

  it("makes folders whose names have one letter, beside where it runs", async () => {
    const before = process.cwd();
    process.chdir(mkdtempSync(at("short-")));
    try {
      const data = [{ a: 1 }];
      await run("file-system", { content: "x" }, { operation: "write", path: "k/a.txt" });
      await run("file-system", { content: "x" }, { operation: "append", path: "l/m/a.txt" });
      await run("file-system", { content: "x" }, { operation: "copy", path: "k/a.txt", targetPath: "n/a.txt" });
      await run("spreadsheet", { data }, { operation: "write", path: "ä/a.csv" });
      await run("spreadsheet", { data }, { operation: "write", path: "1/2/a.xlsx" });
      await run("archive", {}, { operation: "create", path: "z/a.zip", files: ["k/a.txt"] });
      await expect(run("file-system", { content: 5n }, { operation: "write", path: "o/a.txt" })).rejects.toThrow();
      expect(readdirSync(".").sort()).toEqual(["1", "k", "l", "n", "z", "ä"]);
    } finally {
      process.chdir(before);
    }
  });

  it("adds to the end of a file", async () => {
    const append = (content: unknown, more: object = {}) =>
      run("file-system", { content }, { operation: "append", path: at("logs", "log"), ...more });
    expect(await append("a\n")).toMatchObject({ result: at("logs", "log"), path: at("logs", "log"), size: 2 });
    await append(Buffer.from([98, 10]));
    await append({ result: { c: 1 } });
    await append([{ d: 1 }, "e", null]);
    expect((await append("ü", { encoding: "windows-1252" })).size).toBe(30);
    expect(readFileSync(at("logs", "log"), "latin1")).toBe('a\nb\n{"c":1}\n{"d":1}\n"e"\nnull\nü');
    await run("file-system", await run("spreadsheet", {}, { data: "a\n1\n" }), {
      operation: "append",
      path: at("rows.jsonl"),
    });
    expect(readFileSync(at("rows.jsonl"), "utf8")).toBe('{"a":"1"}\n');
    // Written, a file of that name has the same lines, whatever the rows are.
    const rows = [{ a: "1" }, { a: "2" }];
    const table = await run("spreadsheet", {}, { data: "a\n1\n2\n" });
    writeFileSync(at("in.csv"), "a\n1\n2\n");
    const stream = await run("spreadsheet", {}, { path: at("in.csv"), stream: true });
    for (const [content, name] of [
      [{ content: rows }, "list.jsonl"],
      [table, "table.ndjson"],
      [stream, "stream.jsonl"],
    ] as const) {
      await run("file-system", content, { operation: "write", path: at(name) });
      expect(readFileSync(at(name), "utf8"), name).toBe('{"a":"1"}\n{"a":"2"}\n');
    }
    await run("file-system", { content: [1, undefined, null] }, { operation: "write", path: at("gaps.jsonl") });
    expect(readFileSync(at("gaps.jsonl"), "utf8")).toBe("1\nnull\nnull\n");
    await run("file-system", { content: { a: { b: 1 } } }, { operation: "write", path: at("one.jsonl") });
    expect(readFileSync(at("one.jsonl"), "utf8")).toBe('{"a":{"b":1}}\n');
    await run("file-system", { content: rows }, { operation: "write", path: at("json.jsonl"), format: "json" });
    expect(JSON.parse(readFileSync(at("json.jsonl"), "utf8"))).toEqual(rows);
    const refused = await failure("file-system", { content: "x" }, { operation: "append", path: folder });
    expect(refused.message).toContain(`Append operation failed: Path is not a file: ${folder}`);
    expect((await failure("file-system", {}, { operation: "append", path: at("logs", "log") })).code).toBe(
      "TYPE_MISMATCH",
    );
  });

  it("adds rows to a CSV under the columns that it has", async () => {
    const path = at("sales.csv");
    const append = (content: unknown, more: object = {}) => warned({ content }, { operation: "append", path, ...more });
    expect((await append([])).warnings).toEqual([expect.stringMatching(/^empty-table: /)]);
    await append([
      { name: "a, b", n: 1 },
      { name: "c", n: 2 },
    ]);
    await append({ result: { n: 3, name: 'd"' } });
    expect(readFileSync(path, "utf8")).toBe('name,n\n"a, b",1\nc,2\n"d""",3\n');
    const { warnings } = await append([{ n: 4 }]);
    expect(warnings).toEqual([expect.stringMatching(/^missing-column: No row .* has `name`/)]);
    await append(await run("spreadsheet", {}, { data: "n,name\n5,e\n" }));
    await append("6,text\n");
    const text = 'name,n\n"a, b",1\nc,2\n"d""",3\n,4\ne,5\n6,text\n';
    expect(readFileSync(path, "utf8")).toBe(text);
    const strange = await failure("file-system", { content: [{ nam: "x", n: 1 }] }, { operation: "append", path });
    expect(strange.code).toBe("TYPE_MISMATCH");
    expect(strange.message).toContain("it has no column `nam`; its first row is `name`, `n`. Did you mean `name`?");
    const number = await failure("file-system", { content: [{ n: 1 }, 7] }, { operation: "append", path });
    expect(number.message).toContain("objects by column, found 7 as item 2");
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("goes on in a CSV as it is written, with its delimiter, ends of lines and encoding", async () => {
    const append = (path: string, content: unknown, more: object = {}) =>
      run("file-system", { content }, { operation: "append", path, ...more });
    writeFileSync(at("german.csv"), '\ufeffname;"größe\r\nin m"\r\na;1');
    await append(at("german.csv"), [{ "größe\r\nin m": 2, name: "b;c" }]);
    expect(readFileSync(at("german.csv"), "utf8")).toBe('\ufeffname;"größe\r\nin m"\r\na;1\r\n"b;c";2\r\n');
    writeFileSync(at("latin.tsv"), Buffer.from("gr\xf6\xdfe\tb\n1\t2\n", "latin1"));
    expect(
      (await failure("file-system", { content: { b: 1 } }, { operation: "append", path: at("latin.tsv") })).code,
    ).toBe("DESERIALIZATION_FAILED");
    await append(at("latin.tsv"), { größe: "ü", b: 3 }, { encoding: "windows-1252" });
    expect(readFileSync(at("latin.tsv"), "latin1")).toBe("größe\tb\n1\t2\nü\t3\n");
    for (const encoding of ["utf-16le", "utf-16be"]) {
      await append(at(`${encoding}.csv`), { a: 1 }, { encoding });
      await append(at(`${encoding}.csv`), { a: 2 }, { encoding });
      expect(new TextDecoder(encoding).decode(readFileSync(at(`${encoding}.csv`)))).toBe("a\n1\n2\n");
    }
  });

  it("names the columns once where several nodes add to a new CSV at once", async () => {
    const path = at("at-once.csv");
    const rounds = Array.from({ length: 20 }, (_, n) =>
      run("file-system", { content: { n } }, { operation: "append", path }),
    );
    await Promise.all(rounds);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines[0]).toBe("n");
    expect(
      lines
        .slice(1)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it("tells what a path is", async () => {
    writeFileSync(at("facts"), "abc");
    symlinkSync(at("facts"), at("facts-link"));
    const found = await read(at("facts"), { operation: "stat" });
    expect(found).toMatchObject({ path: at("facts"), kind: "file", size: 3, success: true });
    expect(found.result).toMatchObject({ path: at("facts"), kind: "file", size: 3 });
    expect(new Date(found.modified).getTime()).toBeGreaterThan(0);
    expect((await read(folder, { operation: "stat" })).kind).toBe("folder");
    expect((await read(at("facts-link"), { operation: "stat" })).kind).toBe("file");
    expect((await read("/dev/null", { operation: "stat" })).kind).toBe("device");
    const missing = await failure("file-system", {}, { path: at("fact"), operation: "stat" });
    expect(missing.message).toMatch(/Stat operation failed: Path does not exist: [^(]+$/);
    expect(adviceOf(missing)?.[0]).toContain("`facts`");
  });

  it("refuses settings that the operation has no use for, and content that is not of the format", async () => {
    const words = async (parameters: object, content?: unknown) => {
      const input = content === undefined ? {} : { content };
      const { code, message } = await failure("file-system", input, { path: at("x"), ...parameters });
      return `${code} ${message}`;
    };
    const unused = "INVALID_PARAMETERS [file-system] ";
    expect(await words({ operation: "append", format: "json" })).toBe(
      `${unused}\`format\` is for read, write, and says nothing to append`,
    );
    expect(await words({ operation: "read", patterns: ["*"] })).toBe(
      `${unused}\`patterns\` is for list, and says nothing to read`,
    );
    expect(await words({ operation: "copy", targetPath: "y", encoding: "utf-8" })).toContain("`encoding` is for read");
    expect(await words({ format: "bytes", encoding: "utf-8" })).toContain("says nothing to `format: bytes`");
    expect(await words({ format: "csv" })).toContain("`format` must be one of");
    const of = (format: string, content: unknown) => words({ operation: "write", format }, content);
    expect(await of("text", { a: 1 })).toContain("TYPE_MISMATCH");
    expect(await of("bytes", "abc")).toContain('`format: bytes` takes bytes, found "abc"');
    expect(await of("base64", "no base64!")).toContain("`format: base64` takes base64 text");
    expect(await of("json", new Uint8Array(1))).toContain("`format: json` takes a value, found bytes");
    expect(await of("yaml", { a: 1n })).toContain("cannot be written as JSON");
    expect(await of("yaml", { constructor: 1 })).toContain("VALIDATION_FAILED");
  });

  it("is ended by its signal before anything is read or written", async () => {
    const signal = AbortSignal.abort();
    for (const operation of ["read", "write", "append", "list", "stat", "exists", "delete", "copy", "move", "create"]) {
      const parameters = { operation, path: at("kept"), targetPath: at("target"), content: "x", signal };
      expect((await failure("file-system", {}, parameters)).code).toBe("CANCELLED");
    }
    expect((await read(at("kept"), { operation: "exists" })).exists).toBe(false);
  });
});

describe("what file-system lists", () => {
  const home = at("tree");
  for (const path of ["a.csv", "b.tsv", "n.txt", ".env", "in/c.csv", "in/deep/d.csv", "in/.git/x.csv", "old/e.csv"]) {
    mkdirSync(join(home, path, ".."), { recursive: true });
    writeFileSync(join(home, path), path);
  }
  symlinkSync(home, join(home, "in", "circle"));
  symlinkSync(join(home, "a.csv"), join(home, "in", "link.csv"));
  symlinkSync(join(home, "gone"), join(home, "in", "broken.csv"));
  const list = (parameters: object) => warned({}, { operation: "list", path: home, ...parameters });
  const names = async (parameters: object) =>
    (await list(parameters)).output.files.map((path: string) => path.slice(home.length + 1));

  it("finds files by patterns, each once, in order, and follows no links", async () => {
    expect(await names({ patterns: "**/*.csv" })).toEqual([
      "a.csv",
      "in/c.csv",
      "in/deep/d.csv",
      "in/link.csv",
      "old/e.csv",
    ]);
    expect(await names({ patterns: ["*.csv", "**/a.*", "*.tsv"] })).toEqual(["a.csv", "b.tsv"]);
    expect(await names({ patterns: ["**/*.csv", "!old", "!**/link.*"] })).toEqual([
      "a.csv",
      "in/c.csv",
      "in/deep/d.csv",
    ]);
    expect(await names({ patterns: "*.csv", recursive: true })).toEqual(await names({ patterns: "**/*.csv" }));
    expect(await names({ patterns: "**", include: "folders" })).toEqual(["in", "in/circle", "in/deep", "old"]);
    expect(await names({ patterns: "in/*", include: "all" })).toEqual([
      "in/broken.csv",
      "in/c.csv",
      "in/circle",
      "in/deep",
      "in/link.csv",
    ]);
    expect(await names({ patterns: ".*" })).toEqual([".env"]);
    expect(await names({ patterns: "**/x.csv", hidden: true })).toEqual(["in/.git/x.csv"]);
    expect(await names({ include: "files" })).toEqual(["a.csv", "b.tsv", "n.txt"]);
    expect(await names({ hidden: true })).toEqual([".env", "a.csv", "b.tsv", "in", "n.txt", "old"]);
  });

  it("tells how many each pattern fits, and warns of those that fit nothing", async () => {
    const { output, warnings } = await list({ patterns: ["*.csv", "*.cvs", "!in"] });
    expect(output).toMatchObject({ count: 1, matched: { "*.csv": 1, "*.cvs": 0 } });
    expect(warnings).toEqual([
      `pattern-without-match: The pattern \`*.cvs\` fits none of the files in ${home}, where 6 entries were looked at; ` +
        "`**/*.cvs` also looks into folders",
    ]);
    expect((await list({ patterns: ["in/**"], include: "folders", hidden: false })).warnings).toEqual([]);
    expect((await list({})).output.matched).toBeUndefined();
    expect((await list({ patterns: [] })).output.count).toBe(5);
  });

  it("tells the facts of each when asked", async () => {
    const { output } = await list({ patterns: ["a.csv", "in/link.csv", "in/deep"], include: "all", details: true });
    const entry = { modified: expect.stringMatching(/^\d{4}-.*Z$/), size: expect.any(Number) };
    expect(output.entries).toEqual([
      { ...entry, path: join(home, "a.csv"), name: "a.csv", relativePath: "a.csv", kind: "file", size: 5 },
      { ...entry, path: join(home, "in/deep"), name: "deep", relativePath: "in/deep", kind: "folder" },
      { ...entry, path: join(home, "in/link.csv"), name: "link.csv", relativePath: "in/link.csv", kind: "link" },
    ]);
  });

  it("refuses patterns that lead out or cannot be read", async () => {
    for (const patterns of ["../*", "/etc/*", "[a", ["ok", "a//b"]]) {
      expect((await failure("file-system", {}, { operation: "list", path: home, patterns })).code).toBe(
        "INVALID_PARAMETERS",
      );
    }
    expect((await failure("file-system", {}, { operation: "list", path: home, patterns: [7] })).message).toContain(
      "`patterns",
    );
  });
});
