/** Entries of archives, and which of them can be let onto a disk. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { unsafeName } from "../../data/unsafe-name.js";

/** What an archive says of one of its entries. */
export interface ArchiveEntry {
  /** As it is written there. */
  name: string;
  kind: "file" | "folder" | "link" | "device" | "unknown";
  /** Bytes once unpacked. */
  size: number;
  /** Bytes in the archive; missing for entries of a tar. */
  compressedSize?: number;
  modified: Date;
  isExecutable: boolean;
  /** Why its content cannot be read; it is encrypted, for one. */
  unreadable?: string;
  /** The content, to be read before the next entry. */
  content(): AsyncIterable<Uint8Array>;
}

/** Bytes of a path, which systems take. */
const LONGEST_PATH = 4096;
const isWindows = process.platform === "win32";
/** Whether the usual disks here take `A` and `a` for one name. */
const ignoresCase = isWindows || process.platform === "darwin";

/** The names of a path, and why it may not be used. */
export interface CheckedName {
  /** With `/` between names, and without one at the end. */
  path: string;
  problem: string | undefined;
}

/** The path of an entry, from the folder into which the archive is extracted. */
export function checkedName(name: string): CheckedName {
  const names = name.split("/").filter((part) => part !== "" && part !== ".");
  return { path: names.join("/"), problem: problemOf(name, names) };
}

function problemOf(name: string, names: readonly string[]): string | undefined {
  if (/^[/\\]/.test(name) || /^[A-Za-z]:/.test(name)) return "it is an absolute path";
  if (names.includes("..")) return "it leads out of the folder by `..`";
  if (name.includes("\\")) return "it holds a backslash, which separates folders on Windows";
  if (Buffer.byteLength(name) > LONGEST_PATH) return `it has more than ${LONGEST_PATH} bytes`;
  return names.map((part) => unsafeName(part, isWindows)).find((problem) => problem !== undefined);
}

/** The paths of the entries that were taken so far, so that none takes the place of another. */
export class Paths {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  /** @throws NodeError DESERIALIZATION_FAILED where the place is taken */
  take(path: string, kind: "file" | "folder"): void {
    const key = keyOf(path);
    if (this.#files.has(key)) throw damaged(`The archive has two entries ${foundText(path)}`);
    for (let at = key.indexOf("/"); at >= 0; at = key.indexOf("/", at + 1)) this.#enter(key.slice(0, at), path);
    if (kind === "folder") this.#enter(key, path);
    else if (this.#folders.has(key)) throw damaged(`In the archive ${foundText(path)} is a file and a folder`);
    else this.#files.add(key);
  }

  #enter(folder: string, path: string): void {
    if (this.#files.has(folder)) {
      throw damaged(`In the archive a folder of ${foundText(path)} is a file as well`);
    }
    this.#folders.add(folder);
  }
}

function keyOf(path: string): string {
  const normal = path.normalize("NFC");
  return ignoresCase ? normal.toUpperCase().toLowerCase() : normal;
}

/** The failure of an archive that is not as it should be. */
export function damaged(message: string, cause?: unknown): NodeError {
  return new NodeError("DESERIALIZATION_FAILED", message, {
    cause,
    advice: ["Check that the archive is whole and where it comes from; `list` shows what is in it."],
    retry: false,
  });
}
