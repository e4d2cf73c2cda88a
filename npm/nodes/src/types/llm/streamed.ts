import { messageOf, NodeError } from "../../contract/error.js";
import { isPlainObject } from "../../data/input.js";
import { strangeAnswer, type Usage, usageOf } from "../../library/openai.js";
import { reports } from "../../library/reports.js";
import { eventData } from "../../library/server-sent-events.js";
import { callsIn, refuseRefusal, type Told, textOr, toolCall } from "./answer.js";

/** Characters of an answer that are kept. */
const LONGEST_ANSWER = 16 * 1024 * 1024;
/** Characters of its end that are reported. */
const REPORTED = 200;

/**
 * An answer that comes piece by piece. How far it is is judged by the pieces, of which each is about a token.
 *
 * @throws NodeError EXECUTION_FAILED for an error among the pieces, and where the stream breaks off
 */
export async function streamedAnswer(
  body: ReadableStream<Uint8Array>,
  maxTokens: number | undefined,
  progress: ((percent: number, message?: string) => void) | undefined,
): Promise<Told> {
  const report = progress && reports(progress);
  const told: { model?: string; finishReason?: string; usage?: Usage } = {};
  let [text, refusal] = ["", ""];
  let [pieces, isDone, length] = [0, false, 0];
  const calls: ReturnType<typeof callsIn> = [];
  for await (const data of eventData(body)) {
    if (data.trim() === "[DONE]") {
      isDone = true;
      break;
    }
    const piece = pieceOf(data);
    text += piece.content;
    refusal += piece.refusal;
    Object.assign(told, piece.facts);
    length += piece.content.length;
    for (const part of piece.calls) {
      length += part.text.length;
      const call = calls.find(({ index, id }) => (part.index === undefined ? id === part.id : index === part.index));
      if (call === undefined) calls.push(part);
      else {
        call.name += part.name;
        call.text += part.text;
      }
    }
    if (length > LONGEST_ANSWER) {
      throw new NodeError("MEMORY_LIMIT_EXCEEDED", `The answer has more than ${LONGEST_ANSWER} characters`, {
        retry: false,
      });
    }
    pieces++;
    const percent = maxTokens === undefined ? 50 : Math.min(99, (100 * pieces) / maxTokens);
    report?.(percent, () => text.slice(-REPORTED));
  }
  const { finishReason = null, model, usage } = told;
  if (!isDone && finishReason === null) {
    throw new NodeError("EXECUTION_FAILED", `The answer broke off after ${text.length} characters`, {
      advice: ["Run it again; give the node a `policy` with `retries`."],
    });
  }
  refuseRefusal(text, refusal, finishReason);
  return { text, toolCalls: calls.map(({ id, name, text }) => toolCall(id, name, text)), model, finishReason, usage };
}

function pieceOf(data: string) {
  let piece: unknown;
  try {
    piece = JSON.parse(data);
  } catch (error) {
    throw strangeAnswer(`A piece of the answer is no JSON (${messageOf(error)})`, data);
  }
  if (!isPlainObject(piece)) throw strangeAnswer("A piece of the answer is no object", piece);
  if (piece["error"] !== undefined && piece["error"] !== null) {
    throw new NodeError(
      "EXECUTION_FAILED",
      `The service failed in the middle: ${JSON.stringify(piece["error"]).slice(0, 200)}`,
    );
  }
  const choice: unknown = Array.isArray(piece["choices"]) ? piece["choices"][0] : undefined;
  const delta = isPlainObject(choice) && isPlainObject(choice["delta"]) ? choice["delta"] : {};
  const [model, usage] = [textOr(piece["model"]), usageOf(piece["usage"])];
  const finishReason = isPlainObject(choice) ? textOr(choice["finish_reason"]) : undefined;
  const facts = {
    ...(model !== undefined && { model }),
    ...(usage !== undefined && { usage }),
    ...(finishReason !== undefined && { finishReason }),
  };
  const [content, refusal] = [textOr(delta["content"]) ?? "", textOr(delta["refusal"]) ?? ""];
  return { content, refusal, calls: callsIn(delta["tool_calls"]), facts };
}
