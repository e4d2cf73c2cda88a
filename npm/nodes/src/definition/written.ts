/**
 * Rules for values that stand in a flow as they are, which a schema cannot state. An expression, `${{ … }}`, stands for a value
 * that is not known yet; a text with `{{ }}` may be filled by what makes the flow. Both pass.
 */
import { kindOf, OVER, Walk } from "@atomiton/values";
import { foundText } from "../contract/issues.js";
import { isPlainObject } from "../data/input.js";
import { pointerKey } from "../data/pointer.js";
import type { ParameterProblem } from "./node-type.js";

/** Where in a value something is wrong, and a sentence about it. */
export interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

/** Whether a text holds an expression or a template. */
function isOpen(text: string): boolean {
  return text.includes("{{");
}

/** Whether an expression stands anywhere in a value. */
export function holdsExpression(value: unknown): boolean {
  const walk = new Walk(value, "once");
  for (let step = walk.next(); step !== OVER; step = walk.next()) {
    const { value } = walk;
    if (typeof value === "string" && value.includes("${{")) return true;
    if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) walk.enter(value, kindOf(value));
  }
  return false;
}

/** Refuses text that is no address with http or https. What is no text at all is for the schema to refuse. */
export function addressFault(value: unknown): Fault | undefined {
  return typeof value === "string" && isOpen(value) ? undefined : closedAddressFault(value);
}

/** The same for text that is used as it stands. */
export function closedAddressFault(value: unknown): Fault | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (!URL.canParse(value)) return { path: [], message: "Must be a valid URL" };
  const { protocol } = new URL(value);
  if (protocol === "http:" || protocol === "https:") return undefined;
  return { path: [], message: `Must be a valid URL with http or https, found ${foundText(protocol)}` };
}

/** Refuses headers with a value that is no text, and text that is not the JSON of headers. */
export function headersFault(value: unknown): Fault | undefined {
  const headers = typeof value === "string" ? headersIn(value) : value;
  if (typeof value === "string" && headers === undefined) {
    return { path: [], message: "Must be an object, or the JSON text of one" };
  }
  // No headers at all, and what is no object, are for the schema to judge.
  if (!isPlainObject(headers)) return undefined;
  const wrong = Object.entries(headers).find(([, header]) => typeof header !== "string");
  return wrong && { path: [wrong[0]], message: `Must be text, found ${foundText(wrong[1])}` };
}

/** The headers that a text is the JSON of; an empty or open text has none that could be wrong. */
function headersIn(text: string): object | undefined {
  if (text.trim() === "" || isOpen(text)) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return isPlainObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Refuses what is no text. */
export function textFault(value: unknown): Fault | undefined {
  return typeof value === "string" ? undefined : { path: [], message: `Must be text, found ${foundText(value)}` };
}

/** A fault of a parameter as validation of flows tells it. */
export function problemsOf(name: string, fault: Fault | undefined): ParameterProblem[] {
  if (fault === undefined) return [];
  const [first = "", ...rest] = fault.message;
  return [
    {
      code: "INVALID_PARAMETERS",
      severity: "error",
      rule: "invalid-parameter",
      path: `/${[name, ...fault.path].map(pointerKey).join("/")}`,
      message: `\`${[name, ...fault.path].join(".")}\` ${first.toLowerCase()}${rest.join("")}`,
    },
  ];
}
