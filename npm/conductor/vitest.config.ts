import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

import { projectsOf, testFiles } from "../../scripts/own-modules.mjs";
import { patient } from "../../scripts/patience.mjs";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What must hold on any engine. */
const ENGINE = [
  "backend",
  "changed-flow",
  "expressions/flows",
  "frames*",
  "hostile",
  "lifetime",
  "random-flows",
  "recording",
  "reentrancy",
  "scale",
  "thread",
  "turns",
];

/** What changes clocks, the console or the engine for all, or counts what the engine holds: helpers, virtual time, entries. */
const SIGNS = [
  "stopClock",
  "stopTime",
  "stoppedProcesses",
  "crashingProcesses",
  "listenToConsole",
  "wasm-engine",
  "engine/backend",
  "testing",
  "browser",
  "workers",
];
const files = testFiles(source("test"), SIGNS);

export default defineConfig({
  test: {
    ...patient,
    projects: [
      ...projectsOf(files, { name: "native", include: ["test/**/*.test.ts"], globalSetup: ["test/cli/build.ts"] }),
      ...projectsOf(files, {
        name: "wasm",
        include: ["test/contract/*.test.ts", ...ENGINE.map((name) => `test/${name}.test.ts`)],
        env: { CONDUCTOR_BACKEND: "wasm" },
      }),
    ],
  },
  resolve: {
    alias: [
      { find: /^@atomiton\/conductor$/, replacement: source("src/exports/index.ts") },
      {
        find: /^@atomiton\/conductor\/test-utils\/factories$/,
        replacement: source("src/exports/test-utils-factories.ts"),
      },
      {
        find: /^@atomiton\/conductor\/(browser|desktop|node|preload|types|worker)$/,
        replacement: source("src/exports/$1.ts"),
      },
    ],
  },
});
