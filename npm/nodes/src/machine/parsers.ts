/** Parsers of what parameters hold, for checking it before anything runs. */

import { Script } from "node:vm";
import { messageOf } from "@atomiton/values";

import Mustache from "mustache";

import type { Parsers } from "../definition/node-type.js";
import { templateFault } from "../types/edit-fields/template.js";
import { cronProblem } from "./schedule-times.js";
import { parsedTypeScript } from "./typescript.js";

/** How the file is called in which a syntax error is told to be. */
const FILE = "parameter.js";

/** The parsers of Node. Nothing of what they parse is run. */
export const machineParsers: Required<Parsers> = {
  script(code) {
    try {
      new Script(code, { filename: FILE });
      return undefined;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const { line, column } = placeOf(error);
      return { message: error.message, line, column };
    }
  },
  typescript: parsedTypeScript,
  cron: cronProblem,
  template(text) {
    try {
      const fault = templateFault(text);
      if (fault === undefined) Mustache.parse(text);
      return fault;
    } catch (error) {
      return messageOf(error);
    }
  },
};

/** The stack of a syntax error begins with file and line, the line itself, and a caret below its column. */
function placeOf({ stack = "" }: SyntaxError): { line: number; column: number } {
  const [head = "", ...rows] = stack.split("\n");
  const line = Number(/:(\d+)$/.exec(head)?.[1] ?? 1);
  const caret = rows.slice(0, 3).find((row) => /^ *\^+ *$/.test(row));
  return { line, column: caret === undefined ? 1 : caret.indexOf("^") + 1 };
}
