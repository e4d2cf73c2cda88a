import { broughtOr } from "../../definition/effects.js";
import { input, type NodeType, output, type ParameterSchema, sharedParameters } from "../../definition/node-type.js";

const position = {
  type: "string",
  enum: [
    "center",
    "top",
    "top-right",
    "right",
    "bottom-right",
    "bottom",
    "bottom-left",
    "left",
    "top-left",
    "centre",
    "north",
    "northeast",
    "east",
    "southeast",
    "south",
    "southwest",
    "west",
    "northwest",
  ],
  default: "center",
  description:
    "Where a picture or text is laid; for resize which part stays, or where the borders are not; for crop where the part is. " +
    "Compass names are the same places. watermark: bottom-right unless given.",
} as const satisfies ParameterSchema;

const SIZE = ["width", "height", "fit", "enlarge"];
const PLACE = ["position", "left", "top"];
const LAYER = [...PLACE, "margin", "blendMode", "opacity", "scale", "tile"];
const WORDS = ["text", "font", "fontSize", "color"];
const WRITING = ["output", "overwrite", "resultAs", "format", "quality", "lossless", "background"];
const EFFECTS = ["blur", "sharpen", "grayscale", ...WRITING];
const TOP = ["overlayImage", "images"];

/** What each operation looks at, beside the picture itself and `maxPixels`. */
const USED = {
  overlay: [...SIZE, ...LAYER, ...TOP, ...EFFECTS],
  merge: [...SIZE, ...LAYER, ...TOP, ...EFFECTS],
  composite: [...SIZE, ...LAYER, ...TOP, ...EFFECTS],
  blend: [...SIZE, "position", "blendMode", "opacity", ...TOP, ...EFFECTS],
  watermark: [...SIZE, ...LAYER, ...TOP, ...WORDS, ...EFFECTS],
  text: [...SIZE, ...PLACE, "margin", "opacity", ...WORDS, "images", ...EFFECTS],
  resize: [...SIZE, "position", "opacity", "images", ...EFFECTS],
  convert: [...SIZE, "position", "opacity", "images", ...EFFECTS],
  crop: ["width", "height", ...PLACE, "opacity", "images", ...EFFECTS],
  rotate: ["angle", "flip", "flop", "opacity", "images", ...EFFECTS],
  info: ["images"],
};

/** Parameters with the operations that look at them, where not all do. */
function withUses<const P extends Readonly<Record<string, ParameterSchema>>>(properties: P): P {
  const all = Object.entries(USED);
  const described = Object.entries(properties).map(([name, schema]) => {
    const operation = all.filter(([, names]) => names.includes(name)).map(([each]) => each);
    return [name, operation.length % all.length === 0 ? schema : { ...schema, "x-when": { operation } }];
  });
  return Object.fromEntries(described);
}

const side = { type: "integer", minimum: 1, maximum: 65535 } as const satisfies ParameterSchema;

