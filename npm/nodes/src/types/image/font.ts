import { checkFile } from "../../machine/readable-file.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { wasRead } from "../../machine/writing-over.js";
import type { ImageWork } from "./parameters.js";

/** How files of fonts are called; any other text names a family of the machine. */
const FONT_FILE = /\.(?:ttf|otf|ttc|otc)$/i;

/** The path that a font is; `undefined` for a family. */
export function fontPath(font: string): string | undefined {
  return FONT_FILE.test(font) ? font : undefined;
}

/**
 * The font as native code takes it: the place of a file, or a family.
 *
 * @throws NodeError EXECUTION_FAILED `Font file not found: p`, INVALID_PARAMETERS for a path outside of the owner's folders
 */
export async function fontOf(work: ImageWork): Promise<string | undefined> {
  const { font } = work.parameters;
  const named = font === undefined ? undefined : fontPath(font);
  if (named === undefined) return font;
  const place = await rootedPath(work.files, named);
  await checkFile(place, named, "Font file");
  wasRead(work, place);
  return place;
}
