import type { NodeExample } from "../../definition/example.js";

/** A picture of 4 × 2 pixels: red, green, blue and white. */
const PICTURE =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAIAAADwyuo0AAAAGUlEQVR4nGP4z8DA8J+BgeH/////mRiQAABryAX9SqklXwAAAABJRU5ErkJggg==";

export const imageExamples: readonly NodeExample[] = [
  {
    title: "A smaller picture in another format",
    flow: `id: smaller
nodes:
  - id: small
    type: image
    parameters: { operation: resize, width: 2, output: output/small.webp }
`,
    input: { baseImage: PICTURE },
    outputs: {
      small: { result: "output/small.webp", width: 2, height: 1, format: "webp", success: true },
    },
    isPart: true,
  },
  {
    title: "What a picture is",
    flow: `id: about
nodes:
  - id: about
    type: image
    parameters: { operation: info }
`,
    input: { baseImage: PICTURE },
    outputs: { about: { width: 4, height: 2, format: "png", success: true } },
    isPart: true,
  },
];
