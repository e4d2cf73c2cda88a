/** Archives that no honest program makes. */
import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a forged zip; what is not said is as it should be. */
export interface ForgedEntry {
  name: string | Buffer;
  content?: Uint8Array;
  /** The compressed bytes, if they are to be others than those of the content. */
  packed?: Uint8Array;
  method?: number;
  flags?: number;
  /** Mode of Unix, with the kind of file. */
  mode?: number;
  size?: number;
  packedSize?: number;
  crc?: number;
  /** Offset of the local header of another entry. */
  offset?: number;
}

/** A zip of these entries, whatever they say. */
export function forgedZip(entries: readonly ForgedEntry[], end: { count?: number; offset?: number } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { content = new Uint8Array(0), method = 8, flags = 0x800, mode = 0o100644 } = entry;
    const name = Buffer.from(entry.name);
    const packed = entry.packed ?? (method === 8 ? deflateRawSync(content) : content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt16LE(0x21, 8);
    fields.writeUInt32LE(entry.crc ?? crc32(content), 10);
    fields.writeUInt32LE(entry.packedSize ?? packed.length, 14);
    fields.writeUInt32LE(entry.size ?? content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE((mode << 16) >>> 0, 6);
    place.writeUInt32LE(entry.offset ?? at, 10);
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 3]), fields, place, name);
    if (entry.offset !== undefined) continue;
    parts.push(Buffer.from([0x50, 0x4b, 3, 4]), fields, name, Buffer.from(packed));
    at += 30 + name.length + packed.length;
  }
  const middle = Buffer.concat(directory);
  const last = Buffer.alloc(22);
  last.write("PK\x05\x06", "latin1");
  last.writeUInt16LE(end.count ?? entries.length, 8);
  last.writeUInt16LE(end.count ?? entries.length, 10);
  last.writeUInt32LE(middle.length, 12);
  last.writeUInt32LE(end.offset ?? at, 16);
  return Buffer.concat([...parts, middle, last]);
}

/** An entry of a forged tar. */
export interface ForgedMember {
  name: string;
  content?: Uint8Array;
  type?: string;
  link?: string;
  /** The size that the header tells, as its field holds it. */
  size?: string | Buffer;
}

/** A tar of these members; `ends` says whether it has the blocks of zeros at its end. */
export function forgedTar(members: readonly ForgedMember[], ends = true): Buffer {
  const blocks: Buffer[] = [];
  for (const { name, content = new Uint8Array(0), type = "0", link = "", size } of members) {
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100), 0);
    header.write("0000644\x000000000\x000000000\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    if (size !== undefined) Buffer.from(size).copy(header, 124, 0, 12);
    header.write("00000000000\0", 136);
    header.write("        ", 148);
    header.write(type, 156);
    header.write(link, 157);
    header.write("ustar\x0000", 257, "latin1");
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    blocks.push(header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat(ends ? [...blocks, Buffer.alloc(1024)] : blocks);
}
