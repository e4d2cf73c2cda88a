/**
 * What executables give and say, as flows of earlier versions know it: outputs with these keys, beside which `hiddenCount` and `signal` are newer, and
 * messages in these words.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { failure, run, temporaryFolder } from "../run.js";

type Call = [type: string, input: unknown, parameters: Record<string, unknown>];

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const file = at("file");
const full = at("full");
writeFileSync(file, "words");
mkdirSync(full);
for (const name of ["b.txt", "a.txt", ".hidden"]) writeFileSync(join(full, name), name);
writeFileSync(at("table.csv"), "a,b\n1,\n");
writeFileSync(at("table.tsv"), "a\tb\n1\t2\n");

const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
const MS = expect.any(Number) as number;
const files = (operation: string, path: string, others: object = {}): Record<string, unknown> => ({
  operation,
  path,
  ...others,
});
const done = (path: string, others: object) => ({ success: true, path, ...others });
const moved = (from: string, to: string) => done(to, { result: to, sourcePath: from, destPath: to });
/** What a loop gives: the same twice, once as a whole. */
const looped = (results: object[], iterationCount = results.length) => {
  const facts = { results, iterationCount, errors: [], success: true, duration: MS };
  return { result: { ...facts, completed: true, stopped: false }, ...facts };
};
const transformed = (operation: string, result: unknown, inputCount: number, outputCount: number) => ({
  ...{ result, inputCount, outputCount, operation },
  success: true,
});

