/** Answers that go to a file instead of to the next node. */
import { NodeError } from "../../contract/error.js";
import { AnswerBudget, answerOf, piecesOf } from "../../library/http-answer.js";
import { headersObject } from "../../library/http-headers.js";
import { MEBIBYTE, reports, sizeText } from "../../library/reports.js";
import type { NodeWork } from "../../library/work.js";
import { type FileTarget, filesHere, type SavedFile } from "./files.js";
import type { Network } from "./network.js";
import type { Parameters, PreparedRequest } from "./request.js";

/** Bytes that are written unless `maxSize` says otherwise. */
const LARGEST_FILE = 16 * 1024 ** 3;

/** A download that is ready to begin. */
export interface Download {
  /** Reads an answer into the file; `undefined` where an error status is what it gives. */
  save(response: Response): Promise<SavedFile>;
  /** What the node gives beside what every answer has. */
  output(response: Response, saved: SavedFile): object;
}

/**
 * The download that `saveTo` asks for; `undefined` where it is not set.
 *
 * @throws NodeError INVALID_PARAMETERS (no file of the owner's folders, a method without answer), EXECUTION_FAILED (a folder or a
 *   file is in the way) or NO_TRANSPORT (a page)
 */
export async function downloadOf(
  work: NodeWork<Parameters>,
  network: Network,
  request: PreparedRequest,
): Promise<Download | undefined> {
  const { saveTo: path, overwrite = true, maxSize = LARGEST_FILE } = work.parameters;
  if (path === undefined) {
    if (overwrite) return undefined;
    throw new NodeError("INVALID_PARAMETERS", "`overwrite` is about the file of `saveTo`, which is not set");
  }
  if (request.method === "HEAD") {
    throw new NodeError("INVALID_PARAMETERS", "The answer to a HEAD has no body that `saveTo` could write");
  }
  const target = await filesHere(await network.files?.(work.files)).target(path, overwrite);
  const isPart = request.headers.has("range");
  return {
    save: (response) => save(work, target, response, new AnswerBudget(maxSize), isPart),
    output: (response, saved) => ({
      result: path,
      path,
      ...saved,
      contentType: headersObject(response.headers)["content-type"] ?? "",
    }),
  };
}

async function save(
  { progress }: NodeWork<Parameters>,
  target: FileTarget,
  response: Response,
  budget: AnswerBudget,
  isPart: boolean,
): Promise<SavedFile> {
  const { status } = response;
  if (status === 204 || status === 205) throw strange(`answers ${status}, which has no content`, response);
  if (status === 206 && !isPart)
    throw strange("answers 206 with a part of the file, which was not asked for", response);
  const length = lengthOf(response);
  if (length !== undefined && length > budget.maxSize) {
    await response.body?.cancel();
    budget.add(length);
  }
  const report = progress && reports(progress);
  const saved = await target.save(told(piecesOf(response, budget), length, report));
  progress?.(100, sizeText(saved.size));
  return saved;
}

/** The pieces, reported and counted. */
async function* told(
  pieces: AsyncIterable<Uint8Array>,
  length: number | undefined,
  report: ReturnType<typeof reports> | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    const words = () => (length === undefined ? sizeText(size) : `${sizeText(size)} of ${sizeText(length)}`);
    report?.(length === undefined || length === 0 ? 0 : Math.min((100 * size) / length, 100), words);
    yield piece;
  }
  if (length === undefined || size === length) return;
  throw new NodeError(
    "EXECUTION_FAILED",
    `The answer has ${size} bytes, and its header \`content-length\` says ${length}; nothing was saved`,
  );
}

/** The bytes that will come; `undefined` where the server does not say, or says how many there are when compressed. */
function lengthOf({ headers }: Response): number | undefined {
  const length = headers.get("content-length");
  const coding = headers.get("content-encoding") ?? "identity";
  return length !== null && /^\d+$/.test(length) && coding === "identity" ? Number(length) : undefined;
}

function strange(what: string, { url, body }: Response): NodeError {
  void body?.cancel();
  const host = URL.canParse(url) ? new URL(url).host : "The server";
  return new NodeError("EXECUTION_FAILED", `${host} ${what}; nothing was saved`, { retry: false });
}

/** The content of an answer that is an error, as far as its message quotes it. */
export async function quoted(response: Response): Promise<unknown> {
  try {
    return await answerOf(response, undefined, new AnswerBudget(MEBIBYTE));
  } catch (error) {
    if (error instanceof NodeError) return undefined;
    throw error;
  }
}
