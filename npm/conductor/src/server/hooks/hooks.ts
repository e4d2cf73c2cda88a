/** The addresses of webhooks: takes requests, begins executions, answers. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Answer } from "@atomiton/nodes";
import type { WebhookParameters } from "@atomiton/nodes/schemas";
import { messageOf, within } from "@atomiton/values";
import { createLog } from "../../engine/log.js";
import type { Triggers } from "../../triggers/triggers.js";
import { type ArmedTrigger, type Fired, nameOf } from "../../triggers/types.js";
import { pathOf } from "../../triggers/webhooks.js";
import { isOwnFlow, type Refusal, refusalOf } from "../access.js";
import { encodeAnswer } from "../answer-text.js";
import type { AuditEntry } from "../audit.js";
import type { Session } from "../calls.js";
import type { ExecutionGuard } from "../execution-limits.js";
import { LightResponse } from "../node-listener.js";
import { RecentMap } from "../recent-map.js";
import { BodyError, byName, parsedBody, readBody, whileHeld } from "./body.js";
import { deliveryOf, isSigned, type Key, keyOf, type SignatureSettings, signatureHeaders } from "./signature.js";

/** How long an address for trying can be used, in ms. */
const TEST_MS = 600_000;

/** Addresses for trying at a time. */
const MOST_TESTS = 1000;

/** Characters of a name of a delivery. */
const LONGEST_DELIVERY = 500;

const NO_HOOK = "There is no webhook at this address";

/** Headers that do not get into executions, which are kept. */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "x-api-key"]);

/** What hooks need of their server. */
export interface HookParts {
  triggers: Triggers;
  /** Where the API is. */
  base: string;
  /** Begins an execution of a webhook once there is a permit for it. */
  executions: Pick<ExecutionGuard, "fire">;
  /** Tells of a caller that may not send; what it is answered with. */
  told(session: Session, refused: Refusal, what: string): Response;
  /** Tells of executions that began. */
  tell(entry: Omit<AuditEntry, "time">): void;
}

/** An address that runs a flow once, also where that is off. */
export interface TestAddress {
  /** Such as `/hooks/test/…`. */
  path: string;
  /** ISO 8601. */
  until: string;
}

/** Who sends a request. */
export interface Sender {
  /** Where it is known. */
  address: string | undefined;
  /** Looked at only where the webhook is for callers of the server; the answer to one that cannot be known. */
  session(): Promise<Session | Response>;
}

/** Webhooks of a server. */
export interface Hooks {
  /** Whether a request to what stands after `/hooks/` is for a webhook, as far as these are known already. */
  takes(path: string): boolean;
  /** Answers a request to what stands after `/hooks/`. */
  answer(path: string, request: Request, sender: Sender): Promise<Response>;
  /** Makes an address for trying the webhook of a saved flow, for one request within ten minutes. */
  testAddress(flowId: string, nodeId: string): Promise<TestAddress>;
}

/** A request that was accepted. */
interface Received {
  /** What stood after `/hooks/`. */
  path: string;
  request: Request;
  /** The name of the caller; empty where the webhook does not ask for one. */
  caller: string;
  address: string | undefined;
  bytes: Buffer;
  body: unknown;
}

const NOT_SIGNED: Refusal = {
  status: 401,
  error: "The signature is not right, or too old",
  code: "VALIDATION_FAILED",
};

