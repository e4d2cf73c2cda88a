/** Which executions of callers are kept apart. */
import { isObject } from "@atomiton/values";
import type { CallAnswer } from "../desktop/channel-server.js";
import type { MainProcessConductor } from "../desktop/main-process.js";
import type { Isolation } from "../isolation/isolation.js";
import type { Caller } from "./access.js";

/** Carries out a call, for as long as which the isolation knows whose execution it began. */
export type IsolatedCalls = (
  caller: Caller | undefined,
  channel: string,
  command: string,
  args: unknown,
  call: () => Promise<CallAnswer>,
) => Promise<CallAnswer>;

/** Calls that begin an execution under the id that they name. */
const BEGINNING: ReadonlySet<string> = new Set(["conductor.execute", "node.execute"]);

/** Tells an isolation what callers begin. Whatever it is not told of is isolated. */
export function isolatedCalls(
  isolation: Isolation,
  { executions }: Pick<MainProcessConductor, "executions">,
): IsolatedCalls {
  const isInStore = async (id: string) => (await executions?.get(id).catch(() => undefined)) !== undefined;

  return async (caller, channel, command, args, call) => {
    if (caller === undefined || !BEGINNING.has(`${channel}.${command}`) || !isObject(args)) return call();
    const { context, config } = args as { context?: unknown; config?: unknown };
    const id = isObject(context) ? context.executionId : undefined;
    // What is wrong with it is said where it is carried out.
    if (typeof id !== "string") return call();
    const ended = isolation.begins(id, caller.role, isObject(config) ? config.maxMemory : undefined);
    if (typeof ended !== "function") return { error: ended.refused, code: "INVALID_PARAMETERS", channelError: true };
    try {
      // One that is there already goes on: its flow may be that of another caller, who guessed the id.
      if (!isolation.isolates(caller.role) && (await isInStore(id))) ended();
      return await call();
    } finally {
      ended();
    }
  };
}
