/** The conversation that the model is given. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData, isPlainObject } from "../../data/input.js";
import type { NodeWork } from "../../library/work.js";
import { portValue } from "../../table/port-value.js";
import type { Parameters } from "./chat.js";

/** A message; its content is text, or parts in the form of the endpoint. */
export interface ChatMessage {
  role: string;
  content: unknown;
  [key: string]: unknown;
}

const ROLES = ["system", "developer", "user", "assistant", "tool"];

/**
 * The system message, the conversation so far and the prompt, as far as they are there.
 *
 * @throws NodeError INVALID_PARAMETERS where there is nothing to ask, TYPE_MISMATCH for what is no text
 */
export function messagesOf({ parameters, input }: NodeWork<Parameters>): ChatMessage[] {
  const system = textOf(portValue(input, "system") ?? parameters.system, "system");
  const conversation = conversationOf(portValue(input, "messages") ?? parameters.messages);
  const asked = portValue(input, "prompt") ?? parameters.prompt;
  const prompt = textOf(asked ?? (conversation.length === 0 ? findData(input, ["text"]) : undefined), "prompt");
  if (conversation.length === 0 && prompt === undefined) {
    throw new NodeError("INVALID_PARAMETERS", "There is nothing to ask: give the node a `prompt` or `messages`");
  }
  return [
    ...(system === undefined ? [] : [{ role: "system", content: system }]),
    ...conversation,
    ...(prompt === undefined ? [] : [{ role: "user", content: prompt }]),
  ];
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw new NodeError("TYPE_MISMATCH", `\`${name}\` must be text, found ${foundText(value)}`, {
    advice: ["Put a value into the text of the prompt by an expression: it becomes JSON there."],
  });
}

function conversationOf(given: unknown): ChatMessage[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given))
    throw new NodeError("TYPE_MISMATCH", `\`messages\` must be a list, found ${foundText(given)}`);
  return given.map((message: unknown, position) => {
    const place = `messages[${position}]`;
    if (!isPlainObject(message)) {
      throw new NodeError("TYPE_MISMATCH", `\`${place}\` must be \`{ role, content }\`, found ${foundText(message)}`);
    }
    const { role } = message;
    if (typeof role !== "string" || !ROLES.includes(role)) {
      const allowed = ROLES.map((each) => JSON.stringify(each)).join(", ");
      throw new NodeError("TYPE_MISMATCH", `\`${place}.role\` must be one of ${allowed}, found ${foundText(role)}`);
    }
    // A message that calls tools has none.
    if (!Object.hasOwn(message, "content") && !Object.hasOwn(message, "tool_calls")) {
      throw new NodeError("TYPE_MISMATCH", `\`${place}.content\` is missing`);
    }
    return message as ChatMessage;
  });
}
