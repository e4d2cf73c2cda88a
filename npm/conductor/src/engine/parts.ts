/** The parts of values of every shape, and copies in which some of them are others. */

/** A part of a value. */
export interface Part {
  /** As paths name it. */
  name: string;
  key: unknown;
  part: unknown;
}

/** The parts of an object, a list, a map or a set; `undefined` for one that cannot be read. */
export function partsOf(value: object): Part[] {
  if (value instanceof Map) return Array.from(value, ([key, part]) => ({ name: nameOf(key), key, part }));
  if (value instanceof Set) return Array.from(value, (part, at) => ({ name: String(at), key: at, part }));
  if (ArrayBuffer.isView(value)) return [];
  try {
    return Object.keys(value).map((key) => ({ name: key, key, part: partOf(value as Record<string, unknown>, key) }));
  } catch {
    return [];
  }
}

function partOf(value: Record<string, unknown>, key: string): unknown {
  try {
    return value[key];
  } catch {
    return undefined;
  }
}

function nameOf(key: unknown): string {
  return typeof key === "object" && key !== null ? "" : String(key);
}

/** A copy of a value that is made once a part of it is another. */
export class Copy {
  private made: object | undefined;
  /** Of a set, what is in it, as far as it was told. */
  private readonly members: unknown[] = [];
  private isAnother = false;

  /** @param empty makes a copy without any part, to which all are then added. Default: one with the parts of the value */
  constructor(
    private readonly value: object,
    private readonly empty?: () => object,
  ) {
    if (empty !== undefined) this.made = empty();
  }

  /** The copy, whether something is another or not: for a value that contains itself. */
  make(): object {
    this.made ??= this.value instanceof Set ? new Set() : copyOf(this.value);
    return this.made;
  }

  /** The value, or the copy where something is another; once all parts were told. */
  get result(): object {
    const { value, made, members, isAnother } = this;
    if (!(value instanceof Set)) return made ?? value;
    if (made === undefined && !isAnother) return value;
    const copy = this.make() as Set<unknown>;
    for (const member of members) copy.add(member);
    return copy;
  }

  /** Tells a part, each in its turn: what it was, and what it is in the copy. */
  set(key: unknown, before: unknown, part: unknown): void {
    if (this.value instanceof Set) {
      this.members.push(part);
      this.isAnother ||= part !== before;
      return;
    }
    if (part === before && this.empty === undefined) return;
    const copy = this.make();
    if (copy instanceof Map) copy.set(key, part);
    else {
      const property = { value: part, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(copy, key as string, property);
    }
  }
}

function copyOf(value: object): object {
  if (value instanceof Map) return new Map(value);
  if (Array.isArray(value)) return [...value];
  const copy = Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>;
  // Symbols too: they say by which handles a value leaves its node.
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    Object.defineProperty(copy, key, { ...property, configurable: true });
  }
  return copy;
}
