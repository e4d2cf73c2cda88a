import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { defineConfig } from "tsdown";

const entry = ["src/index.ts", "src/slim.ts", "src/constants.ts"];

export default defineConfig({
  entry,
  // Workers on workerd are ES modules.
  format: { esm: { entry: [...entry, "src/workerd.ts"] }, cjs: {} },
  platform: "neutral",
  target: "es2022",
  dts: true,
  fixedExtension: false,
  plugins: [inText("?text"), beside("./conductor.wasm")],
  copy: [{ from: "src/generated/conductor.wasm", to: "dist" }],
});

/**
 * Puts a file into the code, where an import ends in `query`, as the text that `src/inlined.ts` reads. A byte remains a
 * byte, or two for what is rare, so that servers compress the text as well as the file: in base64, whose characters are
 * no bytes, gzip finds a third less. All of it is printable ASCII without what strings, templates and HTML have to escape.
 */
function inText(query: string) {
  return {
    name: "in-text",
    resolveId: (source: string, importer: string | undefined) =>
      source.endsWith(query) && importer !== undefined ? resolve(dirname(importer), source) : null,
    async load(id: string) {
      if (!id.endsWith(query)) return null;
      const values = Object.entries(textOf(await readFile(id.slice(0, -query.length))));
      const code = values.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`).join("");
      return { code, moduleType: "js" as const };
    },
  };
}

function textOf(bytes: Uint8Array) {
  const digits = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter(
    (it) => !'"\\`$<'.includes(it),
  );
  const single = digits.length - 2;
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  const ranked = [...counts.keys()].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0));
  const texts: string[] = [];
  for (const [rank, byte] of ranked.entries()) {
    const [high, low] = [Math.floor((rank - single) / digits.length), (rank - single) % digits.length];
    texts[byte] = rank < single ? `${digits[rank]}` : `${digits[single + high]}${digits[low]}`;
  }
  return {
    DIGITS: digits.join(""),
    SINGLE: single,
    RANKED: Buffer.from(ranked).toString("hex"),
    TEXT: Array.from(bytes, (byte) => texts[byte]).join(""),
    LENGTH: bytes.length,
  };
}

/** Leaves an import as it is written: the file is copied beside what is built. */
function beside(file: string) {
  return {
    name: "beside",
    resolveId: (source: string) => (source === file ? { id: source, external: "absolute" as const } : null),
  };
}
