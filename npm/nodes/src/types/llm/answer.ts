/** Answers of the endpoint. */
import { NodeError } from "../../contract/error.js";
import { isPlainObject, ownValue } from "../../data/input.js";
import { strangeAnswer, type Usage, usageOf } from "../../library/openai.js";

/** What the model said. */
export interface ChatAnswer {
  text: string;
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
  return { text: content, model: textOr(answer["model"]), finishReason, usage: usageOf(answer["usage"]) };
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
