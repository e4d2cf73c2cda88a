/** A file of an execution without some of its values. */
import { isObject } from "@atomiton/values";

import { coded } from "../../engine/failure.js";
import { isRedact } from "../../engine/policy.js";
import type { Json } from "../../executions/tagged-json.js";
import type { ExportOptions } from "../../types/export.js";
import type { Entry, KeptEntry } from "../durable/entry.js";
import { Kind } from "../durable/entry.js";
import type { LeftOutOfFile } from "../durable/kept-run.js";
import type { Marks } from "../durable/marks.js";
import { tagsOf } from "../durable/metadata.js";
import { sha256 } from "../durable/sha256.js";
import { type FileChange, type FileLook, refused, withPaths } from "./file-change.js";
import { flowWith } from "./flow-values.js";
import { HiddenParts } from "./hidden-parts.js";
import { PartsLeftOut } from "./parts-left-out.js";
import { replayOf } from "./replay.js";
import type { ExecutionFile } from "./run-file.js";
import { ValuesLeftOut } from "./values-left-out.js";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

const OPTIONS: readonly (keyof ExportOptions)[] = ["redact", "withoutValues"];

/** How a file is to be changed; `undefined` where it stays as it is. @throws Error INVALID_PARAMETERS for options that make no sense */
export function fileChange(options: ExportOptions = {}): FileChange | undefined {
  if (!isObject(options)) throw refused('What an export leaves out is an object, such as { redact: ["**.email"] }');
  const unknown = Object.keys(options).find((key) => !(OPTIONS as readonly string[]).includes(key));
  if (unknown !== undefined) throw refused(`An export knows no \`${unknown}\`; known are ${OPTIONS.join(", ")}`);
  const { redact = [], withoutValues = false } = options as ExportOptions;
  if (typeof withoutValues !== "boolean") throw refused("`withoutValues` of an export is true or false");
  if (!isRedact(redact)) {
    throw refused("`redact` of an export is a list of paths, such as `customer.email`, `rows[*].card` or `**.token`");
  }
  if (withoutValues && redact.length > 0) {
    throw refused(
      "`redact` and `withoutValues` of an export are given together: without values there is nothing to redact",
    );
  }
  if (withoutValues) return new ValuesLeftOut();
  return redact.length === 0 ? undefined : new PartsLeftOut(redact, new HiddenParts(redact));
}

/**
 * The file without what is to be left out.
 *
 * @throws Error INVALID_PARAMETERS for a path at which nothing is, SERIALIZATION_FAILED where what is left could not be replayed
 */
export async function withoutParts(file: ExecutionFile, change: FileChange): Promise<ExecutionFile> {
  const head = JSON.parse(decoder.decode(file.head)) as Record<string, Json>;
  const entries = file.records.map(({ values }) => {
    return values.byteLength === 0 ? [] : (JSON.parse(decoder.decode(values)) as Entry[]);
  });
  const contents = new Map([...file.blobs].map(([hash, data]) => [hash, JSON.parse(decoder.decode(data)) as Json]));
  const flow = JSON.parse(file.document) as Record<string, Json>;
  if (change.look !== undefined) lookAt(change.look, { head, entries: entries.flat(), contents, flow, change });
  const { document, places } = flowWith(flow, change.flow);
  const writer = new EntryWriter(change, contents);
  const records = [];
  for (const [at, { journal }] of file.records.entries()) {
    const written = [];
    for (const entry of entries[at] as Entry[]) written.push(await writer.written(entry));
    const kept = written.filter((entry) => entry !== undefined);
    const values = kept.length === 0 ? new Uint8Array(0) : encoder.encode(JSON.stringify(kept));
    records.push({ journal, values });
  }
  const leftOut = together(head.leftOut as LeftOutOfFile | undefined, change.leftOut, places);
  const shown = { ...change.head(head), leftOut: leftOut as unknown as Json };
  const made: ExecutionFile = {
    row: change.row(file.row, tagsIn(head), tagsIn(shown)),
    document: JSON.stringify(document),
    head: encoder.encode(JSON.stringify(shown)),
    records,
    blobs: writer.blobs,
  };
  demandSame(file, made);
  return made;
}

/** What was left out before, and what is now. */
function together(
  before: LeftOutOfFile = {},
  { values, redact = [] }: LeftOutOfFile,
  places: readonly number[],
): LeftOutOfFile {
  const paths = [...new Set([...(before.redact ?? []), ...redact])];
  const parameters = [...new Set([...(before.parameters ?? []), ...places])];
  return {
    ...((values ?? before.values) && { values: true }),
    ...(paths.length > 0 && { redact: paths }),
    ...(parameters.length > 0 && { parameters }),
  };
}

