/** Requests over HTTP: commands of channels, resources, events, and what tells of the server itself. */
import { messageOf } from "@atomiton/values";
import { type Context, Hono } from "hono";
import { routePath } from "hono/route";
import packageJson from "../../package.json" with { type: "json" };
import { createLog } from "../engine/log.js";
import { msOf } from "../engine/policy.js";
import type { Role } from "../services/declaration.js";
import { type Typed, typedOf } from "../types/cause.js";
import type { ExecutionRequest } from "../types/request.js";
import { leastRole, type Refusal, refusalBeyond, refusalOf } from "./access.js";
import { addressOf } from "./addresses.js";
import { answerOf, channelAnswer, isComplete, json, problem, refusedBy, statusOf } from "./answers.js";
import { apiPage, type Description, PAGE_HEADERS } from "./api-page.js";
import type { AuditEntry } from "./audit.js";
import { type Authenticate, type Calls, type Session, tokenOf } from "./calls.js";
import { type EventSources, eventStream, type LastEvent } from "./event-stream.js";
import { type FlowRunParts, flowRuns, type RunAnswer, refusedIn } from "./flow-runs.js";
import { bodyOf, givenOf, STRANGERS_BODY_BYTES } from "./given.js";
import type { Hooks } from "./hooks/hooks.js";
import { IdempotencyKeys } from "./idempotency.js";
import { keyedCalls } from "./keyed-calls.js";
import type { Metrics } from "./metrics.js";
import { LightResponse } from "./node-listener.js";
import { openApi } from "./openapi.js";
import { type Origins, refusedOrigin } from "./origins.js";
import type { RateGuard } from "./rate-limits.js";
import { NO_HOOKS } from "./refused-triggers.js";
import { withTrace } from "./request-traces.js";
import { EVENTS_QUERY, RESOURCES, RUN } from "./resources.js";
import { hasResult, lastEventOf, takesEvents } from "./run-events.js";
import { otherId, withProblems } from "./saved-flows.js";
import type { ServedChannels } from "./served-channels.js";
import { OPENID_STEPS, type OpenIdSignIn } from "./users/openid/sign-in.js";

/** What the handler needs of its server. */
export interface HandlerParts {
  calls: Calls;
  channels: ServedChannels;
  events: EventSources;
  authenticate: Authenticate;
  guard: RateGuard;
  /** What a caller of a role may send in one body, in bytes. */
  bodyBytes(role: Role): number;
  /** Proxies before the server whose `X-Forwarded-For` counts. */
  proxies: number;
  /** Tells of ends of sessions. */
  onSessionsEnded(listener: () => void): () => void;
  /** Whether everyone may do everything. */
  isOpen: boolean;
  origins: Origins;
  /** Where the API is, such as `/api`. */
  base: string;
  /** Why the server takes no work; `undefined` where it does. */
  whyNotReady(): Promise<string | undefined>;
  /** An execution of the store; missing where one that is begun again under its id is another one. */
  kept: FlowRunParts["kept"];
  /** Ends streams that only listen. */
  ending(): AbortSignal;
  /** Ends streams that have a result to come. */
  ended(): AbortSignal;
  /** Answers clients of the Model Context Protocol; `undefined` where they are not served. */
  mcp: ((request: Request, session: Session) => Promise<Response>) | undefined;
  /** Answers requests to webhooks; `undefined` where there are none. */
  hooks: Hooks | undefined;
  /** Whether executions are traced. */
  isTraced(): boolean;
  /** Counts requests; `undefined` where nothing is counted. */
  metrics: Metrics | undefined;
  /** The sign-in at an issuer; `undefined` on servers without one. */
  openId: OpenIdSignIn | undefined;
  tell(entry: Omit<AuditEntry, "time">): void;
}

const NO_KEY =
  "An Idempotency-Key counts at /flows/ID/run, /execute and /triggers/FLOW/NODE/fire. A fork begins once under the `executionId` that it names";

const FAILED = "The server failed; its log has the reason";

type Env = {
  Variables: { session: Session; address: string | undefined };
  /** Of a request of `node:http`, or what is said of one that comes otherwise. */
  Bindings: { incoming?: { socket: { remoteAddress?: string | undefined } }; address?: string };
};
type Ctx = Context<Env>;

