/** What user code is told where its engine cannot be compiled. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const REFUSED = "WebAssembly.compile(): not today.";

// Node compiles a parser of its own when it first makes an answer; that is not to be refused.
new Response();

beforeEach(() => {
  // The module is compiled once: every test wants to see that.
  vi.resetModules();
  vi.spyOn(WebAssembly, "compile").mockImplementation(async () => {
    throw new WebAssembly.CompileError(REFUSED);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function failureOf(type: string, parameters: object): Promise<unknown> {
  const { getNodeExecutable } = await import("../src/browser.js");
  const running = getNodeExecutable(type)?.execute({ input: [1], variables: {}, ...parameters });
  return Promise.resolve(running).catch((error: unknown) => error);
}

const userCode = [
  ["transform", { transformFunction: "(x) => x + 1" }],
  ["condition", { expression: "item > 1" }],
] as const;

describe("user code where WebAssembly is refused", () => {
  it.each(userCode)("of %s fails for good in a page, which is told what its policy must allow", async (type, asked) => {
    vi.stubGlobal("location", new URL("https://app.example/"));
    expect(await failureOf(type, asked)).toMatchObject({
      code: "INTERNAL_ERROR",
      message: `[${type}] User code cannot run here: WebAssembly.compile(): not today. A Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src.`,
    });
  });

  it.each(userCode)(
    "of %s fails for good in a runtime without pages, which has no policy to blame",
    async (type, asked) => {
      expect(await failureOf(type, asked)).toMatchObject({
        code: "INTERNAL_ERROR",
        message: `[${type}] User code cannot run here: WebAssembly.compile(): not today. This runtime does not compile WebAssembly; run this flow on a server or in the desktop application.`,
      });
    },
  );

  it("is all that is refused", async () => {
    expect(await failureOf("transform", { operation: "reverse" })).toMatchObject({ result: [1] });
  });
});
