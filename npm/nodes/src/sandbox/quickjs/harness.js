// Runs inside the sandbox, before user code. It takes the built-ins that it needs before user code can change them, and
// lets no built-in look up anything that user code may have put on a prototype while one of its own objects is at hand:
// its objects have no prototype, its texts are put together by hand, its lists are walked by index.
(() => {
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { getPrototypeOf, setPrototypeOf, defineProperty, hasOwn } = Object;
  const { isError } = Error;
  const { fill } = Array.prototype;
  const { getTime } = Date.prototype;
  const { includes, slice, startsWith } = String.prototype;
  const isAbove = Object.prototype.isPrototypeOf;
  const call = Function.prototype.call.bind(Function.prototype.call);
  const text = String;
  const ObjectPrototype = Object.prototype;
  const DatePrototype = Date.prototype;
  const PromisePrototype = Promise.prototype;
  const DateClass = Date;
  const ArrayClass = Array;
  const exotic = [
    Map,
    Set,
    WeakMap,
    WeakSet,
    WeakRef,
    Promise,
    RegExp,
    ArrayBuffer,
    getPrototypeOf(Int8Array),
    DataView,
  ];
  const exoticNames = [];
  for (let i = 0; i < exotic.length; i++) exoticNames[i] = exotic[i].name;
  for (let i = 0; i < exotic.length; i++) exotic[i] = exotic[i].prototype;

  /** Characters of the text that a date becomes, at the least. */
  const SHORTEST_DATE = 24;
  /** Characters that are told of a thrown value. */
  const MOST_WORDS = 2000;
  /** Characters that are kept of what code prints. */
  const MOST_PRINTED = 65_536;

  let fn;
  let tag;
  /** Values that answers may still have; and how many they may have, in each piece where these count by themselves. */
  let room;
  let most;
  let inPieces = false;
  /** The position of the item that user code is looking at; -1 outside of items. */
  let current = -1;
  /** The answers that are being put into text, and the position of the first. */
  let answers;
  let base;
  /** The last thing that this code threw about an answer. */
  let refused;
  /** What user code wrote with its `console`; one text, as a list would be walked by what it put on prototypes. */
  let printed = "";
  let isCut = false;

  const isObject = (value) => typeof value === "object" && value !== null;
  const isOfPrototype = (prototype, value) => call(isAbove, prototype, value);

  // Values that JSON has no word for cross as {[tag]: "<kind>:<value>"}; see `serializer.ts` for the other side.
  const special = (payload) => ({ __proto__: null, [tag]: payload });

  function revive(_key, value) {
    if (!isObject(value)) return value;
    // An item revived as `undefined` was deleted from its array, which left a hole.
    if (isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const item = value[i];
        value[i] = item;
      }
      return value;
    }
    if (!hasOwn(value, tag)) return value;
    const payload = value[tag];
    if (call(startsWith, payload, "date:")) return new DateClass(+call(slice, payload, 5));
    return call(startsWith, payload, "number:") ? +call(slice, payload, 7) : undefined;
  }

  const decode = (source) => (call(includes, source, tag) ? parse(source, revive) : parse(source));

  function replace(key, value) {
    if (this === answers) current = base + +key;
    if (room-- <= 0) {
      refused = { __proto__: null, tooMany: true };
      throw refused;
    }
    switch (typeof value) {
      case "number":
        return value - value === 0 ? value : special(`number:${value}`);
      case "string":
        // The text may be that of a date, which `toJSON` made before this is asked.
        return value.length < SHORTEST_DATE || !isDate(this[key]) ? value : dateOf(this[key]);
      case "undefined":
        return isArray(this) || key === "" ? special("undefined:") : undefined;
      case "object":
        break;
      case "boolean":
        return value;
      default:
        throw refusal(this, key, `a ${typeof value}`);
    }
    if (value === null) return isDate(this[key]) ? dateOf(this[key]) : null;
    if (isArray(value)) return value;
    const prototype = getPrototypeOf(value);
    if (prototype === ObjectPrototype || prototype === null) return value;
    if (isDate(value)) return dateOf(value);
    for (let i = 0; i < exotic.length; i++) {
      if (isOfPrototype(exotic[i], value)) throw refusal(this, key, `a ${exoticNames[i]}`);
    }
    return value;
  }

  const isDate = (value) => isObject(value) && isOfPrototype(DatePrototype, value);

  function dateOf(value) {
    return special(`date:${call(getTime, value)}`);
  }

  function refusal(holder, key, kind) {
    const where = key === "" || holder === answers ? "" : ` under ${stringify(call(slice, key, 0, 100))}`;
    refused = { __proto__: null, refused: `returned ${kind}${where}, which cannot leave the sandbox` };
    return refused;
  }

  const encode = (value) => stringify(value, replace);

  /** The JSON text of the answers for items from `first` on. `isPlain`: none is an object or has no word in JSON. */
  function encodeAll(values, first, isPlain) {
    // Without a prototype it has no `toJSON`, whatever user code did.
    setPrototypeOf(values, null);
    if (isPlain) {
      room -= values.length;
      return stringify(values);
    }
    answers = values;
    base = first;
    return encode(values);
  }

  /** All items, for a function that wants to see them. */
  let all;
  let kind;
  let named;
  let started;
  let acc;

  // Variables of a function are nearer to the engine than those around it: these loops are what takes the time.
  const steps = {
    __proto__: null,
    map(items, first, end, offset) {
      const f = fn;
      const whole = all;
      // Full from the beginning: what is added to a list may go to a setter of its prototype.
      const out = call(fill, new ArrayClass(end - first), 0);
      let isPlain = true;
      for (let i = first; i < end; i++) {
        current = i;
        const value = f(items[i - offset], i, whole);
        out[i - first] = value;
        if (isPlain && (typeof value !== "number" || value - value !== 0)) {
          isPlain = typeof value === "string" || typeof value === "boolean";
        }
      }
      return encodeAll(out, first, isPlain);
    },
    filter(items, first, end, offset) {
      const f = fn;
      const whole = all;
      let kept = "";
      for (let i = first; i < end; i++) {
        current = i;
        const value = f(items[i - offset], i, whole);
        // A promise would keep every item.
        if (isObject(value) && isOfPrototype(PromisePrototype, value)) throw refusal(undefined, "", "a Promise");
        kept += value ? "1" : value === undefined ? "2" : "0";
      }
      return kept;
    },
    reduce(items, first, end, offset) {
      const f = fn;
      const whole = all;
      let i = first;
      if (!started && i < end) {
        acc = items[i++ - offset];
        started = true;
      }
      let sum = acc;
      for (; i < end; i++) {
        current = i;
        const item = items[i - offset];
        sum = named ? f({ acc: sum, item, index: i }) : f(sum, item, i, whole);
      }
      acc = sum;
      return "";
    },
  };

  const shown = (value) => {
    try {
      if (typeof value === "string") return value;
      if (isError(value)) return text(value);
      return (isObject(value) && stringify(value)) || text(value);
    } catch {
      return "a value that cannot be shown";
    }
  };

  function print(...values) {
    if (isCut) return;
    let line = "";
    for (let i = 0; i < values.length; i++) line += (i > 0 ? " " : "") + shown(values[i]);
    isCut = printed.length + line.length >= MOST_PRINTED;
    printed += isCut ? `${call(slice, line, 0, MOST_PRINTED - printed.length)}\n… (more is left out)\n` : `${line}\n`;
  }

  /** Records of tables, by the position of the table. */
  const tables = { __proto__: null };

  return {
    __proto__: null,

    /** Takes the user's function, before anything else is called. */
    open(userFunction, key, mostValues, prints) {
      fn = userFunction;
      tag = key;
      room = mostValues;
      most = mostValues;
      if (!prints) return;
      // Written out: what user code put on prototypes may take assignments.
      const value = {
        debug: print,
        dir: print,
        error: print,
        info: print,
        log: print,
        table: print,
        trace: print,
        warn: print,
      };
      defineProperty(globalThis, "console", { __proto__: null, value, writable: true, configurable: true });
    },

    /** What user code has printed. */
    printed: () => printed,

    /** Gives the user's function values under names; one that JSON has no word for is `undefined`. */
    give(list, source) {
      const names = parse(list);
      const values = decode(source);
      for (let i = 0; i < names.length; i++) {
        const value = hasOwn(values, names[i]) ? values[names[i]] : undefined;
        defineProperty(globalThis, names[i], { __proto__: null, value, writable: true, configurable: true });
      }
    },

    /** Makes ready for items. */
    items(workKind, initial, isNamed, isWhole, isInPieces) {
      kind = workKind;
      named = isNamed;
      inPieces = isInPieces;
      if (isWhole) all = [];
      started = initial !== undefined;
      if (started) acc = decode(initial);
    },

    /** Keeps items for a function that wants all of them. Answers how many there are. */
    keep(source) {
      const items = decode(source);
      for (let i = 0; i < items.length; i++) all[all.length] = items[i];
      return all.length;
    },

    /** Calls the function for the items at `first..end`: those of `source`, or kept ones. Answers with text. */
    step(source, first, end) {
      if (inPieces) room = most;
      const answer = steps[kind](all ?? decode(source), first, end, all ? 0 : first);
      current = -1;
      answers = undefined;
      return answer;
    },

    /** The end of a reduce. */
    finish: () => encode(started ? acc : null),

    /** Keeps records of a table for {@link evaluate}. */
    records(table, source) {
      const items = parse(source);
      tables[table] ??= [];
      const kept = tables[table];
      for (let i = 0; i < items.length; i++) kept[kept.length] = items[i];
    },

    /**
     * Calls the function: with `call`, which it also finds by the names that `given` lists, or else with `input`, `item` and
     * `variables`. `want` is called when records are read that are not there.
     */
    evaluate(source, paths, want) {
      const values = decode(source);
      const places = parse(paths);
      for (let i = 0; i < places.length; i++) {
        const path = places[i];
        const last = path.length - 1;
        let holder = values;
        for (let j = 0; j < last; j++) holder = holder[path[j]];
        const get = () => tables[i] ?? want(i);
        defineProperty(holder, path[last], { __proto__: null, get, enumerable: true, configurable: true });
      }
      if (!hasOwn(values, "call")) return encode(fn(values.input, values.item, values.variables));
      const { call: named, given } = values;
      for (let i = 0; i < given.length; i++) {
        const get = () => named[given[i]];
        defineProperty(globalThis, given[i], { __proto__: null, get, configurable: true });
      }
      return encode(fn(named));
    },

    /** The JSON text of what is told of a thrown value: never more than its own words and where it was thrown. */
    describe(error) {
      const told = { __proto__: null, item: current };
      if (error === refused && error !== undefined) {
        told.tooMany = error.tooMany;
        told.refused = error.refused;
        return stringify(told);
      }
      const words = (value) => {
        try {
          return call(slice, text(value), 0, MOST_WORDS);
        } catch {
          return undefined;
        }
      };
      // A proxy of an error does not count as one: nothing of it is asked for.
      if (isError(error)) {
        const read = (name) => {
          try {
            return words(error[name]);
          } catch {
            return undefined;
          }
        };
        told.name = read("name");
        told.message = read("message");
        told.stack = read("stack");
      } else if (isObject(error)) told.message = "an object was thrown";
      else if (typeof error === "function") told.message = "a function was thrown";
      else told.message = words(error);
      return stringify(told);
    },
  };
})();
