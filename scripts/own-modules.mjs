/**
 * Which files of tests have modules of their own, and which not. The others share those of the process that runs them, which
 * halved the processor time of the contract tests of the conductor.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What a file changes for all that its process runs after it: clocks, globals, the environment, modules. */
const CHANGES =
  /\bvi\.(useFakeTimers|setSystemTime|mock|doMock|resetModules|stubGlobal|stubEnv|spyOn)\b|\bprocess\.chdir\b|\bprocess\.env(\.\w+|\[[^\]]+\]) = |\bdelete process\.env\b/;
/** What a helper does when it is loaded, which is once for all files that share it: its hooks would be missing in the second. */
const HOOKS = /^(before|after)(Each|All)\(|^(export )?const \w+ = temporaryFolder\(/m;
const IMPORTS = /(?:from|import) "(\.[^"]+)"/g;

/**
 * Two projects of vitest with the same `settings` for what `testFiles` gave: one whose files share modules, and one with `-alone`
 * after its name for the others.
 */
export const projectsOf = ({ own, shared }, { name, ...settings }) => [
  { extends: true, test: { ...settings, name, exclude: own.map((path) => `test/${path}`), isolate: false } },
  { extends: true, test: { ...settings, name: `${name}-alone`, exclude: shared.map((path) => `test/${path}`) } },
];

/**
 * Files of tests below `folder`, as paths within it: those that change what others share, or use a helper that has hooks, and
 * the others. `signs` are words, such as names of helpers and entries, that show such a change too.
 *
 * @returns {{ own: string[], shared: string[] }}
 */
export function testFiles(folder, signs = []) {
  // Matches nothing where there are no signs.
  const sign = new RegExp(signs.length > 0 ? `\\b(${signs.join("|")})\\b` : "(?!)");
  const hooked = new Map();

  /** Whether a helper that this file imports, directly or not, has hooks. */
  const usesHooks = (path, text) =>
    [...text.matchAll(IMPORTS)]
      .map(([, name]) => resolve(dirname(path), `${name.replace(/\.(js|ts)$/, "")}.ts`))
      .filter((helper) => helper.startsWith(folder) && existsSync(helper))
      .some((helper) => {
        if (!hooked.has(helper)) {
          const itsText = readFileSync(helper, "utf8");
          hooked.set(helper, false); // Should helpers import each other.
          hooked.set(helper, HOOKS.test(itsText) || usesHooks(helper, itsText));
        }
        return hooked.get(helper);
      });

  const hasOwn = (path) => {
    const text = readFileSync(join(folder, path), "utf8");
    return CHANGES.test(text) || sign.test(text) || usesHooks(join(folder, path), text);
  };
  const files = { own: [], shared: [] };
  for (const path of readdirSync(folder, { recursive: true })) {
    if (path.endsWith(".test.ts")) files[hasOwn(path) ? "own" : "shared"].push(path.replaceAll("\\", "/"));
  }
  return files;
}
