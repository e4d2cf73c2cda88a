/**
 * Keys as paths, and back.
 *
 * A key's parts become names of folders and of a file. What a file system could take for something else is escaped, `%3A`
 * for `:`, and `%` is `%25`, so that different keys have different paths and the key can be told from the path. Ordinary keys
 * (`my-flow`, `team/my-flow`) stay as they are. No name begins with a dot, is empty, or means a device, so that no key
 * leads out of its folder.
 */

/** The endings of files with values; where a key has several files, the first ending of this list is the one that is read. */
export const ENDINGS = [".composite.yaml", ".composite.json", ".flow.yaml", ".flow.yml", ".flow.json"] as const;

/** The end of a file name, by which a value is known. */
export type Ending = (typeof ENDINGS)[number];

/** How many bytes a name may have on every file system in use. */
const NAME_BYTES = 255;

/** How many parts a key may have, so that no key fills a disk with folders. */
const LEVELS = 64;

/** The path of a key below the base folder, without ending, as names. */
export function namesOfKey(key: string): string[] {
  const parts = key.split("/");
  return parts.map((part, index) => nameOf(part, index < parts.length - 1));
}

/**
 * The path of a key whose file was made by hand or by a version that escaped nothing, if the key has one that is safe to
 * look at and no other key's. Windows takes several names for another file's, for a stream in it, or for a device.
 */
export function plainNamesOfKey(key: string, platform: string = process.platform): string[] | undefined {
  const parts = key.split("/");
  const isSafe = (part: string) => part !== "" && !part.startsWith(".") && !/[\0\\]/.test(part);
  const isOwn = (part: string) => !WINDOWS_UNSAFE.test(part) && !DEVICE.test(part) && !/[. ]$/.test(part);
  const isPlain = parts.every((part) => isSafe(part) && (platform !== "win32" || isOwn(part)));
  return isPlain && keyOfNames(parts) === key ? parts : undefined;
}

/** The key whose value is at a path, given as names, without ending. */
export function keyOfNames(names: readonly string[]): string {
  return names
    .map((name, index) => {
      const part = partOf(name);
      // A name that no key is written as stands for itself.
      return nameOf(part, index < names.length - 1) === name ? part : name;
    })
    .join("/");
}

/** The ending of a file name and what is before it, if it is a value's. */
export function splitName(name: string): { stem: string; ending: Ending } | undefined {
  const ending = ENDINGS.find((candidate) => name.endsWith(candidate));
  const stem = ending && name.slice(0, -ending.length);
  return stem ? { stem, ending } : undefined;
}

/** Why no file can be made under these names, if none can. */
export function excess(names: readonly string[], ending: string): string | undefined {
  if (names.length > LEVELS) return `the key has ${names.length} parts, more than ${LEVELS}`;
  const long = names.find((name, index) => {
    const whole = index === names.length - 1 ? name + ending : name;
    return Buffer.byteLength(whole) > NAME_BYTES;
  });
  return long && `"${long.slice(0, 40)}…" is too long for a file name, which may take ${NAME_BYTES} bytes`;
}

// What Windows takes for devices, whatever follows the first dot.
const DEVICE = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$) *(\.|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that names must not have
const UNSAFE = /[\0-\x1f\x7f<>:"|?*\\%]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const WINDOWS_UNSAFE = /[\0-\x1f<>:"|?*\\]/;
const BEYOND_ASCII = /[^\0-\x7f]/g;
const FILE_ENDING = /\.(composite\.(yaml|json)|flow\.(yaml|yml|json))$/i;

function nameOf(part: string, isFolder: boolean): string {
  if (part === "") return "%";
  let name = part.replace(UNSAFE, escaped);
  // File systems may store letters with accents in another form, and take no half pairs at all.
  if (/\p{Surrogate}/u.test(part) || !isNormal(part) || !isNormal(name)) name = name.replace(BEYOND_ASCII, escaped);
  if (name.startsWith(".") || DEVICE.test(name)) name = escaped(name.charAt(0)) + name.slice(1);
  // Windows drops dots and spaces at the end. A folder must not look like the file of another key.
  if (/[. ]$/.test(name) || (isFolder && FILE_ENDING.test(name))) name = name.slice(0, -1) + escaped(name.slice(-1));
  return name;
}

function partOf(name: string): string {
  if (name === "%") return "";
  return name.replace(/%u([0-9A-F]{4})|%([0-9A-F]{2})/g, (_, wide?: string, narrow?: string) =>
    String.fromCharCode(Number.parseInt(wide ?? narrow ?? "", 16)),
  );
}

function escaped(unit: string): string {
  const code = unit.charCodeAt(0);
  const digits = code.toString(16).toUpperCase();
  return code < 0x80 ? `%${digits.padStart(2, "0")}` : `%u${digits.padStart(4, "0")}`;
}

function isNormal(text: string): boolean {
  return text.normalize("NFC") === text;
}
