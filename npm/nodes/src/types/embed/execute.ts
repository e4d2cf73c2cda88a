import { throwIfAborted } from "../../contract/abort.js";
import { closeNames, meantText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { foundText } from "../../contract/issues.js";
import { fieldOf } from "../../data/field.js";
import { isPlainObject } from "../../data/input.js";
import { chosenData } from "../../library/chosen-data.js";
import { postJson } from "../../library/http-client.js";
import {
  costOf,
  type EndpointParameters,
  endpointAdvice,
  endpointOf,
  strangeAnswer,
  sumOf,
  type Usage,
  usageOf,
} from "../../library/openai.js";
import { executable, type NodeWork } from "../../library/work.js";
import { plainValue } from "../../table/port-value.js";
import type { Network } from "../http-request/network.js";
import { embed } from "./definition.js";

interface Parameters extends EndpointParameters {
  texts?: unknown;
  field?: string;
  dimensions?: number;
  batchSize: number;
}

type Work = NodeWork<Parameters>;

/**
 * Turns texts into vectors, in as many requests as they need, one after the other.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (what is no text), EXECUTION_FAILED (an error status, which tells when another try
 * makes sense), DESERIALIZATION_FAILED (an answer without a vector for each text), TIMEOUT or CANCELLED.
 */
export function embedNode(network: Network): NodeExecutable {
  return executable<Parameters>(embed, (work) => run(work, network));
}

async function run(work: Work, network: Network): Promise<object> {
  const { parameters } = work;
  const texts = textsOf(work);
  const vectors: number[][] = [];
  let usage: Usage | undefined = { promptTokens: 0, completionTokens: 0, totalTokens: 0 };
  let { model } = parameters;
  for (let start = 0; start < texts.length; start += parameters.batchSize) {
    throwIfAborted(work.signal);
    const answer = await request(work, network, texts.slice(start, start + parameters.batchSize));
    for (const vector of answer.vectors) vectors.push(vector);
    usage = sumOf(usage, answer.usage);
    model = answer.model ?? model;
    work.progress?.((100 * vectors.length) / texts.length, `${vectors.length} of ${texts.length} texts`);
  }
  const dimensions = vectors[0]?.length ?? 0;
  const different = vectors.findIndex((vector) => vector.length !== dimensions);
  if (different !== -1) {
    throw strangeAnswer(`Vector ${different} has ${vectors[different]?.length} dimensions, others have`, dimensions);
  }
  const cost = costOf(parameters.prices, usage, work.warn);
  return { result: vectors, count: vectors.length, dimensions, usage: usage ?? null, ...cost, model };
}

function textsOf(work: Work): string[] {
  const { parameters } = work;
  const given = plainValue(chosenData(work, "texts", ["texts", "data"]));
  if (given === undefined) throw new NodeError("INVALID_PARAMETERS", "There is no text: give the node `texts`");
  const items = Array.isArray(given) ? (given as unknown[]) : [given];
  return items.map((item, position) => {
    const text = parameters.field === undefined ? item : fieldText(item, parameters.field, position);
    const place = `texts[${position}]${parameters.field === undefined ? "" : `.${parameters.field}`}`;
    if (typeof text === "string" && text !== "") return text;
    const found = text === "" ? "empty text, which has no vector" : foundText(text);
    const advice =
      isPlainObject(item) && parameters.field === undefined
        ? ["Say with `field` which field has the text."]
        : undefined;
    throw new NodeError("TYPE_MISMATCH", `\`${place}\` must be text, found ${found}`, { advice });
  });
}

function fieldText(item: unknown, field: string, position: number): unknown {
  const value = fieldOf(item, field);
  if (value !== undefined || !isPlainObject(item)) return value;
  const close = closeNames(field, Object.keys(item));
  const hint = meantText(close);
  throw new NodeError("TYPE_MISMATCH", `\`texts[${position}]\` has no field \`${field}\`${hint}`);
}

interface Answer {
  vectors: number[][];
  usage: Usage | undefined;
  model: string | undefined;
}

async function request(work: Work, network: Network, texts: readonly string[]): Promise<Answer> {
  const { model, dimensions } = work.parameters;
  const body = { model, input: texts, encoding_format: "float", ...(dimensions !== undefined && { dimensions }) };
  const call = { ...endpointOf(work.parameters, "embeddings"), body: JSON.stringify(body), advice: endpointAdvice };
  const { value } = await postJson(work, network, call);
  if (!isPlainObject(value) || !Array.isArray(value["data"]))
    throw strangeAnswer("The answer has no list `data`", value);
  const vectors = inOrder(value["data"] as unknown[], texts.length);
  return {
    vectors,
    usage: usageOf(value["usage"]),
    model: typeof value["model"] === "string" ? value["model"] : undefined,
  };
}

/** The vectors in the order of the texts, which each names by its index. */
function inOrder(data: readonly unknown[], count: number): number[][] {
  if (data.length !== count)
    throw strangeAnswer(`The answer has ${data.length} vectors for ${count} texts`, data.slice(0, 1));
  const vectors: (number[] | undefined)[] = new Array(count).fill(undefined);
  for (const [position, each] of data.entries()) {
    const { index = position, embedding } = isPlainObject(each) ? each : {};
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count) {
      throw strangeAnswer("A vector is for no text", each);
    }
    if (vectors[index as number] !== undefined) throw strangeAnswer(`Two vectors are for text ${String(index)}`, each);
    if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every(Number.isFinite)) {
      throw strangeAnswer("A vector is no list of numbers", each);
    }
    vectors[index as number] = embedding as number[];
  }
  return vectors as number[][];
}
