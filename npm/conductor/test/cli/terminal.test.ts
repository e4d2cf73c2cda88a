import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLI, DOUBLE, ENDLESS, FAILING, file, folder, follow } from "./cli.js";
import { screenOf } from "./screen.js";

const here = folder();

/** Whether there is a `script` that makes pseudo terminals as util-linux does. */
const hasTerminal = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** Where the command in a pseudo terminal leaves its process id. */
const PID = join(here, "pid");

/** Starts the command in a pseudo terminal of 80 columns; keys are not read. */
function inTerminal(flow: string) {
  const command = `echo $$ > '${PID}'; stty cols 80 rows 24; exec '${process.execPath}' '${CLI}' run '${flow}'`;
  return follow("script", ["-qec", command, "/dev/null"], { env: { TERM: "xterm", NO_COLOR: "1" } });
}

describe.runIf(hasTerminal)("conductor run on a terminal", () => {
  it("ends with a picture in which everything is done, then the summary", async () => {
    const { code, stdout } = await inTerminal(file(here, "double.yaml", DOUBLE)).ended;
    expect(code).toBe(0);
    const picture = screenOf(stdout);
    expect(picture[0]).toBe("Keep and double");
    expect(picture[1]).toMatch(/━ 100 % {3}3 of 3 nodes {3}\d/);
    expect(picture[2]).toBe("critical path  ✓ keep → ✓ inner → ✓ last");
    const nodes = picture.slice(4, 8).map((line) => line.replace(/ {2,}\d.*/, ""));
    expect(nodes).toEqual(["✓ keep", "✓ inner", "  ✓ double", "✓ last"]);
    expect(picture[9]).toMatch(/^✓ Keep and double succeeded in /);
    // The cursor that was hidden is shown again.
    expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
  });

  it("marks what failed and what never ran, and is never wider than the terminal", async () => {
    const { code, stdout } = await inTerminal(file(here, "failing.yaml", FAILING)).ended;
    expect(code).toBe(1);
    const picture = screenOf(stdout);
    expect(picture.find((line) => line.startsWith("  ✗ bad"))).toMatch(
      /✗ bad +\[transform\] transformFunction failed.*… +\d+ ms$/,
    );
    expect(picture).toContainEqual("○ after");
    for (const line of picture.slice(0, 10)) expect([...line].length).toBeLessThanOrEqual(80);
  });

  it("shows what runs, and gives the cursor back when it is cancelled", async () => {
    const running = inTerminal(file(here, "endless.yaml", ENDLESS));
    await running.says("● spin");
    process.kill(Number(readFileSync(PID, "utf8")), "SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(screenOf(stdout)).toContain("Cancelling after SIGINT; once more to stop at once");
    expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
  });
});
