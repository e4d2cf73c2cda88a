import { spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { CLI, DOUBLE, ENDLESS, FAILING, file, folder, follow } from "./cli.js";

const here = folder();

/** Whether there is a `script` that makes pseudo terminals as util-linux does. */
const hasTerminal = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** Starts the command in a pseudo terminal of 80 columns; keys are not read. */
function inTerminal(flow: string) {
  const command = `stty cols 80 rows 24; exec '${process.execPath}' '${CLI}' run '${flow}'`;
  return follow("script", ["-qec", command, "/dev/null"], { env: { TERM: "xterm", NO_COLOR: "1" } });
}

/** The last picture: what stands after the last time that lines were taken back. */
function lastPicture(output: string): string[] {
  const lines = stripVTControlCharacters(output).replaceAll("\r", "").split("\n");
  return lines.slice(lines.findLastIndex((line) => line.includes("critical path")) - 2).map((line) => line.trimEnd());
}

describe.runIf(hasTerminal)("conductor run on a terminal", () => {
  it("ends with a picture in which everything is done, then the summary", async () => {
    const { code, stdout } = await inTerminal(file(here, "double.yaml", DOUBLE)).ended;
    expect(code).toBe(0);
    const picture = lastPicture(stdout);
    expect(picture[1]).toMatch(/━ 100 % {3}3 of 3 nodes {3}\d/);
    expect(picture[2]).toBe("critical path  ✓ keep → ✓ inner → ✓ last");
    const nodes = picture.slice(4, 8).map((line) => line.replace(/ {2,}\d.*/, ""));
    expect(nodes).toEqual(["✓ keep", "✓ inner", "  ✓ double", "✓ last"]);
    expect(picture.join("\n")).toContain("✓ Keep and double succeeded");
    // The cursor that was hidden is shown again.
    expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
  });

  it("marks what failed and what never ran, and is never wider than the terminal", async () => {
    const { code, stdout } = await inTerminal(file(here, "failing.yaml", FAILING)).ended;
    expect(code).toBe(1);
    const picture = lastPicture(stdout);
    expect(picture.find((line) => line.startsWith("  ✗ bad"))).toMatch(
      /✗ bad +\[transform\] transformFunction failed.*… +\d+ ms$/,
    );
    expect(picture).toContainEqual("○ after");
    for (const line of picture.slice(0, 10)) expect([...line].length).toBeLessThanOrEqual(80);
  });

  it("shows what runs, and gives the cursor back when it is cancelled", async () => {
    const running = inTerminal(file(here, "endless.yaml", ENDLESS));
    await running.says("● spin");
    // The terminal's own way: Ctrl-C signals the foreground group.
    const pid = spawnSync("pgrep", ["-P", String(running.child.pid)], { encoding: "utf8" }).stdout.trim();
    process.kill(Number(pid), "SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toContain("Cancelling after SIGINT");
    expect(stdout.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stdout.lastIndexOf("\u001b[?25l"));
  });
});
