/** Pictures to try a template with, made when they are needed. */
import { deflateSync } from "node:zlib";

type Colour = readonly [red: number, green: number, blue: number];

/** A PNG of so many pixels that goes from one colour at the top to another at the bottom. */
export function picture(look: { width: number; height: number; from: Colour; to: Colour }): Uint8Array {
  const { width, height, from, to } = look;
  const rows = Array.from({ length: height }, (_, y) => {
    const colour = from.map((part, channel) => Math.round(part + (((to[channel] ?? 0) - part) * y) / (height - 1)));
    // Each row begins with its filter: 0 for none.
    return Buffer.from([0, ...Array.from({ length: width }, () => colour).flat()]);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits a channel, three channels.
  header.set([8, 2], 8);
  const chunks = [
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]);
}

function chunk(type: string, content: Buffer): Buffer {
  const whole = Buffer.alloc(content.length + 12);
  whole.writeUInt32BE(content.length, 0);
  whole.write(type, 4, "latin1");
  content.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, content.length + 8)), content.length + 8);
  return whole;
}

/** The checksum of a chunk, as PNG has it. Node has one of its own from 20.15 on only. */
function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return (rest ^ 0xffffffff) >>> 0;
}
