/**
 * Turns any text into one name of a file or folder: leading dots become one `_`, `..` becomes `__`, and `/`, `\` and
 * `<>:"|?*` become `_`; white space around is cut off. So do control characters; a device of Windows gets a `_` in front, dots
 * at the end are cut off, and so is what goes beyond 200 bytes. Nothing is `_`.
 *
 * Different texts may have the same name; where that matters, use the keys of a storage engine.
 */
export function sanitise(text: string): string {
  const name = text
    .replace(/^\.+/, "_")
    .replaceAll("..", "__")
    .replace(/[/\\]/g, "_")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that names must not have
    .replace(/[<>:"|?*\0-\x1f\x7f]/g, "_")
    .trim()
    .replace(/^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(?= *(\.|$))/i, "_$&");
  return shortened(name).replace(/[. ]+$/, "") || "_";
}

const NAME_BYTES = 200;
const encoder = /* @__PURE__ */ new TextEncoder();

function shortened(name: string): string {
  let bytes = 0;
  let short = "";
  for (const character of name) {
    bytes += encoder.encode(character).length;
    if (bytes > NAME_BYTES) break;
    short += character;
  }
  return short;
}
