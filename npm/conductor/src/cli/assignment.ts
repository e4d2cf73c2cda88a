/** Options as `name=value`, and options that are numbers. */
import { InvalidArgumentError } from "commander";
import { backend } from "../engine/backend.js";
import { isLabel } from "../engine/policy.js";

/** Adds `name=value` to those before it. The value is taken as JSON where it is JSON, else as text. */
export function assignment(text: string, before: Map<string, unknown> = new Map()): Map<string, unknown> {
  const [name, value] = partsOf(text);
  return new Map(before).set(name, jsonOrText(value));
}

/** The same with values as they are written, for those who know what they are to be. */
export function textAssignment(text: string, before: Map<string, string> = new Map()): Map<string, string> {
  return new Map(before).set(...partsOf(text));
}

function partsOf(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected name=value.");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Adds a label to those before it. */
export function label(text: string, before: readonly string[] = []): string[] {
  if (!isLabel(text)) throw new InvalidArgumentError("Expected a label, such as gpu: text without white space.");
  return [...before, text];
}

/** A whole number from 1. */
export function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError("Expected a whole number from 1.");
  return number;
}

/** A whole number from 0. */
export function wholeNumber(text: string): number {
  const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError("Expected a whole number from 0.");
  return number;
}

/** A time of more than 0 ms: a number of ms, or a duration such as `10s`. */
export function milliseconds(text: string): number {
  const ms = /^[0-9]+$/.test(text) ? Number(text) : backend().durationMs(text);
  if (!(ms > 0) || !Number.isSafeInteger(Math.ceil(ms))) {
    throw new InvalidArgumentError("Expected a number of ms, or a duration such as 250ms, 10s, 5m, 1.5h or 2d.");
  }
  return Math.ceil(ms);
}

/** A value: JSON where it is JSON, else text. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
