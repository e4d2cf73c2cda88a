import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { costOf, sumOf, type Usage } from "../../library/openai.js";
import { executable, type NodeWork } from "../../library/work.js";
import type { Network } from "../http-request/network.js";
import type { ChatAnswer } from "./answer.js";
import { chat, type Parameters } from "./chat.js";
import { schemaCheck } from "./checked.js";
import { llm } from "./definition.js";
import { messagesOf } from "./messages.js";
import { Tools } from "./tools.js";

type Work = NodeWork<Parameters>;

/**
 * Asks a language model. With `schema` the answer is a value that passes it; where it does not, the model is told what is
 * wrong and asked again, `repairs` times. With `tools` it runs what the model calls, and asks again with what that gave.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (prompt, messages), EXECUTION_FAILED (an error status, which tells when
 * another try makes sense; a refusal; JSON that was cut off; more rounds of tools than `maxRounds`), DESERIALIZATION_FAILED (no JSON by the schema), TIMEOUT or
 * CANCELLED.
 */
export function llmNode(network: Network): NodeExecutable {
  return executable<Parameters>(llm, (work) => ask(work, network));
}

async function ask(work: Work, network: Network): Promise<object> {
  const messages = messagesOf(work);
  const { schema: given, repairs: mostRepairs } = work.parameters;
  const tools = await Tools.of(work);
  const { schema, check } = given === undefined ? WITHOUT_SCHEMA : await schemaCheck(given);
  let answer: ChatAnswer | undefined;
  let [answers, repairs] = [0, 0];
  try {
    for (;;) {
      answer = sum(answer, await chat(work, network, messages, schema, tools?.told));
      answers++;
      const { text, toolCalls } = answer;
      // Also where what is left can be read: of `123` there may be `12`. So do the arguments of a call.
      if (check !== undefined || (tools !== undefined && toolCalls.length > 0)) refuseCutOff(work, answer);
      if (tools !== undefined && toolCalls.length > 0) {
        messages.push(...(await tools.answer(text, toolCalls)));
        continue;
      }
      if (check === undefined) {
        warnOfText(work, answer);
        return outputOf(work, answer, text, repairs, tools);
      }
      // A call of a tool stands before the answer, which the model gives once it is told what the tool gave.
      if (text === "" && toolCalls.length > 0) return outputOf(work, answer, null, repairs, tools);
      const checked = check(text);
      if ("value" in checked) return outputOf(work, answer, checked.value, repairs, tools);
      if (repairs >= mostRepairs) throw failureOf(answer, checked.problem, repairs);
      repairs++;
      messages.push({ role: "assistant", content: text }, { role: "user", content: repairText(checked.problem) });
    }
  } catch (error) {
    // A node that fails has no output that could tell it.
    if (answer?.usage) warnOfUsage(work, answer.usage, answers);
    throw error;
  }
}

const WITHOUT_SCHEMA = { schema: undefined, check: undefined };

function warnOfUsage(work: Work, usage: Usage, answers: number): void {
  const { promptTokens, completionTokens } = usage;
  const { cost } = costOf(work.parameters.prices, usage, work.warn);
  const price = cost === undefined ? "" : `, which cost ${cost}`;
  const from = answers === 1 ? "The answer" : `The ${answers} answers`;
  work.warn(
    "tokens-without-result",
    `${from} took ${promptTokens} tokens of prompts and ${completionTokens} of answers${price}, and the node failed all the same`,
  );
}

function repairText(problem: string): string {
  return `This answer does not pass the JSON Schema: ${problem}. Answer again, with the corrected JSON alone.`;
}

/** The later answer, with what both took. */
function sum(before: ChatAnswer | undefined, answer: ChatAnswer): ChatAnswer {
  if (before === undefined) return answer;
  return { ...answer, usage: sumOf(before.usage, answer.usage), duration: before.duration + answer.duration };
}

function refuseCutOff({ parameters: { maxTokens } }: Work, { finishReason, text, toolCalls }: ChatAnswer): void {
  if (finishReason !== "length") return;
  const limit = maxTokens === undefined ? "the limit of the model" : `${maxTokens} tokens`;
  const what = toolCalls.length > 0 ? "The call of a tool" : "The JSON";
  throw new NodeError("EXECUTION_FAILED", `${what} was cut off at ${limit}, after ${text.length} characters`, {
    advice: ["Raise `maxTokens`, or ask for less."],
    retry: false,
  });
}

function failureOf({ text }: ChatAnswer, problem: string, repairs: number): NodeError {
  const again = repairs === 0 ? "" : `, also after it was asked again${repairs === 1 ? "" : ` ${repairs} times`}`;
  const excerpt = text.replace(/\s+/g, " ").slice(0, 200);
  return new NodeError(
    "DESERIALIZATION_FAILED",
    `The answer does not pass the schema${again}: ${problem}; it is: ${excerpt}`,
    {
      advice: ["Describe the fields in the schema, take a larger model, or raise `repairs`."],
    },
  );
}

function warnOfText(work: Work, { text, toolCalls, finishReason }: ChatAnswer): void {
  if (finishReason === "length") work.warn("cut-off-answer", "The answer was cut off: it had reached its most tokens");
  else if (text === "" && toolCalls.length === 0)
    work.warn("empty-answer", `The model answered nothing (finish reason ${finishReason})`);
}

function outputOf(work: Work, answer: ChatAnswer, result: unknown, repairs: number, tools: Tools | undefined): object {
  const { text, usage, model, finishReason, duration } = answer;
  const cost = costOf(work.parameters.prices, usage, work.warn);
  const toolCalls = tools?.calls ?? answer.toolCalls;
  const rounds = tools && { rounds: tools.rounds };
  return { result, text, toolCalls, ...rounds, usage: usage ?? null, ...cost, model, finishReason, repairs, duration };
}
