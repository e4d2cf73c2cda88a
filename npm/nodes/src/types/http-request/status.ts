/** Answers with an error status, where they are errors. */
import { NodeError } from "../../contract/error.js";

/** What fails unless something else is asked for. */
export const ERRORS = "4xx,5xx";
/** Statuses of which another try may have another. */
const RETRYABLE = new Set([408, 425, 429]);
/** Characters of the answer that a message quotes. */
const LONGEST_EXCERPT = 200;
/** ms that a server may ask to wait; a longer wait is not granted at all. */
const LONGEST_WAIT = 24 * 3_600_000;

/**
 * Tells of a status whether it is an error. `failOn` lists statuses (`404`) and classes of them (`5xx`), as text with
 * commas or as a list; without it errors are those from 400 on where the flow handles errors, and none elsewhere.
 */
export function failingStatuses(failOn: unknown, errorsHandled: boolean): (status: number) => boolean {
  if (failOn === undefined && !errorsHandled) return () => false;
  const given = failOn ?? ERRORS;
  const names = (Array.isArray(given) ? given.map(String) : String(given).split(","))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  for (const name of names) {
    if (/^[1-5](?:xx|\d\d)$/.test(name)) continue;
    throw new NodeError(
      "INVALID_PARAMETERS",
      `Parameter \`failOn\` lists statuses such as 404 and classes such as 5xx, found "${name}"`,
    );
  }
  return (status) => names.some((name) => name === String(status) || name === `${Math.floor(status / 100)}xx`);
}

const ADVICE: StatusAdvice = {
  401: ["Give the request credentials: a header `authorization`, or the input `auth`."],
  403: ["Check what the credentials of the request are allowed to do."],
  404: ["Check the path of the URL."],
  429: ["Send fewer requests at once, or give the node a `policy` with more `retries` and a longer `retryDelay`."],
};

/** What to do about statuses, by their numbers. */
export type StatusAdvice = Readonly<Record<number, readonly string[]>>;

/** The failure that an answer stands for. */
export function statusFailure(
  response: Response,
  method: string,
  url: URL,
  answer: unknown,
  advice: StatusAdvice = ADVICE,
): NodeError {
  const { status } = response;
  const said = excerptOf(answer);
  const message = `${statusText(response, method, url)}${said === "" ? "" : `: ${said}`}`;
  const isWorthATry = status >= 500 || RETRYABLE.has(status);
  const wait = retryAfter(response.headers.get("retry-after"), Date.now());
  return new NodeError("EXECUTION_FAILED", message, {
    ...(isWorthATry ? wait !== undefined && { retry: wait } : { retry: false }),
    advice: advice[status],
  });
}

/** A status, and who gave it. What the URL holds beside host and path may be secret, and is not named. */
export function statusText({ status, statusText: name }: Response, method: string, url: URL): string {
  return `${name === "" ? status : `${status} ${name}`} from ${url.host} (${method} ${url.origin}${url.pathname})`;
}

/** `Retry-After` in ms: a number of seconds or a date. `undefined` for none, and for what makes no sense. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return ms > 0 && ms <= LONGEST_WAIT ? ms : undefined;
}

function excerptOf(answer: unknown): string {
  if (answer === undefined || answer === null) return "";
  const text = (typeof answer === "string" ? answer : JSON.stringify(answer)).replace(/\s+/g, " ").trim();
  return text.length <= LONGEST_EXCERPT ? text : `${text.slice(0, LONGEST_EXCERPT - 1)}…`;
}
