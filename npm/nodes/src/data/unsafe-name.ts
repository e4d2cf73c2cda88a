/** Devices of Windows, in any folder and with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)\s*(?:[.:].*)?$/is;

/** Why the name of a file or folder is not safe on every system; `undefined` where it is. */
export function unsafeName(name: string): string | undefined {
  if (DEVICE.test(name)) return `\`${name}\` is a device of Windows`;
  if (name.includes(":")) return `\`${name}\` names a drive or a stream of Windows`;
  if (name !== "" && /[. ]$/.test(name)) return `Windows drops the end of \`${name}\``;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\0-\x1f]/.test(name) ? `${JSON.stringify(name)} holds a control character` : undefined;
}
