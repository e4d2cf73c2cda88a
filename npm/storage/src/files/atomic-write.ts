import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";

/**
 * Replaces a file as a whole or not at all: `write` fills a file beside it, through to the disk, which then takes its
 * name. Folders are made as needed, a link is followed, also where it leads to nothing yet, the mode of an existing file is
 * kept. Returns what `write` does.
 *
 * @param write makes the file; with `mode`, if given, so that the copy beside it is no more readable than the file itself
 * @param confirm is asked when the new file is whole; what it rejects with leaves the old one in its place
 * @param isNew whether nothing may be there, also not what another program puts there meanwhile
 * @throws Error with code EEXIST where `isNew` does not hold; where there is something else than a file: a folder, or a device, which a file must not take the place of;
 *   with code ELOOP where links lead in a circle.
 */
export async function writeAtomically<T>(
  path: string,
  write: (path: string, mode: number | undefined) => Promise<T>,
  { confirm, isNew = false }: { confirm?: (() => Promise<void>) | undefined; isNew?: boolean } = {},
): Promise<T> {
  await makeFolder(dirname(path));
  const target = await endOfLinks(path);
  const folder = dirname(target);
  const facts = await stat(target).catch(() => undefined);
  if (facts && !facts.isFile()) throw new Error(`Path is not a file: ${path}`);
  const mode = facts && facts.mode & 0o7777;
  // A name may take 255 bytes, and a unit of UTF-16 up to three of them.
  const beside = join(folder, `.${basename(target).slice(0, 60)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const result = await write(beside, mode);
    if (mode !== undefined) await chmod(beside, mode);
    await confirm?.();
    await (isNew ? renameToNew : renameOver)(beside, target);
    await syncFolder(folder);
    return result;
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** The path behind all links, whether or not there is something at it. Rejects for links in a circle. */
async function endOfLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const next = await readlink(path).catch(() => undefined);
    // A circle is known by now, so that this has an end.
    return next === undefined ? path : endOfLinks(resolve(await realpath(dirname(path)), next));
  }
}

/** Whether a file name is one that {@link writeAtomically} gives to the file beside. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/s.test(name);
}

/** Writes bytes to a new file of this mode (default 0o666, less the umask), through to the disk, and returns how many there are. */
export async function writeThrough(path: string, content: string | Uint8Array, mode?: number): Promise<number> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(content);
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Makes a folder and those around it, through to the disk. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  // Whole paths: the folder of a relative one ends with `.`, whose folder is itself.
  const outermost = resolve(first);
  for (let made = resolve(path); made.length >= outermost.length; made = dirname(made)) await syncFolder(dirname(made));
}

// Windows answers with these while another program has the file open: a reader, an indexer, a virus scanner.
const IN_USE = new Set(["EPERM", "EACCES", "EBUSY"]);

/** Gives a file the name of another. On Windows, one that is being read is waited for, up to a second. */
async function renameOver(path: string, target: string): Promise<void> {
  for (let waitMs = 10; ; waitMs *= 2) {
    try {
      return await rename(path, target);
    } catch (error) {
      const isInUse = process.platform === "win32" && IN_USE.has((error as NodeJS.ErrnoException).code ?? "");
      if (!isInUse || waitMs > 500) throw error;
    }
    await setTimeout(waitMs);
  }
}

// With these a link failed for a reason of its own; any other says that there are none here.
const NO_PLACE = new Set(["EEXIST", "ENOENT", "ENOTDIR", "EXDEV", "ENOSPC", "EDQUOT", "EROFS", "EIO"]);

/**
 * Gives a file a name that nothing has; a failure changes nothing.
 *
 * @throws Error with code EEXIST where something has it, also what came at the same moment
 */
export async function renameToNew(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    if (NO_PLACE.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return renameWithoutLinks(path, target);
  }
  await orWithout(target, () => rm(path));
}

/** The name is taken by an empty file first, which nothing else can make then. */
async function renameWithoutLinks(path: string, target: string): Promise<void> {
  await (await open(target, "wx")).close();
  await orWithout(target, () => renameOver(path, target));
}

/** Removes a file where what follows fails. */
async function orWithout(file: string, follow: () => Promise<void>): Promise<void> {
  try {
    await follow();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

// Where a file system has no syncing of folders, it says so with one of these.
const NOT_SYNCABLE = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EPERM", "EACCES"]);

/** The new name is on the disk only when the folder is. Windows cannot sync folders and does not need to. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!NOT_SYNCABLE.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
