/** Which engine the built package takes, in processes of its own. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const entry = (name: string) => new URL(`../dist/${name}.js`, import.meta.url).href;

const RUN = `
  const { createConductor } = await import(${JSON.stringify(entry("desktop"))});
  await import(${JSON.stringify(entry("types"))});
  const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => 7 }) } });
  const { data } = await conductor.node.run({ id: "a", type: "t" });
  console.log(JSON.stringify({ data, ...conductor.engine }));
`;

/** A processor for which no addon is built. */
const ELSEWHERE = `Object.defineProperty(process, "arch", { value: "riscv64" });`;

async function run(program: string, backend?: string) {
  const { CONDUCTOR_BACKEND: _, ...rest } = process.env;
  const env = { ...rest, ...(backend !== undefined && { CONDUCTOR_BACKEND: backend }) };
  const given = ["--input-type=module", "-e", program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, given, { env, timeout: 600_000 });
  return { ...(JSON.parse(stdout) as { data: number; backend: string; version: string }), stderr };
}

describe("the engine in Node", () => {
  it("is the addon", async () => {
    expect(await run(RUN)).toMatchObject({ data: 7, backend: "native", stderr: "" });
  });

  it("is what CONDUCTOR_BACKEND names, without a word", async () => {
    const [native, wasm] = await Promise.all([run(RUN, "native"), run(RUN, "wasm")]);
    expect(native).toMatchObject({ data: 7, backend: "native", stderr: "" });
    expect(wasm).toMatchObject({ data: 7, backend: "wasm", stderr: "", version: native.version });
  });

  it("is WebAssembly where there is no addon, which is said once", async () => {
    const { stderr, ...found } = await run(ELSEWHERE + RUN);
    expect(found).toMatchObject({ data: 7, backend: "wasm" });
    expect(stderr.match(/WebAssembly/g)).toHaveLength(1);
    expect(stderr).toContain("riscv64");
  });

  it("is never another one than the addon when that is asked for", async () => {
    await expect(run(ELSEWHERE + RUN, "native")).rejects.toThrow(`The native addon for ${process.platform}-riscv64`);
  });

  it("is refused when it has no such name", async () => {
    await expect(run(RUN, "gpu")).rejects.toThrow('CONDUCTOR_BACKEND is "gpu"');
  });

  it("reads no YAML as WebAssembly, and says what to do", async () => {
    const reads = `
      const { readFlow } = await import(${JSON.stringify(entry("node"))});
      try { readFlow("id: a"); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }
    `;
    expect(await run(reads, "wasm")).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: expect.stringMatching(/no YAML.*JSON/),
    });
  });
});