/** Makes the webhooks of a server. */
export function createHooks({ triggers, executions, base, told, tell }: HookParts): Hooks {
  const tests = new RecentMap<{ flowId: string; nodeId: string; until: number }>(MOST_TESTS);

  const found = async (path: string): Promise<ArmedTrigger | undefined> => {
    const token = tokenIn(path);
    if (token === undefined) return triggers.webhook(decoded(path));
    const test = tests.get(token);
    if (test === undefined || test.until < Date.now()) return undefined;
    return triggers.find(test.flowId, test.nodeId);
  };

  /** The name of the caller who sends; the answer to one who may not. */
  const callerOf = async (trigger: ArmedTrigger, sender: Sender): Promise<string | Response> => {
    const session = await sender.session();
    if (session instanceof Response) return session;
    const isOwn = session.caller !== undefined && isOwnFlow(session.caller, trigger.flowId);
    const refused = refusalOf(session.caller, "runner", `The webhook ${pathOf(trigger)}`, isOwn);
    return refused === undefined ? (session.caller?.name ?? "") : told(session, refused, `hooks/${pathOf(trigger)}`);
  };

  /** The answer to a request that is not signed as it should be. */
  const unsigned = async (trigger: ArmedTrigger, request: Request, sender: Sender, body: Buffer) => {
    const { signature, tolerance } = parametersOf(trigger);
    const settings = signature as SignatureSettings & { secret: string | string[] };
    let keys: Key[];
    try {
      const texts = [settings.secret].flat();
      keys = await Promise.all(texts.map(async (text) => keyOf(await triggers.secret(text), settings)));
    } catch (error) {
      createLog().error(`The webhook ${nameOf(trigger)} cannot check signatures: ${messageOf(error)}`);
      return problem(503, "The server cannot check signatures now");
    }
    const signed = { headers: request.headers, body, now: Date.now(), tolerance };
    if (isSigned(signed, settings, keys)) return undefined;
    const session = { caller: undefined, token: undefined, address: sender.address };
    return told(session, NOT_SIGNED, `hooks/${pathOf(trigger)}`);
  };

  return {
    takes(path) {
      const token = tokenIn(path);
      const known = token === undefined ? triggers.webhook(decoded(path)) : tests.get(token);
      return known !== undefined || !triggers.isReady;
    },
    async answer(path, request, sender) {
      let trigger: ArmedTrigger | undefined;
      try {
        trigger = await found(path);
      } catch (error) {
        return problem(422, messageOf(error));
      }
      if (trigger === undefined && !triggers.isReady) return later("The webhooks of this server are not known yet", 1);
      if (trigger === undefined) return problem(404, NO_HOOK);
      const parameters = parametersOf(trigger);
      const { methods, maxBytes, authenticate } = parameters;
      if (!(methods as readonly string[]).includes(request.method)) {
        const refused = problem(405, `This webhook takes ${methods.join(", ")}`);
        refused.headers.set("allow", methods.join(", "));
        return refused;
      }
      // Of those who may not send, nothing is read.
      const caller = authenticate === "caller" ? await callerOf(trigger, sender) : "";
      if (caller instanceof Response) return caller;
      try {
        const bytes = await readBody(request, maxBytes);
        const refused = authenticate === "signature" ? await unsigned(trigger, request, sender, bytes) : undefined;
        if (refused !== undefined) return refused;
        const body = await parsedBody(bytes, request.headers.get("content-type") ?? "");
        const token = tokenIn(path);
        if (token !== undefined) {
          // Of two requests at once one is taken.
          if (tests.get(token) === undefined) return problem(404, NO_HOOK);
          tests.delete(token);
        }
        return await begin(trigger, parameters, { path, request, caller, address: sender.address, bytes, body });
      } catch (error) {
        if (!(error instanceof BodyError)) throw error;
        return error.status === 503 ? later(error.message, 5) : problem(error.status, error.message);
      }
    },
    async testAddress(flowId, nodeId) {
      const { type } = await triggers.find(flowId, nodeId);
      if (type !== "webhook") throw new Error(`\`${nodeId}\` is a ${type}, not a webhook`);
      const token = randomBytes(24).toString("base64url");
      const until = Date.now() + TEST_MS;
      tests.set(token, { flowId, nodeId, until });
      return { path: `/hooks/test/${token}`, until: new Date(until).toISOString() };
    },
  };

  /** Begins the execution of a request that was accepted, and answers as the node says. */
  async function begin(trigger: ArmedTrigger, parameters: WebhookParameters, given: Received): Promise<Response> {
    const { path, request, body } = given;
    const { answer, waitFor, authenticate, signature } = parameters;
    const scheme = (signature as SignatureSettings | undefined)?.scheme;
    // To try it out takes no delivery away from the real address.
    const delivery = tokenIn(path) === undefined ? deliveryOf(request.headers, scheme, body) : undefined;
    if (delivery !== undefined && delivery.length > LONGEST_DELIVERY) {
      return problem(400, `The name of a delivery has ${LONGEST_DELIVERY} characters at most`);
    }
    const key =
      delivery === undefined ? randomUUID() : JSON.stringify(["delivery", ...senderOf(given, authenticate), delivery]);
    // It is made when it is read, and takes longer than all else here.
    const signal = answer === "node" ? request.signal : undefined;
    let isWaiting = true;
    let respond: (answer: Answer) => boolean = () => false;
    const answered = new Promise<Answer>((resolve) => {
      respond = (found) => {
        const isSent = isWaiting && signal?.aborted !== true;
        isWaiting = false;
        if (isSent) resolve(found);
        return isSent;
      };
    });
    const isUnique = delivery === undefined;
    const firing = { key, isUnique, data: dataOf(trigger, parameters, given), ...(answer === "node" && { respond }) };
    let gone: Response | undefined;
    const fired = await whileHeld(given.bytes, () =>
      executions.fire(nameOf(trigger), async () => {
        // It may have waited for its permit.
        gone = await changed(trigger, path);
        return gone === undefined ? triggers.fire(trigger, firing) : undefined;
      }),
    );
    if (fired === undefined) return gone ?? later("The server ends", 5);
    if ("status" in fired) return later(fired.error, fired.retryAfter, fired.status);
    const isKnown = authenticate === "caller";
    if (fired.isNew) {
      const from = {
        ...(isKnown && { caller: given.caller }),
        ...(given.address !== undefined && { address: given.address }),
      };
      const what = `hooks/${pathOf(trigger)}`;
      tell({ event: "call", ...from, what, subject: fired.executionId, outcome: "begun" });
    }
    if (!fired.isKept) return resultOf(await fired.result, fired, isKnown);
    if (answer === "received") return accepted(fired);
    const over = fired.result.then(async (result) => {
      if (result.isElsewhere) return accepted(fired);
      if (answer === "node" && result.success) return answerIn(await triggers.answersOf(trigger, result), fired);
      return resultOf(result, fired, isKnown);
    });
    const first = answer === "node" ? Promise.race([answered.then(responseOf), over]) : over;
    const response = await within(waitFor, first);
    if (response !== undefined) return response;
    isWaiting = false;
    if (answer === "result") return accepted(fired);
    return problem(504, `No node answered within ${waitFor} ms`, { executionId: fired.executionId });
  }

  /** The answer to a request whose webhook is not any more what it was sent to; `undefined` where it is. */
  async function changed(trigger: ArmedTrigger, path: string): Promise<Response | undefined> {
    // An address for trying is good also while the flow is off, and runs what is saved by now.
    if (tokenIn(path) !== undefined) {
      const saved = await triggers.find(trigger.flowId, trigger.nodeId).catch(() => undefined);
      return saved?.type === "webhook" ? undefined : problem(404, NO_HOOK);
    }
    const now = await found(path);
    if (now === trigger) return undefined;
    return now === undefined ? problem(404, NO_HOOK) : later("The webhook was changed while the request waited", 1);
  }

  function accepted({ executionId }: Fired): Response {
    const location = `${base}/executions/${encodeURIComponent(executionId)}`;
    return json({ executionId }, 202, { location });
  }
}

