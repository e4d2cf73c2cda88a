import { requirePeer } from "../peers.mjs";

/** Pictures by sharp, as many at a time as there are processors; it has threads of its own. */
export const sharp = {
  name: "sharp",

  preparePictures({ pictures, width, height, places }) {
    const resize = requirePeer("sharp");
    resize.cache(false);
    return async () => {
      const waiting = [...pictures];
      const work = async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          await resize(next.source).resize(width, height).jpeg({ quality: 80 }).toFile(next.target);
        }
      };
      await Promise.all(Array.from({ length: places }, work));
    };
  },
};
