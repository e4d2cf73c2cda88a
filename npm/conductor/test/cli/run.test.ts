import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { conductor, DOUBLE, ENDLESS, FAILING, file, folder, start } from "./cli.js";

const here = folder();
const double = file(here, "double it.flow.yaml", DOUBLE);
const endless = file(here, "endless.yaml", ENDLESS);
const failing = file(here, "failing.yaml", FAILING);

describe("conductor run", () => {
  it("tells each start and end in one line without escape codes when nobody watches", async () => {
    const { code, stdout, stderr } = await conductor("run", double);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const lines = stdout.split("\n").map((line) => line.replace(/ in \d.*/, ""));
    expect(lines.slice(0, 8)).toEqual([
      "started    keep",
      "completed  keep",
      "started    inner/",
      "started    inner/double",
      "completed  inner/double",
      "completed  inner/",
      "started    last",
      "completed  last",
    ]);
    expect(stdout).toContain("✓ Keep and double succeeded in ");
    expect(stdout).toContain("3 nodes run, 0 skipped, 0 failed");
    expect(stdout).not.toContain("\u001b");
  });

  it("says how many nodes did not begin because one ended the run", async () => {
    const ended = `id: f
nodes:
  - { id: enough, type: stop, parameters: { as: success } }
  - { id: later, type: delay, parameters: { duration: 0 } }
edges: [{ source: enough, target: later }]
`;
    const { code, stdout } = await conductor("run", file(here, "ended.flow.yaml", ended));
    expect(code).toBe(0);
    expect(stdout).toContain("1 node run, 0 skipped, 0 failed, 1 not begun, as the run was ended before");
  });

  it("takes colours when it is told to", async () => {
    const { stdout } = await start(["run", double], { env: { FORCE_COLOR: "1" } }).ended;
    expect(stdout).toContain("\u001b[32m✓ Keep and double succeeded");
  });

  it("says nothing about a success when it is to be quiet", async () => {
    expect(await conductor("run", double, "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("tells after the table what the flow and its nodes were warned of", async () => {
    const text = `
id: asking
type: group
nodes:
  - id: each
    type: loop
    nodes:
      - { id: keep, type: transform, policy: { rateLimit: { limit: 9, per: 1s, key: lone } }, parameters: { data: [1] } }
`;
    const asking = file(here, "asking.yaml", text);
    const { code, stdout } = await conductor("run", asking);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n1 warning\n {2}! each: The loop found nothing to loop over/);
    const { warnings } = JSON.parse((await conductor("run", asking, "--json")).stdout);
    expect(warnings).toMatchObject([
      { rule: "ignored-policy", nodeId: "keep" },
      { rule: "loop-without-items", nodeId: "each" },
    ]);
    expect(JSON.parse((await conductor("run", double, "--json")).stdout)).not.toHaveProperty("warnings");
  });

  it("fails with --strict where a run warned that ended well, and tells of what", async () => {
    const text = `
id: asking
nodes:
  - id: each
    type: loop
    nodes:
      - { id: keep, type: transform, parameters: { data: [1] } }
`;
    const asking = file(here, "strictly.yaml", text);
    const warned = /\n1 warning\n {2}! each: The loop found nothing to loop over/;
    expect(await conductor("run", asking, "--strict")).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(warned),
    });
    const quiet = await conductor("run", asking, "--strict", "--quiet");
    expect(quiet).toEqual({ code: 3, stdout: "", stderr: expect.stringMatching(warned) });
    const { code, stdout } = await conductor("run", asking, "--strict", "--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([
      3,
      { success: true, warnings: [{ rule: "loop-without-items" }] },
    ]);
    expect((await conductor("run", double, "--strict", "--quiet")).code).toBe(0);
  });

  it("prints exactly one JSON document with --json", async () => {
    const { code, stdout, stderr } = await conductor("run", double, "--json");
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      success: true,
      data: { result: [6, 4] },
      executedNodes: ["double", "keep", "inner", "double", "last"],
      outputs: { keep: { result: [2, 3] }, last: { result: [6, 4] } },
    });
    expect(document.duration).toEqual(expect.any(Number));
    expect(stderr).toContain("completed  keep");
  });

  it("writes the trace", async () => {
    const trace = join(here, "trace.json");
    expect((await conductor("run", double, "--quiet", "--trace", trace)).code).toBe(0);
    const { nodes, events } = JSON.parse(readFileSync(trace, "utf8"));
    expect(nodes.map(({ nodeId, state }: Record<string, string>) => `${nodeId} ${state}`)).toEqual([
      "keep completed",
      "inner completed",
      "last completed",
    ]);
    expect(events.at(-1).type).toBe("completed");
  });

  it("refuses a trace file that cannot be written", async () => {
    const { code, stderr } = await conductor("run", double, "--quiet", "--trace", join(here, "none", "trace.json"));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^The trace cannot be written: ENOENT/);
  });

  it("takes inputs and variables as JSON or text, variables over the defaults in the flow", async () => {
    const flow = file(
      here,
      "variables.yaml",
      `
id: greeting
type: edit-fields
variables:
  greeting: { type: string, defaultValue: Hello }
  mark: { type: string, defaultValue: "." }
parameters: { values: { text: "{{variables.greeting}} {{data.name}} {{data.list.1}}{{variables.mark}}" }, keepOnlySet: true }
`,
    );
    const { stdout } = await conductor(
      "run",
      flow,
      "--json",
      "--input",
      'data={"name":"you","list":[1,2]}',
      "--var",
      "mark=!=",
    );
    expect(JSON.parse(stdout).data.result.text).toBe("Hello you 2!=");
  });

  it("says what failed, where, and what to do", async () => {
    const { code, stdout, stderr } = await conductor("run", failing);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^failed {5}inner\/bad in .*cannot read property 'z' of undefined$/m);
    expect(stderr).toMatch(/✗ EXECUTION_FAILED {2}\[transform\] .*cannot read property 'z' of undefined/);
    expect(stderr).toContain("node bad at /nodes/1/nodes/1");
    expect(stderr).toContain("What to do: ");
  });

  it("gives the failure as JSON too", async () => {
    const { code, stdout } = await conductor("run", failing, "--json");
    expect(code).toBe(1);
    const { success, error } = JSON.parse(stdout);
    expect(success).toBe(false);
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "bad", path: "/nodes/1/nodes/1" });
    expect(error.recovery.suggestions.length).toBeGreaterThan(0);
  });

  it("ends with 124 when the run takes longer than it may", async () => {
    const { code, stderr } = await conductor("run", endless, "--timeout", "0.2s");
    expect(code).toBe(124);
    expect(stderr).toContain("TIMEOUT  Execution timed out after 200ms");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("is cancelled by %s while user code spins", async (signal) => {
    const running = start(["run", endless]);
    await running.says("started    spin");
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toContain(`Cancelling after ${signal}`);
    expect(stdout).toContain("endless was cancelled");
    expect(stderr).toContain("CANCELLED");
  });

  it("is cancelled while a server does not answer", async () => {
    const server = createServer(() => {});
    const asked = once(server, "request");
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const flow = file(here, "ask.json", JSON.stringify({ id: "ask", type: "http-request", parameters: { url } }));
    const running = start(["run", flow, "--json"]);
    await asked;
    running.child.kill("SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ success: false, error: { code: "CANCELLED" } });
  });

  it("goes on when nobody reads any more", async () => {
    const out = join(here, "written.txt");
    const flow = file(
      here,
      "write.yaml",
      `
id: write
type: group
nodes:
  - { id: one, type: transform, parameters: { data: [1] } }
  - { id: save, type: file-system, parameters: { operation: write, path: ${JSON.stringify(out)}, content: done } }
edges: [{ source: one, target: save }]
`,
    );
    const running = start(["run", flow]);
    running.child.stdout?.destroy();
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(existsSync(out)).toBe(true);
  });

  it("refuses an invalid flow with all its problems before anything runs", async () => {
    const flow = file(
      here,
      "invalid.yaml",
      `id: invalid
type: group
nodes:
  - { id: a, type: transform, parameters: { operation: mapp } }
  - { id: b, type: nonsense }
edges:
  - { source: a, target: missing }
`,
    );
    const { code, stdout, stderr } = await conductor("run", flow);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("3 problems");
    expect(stderr).toContain("line 4, column 45 · /nodes/0/parameters/operation · ");
    expect(stderr).toContain("line 5, column 14 · ");
    expect(stderr).toContain("`nonsense` is not known. Allowed: ");
    expect(stderr).toContain("line 7, column 18 · /edges/0/target · ");

    const json = await conductor("run", flow, "--json");
    expect(json.code).toBe(3);
    const { success, error } = JSON.parse(json.stdout);
    expect(success).toBe(false);
    expect(error.problems.map(({ line }: { line: number }) => line)).toEqual([4, 5, 7]);
  });

  it.each([
    ["no flow", ["run"], "Name the flow to run: a file, or - for standard input"],
    ["an unknown option", ["run", "--fast", double], "unknown option '--fast'"],
    ["an unknown command", ["walk"], "unknown command 'walk'"],
    ["an input without a value", ["run", double, "--input", "name"], "Expected name=value."],
    ["an input without a name", ["run", double, "--input", "=1"], "Expected name=value."],
    ["no number of nodes at once", ["run", double, "--concurrency", "0"], "Expected a whole number from 1."],
    [
      "no time",
      ["run", double, "--timeout", "soon"],
      "Expected a number of ms, or a duration such as 250ms, 10s, 5m, 1.5h or 2d.",
    ],
    ["a file that is not there", ["run", join(here, "none.yaml")], "The flow cannot be read: ENOENT"],
  ])("refuses %s as wrong usage", async (_what, args, message) => {
    const { code, stdout, stderr } = await conductor(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("says of a store whether a command keeps executions in it or looks into it", async () => {
    const shown = async (...command: string[]) => (await conductor(...command, "--help")).stdout.replace(/\s+/g, " ");
    expect(await shown("run")).toContain("--store <address> keep executions there");
    for (const command of [["logs"], ["executions", "list"], ["executions", "vacuum"], ["replay"]]) {
      expect(await shown(...command)).toContain("--store <address> the store that keeps them");
    }
  });

  it("tells its version and its exit codes", async () => {
    const version = await conductor("--version");
    expect(version.code).toBe(0);
    expect(version.stdout).toMatch(/^conductor \d+\.\d+\.\d+ \(native engine \d+\.\d+\.\d+, Node \d+/);
    const help = await conductor("run", "--help");
    expect(help.code).toBe(0);
    for (const code of [0, 1, 2, 3, 124, 130]) expect(help.stdout).toMatch(new RegExp(`^ {2}${code} +\\w`, "m"));
  });
});
