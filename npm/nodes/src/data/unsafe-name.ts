/** Devices of Windows, in any folder and with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)\s*(?:[.:].*)?$/is;

/**
 * Why the name of a file or folder is not safe; `undefined` where it is.
 *
 * @param onWindows whether the name is for a disk of Windows, where more names mean something else than they say
 */
export function unsafeName(name: string, onWindows: boolean): string | undefined {
  if (DEVICE.test(name)) return `\`${name}\` is a device of Windows`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\0-\x1f]/.test(name)) return `${JSON.stringify(name)} holds a control character`;
  if (!onWindows) return undefined;
  if (name.includes(":")) return `\`${name}\` names a drive or a stream of Windows`;
  return name !== "" && /[. ]$/.test(name) ? `Windows drops the end of \`${name}\`` : undefined;
}
