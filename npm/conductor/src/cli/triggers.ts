/** `conductor triggers`: what begins executions of the flows of a store, or of a server, by itself. */
import { createNodeConductor } from "../exports/environment/node.js";
import type { TestAddress } from "../server/hooks/hooks.js";
import { createTriggers, type Triggers } from "../triggers/triggers.js";
import type { TriggerStatus } from "../triggers/types.js";
import { Exit, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { apiUrlOf, askServer } from "./remote.js";
import { SECRET_KEY_REMOTE, storedSecrets } from "./secret-source.js";
import { column, counted, oneLine, timeText } from "./text.js";
import { type StoreOptions, telling, withOpenStore } from "./with-store.js";

/** The type of the triggers that a command is about; missing for all. */
interface OfType {
  only?: string | undefined;
}

/** Lists the triggers of all saved flows, or those of one type. */
export function listTriggers({ only, ...options }: StoreOptions & OfType): Promise<Exit> {
  const list = (all: readonly TriggerStatus[]) => {
    const found = only === undefined ? all : all.filter(({ type }) => type === only);
    if (options.json) process.stdout.write(`${jsonText(found, 2)}\n`);
    else if (found.length === 0) process.stdout.write(`No saved flow has a ${only ?? "trigger"}\n`);
    for (const { flowId, nodeId, type, status, next, problem } of options.json ? [] : found) {
      const when = next === undefined ? "" : `  next ${timeText(next)}`;
      const why = problem === undefined ? "" : `  ${oneLine(problem)}`;
      process.stdout.write(`${column(status, 8)} ${column(type, 12)} ${oneLine(`${flowId}/${nodeId}`)}${when}${why}\n`);
    }
    return found.some(({ status }) => status === "refused") ? Exit.failed : Exit.success;
  };
  return onTriggers(options, {
    remote: async (ask) => list((await ask("GET", "/triggers")) as TriggerStatus[]),
    local: async (triggers) => list(await triggers.inspect()),
  });
}

/** Begins an execution, and waits for its end where it goes on here. */
export function fireTrigger(
  flowId: string,
  nodeId: string,
  { only, ...options }: StoreOptions & OfType & { data?: Record<string, unknown> },
): Promise<Exit> {
  /** What is not there at all is told by the one who is to fire it. */
  const demandType = (type: string | undefined) => {
    if (only === undefined || type === undefined || type === only) return;
    const place = oneLine(`${flowId} ${nodeId}`);
    throw new UsageError(
      `\`${oneLine(nodeId)}\` is a ${oneLine(type)} and no ${only}; conductor triggers fire ${place} begins it`,
    );
  };
  return onTriggers(options, {
    async remote(ask) {
      if (only !== undefined) {
        const all = (await ask("GET", "/triggers")) as TriggerStatus[];
        demandType(all.find((trigger) => trigger.flowId === flowId && trigger.nodeId === nodeId)?.type);
      }
      const body = { ...(options.data && { data: options.data }) };
      const { executionId } = (await ask("POST", `/triggers/${pathOf(flowId, nodeId)}/fire`, body)) as {
        executionId: string;
      };
      process.stdout.write(`${oneLine(executionId)} began\n`);
      return Exit.success;
    },
    async local(triggers) {
      if (only !== undefined) demandType((await triggers.find(flowId, nodeId)).type);
      const { executionId, result } = await triggers.fireByHand(flowId, nodeId, options.data);
      const { success, error } = await result;
      process.stdout.write(
        `${oneLine(executionId)} ${success ? "completed" : `failed: ${oneLine(error?.message ?? "")}`}\n`,
      );
      return success ? Exit.success : Exit.failed;
    },
  });
}

/** Begins executions for times that are over, and waits for their ends. */
export function backfill(
  flowId: string,
  nodeId: string,
  options: StoreOptions & { from: number; to: number },
): Promise<Exit> {
  const { from, to } = options;
  const tell = ({ begun, known, failed }: { begun: number; known: number; failed: number }) => {
    const there = known === 0 ? "" : `, ${known} there already`;
    process.stdout.write(`${counted(begun, "execution")} begun${there}${failed === 0 ? "" : `, ${failed} failed`}\n`);
    return failed === 0 ? Exit.success : Exit.failed;
  };
  return onTriggers(options, {
    remote: async (ask) =>
      tell(
        (await ask("POST", `/schedules/${pathOf(flowId, nodeId)}/backfill`, { from, to })) as Parameters<
          typeof tell
        >[0],
      ),
    local: async (triggers) => tell(await triggers.backfill(flowId, nodeId, { from, to })),
  });
}

/** Asks a server for an address that runs a flow once, and prints it. */
export async function testAddress(flowId: string, nodeId: string, options: StoreOptions): Promise<Exit> {
  const { remote } = options;
  if (remote === undefined || options.store !== undefined) {
    throw new UsageError(
      "An address for trying a webhook is one of a server that runs: give --remote URL, and no --store",
    );
  }
  return telling(async () => {
    const path = `/triggers/${pathOf(flowId, nodeId)}/test-address`;
    const made = (await askServer({ ...options, remote }, "POST", path, {})) as TestAddress;
    const url = `${apiUrlOf(remote)}${made.path}`;
    if (options.json) process.stdout.write(`${jsonText({ url, until: made.until }, 2)}\n`);
    else process.stdout.write(`${url}  for one request until ${timeText(Date.parse(made.until))}\n`);
    return Exit.success;
  });
}

type Ask = (method: "GET" | "POST", path: string, body?: object) => Promise<unknown>;

function onTriggers(
  options: StoreOptions,
  { remote, local }: { remote(ask: Ask): Promise<Exit>; local(triggers: Triggers): Promise<Exit> },
): Promise<Exit> {
  const { remote: server } = options;
  if (server !== undefined) {
    if (options.store !== undefined) throw new UsageError("--store and --remote name two places; give one of them");
    if (options.secretKey !== undefined) throw new UsageError(SECRET_KEY_REMOTE);
    return telling(() => remote((...asked) => askServer({ ...options, remote: server }, ...asked)));
  }
  return withOpenStore(options, async (store, { settings }) => {
    const asked = { ...settings, ...storedSecrets(settings, store, options).asked };
    const conductor = createNodeConductor({ ...asked, store, wakes: "own" }, () => "local");
    const triggers = createTriggers({
      conductor,
      store,
      ...(asked.files && { files: asked.files }),
      ...(asked.secrets && { secrets: asked.secrets }),
      ...(asked.expressions && { expressions: asked.expressions }),
      log: (message) => process.stderr.write(`${oneLine(message)}\n`),
    });
    try {
      return await local(triggers);
    } finally {
      triggers.close();
      await conductor.shutdown();
    }
  });
}

function pathOf(flowId: string, nodeId: string): string {
  return `${encodeURIComponent(flowId)}/${encodeURIComponent(nodeId)}`;
}