const GIVEN: [...Call, unknown][] = [
  [
    "edit-fields",
    { data: { a: 1, b: "x" } },
    { values: { b: "{{a}}{{c.d}}!", n: 2 } },
    { result: { a: 1, b: "1!", n: 2 } },
  ],
  ["edit-fields", { data: { a: 1 } }, { values: '{"b":[1]}', keepOnlySet: true }, { result: { b: [1] } }],
  [
    "edit-fields",
    { data: { a: { b: "<i>" } } },
    { values: { c: "{{a.b}}" }, keepOnlySet: true },
    { result: { c: "&lt;i&gt;" } },
  ],
  ["edit-fields", {}, { values: { t: "{{$now}}" } }, { result: { t: MOMENT } }],
  [
    "file-system",
    {},
    files("read", file),
    done(file, { result: "words", content: "words", size: 5, modified: expect.anything() }),
  ],
  ["file-system", { input: "brought" }, files("write", at("in/w")), done(at("in/w"), { result: at("in/w"), size: 7 })],
  [
    "file-system",
    { input: "brought" },
    files("write", at("w2"), { content: "own" }),
    done(at("w2"), { result: at("w2"), size: 3 }),
  ],
  [
    "file-system",
    {},
    files("list", full),
    done(full, {
      result: [join(full, "a.txt"), join(full, "b.txt")],
      files: [join(full, "a.txt"), join(full, "b.txt")],
      count: 2,
      hiddenCount: 1,
    }),
  ],
  ["file-system", {}, files("exists", file), done(file, { result: true, exists: true })],
  ["file-system", {}, files("exists", at("none")), done(at("none"), { result: false, exists: false })],
  ["file-system", {}, files("create", at("new/deep")), done(at("new/deep"), { result: at("new/deep"), created: true })],
  ["file-system", {}, files("create", full), done(full, { result: full, created: false })],
  ["file-system", {}, files("delete", at("none")), done(at("none"), { result: at("none"), deleted: false })],
  ["file-system", { targetPath: at("copy") }, files("copy", file), moved(file, at("copy"))],
  ["file-system", { targetPath: at("full2") }, files("copy", full, { recursive: true }), moved(full, at("full2"))],
  ["file-system", { targetPath: at("copy3") }, files("move", at("copy")), moved(at("copy"), at("copy3"))],
  ["file-system", {}, files("delete", at("copy3")), done(at("copy3"), { result: at("copy3"), deleted: true })],
  [
    "group",
    { a: 1 },
    {},
    {
      result: { a: 1 },
      metadata: { executedAt: MOMENT, nodeId: "n", nodeType: "group", childNodesExecuted: 0, totalExecutionTime: MS },
    },
  ],
  ["loop", { array: [] }, {}, looped([])],
  ["loop", { array: [7] }, { array: [5] }, looped([{ index: 0, item: 5, processed: true, timestamp: MOMENT }])],
  ["loop", { array: [5] }, {}, looped([{ index: 0, item: 5, processed: true, timestamp: MOMENT }])],
  ["loop", {}, { loopType: "times", count: 2 }, looped([0, 1].map((iteration) => ({ iteration, timestamp: MOMENT })))],
  [
    "loop",
    {},
    { loopType: "while", condition: "iteration < 2" },
    looped([0, 1].map((iteration) => ({ iteration, timestamp: MOMENT, condition: true }))),
  ],
  ["loop", { array: [1, 2] }, { collectResults: false }, looped([], 2)],
  ["parallel", {}, {}, { results: [], completed: 0, failed: 0, duration: 0, success: true }],
  [
    "parallel",
    { operations: ["a", "b"] },
    {},
    {
      results: ["a", "b"].map((input, index) => ({
        ...{ index, input },
        result: `Processed operation ${index}`,
        timestamp: MOMENT,
      })),
      ...{ completed: 2, failed: 0, duration: MS, success: true },
    },
  ],
  [
    "spreadsheet",
    { path: at("table.csv") },
    {},
    {
      records: [{ a: "1", b: "" }],
      headers: ["a", "b"],
      rowCount: 1,
      format: "csv",
      sheetName: "Sheet1",
      sheetNames: ["Sheet1"],
    },
  ],
  [
    "spreadsheet",
    { data: 'a;b\n 1 ;"x;""y"\n' },
    { delimiter: ";" },
    expect.objectContaining({
      records: [{ a: expect.stringMatching(/^ ?1 ?$/), b: 'x;"y' }],
      sheetName: "Sheet1",
      delimiter: ";",
    }),
  ],
  [
    "spreadsheet",
    { path: at("table.tsv") },
    {},
    expect.objectContaining({ records: [{ a: "1", b: "2" }], headers: ["a", "b"] }),
  ],
  ["transform", { data: [1, 2] }, { transformFunction: "(a) => a * 2" }, transformed("map", [2, 4], 2, 2)],
  ["transform", { data: [{ a: 1, b: 2 }] }, { transformFunction: "({a,b}) => a + b" }, transformed("map", [3], 1, 1)],
  ["transform", { data: [{ a: { b: 1 } }] }, { transformFunction: "a.b" }, transformed("map", [1], 1, 1)],
  [
    "transform",
    { data: [1, 2], function: "x => x + 1" },
    { transformFunction: "x => 0" },
    transformed("map", [2, 3], 2, 2),
  ],
  [
    "transform",
    { data: [1, 2] },
    { operation: "filter", transformFunction: "x => x > 1" },
    transformed("filter", [2], 2, 1),
  ],
  [
    "transform",
    { data: [1, 2] },
    { operation: "reduce", transformFunction: "({ acc, item, index }) => acc + item + index", reduceInitial: "5" },
    transformed("reduce", 9, 2, 1),
  ],
  ["transform", { data: [10, 9] }, { operation: "sort" }, transformed("sort", [9, 10], 2, 2)],
  [
    "transform",
    { data: [{ k: "b" }, { k: "a" }] },
    { operation: "sort", sortKey: "k", sortDirection: "desc" },
    transformed("sort", [{ k: "b" }, { k: "a" }], 2, 2),
  ],
  [
    "transform",
    { data: [{ k: 1 }, { k: 2 }, { k: 1 }] },
    { operation: "group", groupKey: "k" },
    transformed("group", { 1: [{ k: 1 }, { k: 1 }], 2: [{ k: 2 }] }, 3, 2),
  ],
  [
    "transform",
    { data: [{ k: 1 }] },
    { operation: "group", sortKey: "k" },
    transformed("group", { 1: [{ k: 1 }] }, 1, 1),
  ],
  ["transform", { data: [[1, [2]], 3] }, { operation: "flatten" }, transformed("flatten", [1, [2], 3], 2, 3)],
  [
    "transform",
    { data: [[1, [2]], 3] },
    { operation: "flatten", flattenDepth: 2 },
    transformed("flatten", [1, 2, 3], 2, 3),
  ],
  ["transform", { data: [{ a: 1 }, { a: 1 }] }, { operation: "unique" }, transformed("unique", [{ a: 1 }], 2, 1)],
  ["transform", { data: [1, 2] }, { operation: "reverse" }, transformed("reverse", [2, 1], 2, 2)],
  ["transform", { data: [1, 2, 3] }, { operation: "limit", limitCount: 2 }, transformed("limit", [1, 2], 3, 2)],
  ["transform", { data: [1, 2, 3] }, { operation: "skip", skipCount: 2 }, transformed("skip", [3], 3, 1)],
  [
    "transform",
    { data: [1, 2, 3] },
    { operation: "slice", sliceStart: 1, sliceEnd: 2 },
    transformed("slice", [2], 3, 1),
  ],
  ["transform", {}, { operation: "reverse", data: [1, 2] }, transformed("reverse", [2, 1], 2, 2)],
  ["transform", {}, { operation: "reverse" }, transformed("reverse", [], 0, 0)],
  [
    "shell-command",
    {
      program: process.execPath,
      args: ["-e", "console.log(process.env.OWN, process.env.LD_PRELOAD)"],
      environment: { OWN: "1", LD_PRELOAD: "x" },
    },
    { program: "other" },
    {
      ...{ stdout: "1 undefined\n", stderr: "", exitCode: 0 },
      command: `${process.execPath} -e console.log(process.env.OWN, process.env.LD_PRELOAD)`,
      ...{ duration: MS, success: true, timedOut: false, signal: null },
    },
  ],
];