/** Works on pictures. */
export const image = {
  type: "image",
  name: "Image",
  description:
    "Resizes, crops, turns, overlays, labels and converts pictures: PNG, JPEG, WebP and TIFF, and AVIF with the package sharp (`npm install sharp`).",
  category: "media",
  icon: "image",
  parameterSchema: {
    type: "object",
    properties: withUses({
      ...sharedParameters,
      operation: {
        type: "string",
        enum: [
          "overlay",
          "merge",
          "composite",
          "blend",
          "resize",
          "crop",
          "rotate",
          "convert",
          "watermark",
          "text",
          "info",
        ],
        default: "overlay",
        description:
          "overlay: one picture on another; merge: all pictures over the first; composite: the same, also of a single one; " +
          "blend: a picture stretched over another; watermark: a picture or `text` in a corner, half transparent; info: what " +
          "the header says. Each also resizes, blurs, sharpens and converts, as far as parameters say so.",
      },
      baseImage: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description:
          "The picture: a path, a data URL, or base64. An edge that names its handle goes before it, one that names none does not. A relative path starts at the folder in which the flow is run.",
        examples: ["images/photo.jpg"],
      },
      overlayImage: {
        type: "string",
        "x-control": "file",
        minLength: 1,
        description: "The picture on top, for overlay, blend and watermark.",
      },
      images: {
        type: "array",
        items: { anyOf: [{ type: "string" }, { type: "object" }] },
        description:
          "Pictures by their paths, or as `{ path, position, left, top, margin, blendMode, opacity, scale, tile }`. Where there is no other base, the first is it; the rest are laid on top in order.",
        examples: [["images/photo.jpg", "images/mark.png"]],
      },
      output: {
        type: "string",
        minLength: 1,
        description:
          "The file to write, whole or not at all; folders that are missing are made. Without it the picture is `result`.",
        examples: ["output/small.jpg"],
      },
      overwrite: {
        type: "boolean",
        description:
          "Whether the file of `output` may be there already. true: it is replaced; false: the node fails where it is; not given: it is " +
          "replaced, and a warning tells where the same run wrote it.",
      },
      resultAs: {
        type: "string",
        enum: ["bytes", "base64", "data-url"],
        default: "bytes",
        description: "The form of `result` without `output`.",
      },
      width: { ...side, description: "Pixels across: of the resized picture, or of the part that crop keeps." },
      height: {
        ...side,
        description: "Pixels down. Where only one of both is given, the other follows from the shape.",
      },
      fit: {
        type: "string",
        enum: ["cover", "contain", "fill", "inside", "outside"],
        default: "cover",
        description:
          "How a picture of another shape gets the size. cover: fills it, and what stands out is cut off; contain: whole, " +
          "with borders; fill: stretched; inside: whole, at most that large; outside: whole, at least that large.",
      },
      enlarge: {
        type: "boolean",
        default: true,
        description: "Whether resizing may make a picture larger than it is.",
      },
      position,
      left: { type: "integer", description: "Pixels from the left edge, instead of the position." },
      top: { type: "integer", description: "Pixels from the top edge, instead of the position." },
      margin: {
        type: "integer",
        minimum: 0,
        maximum: 65535,
        default: 0,
        description: "Pixels between what is laid on top and the edges.",
      },
      angle: {
        type: "number",
        description: "rotate: degrees clockwise. Beside quarter turns the picture gets larger.",
      },
      flip: {
        type: "boolean",
        default: false,
        description: "rotate: whether it is turned upside down.",
      },
      flop: {
        type: "boolean",
        default: false,
        description: "rotate: whether left and right change places.",
      },
      blendMode: {
        type: "string",
        enum: [
          "over",
          "clear",
          "source",
          "in",
          "out",
          "atop",
          "dest",
          "dest-over",
          "dest-in",
          "dest-out",
          "dest-atop",
          "xor",
          "add",
          "saturate",
          "multiply",
          "screen",
          "overlay",
          "darken",
          "lighten",
          "color-dodge",
          "colour-dodge",
          "color-burn",
          "colour-burn",
          "hard-light",
          "soft-light",
          "difference",
          "exclusion",
        ],
        default: "over",
        description: "How what is on top and what is below become one. Two have a second spelling.",
      },
      opacity: {
        type: "number",
        minimum: 0,
        maximum: 1,
        default: 1,
        description: "Of what is laid on top; of the picture itself where nothing is. watermark: 0.5 unless given.",
      },
      scale: {
        type: "number",
        minimum: 0.001,
        maximum: 1,
        description: "Width of what is laid on top, as a part of the width of the picture.",
      },
      tile: {
        type: "boolean",
        default: false,
        description: "Whether what is laid on top is repeated over the whole picture.",
      },
      text: {
        type: "string",
        "x-control": "textarea",
        minLength: 1,
        description: "Words for text and watermark. Lines break at the edges and at line breaks.",
      },
      font: {
        type: "string",
        minLength: 1,
        description:
          "A .ttf or .otf file, or a font family of the machine; a usual one without serifs unless given. With a file the picture is the same on every machine.",
        examples: ["fonts/Inter.ttf", "DejaVu Sans"],
      },
      fontSize: {
        type: "number",
        minimum: 1,
        maximum: 2000,
        default: 32,
        description: "Pixels per em.",
      },
      color: {
        type: "string",
        default: "white",
        description: "The colour of text: #rgb, #rrggbb, #rrggbbaa, or a basic name such as black.",
      },
      blur: {
        type: "number",
        minimum: 0,
        maximum: 100,
        description: "The standard deviation of a Gaussian blur, in pixels.",
      },
      sharpen: {
        anyOf: [{ type: "boolean" }, { type: "number", minimum: 0, maximum: 10 }],
        description: "An unsharp mask: true, or the standard deviation of its blur in pixels; true is 1.",
      },
      grayscale: { type: "boolean", default: false, description: "Whether colours become shades of grey." },
      format: {
        type: "string",
        enum: ["png", "jpeg", "webp", "tiff", "avif"],
        default: "png",
        description:
          "The format that is written; unless given, that of the end of `output`. GIF (the first frame) and BMP can be read only. AVIF needs the package sharp.",
      },
      quality: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 90,
        description: "jpeg, webp and avif: from small to faithful.",
      },
      lossless: {
        type: "boolean",
        default: false,
        description: "webp and avif: whether every pixel stays what it is.",
      },
      background: {
        type: "string",
        description:
          "The colour of borders and corners, and below transparent parts in JPEG: as `color`, or transparent. Without it they are transparent, in JPEG white.",
      },
      maxPixels: {
        type: "integer",
        minimum: 1,
        maximum: 268435456,
        default: 67108864,
        description: "The most pixels that a picture may have: each that comes in, and what becomes of it.",
      },
    }),
  },
  inputPorts: [
    input("baseImage", "Base Image", "any", "A path, bytes, base64, or the output of a node that gives one of them."),
    input("overlayImage", "Overlay Image", "any", "The same for the picture on top."),
    input(
      "images",
      "Images",
      "array",
      "A list as the parameter of that name takes, rows with such columns, or one picture; goes before it.",
    ),
  ],
  otherInputs: [
    input("image", "Image", "any", "The same as baseImage."),
    input("path", "Path", "string", "The same as baseImage."),
    input("data", "Data", "any", "The same as baseImage."),
    input("input", "Input", "any", "The same as baseImage, where it is a picture."),
    input("default", "Default", "any", "The same as input; where an edge leads that names no handle."),
    input("output", "Output", "string", "Used where no parameter `output` is set."),
    input("text", "Text", "string", "Used where no parameter `text` is set."),
  ],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "The path, the picture as `resultAs` says, or what info found.")],
  otherOutputs: [
    output("imagePath", "Image Path", "string", "The file that was written, or that info looked at."),
    output("width", "Width", "number", "Pixels across."),
    output("height", "Height", "number", "Pixels down."),
    output("format", "Format", "string", "The format: of the result, for info of the picture."),
    output("size", "Size", "number", "Bytes."),
    output("success", "Success", "boolean", "true; a failure is an error."),
  ],
  touches: ["reads-files", "writes-files"],
  effects: ({ output }, input) => (broughtOr(input, "output", output) === undefined ? "reads" : "writes"),
  effectsNote: "looks at the world; changes it with `output`",
  limits: [
    {
      what: "pixels of a picture, by its header and before it is decoded",
      bound: "67,108,864 (8192 × 8192), `maxPixels` changes it",
      beyond: "MEMORY_LIMIT_EXCEEDED",
    },
    { what: "size of a file that is read", bound: "256 MiB", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "pixels on a side of JPEG", bound: "65,535", beyond: "INVALID_PARAMETERS" },
    { what: "pixels on a side of WebP", bound: "16,383", beyond: "INVALID_PARAMETERS" },
    { what: "pixels on a side of AVIF", bound: "16,384", beyond: "INVALID_PARAMETERS" },
    { what: "length of a text", bound: "10,000 characters", beyond: "INVALID_PARAMETERS" },
    { what: "pictures in `images`", bound: "100", beyond: "INVALID_PARAMETERS" },
  ],
} as const satisfies NodeType;
