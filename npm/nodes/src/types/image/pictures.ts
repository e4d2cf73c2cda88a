import { NodeError } from "../../contract/error.js";
import { foundText, issueSentences } from "../../contract/issues.js";
import { handleValue, isPlainObject } from "../../data/input.js";
import { isOnlyResult } from "../../data/loop-rows.js";
import { warnOfLeftOut } from "../../library/chosen-data.js";
import { compiledSchema } from "../../library/compiled-schema.js";
import { listIn as rowsIn } from "../../table/list-in.js";
import { image } from "./definition.js";
import { isPictureName } from "./format.js";
import type { ImageWork, Laid } from "./parameters.js";
import { listIn, type Picture, pictureIn } from "./sources.js";

/** Pictures of one node. */
const MOST_PICTURES = 100;
/** Handles by which the base comes in; those that may carry something else as well come last. */
const BASE_HANDLES = ["baseImage", "image", "path", "data"];
const OPEN_HANDLES = ["input", "default"];

/** A picture on top, with what is said of it alone. */
export interface Top {
  picture: Picture;
  laid: Laid;
}

/** What a node works on. */
export interface Pictures {
  base: Picture | undefined;
  tops: Top[];
  /** Whether the base is the first of `images`. */
  baseIsListed: boolean;
}

/**
 * Finds the pictures of a node, in what its edges brought and in its parameters. The base is what handles that are named bring, else the
 * parameter `baseImage`, else what an edge brings that names no handle, else the first of `images`. Beside parameters that name the
 * pictures such an edge only orders the nodes; pictures that it brings are warned of.
 *
 * @throws NodeError TYPE_MISMATCH for input that is not a picture, INVALID_PARAMETERS for an entry of `images` that is not
 */
export async function picturesOf(work: ImageWork): Promise<Pictures> {
  const { input, parameters } = work;
  const brought = broughtTo(work);
  const given = brought.picture ?? (parameters.baseImage === undefined ? undefined : pictureIn(parameters.baseImage));
  const over = handleValue(input, "overlayImage") ?? parameters.overlayImage;
  const overlay = over === undefined ? undefined : required(over, "overlayImage");
  // Earlier versions demanded `images` of every node: beside both pictures of an overlay, what stands there is a filler.
  const hasBoth = parameters.operation === "overlay" && given !== undefined && overlay !== undefined;
  const ofParameter = hasBoth ? undefined : parameters.images;
  if (hasBoth && (parameters.images ?? []).length > 0) {
    const message = "An overlay lays `overlayImage` over `baseImage`, and leaves `images` out";
    work.warn("images-ignored", `${message}; \`composite\` lays all of them over one another`);
  }
  const listed = listedIn(handleValue(input, "images")) ?? brought.list ?? ofParameter ?? [];
  if (listed.length > MOST_PICTURES) {
    throw new NodeError("INVALID_PARAMETERS", `\`images\` has ${listed.length} pictures, more than ${MOST_PICTURES}`);
  }
  const tops = await Promise.all(listed.map(topOf));
  const first = tops[0];
  const baseIsListed = given === undefined && first !== undefined;
  // A base that is listed as well is not laid over itself.
  const isAgain = given?.path !== undefined && given.path === first?.picture.path;
  const rest = baseIsListed || isAgain ? tops.slice(1) : tops;
  return {
    base: given ?? first?.picture,
    tops: overlay === undefined ? rest : [{ picture: overlay, laid: {} }, ...rest],
    baseIsListed,
  };
}

/** The pictures that an edge to `images` brings: a list, rows of a table, or a single one. */
function listedIn(value: unknown): readonly unknown[] | undefined {
  if (value === undefined) return undefined;
  return rowsIn(value) ?? [required(value, "images") && value];
}

interface Brought {
  picture?: Picture | undefined;
  list?: readonly unknown[] | undefined;
}

/** What edges bring; those that name no handle, where no parameter has it. */
function broughtTo(work: ImageWork): Brought {
  const { input, parameters } = work;
  for (const handle of BASE_HANDLES) {
    const value = handleValue(input, handle);
    if (value === undefined) continue;
    const list = listIn(value);
    return list ? { list } : { picture: required(value, handle) };
  }
  const { picture, list } = openlyBrought(input);
  const leavesPicture = picture !== undefined && parameters.baseImage !== undefined;
  const leavesList = list !== undefined && (parameters.images ?? []).length > 0;
  if (leavesPicture && (picture.path === undefined || isPictureName(picture.path))) {
    warnOfLeftOut(work, "baseImage", picture.bytes ?? [picture.path]);
  }
  if (leavesList) warnOfLeftOut(work, "images", list);
  return { picture: leavesPicture ? undefined : picture, list: leavesList ? undefined : list };
}

function openlyBrought(input: unknown): Brought {
  for (const handle of OPEN_HANDLES) {
    const value = handleValue(input, handle);
    const list = listIn(value);
    if (list?.some((entry) => pictureIn(entry) !== undefined)) return { list };
    const picture = list ? undefined : pictureIn(value);
    if (picture) return { picture };
  }
  if (!isPlainObject(input)) return Array.isArray(input) ? { list: input } : { picture: pictureIn(input) };
  // Handles of other names are no concern; an output that is itself the input is.
  return Object.hasOwn(input, "result") ? { picture: pictureIn(input), list: listIn(input) } : {};
}

function required(value: unknown, name: string): Picture {
  const picture = pictureIn(value);
  if (picture) return picture;
  throw new NodeError(
    "TYPE_MISMATCH",
    `\`${name}\` must be a path, bytes, base64, or the output of a node with one of them, found ${foundText(value)}`,
  );
}

async function topOf(given: unknown, index: number): Promise<Top> {
  // As the rounds of a loop give what a node inside wrote.
  const entry = isOnlyResult(given) ? given["result"] : given;
  const picture = pictureIn(entry);
  if (!picture) {
    throw new NodeError("INVALID_PARAMETERS", `Entry ${index} of \`images\` is no picture, found ${foundText(entry)}`);
  }
  // What a node gave says nothing of how it is laid.
  const isWritten = isPlainObject(entry) && !Object.hasOwn(entry, "result") && !Object.hasOwn(entry, "success");
  return { picture, laid: isWritten ? await laidOf(entry, index) : {} };
}

async function laidOf(entry: Record<string, unknown>, index: number): Promise<Laid> {
  const { position, left, top, margin, blendMode, opacity, scale, tile } = image.parameterSchema.properties;
  const properties = { position, left, top, margin, blendMode, opacity, scale, tile };
  const given = Object.entries(entry).filter(([, value]) => value !== undefined);
  const known = new Set([
    ...Object.keys(properties),
    "path",
    "imagePath",
    "filePath",
    "bytes",
    "data",
    "content",
    "type",
  ]);
  const unknown = given.find(([key]) => !known.has(key));
  if (unknown) {
    const allowed = Object.keys(properties).join(", ");
    throw new NodeError(
      "INVALID_PARAMETERS",
      `Entry ${index} of \`images\` has \`${unknown[0]}\`; beside \`path\` it may have ${allowed}`,
    );
  }
  const own = Object.fromEntries(given.filter(([key]) => Object.hasOwn(properties, key)));
  const result = (await compiledSchema({ type: "object", properties })).safeParse(own);
  if (!result.success) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `Entry ${index} of \`images\`: ${issueSentences(result.error.issues, own)}`,
      {
        cause: result.error,
      },
    );
  }
  // Defaults are those of the node, not of the schema.
  return Object.fromEntries(Object.keys(own).map((key) => [key, own[key]])) as Laid;
}