/**
 * Whose deliveries have names of their own: those of one caller are not those of another. Strangers, who would choose the names of
 * others, have their request in the place of a name.
 */
function senderOf({ request, caller, bytes }: Received, authenticate: WebhookParameters["authenticate"]): string[] {
  if (authenticate !== "none") return [caller];
  const sent = createHash("sha256")
    .update(JSON.stringify([request.method, new URL(request.url).search]))
    .update(bytes);
  return ["", sent.digest("hex")];
}

/** What names an address for trying; `undefined` for another one. */
function tokenIn(path: string): string | undefined {
  return /^test\/([\w-]{32})$/.exec(path)?.[1];
}

/** A path as flows say it; one that is not written rightly is that of no webhook. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}

/** What the node hands on. */
function dataOf(
  trigger: ArmedTrigger,
  { rawBody, signature }: WebhookParameters,
  { request, address, bytes, body }: Received,
): Record<string, unknown> {
  const signed = signatureHeaders(signature as SignatureSettings | undefined);
  const headers: [string, string][] = [];
  request.headers.forEach((value, name) => {
    if (!CREDENTIALS.has(name) && !signed.includes(name)) headers.push([name, value]);
  });
  return {
    method: request.method,
    path: pathOf(trigger),
    headers: byName(headers),
    query: request.url.includes("?") ? byName(new URL(request.url).searchParams) : {},
    body,
    ...(rawBody && { raw: bytes.toString("base64") }),
    receivedAt: new Date().toISOString(),
    address: address ?? "",
  };
}