function lookAt(
  look: FileLook,
  file: {
    head: Record<string, Json>;
    entries: readonly Entry[];
    contents: ReadonlyMap<string, Json>;
    flow: Record<string, Json>;
    change: FileChange;
  },
): void {
  look.head(file.head);
  for (const entry of file.entries) {
    const [kind, , , content] = answerIn(entry);
    if (kind === Kind.output) look.output(content);
    else if (kind === Kind.blob) look.output(file.contents.get(content as string) ?? null);
    else if (kind === Kind.variables) look.variables(content);
    else look.entry(answerIn(entry));
    for (const carried of carriedIn(answerIn(entry))) look.output(carried);
    if (entry[0] !== Kind.kept) continue;
    const { variables } = (entry as unknown as KeptEntry)[3] as { variables?: { set: Json } };
    if (variables !== undefined) look.variables(variables.set);
  }
  flowWith(file.flow, {
    ...file.change.flow,
    fields: (fields) => {
      look.variables(fields);
      return { json: fields, paths: [] };
    },
  });
}

/** The answer in an entry of what may be taken over, or the entry. */
function answerIn(entry: Entry): Entry {
  return entry[0] === Kind.kept ? (entry as unknown as KeptEntry)[4] : entry;
}

/** What handles carry, each a value. */
function carriedIn([, , , , marks]: Entry): Json[] {
  const carried = typeof marks === "object" ? (marks as { carried?: Json }).carried : undefined;
  const entries = (carried as { value?: [Json, Json][] } | undefined)?.value ?? [];
  return entries.map(([, value]) => value);
}

/** Writes entries with what may be shown of their values. */
class EntryWriter {
  readonly blobs = new Map<string, Uint8Array>();

  constructor(
    private readonly change: FileChange,
    private readonly contents: ReadonlyMap<string, Json>,
  ) {}

  async written(entry: Entry): Promise<unknown> {
    const [kind, task, attempt, content, marks, reused, before = []] = entry;
    const redacted = before.map((path) => this.change.path(path));
    switch (kind) {
      case Kind.fork: {
        // What was checked is no longer so: more is missing now.
        const { isChecked: _, ...changed } = content as Record<string, Json>;
        return [kind, task, attempt, changed];
      }
      case Kind.inherited:
      case Kind.types:
      case Kind.takenOver:
        return entry;
      case Kind.kept:
        return this.kept(entry as unknown as KeptEntry);
      case Kind.variables: {
        const { json, paths } = this.change.variables(content);
        return withPaths([kind, task, attempt, json], [...redacted, ...paths]);
      }
      case Kind.output:
      case Kind.blob: {
        const value = kind === Kind.blob ? (this.contents.get(content as string) ?? null) : content;
        const { json, paths } = this.change.output(value);
        const [shownMarks, lost] = this.marks(marks);
        const all = [...redacted, ...paths, ...lost];
        const isBlob = kind === Kind.blob && typeof json === "object" && json !== null;
        const shown = isBlob ? await this.blob(json) : json;
        return withPaths([isBlob ? kind : Kind.output, task, attempt, shown, shownMarks, reused], all);
      }
      default:
        return this.change.entry(entry);
    }
  }

  private async kept([kind, node, unused, { key, variables }, entry]: KeptEntry): Promise<unknown> {
    const written = (await this.written(entry)) as Entry;
    if (variables === undefined) return [kind, node, unused, { key }, written];
    const { json, paths } = this.change.variables(variables.set);
    const redacted = [...(variables.redacted ?? []).map((path) => this.change.path(path)), ...paths];
    const removed = variables.removed.map((name) => this.change.output(name).json);
    return [
      kind,
      node,
      unused,
      { key, variables: { set: json, removed, ...(redacted.length > 0 && { redacted }) } },
      written,
    ];
  }

  private marks(marks: Entry[4]): [Entry[4], string[]] {
    const carried = typeof marks === "object" ? marks.carried : undefined;
    if (carried === undefined) return [marks, []];
    const lost: string[] = [];
    const entries = (carried as { value: [Json, Json][] }).value.map(([handle, value]) => {
      const { json, paths } = this.change.output(value);
      lost.push(...paths);
      return [handle, json];
    });
    return [{ ...(marks as Marks), carried: { ...(carried as object), value: entries } }, lost];
  }

  private async blob(json: Json): Promise<string> {
    const data = encoder.encode(JSON.stringify(json));
    const hash = await sha256(data);
    this.blobs.set(hash, data);
    return hash;
  }
}

function tagsIn({ metadata }: Record<string, Json>): string[] {
  return typeof metadata === "object" && metadata !== null && !Array.isArray(metadata) ? tagsOf(metadata) : [];
}

/** @throws Error SERIALIZATION_FAILED where a replay would tell otherwise what happened */
function demandSame(before: ExecutionFile, after: ExecutionFile): void {
  const statesIn = (file: ExecutionFile) => {
    const replay = replayOf(file);
    return JSON.stringify(replay.at(replay.length).nodes.map(({ path, state, attempts }) => [path, state, attempts]));
  };
  let why = "its states would be others";
  try {
    if (statesIn(before) === statesIn(after)) return;
  } catch (error) {
    why = (error as Error).message;
  }
  const message = `The execution ${before.row.id} cannot be exported like that: ${why}. Name other paths, or export it without values`;
  throw coded("SERIALIZATION_FAILED", message, undefined);
}
