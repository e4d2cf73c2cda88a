/** In the worker: what a page asks for over a port. */
import { messageOf } from "@atomiton/values";
import { type FlowNodeTypes, validateFlow } from "../engine/flows.js";
import { type GivenModules, givenModules } from "./given-modules.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { startEngine } from "./page-engine.js";
import { PageExecutables } from "./page-executables.js";
import { showPresence } from "./presence.js";
import { ServedRun, type Workbench } from "./served-run.js";
import { toThrown } from "./thrown.js";

/** What a worker brings. */
export interface WorkerParts extends Pick<Workbench, "executables" | "mayTransfer"> {
  /** What is known of the types of nodes; `closed`: the page knows of no others. */
  types(closed: boolean): FlowNodeTypes;
  /** What the page gave. Default: what it gave to this worker. */
  modules?: GivenModules;
}

/**
 * Serves a page until it closes the port, once the engine has started. What the page says before waits in the port.
 * `lock`: shows the page that this worker is there.
 */
export async function serve(port: MessagePort, lock: string, parts: WorkerParts): Promise<void> {
  const say = (message: FromWorker) => port.postMessage(message);
  const presence = showPresence(lock);
  try {
    const { engine } = parts.modules ?? givenModules;
    await startEngine(await engine);
  } catch (error) {
    return say({ type: "unable", why: messageOf(error) });
  }
  const held = await presence;
  listen(port, parts);
  say({ type: "ready", held });
}

/** Does what the page says. */
function listen(port: MessagePort, parts: WorkerParts): void {
  const page = new PageExecutables(port);
  const bench: Workbench = { port, page, executables: parts.executables, mayTransfer: parts.mayTransfer };
  const runs = new Map<number, ServedRun>();
  const say = (message: FromWorker) => port.postMessage(message);

  const open = (message: Extract<ToWorker, { type: "open" }>) => {
    const run = new ServedRun(bench, message);
    runs.set(message.run, run);
    run.over().finally(() => runs.delete(message.run));
  };
  const validate = ({ question, node, closed, schemas: own }: Extract<ToWorker, { type: "validate" }>) => {
    try {
      const types = parts.types(closed);
      const problems = validateFlow(node, { ...types, schemas: { ...types.schemas, ...own } });
      say({ type: "problems", question, problems });
    } catch (error) {
      say({ type: "unknown", question, thrown: toThrown(error) });
    }
  };

  port.onmessage = ({ data }: { data: ToWorker }) => {
    switch (data.type) {
      case "open":
        return open(data);
      case "command":
        return runs.get(data.run)?.carryOut(data.command);
      case "progress":
      case "warn":
      case "answer":
        return page.hear(data);
      case "validate":
        return validate(data);
      case "ping":
        return say({ type: "pong" });
    }
  };
}
