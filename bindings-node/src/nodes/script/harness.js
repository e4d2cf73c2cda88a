// Runs inside the sandbox. What it needs of the built-ins it takes before user code can change them; what user code
// breaks after that, it breaks for itself alone.
(() => {
  "use strict";
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { getPrototypeOf, defineProperty, hasOwn } = Object;
  const { isFinite } = Number;
  const { getTime } = Date.prototype;
  const { includes } = String.prototype;
  const call = Function.prototype.call.bind(Function.prototype.call);
  const text = String;
  const ObjectPrototype = Object.prototype;
  const DateClass = Date;
  const ErrorClass = Error;
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

  // The position of the item that user code is looking at; -1 outside of items.
  let current = -1;

  const isObject = (value) => typeof value === "object" && value !== null;

  // Values that JSON has no word for cross as {[tag]: [kind, payload]}; see `crossing.ts` for the other side.
  function decoder(tag) {
    const revive = (_key, value) => {
      if (!isObject(value)) return value;
      // An item revived as `undefined` was deleted from its array, which left a hole.
      if (isArray(value)) {
        for (let i = 0; i < value.length; i++) value[i] = value[i];
        return value;
      }
      if (!hasOwn(value, tag)) return value;
      const [kind, payload] = value[tag];
      return kind === "date"
        ? new DateClass(payload === null ? NaN : payload)
        : kind === "number"
          ? +payload
          : undefined;
    };
    return (source) => (call(includes, source, tag) ? parse(source, revive) : parse(source));
  }

  function encoder(tag) {
    function replace(key, value) {
      const original = this[key];
      switch (typeof original) {
        case "function":
        case "symbol":
        case "bigint":
          throw refusal(key, `a ${typeof original}`);
        case "number":
          return isFinite(original) ? value : { [tag]: ["number", text(original)] };
        case "undefined":
          return isArray(this) || key === "" ? { [tag]: ["undefined"] } : undefined;
        case "object":
          if (original === null) return null;
          if (original instanceof DateClass) {
            const time = call(getTime, original);
            return { [tag]: ["date", isFinite(time) ? time : null] };
          }
          if (!isArray(original) && getPrototypeOf(original) !== ObjectPrototype) {
            for (const kind of exotic) if (original instanceof kind) throw refusal(key, `a ${kind.name}`);
          }
      }
      return value;
    }
    return (value) => stringify(value, replace);
  }

  function refusal(key, kind) {
    const error = new ErrorClass(
      `returned ${kind}${key === "" ? "" : ` under "${key}"`}, which cannot leave the sandbox`,
    );
    defineProperty(error, "refused", { value: true });
    return error;
  }

  // {decode, encode, step}: `step(batch)` takes the JSON text of an array and gives the text of its answer.
  function mapper(fn, { encode }, whole) {
    return (items, first) => {
      const out = [];
      for (let i = 0; i < items.length; i++) {
        current = first + i;
        out[i] = fn(items[i], current, whole);
      }
      const answer = encode(out);
      current = -1;
      return answer;
    };
  }

  function picker(fn, _codec, whole) {
    return (items, first) => {
      const kept = [];
      for (let i = 0; i < items.length; i++) {
        current = first + i;
        if (fn(items[i], current, whole)) kept[kept.length] = current;
      }
      current = -1;
      return stringify(kept);
    };
  }

  function folder(fn, { decode, encode }, whole, { initial, named }) {
    let started = initial !== undefined;
    let acc = started ? decode(initial) : undefined;
    const step = (items, first) => {
      for (let i = 0; i < items.length; i++) {
        current = first + i;
        if (!started) {
          acc = items[i];
          started = true;
        } else {
          acc = named ? fn({ acc, item: items[i], index: current }) : fn(acc, items[i], current, whole);
        }
      }
      current = -1;
      return "";
    };
    step.finish = () => encode(started ? acc : null);
    return step;
  }

  const kinds = { __proto__: null, map: mapper, filter: picker, reduce: folder };

  return {
    // A function over batches of items.
    items(fn, kind, tag, options, whole) {
      if (typeof fn !== "function") throw new ErrorClass("not a function");
      const codec = { decode: decoder(tag), encode: encoder(tag) };
      const all = whole === undefined ? undefined : codec.decode(whole);
      const run = kinds[kind](fn, codec, all, { initial: options.initial, named: options.named });
      return {
        step: (source, first) => run(all ?? codec.decode(source), first),
        finish: () => (run.finish ? run.finish() : ""),
      };
    },

    // A function over one list of named values. Where a value came from a table, its `records` are fetched when read.
    evaluate(fn, tag, source, tables, fetch) {
      const values = decoder(tag)(source);
      for (let i = 0; i < tables.length; i++) {
        let holder = values;
        for (const key of tables[i]) holder = holder[key];
        let records;
        defineProperty(holder, "records", {
          enumerable: true,
          configurable: true,
          get: () => (records ??= parse(fetch(i))),
        });
      }
      return encoder(tag)(fn(values.input, values.item, values.variables));
    },

    // What is told of a thrown value: never more than its own words and where it was thrown.
    describe(error) {
      const own = { item: current };
      if (isObject(error) && error instanceof ErrorClass) {
        own.name = text(error.name);
        own.message = text(error.message);
        own.stack = text(error.stack);
        own.refused = error.refused === true;
      } else {
        own.message = isObject(error) ? "an object was thrown" : text(error);
      }
      return stringify(own);
    },
  };
})();
