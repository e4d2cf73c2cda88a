/** What requests bring: their query, their body and the versions that they name, read within bounds and checked. */
import { closeNames, meantText, namesText } from "@atomiton/nodes/definitions";
import type { HonoRequest } from "hono";
import type * as z from "zod";
import { DATA_LIMITS, WORDS_LIMITS } from "../desktop/limits.js";
import { payloadProblem } from "../desktop/payload.js";
import { issuesOf } from "../services/schema.js";
import { problem } from "./answers.js";
import type { Given, Resource } from "./resources.js";

/** The same where anyone may send one: to sign in takes a few words. */
export const STRANGERS_BODY_BYTES = WORDS_LIMITS.bytes;

/** The query of a request; what is given several times as a list, so that nothing of it is passed over. */
function queryOf(req: HonoRequest): Record<string, string | string[]> {
  const all = Object.entries(req.queries());
  return Object.fromEntries(all.map(([name, values]) => [name, values.length === 1 ? (values[0] as string) : values]));
}

/** What a request brings, checked; or why it is refused. Its body may have `most` bytes. */
export async function givenOf(
  req: HonoRequest,
  resource: Pick<Resource, "query" | "body" | "isVersioned">,
  most: number,
): Promise<Given | Response> {
  const asked = queryOf(req);
  const query = resource.query?.safeParse(asked);
  if (query?.success === false) {
    const found = issuesOf(resource.query as z.ZodObject, asked, hintOf);
    return problem(400, "VALIDATION_FAILED", `Invalid query: ${issuesText(found)}`);
  }
  if (resource.query === undefined && Object.keys(asked).length > 0) {
    return problem(400, "VALIDATION_FAILED", "Invalid query: this address takes no query");
  }
  const given: Given = { params: req.param(), query: query?.data ?? {}, body: undefined };
  if (resource.body !== undefined) {
    const body = await bodyOf(req, most);
    if (body instanceof Response) return body;
    const beyond = payloadProblem(body.value, DATA_LIMITS);
    if (beyond !== undefined) return problem(400, "VALIDATION_FAILED", `Invalid body: ${beyond}`);
    // Nothing at all is a body without fields; `null` is not.
    const value = body.value === undefined ? {} : body.value;
    const found = issuesOf(resource.body, value, hintOf);
    if (found.length > 0) return problem(400, "VALIDATION_FAILED", `Invalid body: ${issuesText(found)}`);
    given.body = value;
  }
  const match = req.header("if-match");
  if (match !== undefined && !resource.isVersioned) {
    return problem(400, "VALIDATION_FAILED", "If-Match counts only where a flow is saved or restored");
  }
  if (match !== undefined) {
    // That of any version (`*`) would be no condition here, although it asks for a flow that is there.
    const version = /^"(\d{1,15})"$/.exec(match)?.[1];
    if (version === undefined) {
      return problem(400, "VALIDATION_FAILED", 'If-Match must be the ETag of a flow, such as "3"');
    }
    given.ifVersion = Number(version);
  }
  const noneMatch = resource.isVersioned ? req.header("if-none-match") : undefined;
  if (noneMatch !== undefined && (noneMatch !== "*" || match !== undefined)) {
    return problem(
      400,
      "VALIDATION_FAILED",
      "If-None-Match must be *, for a flow that is not there yet, without If-Match",
    );
  }
  if (noneMatch === "*") given.ifVersion = 0;
  return given;
}

/** A body as JSON, of `most` bytes; nothing at all is `undefined`. */
export async function bodyOf(req: HonoRequest, most: number): Promise<{ value: unknown } | Response> {
  let text: string | undefined;
  try {
    text = await textOf(req, most);
  } catch {
    return problem(400, "DESERIALIZATION_FAILED", "The body is not UTF-8, or it did not come to its end");
  }
  if (text === "") return { value: undefined };
  if (text === undefined) return problem(413, "VALIDATION_FAILED", `A body may have ${most} bytes at most`);
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(req.header("content-type") ?? "")) {
    return problem(415, "VALIDATION_FAILED", "A body must be JSON, with the content type application/json");
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    return problem(400, "DESERIALIZATION_FAILED", "The body is not JSON");
  }
}

/** The text of a body; `undefined` where it is too long, of which no more is read than that. Rejects what is no UTF-8. */
async function textOf(req: HonoRequest, most: number): Promise<string | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const announced = req.header("content-length");
  if (announced !== undefined && req.header("transfer-encoding") === undefined) {
    return Number(announced) > most ? undefined : decoder.decode(await req.arrayBuffer());
  }
  let text = "";
  let bytes = 0;
  for await (const chunk of (req.raw.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > most) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The names that an unknown one is close to, or else all that there are. */
function hintOf(key: string, known: readonly string[]): string {
  return meantText(closeNames(key, known), known.length > 0 ? `; there may be ${namesText(known)}` : "");
}

function issuesText(issues: ReturnType<typeof issuesOf>): string {
  return issues.map(({ path, message }) => `${path.join(".") || "(root)"}: ${message}`).join(", ");
}
