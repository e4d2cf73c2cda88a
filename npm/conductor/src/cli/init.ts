/** `conductor init`: a project to start from. */

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf } from "@atomiton/values";
import packageJson from "../../package.json" with { type: "json" };
import { Exit, UsageError } from "./exit.js";
import { projectFiles } from "./project-files.js";
import { oneLine } from "./text.js";

/** What a folder may hold and still be empty: nothing that a person made a project of. */
const HARMLESS = new Set([".git", ".DS_Store", ".idea", ".vscode"]);

/** Writes the project. Throws `UsageError` for a folder that holds something, or cannot be written. */
export function init(folder: string): Exit {
  const target = resolve(folder);
  const there = entriesOf(target).filter((name) => !HARMLESS.has(name));
  if (there.length > 0) {
    const named = there.slice(0, 5).map(oneLine).join(", ");
    const more = there.length > 5 ? ` and ${there.length - 5} more` : "";
    throw new UsageError(`Nothing was written: ${target} is not empty, it holds ${named}${more}. Name another folder.`);
  }
  const files = projectFiles(nameOf(target), packageJson.version);
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      // Never over a file that came in the meantime.
      writeFileSync(join(target, path), text, { flag: "wx" });
    }
  } catch (error) {
    throw new UsageError(`The project cannot be written: ${messageOf(error)}`);
  }
  const steps = [...(target === process.cwd() ? [] : [`cd ${folder}`]), "npm install", "npm start", "npm test"];
  process.stdout.write(
    `Made ${Object.keys(files).length} files in ${target}:\n${Object.keys(files)
      .map((path) => `  ${path}\n`)
      .join("")}\nGo on with:\n${steps.map((step) => `  ${step}\n`).join("")}`,
  );
  return Exit.success;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new UsageError(`The folder cannot be used: ${messageOf(error)}`);
  }
}

/** A name that npm takes. */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-_.]+/g, "-")
    .replace(/^[-_.]+|[-_.]+$/g, "");
  return name === "" ? "flows" : name.slice(0, 100);
}
