/** The commands of `conductor triggers` and `conductor schedules`, as the command line has them. */
import { type Command, InvalidArgumentError } from "commander";
import type { Exit } from "./exit.js";
import { SECRET_KEY } from "./secrets-commands.js";

/** Makes a command with the options of all commands on a store. */
type Add = (name: string, description: string) => Command;

type End = (exit: Exit) => void;

/** Adds those for triggers of every type. */
export function triggerCommands(add: Add, end: End): void {
  commandsFor(undefined, add, end);
  add("test-address", "make an address that runs the flow of a webhook for one request, also where that is off")
    .argument("<flow>", "id of the flow")
    .argument("<node>", "id of the webhook's node")
    .action(async (flow: string, node: string, options) => {
      const { testAddress } = await import("./triggers.js");
      end(await testAddress(flow, node, options));
    });
}

/** Adds the same for schedules alone. */
export function scheduleCommands(add: Add, end: End): void {
  commandsFor("schedule", add, end);
}

/** @param only the type of the triggers that they are about. Default: all */
function commandsFor(only: "schedule" | undefined, add: Add, end: End): void {
  const what = only ?? "trigger";
  add("list", `list the ${what}s of saved flows: what they are, whether they fire, and when next`).action(
    async (options) => {
      const { listTriggers } = await import("./triggers.js");
      end(await listTriggers({ ...options, only }));
    },
  );
  add("fire", `begin an execution as a ${what} does, also where that is off`)
    .argument("<flow>", "id of the flow")
    .argument("<node>", `id of the ${what}'s node`)
    .option(...SECRET_KEY)
    .option("--data <json>", "what the node hands on, as an object of JSON", object)
    .action(async (flow: string, node: string, options) => {
      const { fireTrigger } = await import("./triggers.js");
      end(await fireTrigger(flow, node, { ...options, only }));
    });
  add("backfill", "begin executions for times of a schedule that are over, as far as there are none")
    .argument("<flow>", "id of the flow")
    .argument("<node>", "id of the schedule's node")
    .requiredOption("--from <time>", "the first moment, in ISO 8601 with its zone", moment)
    .requiredOption("--to <time>", "the last moment", moment)
    .option(...SECRET_KEY)
    .action(async (flow: string, node: string, options) => {
      const { backfill } = await import("./triggers.js");
      end(await backfill(flow, node, options));
    });
}

function moment(text: string): number {
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text.trim());
  const time = hasZone ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError("It must be a moment in ISO 8601 with its zone, such as 2030-01-31T09:00:00Z.");
}

function object(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError('It must be an object of JSON, such as {"orders": 3}.');
}
