import {
  milliseconds,
  type NodeType,
  output,
  type ParameterProblem,
  sharedParameters,
} from "../../definition/node-type.js";

/** Begins its flow at times. */
export const schedule = {
  type: "schedule",
  name: "Schedule",
  description: "Begins its flow at times: by cron patterns or at intervals.",
  category: "trigger",
  icon: "calendar-clock",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      cron: {
        anyOf: [
          { type: "string", minLength: 1 },
          { type: "array", items: { type: "string", minLength: 1 } },
        ],
        description:
          "One cron pattern or several: minute, hour, day of the month, month, day of the week; seconds may stand before them. `L` is the last day of a month, `1#1` the first Monday. Either this or `every`.",
        examples: ["0 9 * * 1-5", "*/15 * * * *", ["0 9 * * *", "0 18 * * *"]],
      },
      every: {
        ...milliseconds,
        minimum: 1000,
        description:
          "The interval, counted from `from`: `15m` without it is at 0, 15, 30 and 45 minutes of each hour in UTC.",
        examples: ["15m", "12h"],
      },
      timezone: {
        type: "string",
        minLength: 1,
        default: "UTC",
        description:
          "The IANA time zone in which `cron` is read. An hour that a zone leaves out is taken at its end, one that comes twice once.",
        examples: ["Europe/Berlin"],
      },
      from: {
        type: "string",
        minLength: 1,
        description: "The first moment, in ISO 8601 with its zone.",
        examples: ["2030-01-31T09:00:00Z"],
      },
      until: {
        type: "string",
        minLength: 1,
        description: "The moment from which on it does not fire any more, in ISO 8601 with its zone.",
        examples: ["2030-12-31T00:00:00Z"],
      },
      jitter: {
        ...milliseconds,
        minimum: 0,
        maximum: 3_600_000,
        default: 0,
        description:
          "By how much it begins later at most, so that many schedules do not begin at once. Of one time it is always the same.",
        examples: ["30s"],
      },
      overlap: {
        type: "string",
        enum: ["skip", "queue", "cancel", "allow"],
        default: "skip",
        description:
          "What happens at a time at which the execution of an earlier one is not over: the time is left out, it waits for its turn, the earlier execution is cancelled, or both go on.",
      },
      missed: {
        type: "string",
        enum: ["once", "all", "skip"],
        default: "once",
        description:
          "What happens after times at which nothing watched the schedule: an execution for the last of them, one for each (1,000 at most), or none.",
      },
    },
  },
  inputPorts: [],
  otherInputs: [],
  hasOpenInputs: true,
  outputPorts: [],
  otherOutputs: [
    output("time", "Time", "string", "The time of the schedule, in ISO 8601; in a run by hand when the node started."),
    output(
      "missed",
      "Missed",
      "boolean",
      "Whether the time was over when the execution began, because nothing watched.",
    ),
    output("backfill", "Backfill", "boolean", "Whether the execution was asked for later, for a time that was over."),
  ],
  isTrigger: true,
  problems: ({ cron, every, timezone, from, until }, { cron: parse }) => {
    if ((cron === undefined) === (every === undefined)) {
      const found = cron === undefined ? "neither is given" : "both are given";
      return [problem("schedule-times", "/cron", `Give a schedule either \`cron\` or \`every\`; ${found}`)];
    }
    const isText = (value: unknown): value is string => typeof value === "string" && !value.includes("\u0024{{");
    const found: ParameterProblem[] = [];
    for (const [name, moment] of Object.entries({ from, until })) {
      if (isText(moment) && (!/(?:Z|[+-]\d\d:?\d\d)$/i.test(moment.trim()) || Number.isNaN(Date.parse(moment)))) {
        const message = `\`${name}\` must be a moment in ISO 8601 with its zone, such as 2030-01-31T09:00:00Z`;
        found.push(problem("schedule-moment", `/${name}`, message));
      }
    }
    const patterns = Array.isArray(cron) ? cron : [cron];
    if (Array.isArray(cron) && cron.length === 0) {
      found.push(problem("schedule-times", "/cron", "`cron` is an empty list; give it a pattern"));
    }
    for (const pattern of patterns) {
      if (!isText(pattern)) continue;
      const message = parse?.(pattern, isText(timezone) ? timezone : undefined);
      if (message !== undefined) found.push(problem("cron-syntax", "/cron", message));
    }
    return found;
  },
  touches: [],
  effects: "reads",
  limits: [
    { what: "the interval", bound: "one second", beyond: "INVALID_PARAMETERS" },
    {
      what: "missed times that are caught up",
      bound: "1,000",
      beyond: "the earlier ones are left out, and the log says so",
    },
  ],
} as const satisfies NodeType;

function problem(rule: string, path: string, message: string): ParameterProblem {
  return { code: "INVALID_PARAMETERS", severity: "error", rule, path, message };
}
