/** The flows of a folder, as `conductor dev` keeps them in its store. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Conductor } from "../exports/node.js";
import type { FlowToSave } from "../types/flow.js";
import { openFlow, type ProjectFacts, type Strictness } from "./flow-file.js";
import { problemsText } from "./problem-text.js";
import { saveChanged } from "./serve.js";
import { oneLine } from "./text.js";
import { reportProblems } from "./validate.js";

/** Whether a path from the folder of a project is that of a flow: `flows/*.yaml` and `*.flow.yaml`, in JSON as well. */
export function isFlowFile(path: string): boolean {
  return /^(?:flows\/[^/.][^/]*|[^/.][^/]*\.flow)\.(?:ya?ml|json)$/.test(path);
}

/** Saves the flows of a folder, those that can be run. Of others the store keeps what it has. */
export class DevFlows {
  /** The file that has a flow, by its id. */
  readonly #files = new Map<string, string>();

  constructor(
    private readonly folder: string,
    private readonly conductor: Conductor,
    private readonly facts: ProjectFacts & Strictness,
  ) {}

  /** All that are there. */
  async loadAll(): Promise<void> {
    const inside = existsSync(join(this.folder, "flows"))
      ? readdirSync(join(this.folder, "flows")).map((name) => `flows/${name}`)
      : [];
    const paths = [...readdirSync(this.folder), ...inside].filter(isFlowFile).sort();
    for (const path of paths) await this.load(path);
    if (paths.length === 0) say("There are no flows yet: write flows/NAME.yaml or NAME.flow.yaml");
  }

  /** Takes a file as it is now. What is wrong is told, with its place and its code. */
  async load(path: string): Promise<void> {
    const known = [...this.#files].find(([, file]) => file === path)?.[0];
    if (!existsSync(join(this.folder, path))) {
      if (known === undefined) return;
      this.#files.delete(known);
      say(`${oneLine(path)} is gone; the server still has the flow ${oneLine(known)}`);
      return;
    }
    try {
      const opened = await openFlow(path, this.facts);
      if (opened.flow === undefined || opened.problems.length > 0) {
        reportProblems(process.stderr, opened);
        say(
          known === undefined
            ? "It is not served"
            : `The server goes on with the last version of ${oneLine(known)} that can be run`,
        );
        return;
      }
      if (opened.warnings.length > 0) say(`${oneLine(path)}:\n${problemsText(opened).trimEnd()}`);
      const flow = opened.flow as FlowToSave;
      const id = flow.id ?? basename(path).replace(/(?:\.flow)?\.\w+$/, "");
      const other = this.#files.get(id);
      if (other !== undefined && other !== path) {
        say(
          `${oneLine(path)} is not served: ${oneLine(other)} has the id ${oneLine(id)} already; give one of them another`,
        );
        return;
      }
      await saveChanged(this.conductor, { ...flow, id });
      if (known !== undefined && known !== id) this.#files.delete(known);
      this.#files.set(id, path);
    } catch (error) {
      say(`${oneLine(path)} cannot be served: ${oneLine((error as Error).message)}`);
    }
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
