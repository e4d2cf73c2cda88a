/** The result of an execution as that of a tool. */
import type { ExecutionError } from "../../types/errors.js";
import type { RequestResult } from "../../types/request.js";
import { encodeAnswer } from "../answer-text.js";
import { executionUri } from "./uri.js";

/** The result of a tool, as the protocol has it. */
export interface ToolAnswer {
  [key: string]: unknown;
  content: { type: "text"; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: true;
}

/** What a model is given of a result, in characters; more than that would fill its context. */
export const LONGEST_RESULT = 50_000;

/** What of an error is told. */
const LONGEST_MESSAGE = 4_000;

/** The JSON Schema of `structuredContent`. */
export const OUTPUT_SCHEMA = {
  type: "object" as const,
  properties: {
    executionId: { type: "string" },
    success: { type: "boolean" },
    data: { description: "What the last node of the flow gave; missing where it is too long." },
    warnings: { type: "array" },
    cut: { type: "object", description: "How long a result is that is too long, and where it can be read." },
    error: { type: "object", description: "Why the flow failed: code, message and nodeId." },
  },
  required: ["success"],
};

/** @param isKept whether a store keeps the execution, so that the whole result can be read there */
export function toolAnswer(result: RequestResult, executionId: string, isKept: boolean): ToolAnswer {
  // As JSON has it: what it cannot hold is a failure.
  const { success, data, error, metadata } = JSON.parse(encodeAnswer(result) as string) as RequestResult;
  if (!success) return failedAnswer(metadata?.error ?? { code: "EXECUTION_FAILED", message: error ?? "" }, executionId);
  const text = typeof data === "string" ? data : JSON.stringify(data ?? null);
  const warnings = metadata?.warnings;
  const facts = { executionId, success: true, ...(warnings && { warnings: warnings.slice(0, MOST_WARNINGS) }) };
  if (text.length <= LONGEST_RESULT) {
    return { content: [{ type: "text", text }], structuredContent: { ...facts, ...(data !== undefined && { data }) } };
  }
  const shown = cutAt(text, LONGEST_RESULT);
  const uri = executionUri(executionId, "result");
  const where = isKept
    ? `Read all of it as the resource ${uri}`
    : "It is kept nowhere: give the conductor a store, or let the flow give less";
  const note = `Cut: ${shown.length} of ${text.length} characters. ${where}.`;
  return {
    content: [
      { type: "text", text: shown },
      { type: "text", text: note },
    ],
    structuredContent: {
      ...facts,
      cut: { characters: text.length, shown: shown.length, ...(isKept && { uri }) },
    },
  };
}

/** A failure that the model is told of, with what it may do about it. */
export function failedAnswer(
  { code, message, nodeId, recovery }: Pick<ExecutionError, "code" | "message" | "nodeId" | "recovery">,
  executionId?: string,
): ToolAnswer {
  const short = cutAt(message, LONGEST_MESSAGE);
  const where = nodeId === undefined ? "" : ` in node ${nodeId}`;
  const advice = (recovery?.suggestions ?? []).map((suggestion) => `\n${suggestion}`).join("");
  return {
    isError: true,
    content: [{ type: "text", text: `${code}${where}: ${short}${advice}` }],
    structuredContent: {
      ...(executionId !== undefined && { executionId }),
      success: false,
      error: { code, message: short, ...(nodeId !== undefined && { nodeId }) },
    },
  };
}

const MOST_WARNINGS = 20;

/** The beginning of a text, without half a character at its end. */
function cutAt(text: string, length: number): string {
  if (text.length <= length) return text;
  return /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? text.slice(0, length - 1) : text.slice(0, length);
}
