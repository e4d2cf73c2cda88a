/** Answers of the endpoint. */
import { NodeError } from "../../contract/error.js";
import { isPlainObject, ownValue } from "../../data/input.js";
import { strangeAnswer, type Usage, usageOf } from "../../library/openai.js";

/** A tool that the model wants to be called. */
export interface ToolCall {
  /** By which the answer of the tool names the call. */
  id: string | null;
  name: string;
  /** The arguments as a value; the model's text where that is no JSON. */
  arguments: unknown;
}

/** What the model said. */
export interface ChatAnswer {
  text: string;
  toolCalls: ToolCall[];
  model: string;
  finishReason: string | null;
  usage: Usage | undefined;
  duration: number;
}

/** What an answer has, before the model's name is filled in. */
export type Told = Omit<ChatAnswer, "model" | "duration"> & { model: string | undefined };

/** An answer that came as a whole. */
export function wholeAnswer(answer: unknown): Told {
  if (!isPlainObject(answer)) throw strangeAnswer("The answer is no object", answer);
  const choices = ownValue(answer, "choices");
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isPlainObject(choice) ? ownValue(choice, "message") : undefined;
  if (!isPlainObject(choice) || !isPlainObject(message)) {
    throw strangeAnswer("The answer has no `choices[0].message`", answer);
  }
  const finishReason = textOr(choice["finish_reason"]) ?? null;
  const content = message["content"] ?? "";
  if (typeof content !== "string") throw strangeAnswer("`choices[0].message.content` is no text", content);
  refuseRefusal(content, message["refusal"], finishReason);
  const toolCalls = callsIn(message["tool_calls"]).map(({ id, name, text }) => toolCall(id, name, text));
  return { text: content, toolCalls, model: textOr(answer["model"]), finishReason, usage: usageOf(answer["usage"]) };
}

/** A call, or a piece of one, as the endpoint tells it. */
interface ToldCall {
  index: number | undefined;
  id: string | undefined;
  name: string;
  text: string;
}

/** The calls of tools in a message, or the pieces of them in a piece of it. */
export function callsIn(told: unknown): ToldCall[] {
  return (Array.isArray(told) ? told : []).filter(isPlainObject).map((call) => {
    const called = isPlainObject(call["function"]) ? call["function"] : {};
    const { index } = call;
    // Some endpoints give the arguments as an object, not as its text.
    const given = called["arguments"];
    return {
      index: typeof index === "number" ? index : undefined,
      id: textOr(call["id"]),
      name: textOr(called["name"]) ?? "",
      text: textOr(given) ?? (given === undefined || given === null ? "" : JSON.stringify(given)),
    };
  });
}

/** A call whose text is complete. */
export function toolCall(id: string | undefined, name: string, text: string): ToolCall {
  let value: unknown = text;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    // The text itself tells more than a failure, after which the answer would have to be paid for again.
  }
  return { id: id ?? null, name, arguments: value };
}

/** Fails where the model, or a filter before it, refuses to answer. */
export function refuseRefusal(content: string, refusal: unknown, finishReason: string | null): void {
  if (typeof refusal === "string" && refusal !== "" && content === "") {
    throw new NodeError("EXECUTION_FAILED", `The model refuses: ${refusal.slice(0, 200)}`, {
      advice: ["Change what it is asked."],
    });
  }
  if (finishReason === "content_filter") {
    throw new NodeError("EXECUTION_FAILED", "A content filter of the service held the answer back", {
      advice: ["Change what the model is asked."],
    });
  }
}

/** Text, if it is that. */
export function textOr(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
