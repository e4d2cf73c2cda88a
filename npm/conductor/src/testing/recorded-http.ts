/** Answers of servers, kept in a file: asked for once, and given again in every later test. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** One question and its answer. */
interface Exchange {
  method: string;
  url: string;
  /** SHA-256 of the body, in hex; missing where there was none. */
  body?: string;
  status: number;
  statusText: string;
  headers: Record<string, string>;
  /** Text, or base64 of binary data. */
  answer: { text: string } | { base64: string };
}

/** Headers of answers that are kept: no credentials. */
const KEPT_HEADERS = /^(content-type|etag|last-modified|link|location|retry-after|x-ratelimit-.*|x-total.*)$/;

/** Names in a query whose values are not written down. */
const SECRET_NAMES = /key|token|secret|password|passwd|auth|signature|credential/i;

const FORMAT = "conductor-http/1";

/**
 * Replaces `fetch` while `work` goes on. Where the file exists its answers are given, in the order in which they were
 * recorded for the same question, the last one from then on; a question that it does not have is refused. Where it does
 * not exist the servers are asked, and the file is written at the end, unless `CI` is set.
 *
 * Headers of requests are not written, nor cookies, nor the values of queries that look like secrets.
 */
export async function withRecordedHttp<T>(
  file: string,
  hold: <A>(work: Promise<A>) => Promise<A>,
  work: () => Promise<T>,
): Promise<T> {
  const path = resolve(file);
  const known = await recorded(path);
  if (known === undefined && process.env.CI) {
    throw new Error(`There is no recording ${path}, and none is made where CI is set: record it once without`);
  }
  const { fetch } = globalThis;
  const made: Exchange[] = [];
  globalThis.fetch = known === undefined ? recorder(fetch, made, hold) : player(known, path);
  try {
    const result = await work();
    if (known === undefined) await write(path, made);
    return result;
  } finally {
    globalThis.fetch = fetch;
  }
}

function recorder(fetch: typeof globalThis.fetch, made: Exchange[], hold: <A>(work: Promise<A>) => Promise<A>) {
  return async (...given: Parameters<typeof fetch>): Promise<Response> => {
    const request = new Request(...given);
    const question = await questionOf(request.clone());
    return hold(
      (async () => {
        const response = await fetch(request);
        const bytes = Buffer.from(await response.arrayBuffer());
        const { status, statusText } = response;
        const headers: Record<string, string> = {};
        response.headers.forEach((value, name) => {
          if (KEPT_HEADERS.test(name)) headers[name] = value;
        });
        made.push({ ...question, status, statusText, headers, answer: encoded(bytes) });
        return answerOf(made.at(-1) as Exchange);
      })(),
    );
  };
}

function player(known: Exchange[], path: string) {
  const answers = new Map<string, Exchange[]>();
  for (const exchange of known) {
    const list = answers.get(keyOf(exchange));
    if (list) list.push(exchange);
    else answers.set(keyOf(exchange), [exchange]);
  }
  return async (...given: Parameters<typeof fetch>): Promise<Response> => {
    const request = new Request(...given);
    request.signal.throwIfAborted();
    const question = await questionOf(request);
    const list = answers.get(keyOf(question));
    if (list === undefined) {
      const asked = `${question.method} ${question.url}`;
      const there = [...new Set(known.map(({ method, url }) => `${method} ${url}`))].join(", ");
      throw new Error(`${path} has no answer to ${asked}; it has: ${there || "none"}. Delete it to record anew`);
    }
    return answerOf((list.length > 1 ? list.shift() : list[0]) as Exchange);
  };
}

async function questionOf(request: Request): Promise<Pick<Exchange, "method" | "url" | "body">> {
  const url = new URL(request.url);
  url.username = url.password = "";
  for (const name of url.searchParams.keys()) if (SECRET_NAMES.test(name)) url.searchParams.set(name, "…");
  const bytes = Buffer.from(await request.arrayBuffer());
  const body = bytes.length === 0 ? {} : { body: createHash("sha256").update(bytes).digest("hex") };
  return { method: request.method, url: url.href, ...body };
}

function keyOf({ method, url, body = "" }: Pick<Exchange, "method" | "url" | "body">): string {
  return `${method} ${url} ${body}`;
}

function encoded(bytes: Buffer): Exchange["answer"] {
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? { text } : { base64: bytes.toString("base64") };
}

function answerOf({ status, statusText, headers, answer }: Exchange): Response {
  const bytes = "text" in answer ? Buffer.from(answer.text, "utf8") : Buffer.from(answer.base64, "base64");
  // These may have no body, not even an empty one.
  const body = status === 204 || status === 205 || status === 304 ? null : bytes;
  return new Response(body, { status, statusText, headers });
}

async function recorded(path: string): Promise<Exchange[] | undefined> {
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const { format, exchanges } = parsed(text, path);
  if (format !== FORMAT || !Array.isArray(exchanges)) throw new Error(`${path} is no recording of the form ${FORMAT}`);
  return exchanges as Exchange[];
}

function parsed(text: string, path: string): { format?: unknown; exchanges?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch (error) {
    throw new Error(`${path} is no recording: ${(error as Error).message}`);
  }
}

async function write(path: string, exchanges: Exchange[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${process.pid}.part`;
  await writeFile(aside, `${JSON.stringify({ format: FORMAT, exchanges }, undefined, 2)}\n`);
  await rename(aside, path);
}