const FAILING: [...Call, string][] = [
  ["edit-fields", {}, { values: { a: "{{" } }, "Bad template syntax"],
  ["file-system", {}, {}, "Path is required"],
  ["file-system", {}, files("read", at("none")), "Read operation failed: File does not exist: "],
  ["file-system", {}, files("read", full), "Read operation failed: Path is not a file: "],
  ["file-system", {}, files("write", join(file, "in"), { content: "x" }), "Write operation failed: "],
  ["file-system", {}, files("write", at("nothing")), 'The "data" argument must be of type string'],
  ["file-system", {}, files("list", at("none")), "List directory failed: Directory does not exist: "],
  ["file-system", {}, files("list", file), "List directory failed: Path is not a directory: "],
  ["file-system", {}, files("create", join(file, "in")), "Create directory failed: "],
  ["file-system", {}, files("delete", full), "Delete operation failed: "],
  ["file-system", { targetPath: at("t") }, files("copy", at("none")), "Copy operation failed: Source does not exist: "],
  ["file-system", { targetPath: join(file, "x") }, files("copy", full, { recursive: true }), "Copy directory failed: "],
  ["file-system", { targetPath: at("t") }, files("move", at("none")), "Move operation failed: Source does not exist: "],
  ["file-system", {}, files("copy", file), "Target path is required for copy operation"],
  ["file-system", {}, files("move", file), "Target path is required for move operation"],
  ["http-request", {}, { url: "nonsense" }, "Must be a valid URL"],
  ["http-request", { url: "" }, { url: "http://a" }, "URL is required for HTTP requests"],
  ["http-request", { url: "nonsense" }, { url: "http://a" }, "Invalid URL: nonsense"],
  ["image", {}, { baseImage: file }, "Overlay operation requires both baseImage and overlayImage"],
  [
    "image",
    {},
    { operation: "merge", images: [file] },
    "Merge operation requires at least 2 images in the images array",
  ],
  ["image", {}, { operation: "composite" }, "No valid image inputs provided"],
  ["image", {}, { baseImage: at("none.png"), overlayImage: file }, "Base image file not found: "],
  ["image", {}, { baseImage: file, overlayImage: at("none.png") }, "Overlay image file not found: "],
  ["image", {}, { operation: "composite", baseImage: at("none.png") }, "Source image file not found: "],
  ["image", {}, { operation: "merge", images: [at("none.png"), file] }, "Image file not found: "],
  ["image", {}, { operation: "composite", baseImage: file }, "Image processing failed: "],
  ["image", {}, { operation: "convert", baseImage: file, output: at("a.gif") }, "Unsupported image format"],
  ["loop", {}, { loopType: "while", condition: "iteration <" }, "Invalid condition: "],
  ["shell-command", {}, {}, "Program is required"],
  ["shell-command", { program: "" }, { program: "x" }, "Program is required for command execution"],
  ["shell-command", { workingDirectory: at("none") }, { program: "x" }, "Invalid or inaccessible working directory: "],
  ["shell-command", {}, { program: "no-such-program" }, "spawn no-such-program ENOENT"],
  ["spreadsheet", {}, {}, "No spreadsheet data provided. Please provide filePath or raw data."],
  ["spreadsheet", {}, { path: at("none.csv") }, "File not found: "],
  ["transform", { data: 3 }, { operation: "sort" }, "Input data must be an array for transformation"],
  ["transform", { data: [] }, { operation: "group" }, "groupKey or sortKey is required for group operation"],
];

describe("the output of", () => {
  // In this order: what one writes another one moves.
  it.each(GIVEN.map((each) => [shown(each), ...each] as const))("%s", async (_, type, input, parameters, expected) => {
    expect({ ...(await run(type, input, parameters)) }).toEqual(expected);
  });

  it("a copy and a written file is there", () => {
    expect(readFileSync(at("in/w"), "utf8")).toBe("brought");
    expect(readFileSync(at("w2"), "utf8")).toBe("own");
    expect(readFileSync(at("full2/.hidden"), "utf8")).toBe(".hidden");
  });
});

describe("what is said by", () => {
  it.each(FAILING.map((each) => [shown(each), ...each] as const))("%s", async (_, type, input, parameters, words) => {
    const { message } = await failure(type, input, parameters);
    expect(message).toContain(words);
    expect(message).toMatch(new RegExp(`^(?:\\[${type}\\] |Invalid ${type} parameters: )`));
  });
});

/** A call as the name of a test. */
function shown([type, input, parameters]: readonly [string, unknown, unknown, ...unknown[]]): string {
  return `${type} ${JSON.stringify(input)} ${JSON.stringify(parameters)}`.replaceAll(folder, "~");
}
