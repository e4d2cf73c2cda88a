/** `conductor serve --log json`. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { DOUBLE, FAILING, file, folder, start } from "./cli.js";

describe("conductor serve --log json", () => {
  it("says each event in a line, with the id of its execution, and nothing else", async () => {
    const root = folder();
    const flows = [file(root, "double.yaml", DOUBLE), file(root, "failing.yaml", FAILING)];
    const store = `sqlite:${join(root, "c.db")}`;
    const args = ["serve", ...flows, "--open", "--port", "0", "--store", store, "--no-config", "--log", "json"];
    const running = start(args, { cwd: root });
    onTestFinished(() => void running.child.kill("SIGKILL"));
    let said = "";
    running.child.stderr?.on("data", (text: string) => {
      said += text;
    });
    await running.says('"event":"listening"');
    const { url } = JSON.parse(said.split("\n").find((line) => line.includes("listening")) ?? "") as { url: string };
    const client = createConductor({ transport: "http", apiUrl: url });
    onTestFinished(() => client.shutdown());
    await client.execute({ flowId: "double", executionId: "e1" } as never);
    await client.execute({ flowId: "failing", executionId: "e2" } as never);
    await running.says('"event":"execution-failed"');
    running.child.kill("SIGTERM");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { time } of lines) expect(new Date(time as string).toISOString()).toBe(time);
    expect(lines.map(({ event }) => event)).toEqual([
      "flow-warnings",
      "flow-saved",
      "flow-saved",
      "listening",
      "execution-started",
      "execution-completed",
      "execution-started",
      "execution-failed",
      "ending",
    ]);
    const ids = lines.slice(4, 8).map(({ executionId }) => executionId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).toBe(ids[3]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(lines[4]).toMatchObject({ level: "info", flowId: "double" });
    expect(lines[5]).toMatchObject({ level: "info", durationMs: expect.any(Number) });
    expect(lines[7]).toMatchObject({
      level: "error",
      nodeId: "bad",
      code: expect.any(String),
      message: expect.any(String),
    });
  });

  it("takes no other format", async () => {
    const { code, stderr } = await start(["serve", "--log", "xml"]).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("text, json");
  });
});
