/** What is done with an archive that is there: it is listed, or extracted. */
import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { Globs } from "../../data/globs.js";
import { reports, sizeText } from "../../library/reports.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { type ArchiveEntry, checkedName, Paths } from "./entry.js";
import { Limits } from "./limits.js";
import { namesText } from "./names-text.js";
import { type ArchiveWork, patternsOf } from "./parameters.js";
import { type ArchiveSource, sourceOf } from "./source.js";
import { Staging } from "./staging.js";
import { tarEntries } from "./tar-entries.js";
import { checksCrc, zipEntries } from "./zip-entries.js";

/** Tells what is in an archive, and of each entry whether it could be extracted. */
export async function listArchive(work: ArchiveWork): Promise<object> {
  const source = await sourceOf(work);
  const limits = new Limits(work.parameters, source.size, false);
  const entries: object[] = [];
  let size = 0;
  for await (const { entry, path, problem } of wantedEntries(work, source, limits)) {
    const { kind, compressedSize, modified } = entry;
    const reason = problem ?? entry.unreadable;
    size += kind === "file" ? entry.size : 0;
    entries.push({
      path: problem === undefined ? path : entry.name,
      kind,
      size: entry.size,
      ...(compressedSize !== undefined && { compressedSize }),
      modified: timeText(modified),
      ...(reason !== undefined && { problem: reason }),
    });
  }
  return { result: entries, entries, count: entries.length, size, format: source.format };
}

/** Takes the files out of an archive, to a folder or, without one, as values. Nothing is left of a failed try. */
export async function extractArchive(work: ArchiveWork): Promise<object> {
  const { folder } = work.parameters;
  const source = await sourceOf(work);
  return folder === undefined ? toValues(work, source) : toFolder(work, source, folder);
}

async function toValues(work: ArchiveWork, source: ArchiveSource): Promise<object> {
  const limits = new Limits(work.parameters, source.size, true);
  const files: object[] = [];
  let size = 0;
  for await (const { entry, path } of usableEntries(work, source, limits)) {
    if (entry.kind !== "file") continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of entry.content()) {
      throwIfAborted(work.signal);
      pieces.push(piece);
    }
    const content = new Uint8Array(Buffer.concat(pieces));
    size += content.length;
    files.push({ path, content, size: content.length, modified: timeText(entry.modified) });
  }
  return { result: files, files, count: files.length, size, format: source.format };
}

async function toFolder(work: ArchiveWork, source: ArchiveSource, folder: string): Promise<object> {
  const { signal, parameters } = work;
  const limits = new Limits(parameters, source.size, false);
  const staging = await Staging.in(await rootedPath(work.files, folder), folder);
  try {
    let size = 0;
    for await (const { entry, path } of usableEntries(work, source, limits)) {
      if (entry.kind === "folder") await staging.addFolder(path);
      else size += await staging.addFile(path, entry, signal);
    }
    throwIfAborted(signal);
    const files = await staging.settle(parameters.overwrite);
    return { result: files, files, count: files.length, size, folder, format: source.format };
  } finally {
    await staging.close();
  }
}

/** An entry with its path. */
interface Wanted {
  entry: ArchiveEntry;
  path: string;
  /** Why the path may not be used. */
  problem: string | undefined;
}

/** The files and folders that may be extracted; what is left out is told. */
async function* usableEntries(work: ArchiveWork, source: ArchiveSource, limits: Limits): AsyncGenerator<Wanted> {
  const paths = new Paths();
  const leftOut: string[] = [];
  for await (const wanted of wantedEntries(work, source, limits)) {
    const { entry, path, problem } = wanted;
    if (problem !== undefined) throw unsafe(entry.name, source, problem);
    const { kind, unreadable } = entry;
    if (kind !== "file" && kind !== "folder") {
      leftOut.push(entry.name);
      continue;
    }
    // The folder itself.
    if (path === "") continue;
    if (kind === "file" && unreadable !== undefined) {
      throw new NodeError(
        "DESERIALIZATION_FAILED",
        `The entry \`${entry.name}\` of ${source.name} cannot be read: ${unreadable}`,
        { advice: ["Leave it out with `patterns`, or unpack it with a program, by `shell-command`."], retry: false },
      );
    }
    paths.take(path, kind);
    yield wanted;
  }
  if (leftOut.length > 0) {
    work.warn(
      "entries-left-out",
      `${leftOut.length} entries of ${source.name} are links or devices and were left out: ${namesText(leftOut)}`,
    );
  }
}

function unsafe(name: string, source: ArchiveSource, problem: string): NodeError {
  return new NodeError(
    "DESERIALIZATION_FAILED",
    `The entry ${JSON.stringify(name)} of ${source.name} cannot be extracted: ${problem}`,
    {
      advice: ["Do not use the archive if you do not know where it comes from; `patterns` can leave the entry out."],
      retry: false,
    },
  );
}

async function* wantedEntries(work: ArchiveWork, source: ArchiveSource, limits: Limits): AsyncGenerator<Wanted> {
  const { parameters, signal, warn } = work;
  const patterns = patternsOf(parameters);
  const globs = patterns && (await Globs.of(patterns, { hidden: parameters.hidden }));
  const unmatched = new Set(globs?.wanted);
  const cutOff = () =>
    warn("archive-without-end", `${source.name} has no end mark as a tar has; the end of it may be missing`);
  const entries =
    source.format === "zip" ? zipEntries(source, limits, signal) : tarEntries(source, limits, signal, cutOff);
  if (source.format === "zip" && parameters.operation === "extract" && !checksCrc) {
    warn("checksums-unchecked", "The checksums of zip archives are checked from Node 20.15 on, and this one is older");
  }
  let count = 0;
  const told = toldOf(work, source, limits, () => count);
  for await (const entry of entries) {
    throwIfAborted(signal);
    count++;
    told?.(entry);
    const { path, problem } = checkedName(entry.name);
    if (globs !== undefined) {
      const fits = globs.fitsOf(path);
      if (fits.length === 0) continue;
      for (const pattern of fits) unmatched.delete(pattern);
    }
    yield { entry, path, problem };
  }
  for (const pattern of unmatched) {
    warn("pattern-without-match", `The pattern \`${pattern}\` fits none of the ${count} entries of ${source.name}`);
  }
  if (count === 0) warn("empty-archive", `There is nothing in ${source.name}`);
}

/** Reports how far an archive is read, now and then; what is returned is told of each entry that begins. */
function toldOf(
  { progress }: ArchiveWork,
  source: ArchiveSource,
  limits: Limits,
  count: () => number,
): ((entry: ArchiveEntry) => void) | undefined {
  if (progress === undefined) return undefined;
  const report = reports(progress);
  let passed = 0;
  let current: ArchiveEntry | undefined;
  let before = 0;
  /** Of a zip only its entries are counted: the bytes of those before, and a part of this one. */
  const ofEntries = () => {
    const { size = 0, compressedSize = 0 } = current ?? {};
    return passed + (size === 0 ? 0 : compressedSize * Math.min(1, (limits.unpacked - before) / size));
  };
  limits.onCounted = () => {
    const percent = (100 * (source.taken?.() ?? ofEntries())) / (source.contents ?? source.size);
    report(
      Math.min(99, percent || 0),
      () => `${count() === 1 ? "1 entry" : `${count()} entries`}, ${sizeText(limits.unpacked)}`,
    );
  };
  return (entry) => {
    passed += current?.compressedSize ?? 0;
    current = entry;
    before = limits.unpacked;
  };
}

/** ISO 8601; some archives hold times that are not valid. */
function timeText(time: Date): string | null {
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
