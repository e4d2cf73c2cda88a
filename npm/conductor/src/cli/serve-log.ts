/** What a server says while it runs: sentences for people, or a line of JSON for each event. */
import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";
import type { Conductor } from "../exports/node.js";
import type { ExecutionError } from "../types/errors.js";
import type { LogScope } from "../types/log-scope.js";
import { counted, oneLine } from "./text.js";

/** How a server says it. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Something that happened. Names of events and of their fields stay as they are. */
export type ServerEvent =
  | { event: "listening"; url: string; callers: string }
  | { event: "listening-failed"; message: string }
  | { event: "flow-warnings"; message: string }
  | { event: "flow-saved"; flowId: string; version?: number }
  | ({ event: "execution-started"; executionId: string; flowId: string } & Traced)
  | ({ event: "execution-completed"; executionId: string; flowId?: string; durationMs?: number } & Traced)
  | ({
      event: "execution-failed";
      executionId: string;
      flowId?: string;
      code?: string;
      nodeId?: string;
      message: string;
      durationMs?: number;
    } & Traced)
  | { event: "executions-resumed"; count: number; executionIds: string[] }
  | { event: "execution-blocked"; executionId: string; reason: string }
  | { event: "recovery-failed"; message: string }
  | { event: "ending" }
  | ({ event: "message"; message: string; executionId?: string; nodeId?: string } & Traced);

/** Names as logs of OpenTelemetry have them; missing where nothing is traced. */
interface Traced {
  trace_id?: string;
  span_id?: string;
}

type Level = "debug" | "info" | "warn" | "error";

/** Takes what happened. */
export type ServerLog = (event: ServerEvent) => void;

/** What is being said is about this. */
const scopes = new AsyncLocalStorage<LogScope>();

/** A log on standard error. In JSON it also has what the library and nodes write to the console. */
export function serverLog(kind: LogFormat): ServerLog {
  if (kind === "text") {
    return (event) => {
      const text = textOf(event);
      if (text !== undefined) process.stderr.write(`${text}\n`);
    };
  }
  const write = (level: Level, event: ServerEvent) =>
    void process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, ...event })}\n`);
  const consoled = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;
  for (const [name, level] of Object.entries(consoled)) {
    console[name as keyof typeof consoled] = (...said: unknown[]) =>
      write(level, { event: "message", ...aboutOf(scopes.getStore()), message: format(...said) });
  }
  return (event) => write(levelOf(event), event);
}

/** Tells a log of the executions of a conductor, and which of them what they say is about. */
export function logExecutions({ events }: Pick<Conductor, "events">, log: ServerLog): void {
  events.scopeLogs((scope, work) => scopes.run(scope, work));
  events.onStarted(({ executionId, nodeId, trace }) =>
    log({ event: "execution-started", executionId, flowId: nodeId, ...tracedBy(trace) }),
  );
  events.onCompleted(({ executionId, result: { duration, context }, trace }) =>
    log({
      event: "execution-completed",
      executionId,
      ...flowOf(context),
      ...durationOf(duration),
      ...tracedBy(trace),
    }),
  );
  events.onError(({ executionId, error, result, trace }) => {
    const { code, nodeId }: Partial<ExecutionError> = result?.error ?? {};
    log({
      event: "execution-failed",
      executionId,
      ...flowOf(result?.context),
      ...(code !== undefined && { code }),
      ...(nodeId !== undefined && { nodeId }),
      message: error.message,
      ...durationOf(result?.duration),
      ...tracedBy(trace),
    });
  });
}

function aboutOf(scope: LogScope | undefined): { executionId?: string; nodeId?: string } & Traced {
  if (scope === undefined) return {};
  const { executionId, nodeId, trace } = scope;
  return { executionId, ...(nodeId !== undefined && { nodeId }), ...tracedBy(trace) };
}

function tracedBy(trace: LogScope["trace"]): Traced {
  return trace === undefined ? {} : { trace_id: trace.traceId, span_id: trace.spanId };
}

function flowOf(context: { nodeId: string } | undefined): { flowId?: string } {
  return context === undefined ? {} : { flowId: context.nodeId };
}

function durationOf(durationMs: number | undefined): { durationMs?: number } {
  return durationMs === undefined ? {} : { durationMs };
}

function levelOf({ event }: ServerEvent): Level {
  if (event === "execution-failed" || event === "recovery-failed" || event === "listening-failed") return "error";
  return event === "execution-blocked" || event === "flow-warnings" ? "warn" : "info";
}

/** Executions begin and end without a word: there may be many. */
function textOf(event: ServerEvent): string | undefined {
  switch (event.event) {
    case "listening":
      return `Serving at ${event.url}\n${event.callers}`;
    case "flow-saved":
      return `Saved ${oneLine(event.flowId)}${event.version === undefined ? "" : ` as version ${event.version}`}`;
    case "executions-resumed":
      return `${counted(event.count, "execution")} of an earlier process go on`;
    case "execution-blocked":
      return `${oneLine(event.executionId)} cannot go on: ${oneLine(event.reason)}`;
    case "recovery-failed":
      return `Unfinished executions cannot go on: ${oneLine(event.message)}`;
    case "ending":
      return "Ending: what is under way may finish, or goes on at the next start";
    case "listening-failed":
    case "flow-warnings":
    case "message":
      return event.message;
    default:
      return undefined;
  }
}
