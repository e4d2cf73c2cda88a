/** What is run, out of what a flow says. */
import { constants, type Stats } from "node:fs";
import { access, stat } from "node:fs/promises";

import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData, isPlainObject } from "../../data/input.js";
import { warnOfUnread } from "../../library/chosen-data.js";
import { jsonObject } from "../../library/json-parameter.js";
import type { NodeWork } from "../../library/work.js";
import { portValue } from "../../table/port-value.js";

export interface Parameters {
  program: string;
  args: string[] | string;
  workingDirectory?: string;
  environment: Record<string, unknown> | string;
  stdin?: string;
  captureOutput: boolean;
  parse?: "text" | "lines" | "json";
  failOn?: "never" | "nonzero";
  timeout: number;
}

type Work = NodeWork<Parameters>;

/** Variables by which another library would be loaded into the program. */
const REFUSED_VARIABLE = /^(?:LD_PRELOAD|LD_LIBRARY_PATH|DYLD_.*)$/i;

/** What an edge to `command` brings: a program, or a list of it and its arguments. */
export function commandPort(input: unknown): { program?: unknown; args?: unknown[] } {
  const command = portValue(input, "command");
  if (!Array.isArray(command)) return command === undefined ? {} : { program: command };
  const [program = "", ...args] = command as unknown[];
  return { program, args };
}

/** The program and its arguments. */
export function commandOf(work: Work): { program: string; args: string[] } {
  const command = commandPort(work.input);
  const program = command.program ?? portValue(work.input, "program") ?? work.parameters.program;
  if (typeof program !== "string" || program.trim() === "") {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `Program is required for command execution: it must be text, found ${foundText(program)}`,
    );
  }
  const args = command.args ?? portValue(work.input, "args") ?? work.parameters.args;
  return { program: withoutNul(program, "program"), args: argumentsOf(args) };
}

function argumentsOf(given: unknown): string[] {
  let list = given;
  if (typeof given === "string") {
    try {
      list = given.trim() === "" ? [] : (JSON.parse(given) as unknown);
    } catch {
      // Said below.
    }
  }
  if (!Array.isArray(list)) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      '`args` must be a list of text, or the JSON text of one such as `["-n", "5"]`; text is not split into arguments',
    );
  }
  return list.map((each: unknown, position) => {
    if (typeof each === "string") return withoutNul(each, `args[${position}]`);
    throw new NodeError("INVALID_PARAMETERS", `\`args[${position}]\` must be text, found ${foundText(each)}; quote it`);
  });
}

function withoutNul(text: string, name: string): string {
  if (!text.includes("\0")) return text;
  throw new NodeError("INVALID_PARAMETERS", `\`${name}\` has a NUL character, which no program can be given`);
}

/** The environment of this process, with that of the node over it. */
export function environmentOf(work: Work): NodeJS.ProcessEnv {
  const given = jsonObject(portValue(work.input, "environment") ?? work.parameters.environment, "environment");
  const environment = new Map(Object.entries(process.env));
  const refused: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (REFUSED_VARIABLE.test(name)) refused.push(name);
    else if (value === null) environment.delete(name);
    else if (value !== undefined) environment.set(checkedName(name), variableText(name, value));
  }
  if (refused.length > 0) {
    work.warn("refused-variable", `The environment was given without ${refused.join(", ")}, which cannot be set`);
  }
  return Object.fromEntries(environment);
}

function checkedName(name: string): string {
  if (name !== "" && !/[=\0]/.test(name)) return name;
  throw new NodeError("INVALID_PARAMETERS", `\`environment\`: ${JSON.stringify(name)} is no name of a variable`);
}

function variableText(name: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return withoutNul(String(value), `environment.${name}`);
  }
  throw new NodeError("INVALID_PARAMETERS", `\`environment.${name}\` must be text, found ${foundText(value)}`);
}

/** The folder to run in, which is there; `undefined` for that of this process. */
export async function folderOf(work: Work): Promise<string | undefined> {
  const folder = portValue(work.input, "workingDirectory") ?? work.parameters.workingDirectory;
  if (folder === undefined || folder === "") return undefined;
  const refused = (cause?: unknown) =>
    new NodeError("INVALID_PARAMETERS", `Invalid or inaccessible working directory: ${String(folder)}`, { cause });
  if (typeof folder !== "string") throw refused();
  let facts: Stats;
  try {
    facts = await stat(folder);
    await access(folder, constants.X_OK);
  } catch (error) {
    throw refused(error);
  }
  if (!facts.isDirectory()) throw refused();
  return folder;
}

/** Whether edges lead to handles of the node, so that what others bring is no concern. */
function isNamedInput(input: unknown): boolean {
  return ["command", "program", "args", "environment", "workingDirectory"].some(
    (handle) => portValue(input, handle) !== undefined,
  );
}

/** What the program reads. */
export function stdinOf(work: Work): string | Uint8Array {
  const said = portValue(work.input, "stdin") ?? work.parameters.stdin;
  if (said === undefined && !isNamedInput(work.input)) warnOfUnread(work, findData(work.input, []), "stdin");
  const given = said ?? "";
  if (typeof given === "string" || given instanceof Uint8Array) return given;
  try {
    if (isPlainObject(given) || Array.isArray(given) || typeof given !== "object") {
      const text = JSON.stringify(given);
      if (text !== undefined) return text;
    }
  } catch {
    // Said below.
  }
  throw new NodeError("TYPE_MISMATCH", `\`stdin\` must be text, bytes or a value for JSON, found ${foundText(given)}`);
}