function parametersOf({ parameters }: ArmedTrigger): WebhookParameters {
  return parameters as unknown as WebhookParameters;
}

/** What an execution gave that is over. */
function resultOf(
  { success, data, error }: Awaited<Fired["result"]>,
  { executionId }: Fired,
  isKnown: boolean,
): Response {
  if (success) return json(data ?? null);
  const code = error?.code ?? "EXECUTION_FAILED";
  // Why it failed is not for strangers: it may tell of files and addresses.
  return json({ error: isKnown ? error?.message : "The flow failed", code, executionId }, 500);
}

/** The answer that an execution gave that had begun before. */
function answerIn(answers: readonly Answer[], { executionId }: Fired): Response {
  const [first] = answers;
  if (first !== undefined) return responseOf(first);
  return problem(500, "The flow ended without an answer: none of its nodes `respond` ran", { executionId });
}

function responseOf({ status, headers: given, body }: Answer): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    for (const text of [value].flat()) headers.append(name, String(text));
  }
  const isBytes = body instanceof Uint8Array;
  const isText = typeof body === "string";
  if (!headers.has("content-type") && body !== null) {
    const type = isBytes ? "application/octet-stream" : isText ? "text/plain; charset=utf-8" : "application/json";
    headers.set("content-type", type);
  }
  // A page that a flow answers with is not one of the server's own.
  headers.set("content-security-policy", "sandbox");
  if (body === null || body === undefined) return new LightResponse(null, { status, headers });
  return new LightResponse((isBytes || isText ? body : (encodeAnswer(body) ?? "null")) as BodyInit, {
    status,
    headers,
  });
}

/** @param seconds until it may be sent again */
function later(why: string, seconds: number, status: 429 | 503 = 503): Response {
  const refused = problem(status, why);
  refused.headers.set("retry-after", String(seconds));
  return refused;
}

function problem(status: number, error: string, more: object = {}): Response {
  const codes: Record<number, string> = {
    404: "NODE_NOT_FOUND",
    429: "RATE_LIMIT_EXCEEDED",
    500: "EXECUTION_FAILED",
    503: "INTERNAL_ERROR",
    504: "TIMEOUT",
  };
  return json({ error, code: codes[status] ?? "VALIDATION_FAILED", ...more }, status);
}

function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new LightResponse(encodeAnswer(value) ?? "null", {
    status,
    headers: { "content-type": "application/json", "content-security-policy": "sandbox", ...headers },
  });
}