/** Answers the requests of a server. */
export interface Handler {
  readonly fetch: Hono<Env>["fetch"];
  readonly routes: Hono<Env>["routes"];
  /** Whether a path is one of the server's; those outside of the base are the application's, but for webhooks that there are. */
  serves(path: string): boolean;
}

/** Makes the handler. */
export function createHandler(parts: HandlerParts): Handler {
  const { calls, events, base } = parts;
  const app = new Hono<Env>();
  const keys = new IdempotencyKeys(parts.kept);
  const runs = flowRuns({ ...parts, keys });
  const keyedCall = keyedCalls(calls, keys);

  app.use(async (c, next) => {
    const refused = refusedOrigin(c.req.raw, parts.origins);
    if (refused !== undefined) return problem(403, "VALIDATION_FAILED", refused);
    const origin = c.req.header("origin");
    if (c.req.method === "OPTIONS" && origin !== undefined) return preflight(c.req.raw, origin);
    const connection = c.env?.address ?? c.env?.incoming?.socket.remoteAddress;
    const address = addressOf(connection, c.req.header("x-forwarded-for") ?? null, parts.proxies);
    c.set("address", address);
    const limited = parts.guard.ofAddress(address);
    const started = parts.metrics && performance.now();
    if (limited === undefined) await (parts.isTraced() ? withTrace(c.req.raw, next) : next());
    else c.res = refusedBy(limited);
    if (started !== undefined) {
      parts.metrics?.answered(c.req.method, routePath(c, -1), c.res.status, (performance.now() - started) / 1000);
    }
    if (!isComplete(c.res)) {
      c.res.headers.set("x-content-type-options", "nosniff");
      if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
    }
    if (origin !== undefined) {
      c.res.headers.set("access-control-allow-origin", origin);
      c.res.headers.set("access-control-expose-headers", "etag, location, retry-after, mcp-session-id");
      c.res.headers.append("vary", "origin");
    }
  });

  // What a version is known to lack is not for strangers.
  const tellsVersion = async (c: Ctx) => {
    if (parts.isOpen || tokenOf(c.req.raw) === undefined) return parts.isOpen;
    const session = await sessionOf(c);
    return !(session instanceof Response) && session.caller !== undefined;
  };
  const alive = async (c: Ctx) =>
    json({ status: "ok", ...((await tellsVersion(c)) && { version: packageJson.version }) });
  for (const path of ["/health", `${base}/health`]) app.get(path, alive);
  // What restarts a process that does not live asks nothing of the store, as looking up a key may.
  app.get("/health/live", () => json({ status: "ok" }));
  app.get("/health/ready", async () => {
    const reason = await parts.whyNotReady();
    return reason === undefined ? json({ status: "ok" }) : json({ status: "unavailable", reason }, 503);
  });
  const description = openApi(base, parts.isOpen, {
    mcp: parts.mcp !== undefined,
    metrics: parts.metrics?.prometheus !== undefined,
    hooks: parts.hooks !== undefined,
    openId: parts.openId?.issuer,
  });
  for (const path of ["/openapi.json", `${base}/openapi.json`]) app.get(path, () => json(description));
  let page: string | undefined;
  const showPage = () => {
    page ??= apiPage(description as unknown as Description, base);
    return new LightResponse(page, { headers: PAGE_HEADERS });
  };
  for (const path of new Set(["/docs", `${base}/docs`])) app.get(path, showPage);

  const { openId, guard, tell } = parts;
  for (const step of openId === undefined ? [] : OPENID_STEPS) {
    const asked = (address: string | undefined) => ({ address, origins: parts.origins.origins, guard, tell });
    app.get(`${base}/auth/openid/${step}`, async (c) => openId?.answer(step, c.req.raw, asked(c.get("address"))));
  }

  // Who may send to a webhook is up to that: what a sender signs with may look like a wrong key.
  for (const start of new Set(["/hooks/", `${base}/hooks/`])) {
    app.all(`${start}*`, (c) => {
      const { hooks } = parts;
      if (hooks === undefined) return problem(404, "NODE_NOT_FOUND", NO_HOOKS);
      if (parts.ending().aborted) return problem(503, "INTERNAL_ERROR", "The server ends; send it again later");
      const sender = { address: c.get("address"), session: () => sessionOf(c) };
      // As it was sent: the path of the framework is decoded in part.
      return hooks.answer(new URL(c.req.url).pathname.slice(start.length), c.req.raw, sender);
    });
  }

  app.use(async (c, next) => {
    const session = await sessionOf(c);
    if (session instanceof Response) return session;
    c.set("session", session);
    return next();
  });

  app.get(`${base}/events`, async (c) => {
    const { raw } = c.req;
    const refusal = streamRefusal(c.get("session").caller);
    if (refusal !== undefined) return refusedBy(calls.told(c.get("session"), refusal, "events"));
    const given = await givenOf(c.req, { query: EVENTS_QUERY }, mostOf(c));
    if (given instanceof Response) return given;
    // A stream that nothing reads would be told of events for ever.
    if (raw.method === "HEAD") return new Response(null, { headers: { "content-type": "text/event-stream" } });
    return streamOf(c, { lastId: c.req.header("last-event-id"), ...(given.query as { executionId?: string }) });
  });

  const prometheus = parts.metrics?.prometheus;
  if (prometheus !== undefined) {
    app.on("GET", [...new Set(["/metrics", `${base}/metrics`])], async (c) => {
      const refusal = refusalOf(c.get("session").caller, "viewer", "The metrics");
      if (refusal !== undefined) return refusedBy(calls.told(c.get("session"), refusal, "metrics"));
      const { text, contentType } = await prometheus;
      return new Response(await text(), { headers: { "content-type": contentType } });
    });
  }

  const { mcp } = parts;
  if (mcp !== undefined) {
    app.on(["GET", "POST", "DELETE"], [...new Set(["/mcp", `${base}/mcp`])], async (c) => {
      const refusal = refusalOf(c.get("session").caller, "viewer", "The Model Context Protocol");
      if (refusal !== undefined) return refusedBy(calls.told(c.get("session"), refusal, "mcp"));
      return mcp(c.req.raw, c.get("session"));
    });
  }

  for (const resource of RESOURCES) {
    app.on(resource.method.toUpperCase(), base + resource.path, async (c) => {
      const refused = calls.refusal(c.get("session"), ...resource.command);
      if (refused !== undefined) return channelAnswer(refused);
      const given = await givenOf(c.req, resource, mostOf(c));
      if (given instanceof Response) return given;
      const key = c.req.header("idempotency-key");
      // What has another method does no more where it comes twice.
      if (key !== undefined && resource.method === "post") {
        if (resource.keyed === undefined) return problem(400, "VALIDATION_FAILED", NO_KEY);
        return answerOf(await keyedCall(c.get("session"), resource, given, key), resource, given);
      }
      const refusal = resource.isFlow ? otherId(given) : undefined;
      if (refusal !== undefined) return problem(400, "VALIDATION_FAILED", refusal);
      const answer = await calls.call(c.get("session"), ...resource.command, resource.args(given));
      const told = resource.isFlow ? await withProblems(parts.channels, answer, given) : answer;
      return answerOf(told, resource, given);
    });
  }

  app.post(base + RUN.path, async (c) => {
    const refused = calls.refusal(c.get("session"), ...RUN.command);
    if (refused !== undefined) return channelAnswer(refused);
    const given = await givenOf(c.req, RUN, mostOf(c));
    if (given instanceof Response) return given;
    const { variables, context, ...request } = (given.body ?? {}) as Record<string, unknown>;
    const flowId = given.params.id ?? "";
    const { wait: text } = given.query as { wait?: string };
    const wait = text === undefined ? undefined : Number(/^\d+$/.test(text) ? text : msOf(text));
    if (wait !== undefined && !(wait >= 0)) {
      return problem(400, "INVALID_PARAMETERS", "`wait` must be ms, or a duration such as 30s");
    }
    const ofContext = { ...(context as object | undefined), ...(variables !== undefined && { variables }) };
    const asked = { ...request, context: ofContext, flowId } as ExecutionRequest & Typed;
    asked[typedOf] = true;
    const refusedId = refusalOfId(c, asked);
    if (refusedId !== undefined) return refusedId;
    if (!takesEvents(c.req.header("accept"))) return ranAnswer(await runAnswer(c, asked, wait));
    if (wait === undefined) return runStream(c, asked);
    return problem(400, "INVALID_PARAMETERS", "A stream of events lasts until the result is there: leave `wait` out");
  });
  const execute = async (c: Ctx) => {
    const refused = calls.refusal(c.get("session"), ...RUN.command);
    if (refused !== undefined) return channelAnswer(refused);
    const body = await bodyOf(c.req, mostOf(c));
    if (body instanceof Response) return body;
    const request = body.value as ExecutionRequest;
    return refusalOfId(c, request) ?? executedAnswer(await runAnswer(c, request));
  };
  app.post("/execute", execute);
  app.post(`${base}/execute`, execute);
  app.post(`${base}/conductor/execute`, execute);

  app.post(`${base}/:channel/:command`, async (c) => {
    const { channel = "", command = "" } = c.req.param();
    // The address of a resource that takes other methods, such as `/flows/orders`, names no command.
    const isOther = leastRole(channel, command) === undefined && methodsAt(c.req.path).length > 0;
    if (isOther && c.get("session").caller !== undefined) return c.notFound();
    const refused = calls.refusal(c.get("session"), channel, command);
    if (refused !== undefined) return channelAnswer(refused);
    if (c.req.header("idempotency-key") !== undefined) return problem(400, "VALIDATION_FAILED", NO_KEY);
    const body = await bodyOf(c.req, leastRole(channel, command) === "anyone" ? STRANGERS_BODY_BYTES : mostOf(c));
    if (body instanceof Response) return body;
    return channelAnswer(await calls.call(c.get("session"), channel, command, body.value));
  });

  app.notFound(({ req }) => {
    const methods = methodsAt(req.path);
    if (methods.length === 0) {
      return problem(404, "NODE_NOT_FOUND", "There is nothing at this address; /openapi.json tells what there is");
    }
    const allow = methods.join(", ");
    const answer = problem(405, "INVALID_PARAMETERS", `This address takes ${allow}`);
    answer.headers.set("allow", allow);
    return answer;
  });
  app.onError((error) => {
    logged("A request failed", error);
    return problem(500, "INTERNAL_ERROR", FAILED);
  });
  return { fetch: app.fetch, routes: app.routes, serves };

  /** What the body of a request may be at most, in bytes. */
  function mostOf(c: Ctx): number {
    const { caller } = c.get("session");
    return caller === undefined ? STRANGERS_BODY_BYTES : parts.bodyBytes(caller.role);
  }

  function serves(path: string): boolean {
    const hook = ["/hooks/", `${base}/hooks/`].find((start) => path.startsWith(start));
    if (hook !== undefined) return parts.hooks?.takes(path.slice(hook.length)) ?? false;
    if (!path.startsWith(`${base}/`)) return false;
    const [channel = "", command = "", ...more] = path.slice(base.length + 1).split("/");
    return methodsAt(path).length > 0 || (more.length === 0 && leastRole(channel, command) !== undefined);
  }

  /** The methods that an address takes. Commands of channels are no methods of resources. */
  function methodsAt(path: string): string[] {
    const routes = app.routes.filter((route) => isAt(route.path, path) && !route.path.includes("/:channel/"));
    return [...new Set(routes.map(({ method }) => method))];
  }

  /** Who sent a request; the answer in the place of another one where that cannot be known, or calls too often. */
  async function sessionOf(c: Ctx): Promise<Session | Response> {
    const { raw } = c.req;
    const address = c.get("address");
    const unknown = parts.guard.ofUnknown(raw, address);
    if (unknown !== undefined) return refusedBy(unknown);
    let caller: Session["caller"];
    try {
      caller = await parts.authenticate(raw, { address });
    } catch (error) {
      // Not for strangers: it may tell of files and databases.
      logged("A caller could not be authenticated", error);
      return problem(503, "INTERNAL_ERROR", "The server cannot authenticate callers now");
    }
    const token = tokenOf(raw);
    if (caller !== undefined) parts.guard.isKnown(raw);
    const isStranger = caller === undefined && token !== undefined;
    const limited = isStranger ? parts.guard.ofStranger(address) : parts.guard.ofCaller(caller, address);
    return limited === undefined ? { caller, token, address } : refusedBy(limited);
  }

  /** Events, for as long as their caller may hear of them. */
  function streamOf(
    c: Ctx,
    told: { lastId?: string | undefined; executionId?: string; last?: Promise<LastEvent> },
  ): Response {
    const { raw } = c.req;
    return eventStream(events, {
      ...told,
      async isAllowed() {
        try {
          const caller = await parts.authenticate(raw, { address: c.get("address"), isAgain: true });
          return streamRefusal(caller, told.last !== undefined) === undefined;
        } catch {
          // One that was known stays so until an answer says otherwise.
          return true;
        }
      },
      onSessionsEnded: parts.onSessionsEnded,
      signal: AbortSignal.any([told.last === undefined ? parts.ending() : parts.ended(), raw.signal]),
    });
  }

  /** Runs a stored flow, and answers with what happens in it and, last, its result. A client that goes away leaves the run as it is. */
  async function runStream(c: Ctx, request: ExecutionRequest): Promise<Response> {
    const key = c.req.header("idempotency-key");
    const executionId = runs.idOf(c.get("session"), request, key);
    // With a key the request stays as it was sent: it is compared with the one that the key came with before.
    const asked = key === undefined ? { ...request, context: { ...request.context, executionId } } : request;
    const run = await runs.prepare(c.get("session"), asked, { key, wait: undefined });
    if (typeof run !== "function") return problem(run.status, run.code, run.error);
    // It begins once there is a stream that hears of it.
    const answer = Promise.resolve().then(run).catch(failedRun);
    const stream = streamOf(c, { executionId, last: answer.then(lastEventOf) });
    const early = await Promise.race([
      answer,
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (early === undefined || hasResult(early)) return stream;
    void stream.body?.cancel();
    return ranAnswer(early);
  }

  /** A caller for a few flows chooses no ids: one could be that of an execution of another flow, whose result is the answer. */
  function refusalOfId(c: Ctx, request: ExecutionRequest | undefined): Response | undefined {
    const session = c.get("session");
    if (session.caller?.flows === undefined || request?.context?.executionId == null) return undefined;
    return refusedBy(calls.told(session, refusalBeyond(session.caller, "An executionId of its own"), "execute"));
  }

  /** Runs a stored flow; after `wait` ms answers where its result will be. */
  async function runAnswer(c: Ctx, request: ExecutionRequest, wait?: number): Promise<RunAnswer> {
    const run = await runs.prepare(c.get("session"), request, { key: c.req.header("idempotency-key"), wait });
    return typeof run === "function" ? run() : run;
  }

  /** The answer to a run of the resource of a flow, where what began nothing is refused. */
  function ranAnswer(answer: RunAnswer): Response {
    const refused = "result" in answer && "result" in answer.result ? refusedIn(answer.result) : undefined;
    return refused === undefined
      ? executedAnswer(answer)
      : problem(statusOf(refused.code), refused.code, refused.error);
  }

  /** The answer to clients of channels, which read in a result that nothing began. */
  function executedAnswer(answer: RunAnswer): Response {
    if ("status" in answer) return problem(answer.status, answer.code, answer.error);
    if (!("executionId" in answer)) return channelAnswer(answer.result);
    const { executionId } = answer;
    const location = `${base}/executions/${encodeURIComponent(executionId)}`;
    return json({ executionId, status: "running" }, 202, { location });
  }
}

/** A defect of the server ends a stream as it ends a request. */
function failedRun(error: unknown): RunAnswer {
  logged("A run failed", error);
  return { status: 500, code: "INTERNAL_ERROR", error: FAILED };
}

/** Whether a path is one of a route; those of middleware, which are all, do not count. */
function isAt(route: string, path: string): boolean {
  const [parts, given] = [route.split("/"), path.split("/")];
  return (
    parts.length === given.length &&
    parts.every((part, index) => part === given[index] || (part.startsWith(":") && given[index] !== ""))
  );
}

/** @param isOfRun whether the stream is of a run that the caller began */
function streamRefusal(caller: Session["caller"], isOfRun = false): Refusal | undefined {
  return refusalOf(caller, "viewer", "The stream of events", isOfRun);
}

function logged(what: string, error: unknown): void {
  createLog().error(`${what}: ${messageOf(error)}`);
}

function preflight(request: Request, origin: string): Response {
  const headers = new Headers({
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, POST, PUT, DELETE",
    "access-control-allow-headers":
      request.headers.get("access-control-request-headers") ?? "authorization, content-type",
    "access-control-max-age": "600",
    vary: "origin",
  });
  return new Response(null, { status: 204, headers });
}
