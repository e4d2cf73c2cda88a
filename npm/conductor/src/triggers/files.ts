/** Watches files: looks at a folder again and again, and compares with what it knew. */
import { resolve } from "node:path";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import type { FileChangeParameters } from "@atomiton/nodes/schemas";
import type { EntryStorage } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";
import type { ConductorConfig } from "../api/settings.js";
import { entryOf } from "./state.js";
import { type ArmedTrigger, nameOf, type TriggerTools, type Watched } from "./types.js";

/** Between two looks at a folder, in ms; after a look that took long, as much longer as this says. */
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const PAUSES_PER_LOOK = 10;

/** How soon a folder is looked at again that cannot be read, in ms. */
const AGAIN_MS = 10_000;

/** Stands between the name of a trigger and that of a file in the ids of entries. */
const BETWEEN = "\u0001";

/** What is known of a file. */
interface Known {
  size: number;
  modified: string;
}

/** A file that was found to have changed. */
interface Change {
  event: "created" | "changed" | "deleted";
  name: string;
  file: Known | undefined;
}

/** What the node type `file-system` lists. */
interface Listing {
  entries: { relativePath: string; size: number; modified: string }[];
}

/**
 * Watches the files of a trigger. What it knows of each is kept in the store, so that changes are found that came about while nothing
 * watched.
 */
export async function watchFiles(
  trigger: ArmedTrigger,
  tools: TriggerTools,
  entries: EntryStorage,
  files: ConductorConfig["files"],
): Promise<Watched> {
  const watched = new WatchedFiles(trigger, tools, entries, files);
  await watched.start();
  return watched;
}

class WatchedFiles implements Watched {
  private readonly parameters: FileChangeParameters;
  private readonly prefix: string;
  private readonly known = new Map<string, Known>();
  /** Files that are not as they were known, as they were at the last look, and since when. */
  private readonly unsettled = new Map<string, Known & { since: number }>();
  /** Changes that wait for executions before them. */
  private readonly waiting = new Map<string, Change>();
  private running = 0;
  private isFiring = false;
  private endTimer: (() => void) | undefined;
  private isClosed = false;
  private problem: string | undefined;

  constructor(
    trigger: ArmedTrigger,
    private readonly tools: TriggerTools,
    private readonly entries: EntryStorage,
    private readonly files: ConductorConfig["files"],
  ) {
    this.parameters = trigger.parameters as unknown as FileChangeParameters;
    this.prefix = `${nameOf(trigger)}${BETWEEN}`;
  }

  async start(): Promise<void> {
    for (const { id, content } of await this.entries.list()) {
      if (id.startsWith(this.prefix)) this.known.set(id.slice(this.prefix.length), JSON.parse(content));
    }
    const { path, pattern, missed } = this.parameters;
    const place = `${resolve(path)} ${pattern}`;
    const { place: before } = await this.tools.state.get();
    const isNew = before !== place;
    const found = await this.list();
    if (isNew) await this.forget();
    // What is there when a trigger is armed first is no change, nor is what was missed, where that does not count.
    if (isNew || missed === "skip") await this.learn(found);
    if (isNew) await this.tools.state.change((kept) => ({ ...kept, place }));
    await this.look(found);
  }

  close(): void {
    this.isClosed = true;
    this.endTimer?.();
  }

  private async list(): Promise<Map<string, Known>> {
    const { path, pattern } = this.parameters;
    const executable = getNodeExecutable("file-system");
    const access = this.files === undefined ? {} : { [Symbol.for("@atomiton/file-access")]: this.files };
    const parameters = { operation: "list", path, patterns: [pattern], include: "files", details: true };
    const listing = (await executable?.execute({ ...parameters, ...access })) as Listing;
    return new Map(listing.entries.map(({ relativePath: name, size, modified }) => [name, { size, modified }]));
  }

