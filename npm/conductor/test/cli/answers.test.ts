/** Flows that ask people, on the command line: answers as options, at a terminal, and nothing to ask. */
import { spawn, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { CLI, conductor, file, folder, ROOT } from "./cli.js";

const here = folder();
const FLOW = file(
  here,
  "approval.yaml",
  `id: approval
nodes:
  - id: ask
    type: wait-for-input
    parameters:
      message: Pay it?
      form:
        type: object
        required: [approved]
        properties:
          approved: { type: boolean, title: Pay }
          note: { type: string }
`,
);
const TIMED = file(
  here,
  "timed.yaml",
  "id: timed\nnodes: [{ id: ask, type: wait-for-input, parameters: { message: Which?, waitFor: 50ms, default: csv } }]",
);

describe("conductor run of a flow that asks", () => {
  it("takes answers as options", async () => {
    const { code, stdout } = await conductor(
      "run",
      FLOW,
      "--quiet",
      "--output",
      "ask",
      "--answer",
      'ask={"approved":true}',
    );
    expect([code, JSON.parse(stdout)]).toEqual([0, { result: { approved: true }, answered: true }]);
  });

  it("refuses an answer that does not fit, and one to a node that there is not", async () => {
    const { code, stderr } = await conductor("run", FLOW, "--answer", "ask=yes");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /--answer ask: The answer to "Pay it\?" does not fit: the answer must be an object, found "yes"/,
    );
    const other = await conductor("run", FLOW, "--answer", "asks=yes");
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('no node "asks" for --answer; it has ask')]);
  });

  it("says at the end which answers nothing asked for; with --strict that fails the command", async () => {
    const flow = file(
      here,
      "unasked.yaml",
      `id: unasked
nodes:
  - { id: note, type: edit-fields, parameters: { values: { text: Hello } } }
  - { id: choose, type: condition, parameters: { expression: "false" } }
  - { id: ask, type: wait-for-input, parameters: { message: "Well?" } }
edges: [{ source: note, target: choose }, { source: choose, target: ask, sourceHandle: "true" }]
`,
    );
    const answers = ["--answer", "note=1", "--answer", "ask=2"];
    const { code, stderr } = await conductor("run", flow, ...answers);
    expect([code, stderr]).toEqual([0, expect.stringContaining("--answer note was not used: the node never asked;")]);
    expect(stderr).toContain("nodes of type wait-for-input ask, here ask\n");
    expect(stderr).toContain("--answer ask was not used: the node never asked; the run did not come to its question\n");
    const quiet = await conductor("run", flow, "--quiet", ...answers);
    expect([quiet.code, quiet.stderr]).toEqual([0, ""]);
    const strict = await conductor("run", flow, "--quiet", "--strict", ...answers);
    expect([strict.code, strict.stderr]).toEqual([2, expect.stringContaining("--answer note was not used")]);
    const used = await conductor("run", TIMED, "--strict", "--answer", "ask=json");
    expect([used.code, used.stderr]).toEqual([0, ""]);
  });

  it("ends where nothing can answer, and says how to; a default it waits for", async () => {
    const { code, stderr } = await conductor("run", FLOW);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'Node "ask" asks: Pay it?; answer it with --answer ask=VALUE, or run the flow at a terminal',
    );
    const timed = await conductor("run", TIMED, "--quiet", "--output", "ask");
    expect([timed.code, JSON.parse(timed.stdout)]).toEqual([0, { result: "csv", answered: false }]);
    expect(timed.stderr).toContain("its default counts soon");
  });
});

/** Whether there is a `script` that makes pseudo terminals as util-linux does. */
const hasTerminal = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

describe.runIf(hasTerminal)("conductor run of a flow that asks, at a terminal", () => {
  it("asks for each field until the answer fits", async () => {
    const command = `exec '${process.execPath}' '${CLI}' run '${FLOW}'`;
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      cwd: ROOT,
      env: { ...process.env, TERM: "xterm", NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let shown = "";
    /** Types a line once the terminal has asked so for this many times. */
    const lines: [RegExp, string][] = [
      [/Pay \(y or n\): $/, "perhaps"],
      [/note \(may be left out\): $/, ""],
      [/does not fit: `approved` must be true or false[\s\S]*Pay \(y or n\): $/, "y"],
      [/left out\): [\s\S]*left out\): $/, "as ordered"],
    ];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of the terminal are no text
      const plain = shown.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
      const [next] = lines;
      if (next?.[0].test(plain)) {
        lines.shift();
        child.stdin.write(`${next[1]}\r`);
      }
    });
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(lines).toEqual([]);
    expect(code).toBe(0);
    expect(shown).toContain("Pay it?");
  });
});
