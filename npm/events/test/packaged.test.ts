import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const dist = new URL("../dist/", import.meta.url);
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)["']([\w@./:-]+)["']/g;

/** Everything that a built file loads which is not part of the package, and the files it is made of. */
function loads(entry: string) {
  const files = new Set<string>();
  const modules = new Set<string>();
  const read = (url: URL) => {
    if (files.has(url.href)) return;
    files.add(url.href);
    for (const [, name = ""] of readFileSync(url, "utf8").matchAll(IMPORT)) {
      if (name.startsWith(".")) read(new URL(name, url));
      else modules.add(name);
    }
  };
  read(new URL(entry, dist));
  return { modules: [...modules], text: [...files].map((file) => readFileSync(new URL(file), "utf8")).join("\n") };
}

describe("the built package", () => {
  it.each(["browser.js", "desktop.js", "index.js", "browser.cjs", "desktop.cjs", "index.cjs"])(
    "loads nothing but its own files in %s, so that any page can load or bundle it",
    (entry) => {
      const { modules, text } = loads(entry);
      expect(modules).toEqual([]);
      expect(text).not.toContain("node:");
    },
  );

  it("leaves links out of the browser's entry", () => {
    expect(loads("browser.js").text).not.toContain("atomiton-events/1");
    expect(loads("desktop.js").text).toContain("atomiton-events/1");
  });

  it.each(["index", "desktop", "browser"])(
    "answers events when %s is imported and when it is required",
    async (entry) => {
      const imported = await import(new URL(`${entry}.js`, dist).href);
      const required = createRequire(import.meta.url)(fileURLToPath(new URL(`${entry}.cjs`, dist)));
      for (const { createEventManager, isEventError } of [imported, required]) {
        const bus = createEventManager().createBus("conductor");
        bus.on("execute", async (data: string) => `ran ${data}`);
        expect(await bus.emit("execute", "flow-1")).toBe("ran flow-1");
        const error = await bus.emit("other", 1, { requireHandler: true }).catch((thrown: unknown) => thrown);
        expect([imported.isEventError(error, "NO_HANDLER"), isEventError(error, "TIMEOUT")]).toEqual([true, false]);
      }
    },
  );
});