  private async look(listed?: Map<string, Known>): Promise<void> {
    if (this.isClosed) return;
    const { clock } = this.tools;
    const started = clock.now();
    let pause = AGAIN_MS;
    try {
      const found = listed ?? (await this.list());
      this.problem = undefined;
      this.compare(found, started);
      await this.fireWaiting();
      const took = (clock.now() - started) * PAUSES_PER_LOOK;
      pause = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, this.parameters.settle / 2, took));
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.problem) this.tools.log(`${problem}; it is looked at again`);
      this.problem = problem;
    }
    if (!this.isClosed) this.endTimer = clock.after(pause, () => void this.look());
  }

  /** Notes what changed, and has stayed as it is for long enough. */
  private compare(found: ReadonlyMap<string, Known>, now: number): void {
    const { settle } = this.parameters;
    for (const [name, file] of found) {
      const known = this.known.get(name);
      if (known !== undefined && isSame(known, file)) {
        this.unsettled.delete(name);
        continue;
      }
      const before = this.unsettled.get(name);
      const since = before !== undefined && isSame(before, file) ? before.since : now;
      this.unsettled.set(name, { ...file, since });
      if (now - since < settle) continue;
      this.unsettled.delete(name);
      this.note({ event: known === undefined ? "created" : "changed", name, file });
    }
    for (const name of this.unsettled.keys()) if (!found.has(name)) this.unsettled.delete(name);
    for (const name of this.known.keys()) if (!found.has(name)) this.note({ event: "deleted", name, file: undefined });
  }

  private note(change: Change): void {
    const { name, file } = change;
    if (file === undefined) this.known.delete(name);
    else this.known.set(name, file);
    this.waiting.set(name, change);
  }

  private async fireWaiting(): Promise<void> {
    if (this.isFiring) return;
    this.isFiring = true;
    try {
      await this.fireAll();
    } finally {
      this.isFiring = false;
    }
  }

  private async fireAll(): Promise<void> {
    const { events, concurrency } = this.parameters;
    for (const [name, change] of this.waiting) {
      if (this.isClosed || this.running >= concurrency) return;
      this.waiting.delete(name);
      try {
        if ((events as readonly string[]).includes(change.event)) await this.fire(change);
        await this.keep(change);
      } catch (error) {
        this.waiting.set(name, change);
        throw error;
      }
    }
  }

  private async fire({ event, name, file }: Change): Promise<void> {
    const path = resolve(this.parameters.path, name);
    const { size = 0, modified = "" } = file ?? {};
    const at = file === undefined ? new Date(this.tools.clock.now()).toISOString() : modified;
    const { result, executionId, isNew } = await this.tools.fire({
      key: `${event} ${name} ${at} ${size}`,
      data: { path, name, event, size, modifiedAt: modified },
    });
    if (!isNew) return;
    this.running += 1;
    void result.then(({ success, error }) => {
      this.running -= 1;
      if (!success) this.tools.log(`The execution ${executionId} for ${name} failed: ${error?.message ?? ""}`);
      if (this.waiting.size > 0) void this.fireWaiting().catch((failed) => this.tools.log(messageOf(failed)));
    });
  }

  private async keep({ name, file }: Change): Promise<void> {
    await this.entries.write([{ id: `${this.prefix}${name}`, ...(file && { entry: entryOf(file) }) }]);
  }

  private async learn(found: ReadonlyMap<string, Known>): Promise<void> {
    for (const [name, file] of found) this.known.set(name, file);
    const changes = Array.from(found, ([name, file]) => ({ id: `${this.prefix}${name}`, entry: entryOf(file) }));
    await this.entries.write(changes);
  }

  private async forget(): Promise<void> {
    await this.entries.write(Array.from(this.known.keys(), (name) => ({ id: `${this.prefix}${name}` })));
    this.known.clear();
  }
}

function isSame(one: Known, other: Known): boolean {
  return one.size === other.size && one.modified === other.modified;
}
