/** The node type `python`, with the Python of this machine. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { adviceOf, NodeError } from "../src/contract/error.js";
import { programAccess } from "../src/contract/program-access.js";
import { runEnd } from "../src/contract/run-end.js";
import { ordersCsv, places, run, temporaryFolder } from "./run.js";

const folder = temporaryFolder();

/** The output and the warnings of code over an input. */
async function python(code: string, input: unknown = {}, more: object = {}) {
  const warnings: [string, string][] = [];
  const warn = (rule: string, message: string) => warnings.push([rule, message]);
  const output = await run("python", input, { code, warn, ...more });
  return { ...output, warnings };
}

/** What code gives for an input. */
async function result(code: string, input: unknown = {}, more: object = {}): Promise<unknown> {
  const found = await python(code, input, more);
  expect(found.warnings).toEqual([]);
  return found.result;
}

/** The code, message and advice of a failure. */
async function refused(code: string, input: unknown = {}, more: object = {}): Promise<NodeError> {
  const found: unknown = await python(code, input, more).catch((error: unknown) => error);
  if (found instanceof NodeError) return found;
  throw new Error(`expected a NodeError, got ${JSON.stringify(found).slice(0, 500)}`);
}

/** A run as a conductor has one, for nodes that share its process. */
function aRun() {
  const over = new AbortController();
  return { params: { [runEnd]: over.signal }, end: () => over.abort() };
}

/** Ends when a process is gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
      // A process that ended may wait for its parent to notice.
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Ends when there is a file; gives its text. */
async function written(path: string): Promise<string> {
  while (!existsSync(path) || readFileSync(path, "utf8") === "") await new Promise((resolve) => setTimeout(resolve, 5));
  return readFileSync(path, "utf8");
}

function cycle(): unknown[] {
  const data: unknown[] = [];
  data.push(data);
  return data;
}

const PID = "import os; result = os.getpid()";

describe("the output of python", () => {
  it.each<[string, string, unknown]>([
    ["return", "total = sum(data)\nreturn total", 6],
    ["a return inside of statements", "for n in data:\n    if n > 1:\n        return n", 2],
    ["return behind an import of the future", "from __future__ import annotations\nreturn len(data)", 3],
    ["`result`", "result = [n * 2 for n in data]", [2, 4, 6]],
    ["the last line", "import math\nmath.prod(data)", 6],
    ["main", "def main(data):\n    return max(data)", 3],
    [
      "main with a name of its own for the data",
      "def main(numbers, least=2):\n    return [n for n in numbers if n >= least]",
      [2, 3],
    ],
    ["an async main", "import asyncio\nasync def main(data):\n    await asyncio.sleep(0)\n    return data[0]", 1],
    ["main before `result`", "result = 1\ndef main(data):\n    return 2", 2],
    ["a generator", "(n * n for n in data)", [1, 4, 9]],
    ["the data, also called input", "input == data", true],
    [
      "a class and a closure",
      "class A:\n    def f(self):\n        return [n + k for n in data]\nk = 1\nA().f()",
      [2, 3, 4],
    ],
    ["a function inside of a body with return", "def f():\n    return k\nk = 5\nreturn f()", 5],
  ])("is what is in %s", async (_, code, expected) => {
    expect(await result(code, { data: [1, 2, 3] })).toEqual(expected);
  });

  it("is null with a warning where there is nothing", async () => {
    for (const code of ["x = 1", "return", "print('x')", "def main():\n    pass"]) {
      const { result, warnings } = await python(code);
      expect([result, warnings[0]?.[0]], code).toEqual([null, "empty-result"]);
    }
  });

  it("leaves by several handles", async () => {
    const output = await python("return {'a': [1], 'b': None, 'z': 1}", {}, { outputs: ["a", "b", "c"] });
    expect(output).toMatchObject({
      handles: ["a", "b"],
      value: { a: [1] },
      stdout: "",
      warnings: [["unknown-output", expect.anything()]],
    });
    expect(await refused("return 1", {}, { outputs: ["a"] })).toMatchObject({ code: "TYPE_MISMATCH" });
    expect(await refused("return {}", {}, { outputs: ["error"] })).toMatchObject({ code: "INVALID_PARAMETERS" });
  });
});

describe("the input of python", () => {
  it("comes by handle, without what nodes put around it", async () => {
    const input = { orders: { result: [{ id: 1 }] }, returns: [2, 3], default: { records: [4] } };
    expect(await result("[len(inputs['orders']), inputs['returns'], data, sorted(inputs)]", input)).toEqual([
      1,
      [2, 3],
      [4],
      ["default", "orders", "returns"],
    ]);
    expect(await result("def main(orders, returns):\n    return [orders, returns]", input)).toEqual([
      [{ id: 1 }],
      [2, 3],
    ]);
    expect(await result("def main(orders, **rest):\n    return sorted(rest)", input)).toEqual(["default", "returns"]);
    expect(await result("variables['a']", {}, { variables: { a: 5 } })).toBe(5);
    expect(await result("data", [1, 2])).toEqual([1, 2]);
    expect(await result("[data, inputs]", undefined)).toEqual([null, {}]);
    expect(await result("data is inputs['default']", { default: { a: 1 } })).toBe(true);
    expect(await refused("def main(orders, other):\n    pass", input)).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("`main` asks for `other`, which no edge brings"),
    });
  });

  it("keeps dates, bytes, large integers, NaN and text of all kinds", async () => {
    const data = {
      when: new Date("2026-01-31T10:00:00.123Z"),
      bytes: new Uint8Array([0, 255]),
      buffers: [Buffer.from("é")],
      big: 2n ** 70n,
      nan: Number.NaN,
      least: Number.NEGATIVE_INFINITY,
      text: "\ud800 é \u2028 😀 \0",
      nothing: undefined,
      none: [undefined],
    };
    const code = `
      import datetime, math
      assert data["when"] == datetime.datetime(2026, 1, 31, 10, 0, 0, 123000, datetime.timezone.utc), data["when"]
      assert data["bytes"] == bytes([0, 255]) and data["buffers"] == ["é".encode()]
      assert data["big"] == 2 ** 70 and math.isnan(data["nan"]) and data["least"] == -math.inf
      assert "nothing" not in data and data["none"] == [None]
      return data["text"]`.replaceAll("\n      ", "\n");
    expect(await result(code, { data })).toBe(data.text);
    expect(await refused("data", { data: [new Date(-1e15)] })).toMatchObject({ code: "INVALID_PARAMETERS" });
  });

  it.each<[string, unknown]>([
    ["data is a Map", new Map()],
    ["inputs.data.a[0] is a function", { a: [() => 1] }],
    ["[1500] is a symbol", Array.from({ length: 2000 }, (_, i) => (i === 1500 ? Symbol("x") : i))],
    ["a cycle", cycle()],
  ])("is refused where %s", async (words, data) => {
    expect(await refused("1", { data })).toMatchObject({
      code: "TYPE_MISMATCH",
      message: expect.stringContaining(words),
    });
  });
});

describe("values that python gives", () => {
  it("become what JSON has, with the same meaning", async () => {
    const code = `
import datetime, decimal, uuid, pathlib, enum, dataclasses, collections, types
utc = datetime.timezone.utc
class Color(enum.Enum):
    RED = "red"
@dataclasses.dataclass
class Point:
    x: int
    y: float
Pair = collections.namedtuple("Pair", "a b")
result = {
    "utc": datetime.datetime(2026, 1, 31, 10, tzinfo=utc), "naive": datetime.datetime(2026, 1, 31, 10),
    "day": datetime.date(2026, 1, 31), "time": datetime.time(10, 30),
    "decimal": decimal.Decimal("12.50"), "whole": decimal.Decimal("3"), "uuid": uuid.UUID(int=5), "path": pathlib.Path("a/b"),
    "enum": Color.RED, "point": Point(1, 2.5), "pair": Pair(1, 2), "tuple": (1, "a"), "set": {3, 1, 2}, "mixed": {2, "a"},
    "dict": collections.OrderedDict(a=1), "counter": collections.Counter("aab"), "keys": {"a": 1}.keys(), "range": range(3),
    "map": map(str, [1]), "deque": collections.deque([1]), "numbers": {1: "a", None: "b", True: "c"} , "text": "\\ud800 é",
    "bytes": b"\\x00\\xff", "proxy": types.MappingProxyType({"a": (1,)}), "proto": {"__proto__": {"polluted": 1}},
}`;
    const { proto, ...rest } = (await result(code)) as Record<string, unknown>;
    expect(rest).toEqual({
      utc: "2026-01-31T10:00:00Z",
      naive: "2026-01-31T10:00:00",
      day: "2026-01-31",
      time: "10:30:00",
      decimal: 12.5,
      whole: 3,
      uuid: "00000000-0000-0000-0000-000000000005",
      path: "a/b",
      enum: "red",
      point: { x: 1, y: 2.5 },
      pair: { a: 1, b: 2 },
      tuple: [1, "a"],
      set: [1, 2, 3],
      mixed: [2, "a"],
      dict: { a: 1 },
      counter: { a: 2, b: 1 },
      keys: ["a"],
      range: [0, 1, 2],
      map: ["1"],
      deque: [1],
      numbers: { "1": "c", null: "b" },
      text: "\ud800 é",
      bytes: new Uint8Array([0, 255]),
      proxy: { a: [1] },
    });
    expect(Object.keys(proto as object)).toEqual(["__proto__"]);
  });

  it.each<[string, unknown, string, string]>([
    ["[float('nan'), 1.5]", [null, 1.5], "not-finite", "The output has NaN or Infinity"],
    ["{'a': float('-inf')}", { a: null }, "not-finite", "The field `a` of the output"],
    ["{'a': 2**60}", { a: "1152921504606846976" }, "digits-kept", "The field `a`"],
    [
      "[-2**53 + 1, 2**53 - 1, 2**53]",
      [-9007199254740991, 9007199254740991, "9007199254740992"],
      "digits-kept",
      "The output",
    ],
    ["__import__('decimal').Decimal('0.12345678901234567890')", "0.12345678901234567890", "digits-kept", "decimals"],
  ])("lose nothing unsaid: %s", async (code, expected, rule, words) => {
    const { result, warnings } = await python(code);
    expect([result, warnings]).toEqual([expected, [[rule, expect.stringContaining(words)]]]);
  });

  it.each<[string, string]>([
    ["[1, {'a': [object()]}]", "`[1].a[0]` of the output is an object"],
    ["{'f': lambda: 1}", "`f` of the output is a function"],
    ["__import__('datetime').timedelta(1)", "The output is a timedelta; give its total_seconds()"],
    ["1j", "The output is a complex"],
    ["{(1, 2): 3}", "The output is a dict with a key that is a tuple"],
    ["{1: 2, '1': 3}", "The output is a dict with two keys that are the same as text"],
    ["l = []\nl.append(l)\nl", "a value that holds itself"],
    ["d = {}\nd['d'] = {'e': [d]}\nd", "a value that holds itself"],
    ["d = []\nfor i in range(1000):\n    d = [d]\nd", "data of more than 400 levels"],
    ["import asyncio\n[asyncio.sleep(0)]", "is a coroutine"],
    [
      "import sys\nif hasattr(sys, 'set_int_max_str_digits'): sys.set_int_max_str_digits(4300)\n10**5000",
      "a whole number of too many digits",
    ],
    [
      "[{'n': i} for i in range(1999)] + [{'n': {1, 2}, 'o': open('/dev/null')}]",
      "`[1999].o` of the output is a _io.TextIOWrapper",
    ],
    ["{'rows': list(range(2000)) + [len]}", "`rows[2000]` of the output is a builtin_function_or_method"],
  ])("are refused by name: %s", async (code, words) => {
    expect(await refused(code)).toMatchObject({ code: "TYPE_MISMATCH", message: expect.stringContaining(words) });
  });

  it("are bounded in number and size", async () => {
    const many = "a = [0] * 1000\nfor i in range(4):\n    a = [a] * 1000\na";
    expect(await refused(many)).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("10,000,000 values"),
    });
    for (const code of [
      "'x' * 5_000_000",
      "['x' * 1000] * 5000",
      "(0 for _ in iter(int, 1))",
      "{'a': ['x' * 1000] * 5000}",
    ]) {
      expect(await refused(code, {}, { maxBytes: 1_000_000 }), code).toMatchObject({
        code: "MEMORY_LIMIT_EXCEEDED",
        message: expect.stringContaining("more than 1000000 bytes"),
      });
    }
    expect(await result("'x' * 900_000", {}, { maxBytes: 1_000_000 })).toHaveLength(900_000);
  });
});

describe("a large table", () => {
  it("goes in and out whole", async () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({
      id,
      name: `n${id}`,
      price: id / 10,
      open: id % 2 === 0,
      note: null,
    }));
    expect(await result("data", { data: rows })).toEqual(rows);
    expect(await result("{'rows': data, 'n': len(data)}", { data: rows })).toEqual({ rows, n: 100_000 });
  });

  it("comes from a file of text cells", async () => {
    const path = join(folder, "orders.csv");
    writeFileSync(path, ordersCsv(20_000));
    const table = await run("spreadsheet", {}, { path });
    const code =
      "return {'n': len(data), 'total': sum(float(row['price']) for row in data), 'same': data is inputs['default']}";
    expect(await result(code, { default: table })).toEqual({
      n: 20_000,
      total: expect.closeTo(999_000, 3),
      same: true,
    });
  });
});

describe("an error of python", () => {
  it.each<[string, string, string]>([
    ["x = 1\ny = x / 0\n", "EXECUTION_FAILED", "[python] ZeroDivisionError: division by zero (line 2: y = x / 0)"],
    ["return data['a']", "EXECUTION_FAILED", "[python] KeyError: 'a' (line 1: return data['a'])"],
    ["def f(x):\n    return int(x)\n\nf('q')", "EXECUTION_FAILED", "(line 2: return int(x))"],
    ["import json\njson.loads('{')", "EXECUTION_FAILED", "[python] json.decoder.JSONDecodeError: "],
    ["class Own(Exception): pass\nraise Own()", "EXECUTION_FAILED", "[python] Own (line 2: raise Own())"],
    ["def main(d):\n    d +", "INVALID_PARAMETERS", "[python] `code` is no Python 3"],
    ["x = (", "INVALID_PARAMETERS", "(line 1, column 5)"],
    ["eval('1 +')", "EXECUTION_FAILED", "SyntaxError"],
    ["yield 1", "INVALID_PARAMETERS", "outside function"],
    [
      "import sys\nsys.exit(3)",
      "EXECUTION_FAILED",
      "ended Python instead of giving an output: SystemExit: 3 (line 2: sys.exit(3))",
    ],
    ["exit()", "EXECUTION_FAILED", "ended Python instead"],
    ["raise KeyboardInterrupt", "EXECUTION_FAILED", "KeyboardInterrupt (line 1"],
    ["def f(): f()\nf()", "EXECUTION_FAILED", "RecursionError"],
    [
      "class E(Exception):\n    def __str__(self): raise E()\nraise E()",
      "EXECUTION_FAILED",
      "[python] E (line 3: raise E())",
    ],
    ["raise ValueError('x' * 1_000_000)", "EXECUTION_FAILED", "xxx… (line 1"],
    ["import nothing_of_that_name", "EXECUTION_FAILED", "ModuleNotFoundError"],
  ])("of %j", async (code, expected, words) => {
    const { code: found, message } = await refused(code, { data: {} });
    expect([found, message]).toEqual([expected, expect.stringContaining(words)]);
    expect(message.length).toBeLessThan(2500);
    expect(message).not.toContain("host");
  });

  it("leaves the process to the next node", async () => {
    const { params, end } = aRun();
    const before = await result(PID, {}, params);
    expect((await refused("1/0", {}, params)).code).toBe("EXECUTION_FAILED");
    expect((await refused("import sys\nsys.exit(0)", {}, params)).code).toBe("EXECUTION_FAILED");
    expect((await refused("object()", {}, params)).code).toBe("TYPE_MISMATCH");
    expect((await refused("data", { data: [new Date(-1e15)] }, params)).code).toBe("INVALID_PARAMETERS");
    expect(await result(PID, {}, params)).toBe(before);
    end();
  });
});

describe("requirements and interpreters", () => {
  it("are looked for, and named with the command", async () => {
    expect(await result("1", {}, { requirements: ["json", "xml.dom"] })).toBe(1);
    const { code, message, ...error } = await refused(
      "open('/nowhere')",
      {},
      { requirements: ["json", "no-such-package", "no.such"] },
    );
    expect([code, message]).toEqual([
      "EXECUTION_FAILED",
      expect.stringMatching(/The Python 3\S+ at \S+ lacks `no-such-package`, `no\.such`$/),
    ]);
    expect(JSON.stringify(Object.getOwnPropertySymbols(error).map((key) => (error as never)[key]))).toMatch(
      /-m pip install no-such-package no\.such"/,
    );
    for (const name of ["pandas>=2", "--index-url=x", "a b", "-r", "../x"]) {
      expect(await refused("1", {}, { requirements: [name] })).toMatchObject({
        code: "INVALID_PARAMETERS",
        message: expect.stringContaining("without versions"),
      });
    }
  });

  it("may be those of a virtual environment", async () => {
    const venv = join(folder, "venv");
    execFileSync("python3", ["-m", "venv", "--without-pip", venv]);
    expect(await result("import sys; sys.prefix", {}, { python: venv })).toBe(venv);
    expect(await result("import sys; sys.prefix", {}, { python: join(venv, "bin/python3") })).toBe(venv);
    expect(await refused("1", {}, { python: folder })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("has no Python in it"),
    });
  });

  it.each<[string, string]>([
    ["python3-of-nowhere", 'There is no program "python3-of-nowhere"'],
    ["/nowhere/python3", "There is no file /nowhere/python3"],
    ["cat", "cat ended with exit code"],
    ["true", "true ended with exit code 0 before it could run code"],
    ["x\0y", "NUL"],
  ])("fail by name: %j", async (interpreter, words) => {
    const error = await refused("1", {}, { python: interpreter });
    expect([error.message, ...(adviceOf(error) ?? [])].join("\n")).toContain(words);
  });
});

describe("what code prints", () => {
  it("comes apart for each node, also from programs that it starts", async () => {
    const { params, end } = aRun();
    const first = await python(
      "import os, sys\nprint('é')\nos.system('echo child')\nprint('bad', file=sys.stderr, end='')\n1",
      {},
      params,
    );
    expect(first).toMatchObject({ stdout: "é\nchild\n", stderr: "bad" });
    const code = "import sys, os\nsys.stdout.close()\nos.close(1)\nos.close(2)\n2";
    expect(await python(code, {}, params)).toMatchObject({ result: 2, stdout: "", stderr: "" });
    expect(await python("import sys\nsys.stdout = None\n3", {}, params)).toMatchObject({ result: 3, stdout: "" });
    end();
  });

  it("is reported while the code runs, and cut where it is much", async () => {
    const heard = join(folder, "heard");
    const reports: string[] = [];
    const progress = (_: number, message?: string) => {
      reports.push(message ?? "");
      writeFileSync(heard, "");
    };
    // What is printed at once may be reported at once: the code goes on when its first word was heard.
    const code = `import os, time
print('first', flush=True)
while not os.path.exists(${JSON.stringify(heard)}): time.sleep(0.005)
print('x' * 3_000_000)
1`;
    const { stdout, warnings } = await python(code, {}, { progress });
    expect(reports[0]).toBe("first");
    expect([stdout.length, warnings[0]?.[0]]).toEqual([1_048_576, "output-cut"]);
  });
});

describe("the process of a run", () => {
  it("serves its nodes one after the other, which share nothing but modules", async () => {
    const { params, end } = aRun();
    const other = aRun();
    const pid = await result("import os, sys\nkept = 1\nos.chdir('/')\nsys.path.append('/x')\nos.getpid()", {}, params);
    const [one, two] = await Promise.all([result(PID, {}, params), result(PID, {}, params)]);
    expect([one, two]).toEqual([pid, pid]);
    expect(
      await result(
        "import os, sys\n['kept' in globals(), os.getcwd() == '/', '/x' in sys.path, 'host' in globals()]",
        {},
        params,
      ),
    ).toEqual([false, process.cwd() === "/", false, false]);
    expect(await result(PID, {}, other.params)).not.toBe(pid);
    expect(await result(PID)).not.toBe(pid);
    end();
    other.end();
    await gone(pid as number);
  });

  it("ends with the run, after what code left to do at exit", async () => {
    const { params, end } = aRun();
    const path = join(folder, "at-exit");
    const code = `import atexit, os, subprocess\natexit.register(lambda: open(${JSON.stringify(path)}, "w").write("done"))\nchild = subprocess.Popen(["sleep", "1000"])\n[os.getpid(), child.pid]`;
    const pids = (await result(code, {}, params)) as number[];
    end();
    await Promise.all(pids.map(gone));
    expect(readFileSync(path, "utf8")).toBe("done");
  });

  it.each<[string, string]>([
    ["import os\nos._exit(3)", "Python ended with exit code 3 while the code ran"],
    ["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "Python was ended by SIGKILL while the code ran"],
    ["import ctypes\n\nctypes.string_at(0)", "Python was ended by SIGSEGV while the code ran (line 3)"],
    ["import os\nos.close(4)", "Python ended with exit code"],
    ["import os\nos.write(4, b'\\xff\\xff\\xff\\xffB')", "more than"],
    ["import os\nos.write(4, b'\\0\\0\\0\\1E{')", "What came back is no answer"],
    ["import os\nos.write(4, b'\\0\\0\\0\\1Q0')", "What came back is no answer"],
    ["import os\nos.write(4, b'\\0\\0\\0\\4Vnull')", "What came back is no answer"],
  ])("may be lost to one node, not to the next: %j", async (code, words) => {
    const { params, end } = aRun();
    const before = await result(PID, {}, params);
    const [lost, next] = await Promise.all([refused(code, {}, params), result(PID, {}, params)]);
    expect(lost.message).toContain(words);
    expect(next).not.toBe(before);
    await gone(before as number);
    end();
  });

  it("is not answered for by a process that the code forked", async () => {
    const { params, end } = aRun();
    expect(
      await result("import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\n'parent' if pid else 'child'", {}, params),
    ).toBe("parent");
    expect(await result("1", {}, params)).toBe(1);
    end();
  });

  it("is ended at the time limit with all that it started, and by a cancel", async () => {
    const { params, end } = aRun();
    const loop = (path: string) =>
      `import os, subprocess\nchild = subprocess.Popen(["sleep", "1000"])\nopen(${JSON.stringify(path)}, "w").write(f"{os.getpid()} {child.pid}")\nwhile True: pass`;
    const late = join(folder, "late");
    expect(await refused(loop(late), {}, { ...params, timeout: 1500 })).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("Python was ended after 1500 ms"),
    });
    await Promise.all((await written(late)).split(" ").map((pid) => gone(Number(pid))));
    const cancel = new AbortController();
    const path = join(folder, "cancelled");
    const cancelled = refused(loop(path), {}, { ...params, signal: cancel.signal });
    const waits = new AbortController();
    const waiting = refused("1", {}, { ...params, signal: waits.signal });
    const behind = result("2", {}, params);
    const pids = (await written(path)).split(" ").map(Number);
    waits.abort();
    expect((await waiting).code).toBe("CANCELLED");
    cancel.abort();
    expect((await cancelled).code).toBe("CANCELLED");
    expect(await behind).toBe(2);
    await Promise.all(pids.map(gone));
    end();
    expect((await refused("1", {}, { ...params, signal: AbortSignal.abort() })).code).toBe("CANCELLED");
  });

  it("ends when the run is over while code runs", async () => {
    const { params, end } = aRun();
    const path = join(folder, "over");
    const lost = refused(
      `import os\nopen(${JSON.stringify(path)}, "w").write(str(os.getpid()))\nwhile True: pass`,
      {},
      params,
    );
    const pid = Number(await written(path));
    end();
    expect((await lost).code).toBe("EXECUTION_FAILED");
    await gone(pid);
    expect(await result("1", {}, params)).toBe(1);
  });

  it.runIf(process.platform === "linux")("has no more memory than it may", async () => {
    const { params, end } = aRun();
    const before = await result(PID, {}, params);
    expect(await refused("x = 1\nbytearray(10**9)", {}, { ...params, memoryLimit: 300_000_000 })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("300000000 bytes of `memoryLimit`, or than there is (line 2: bytearray(10**9))"),
    });
    expect(await result(PID, {}, params)).not.toBe(before);
    expect(await result("len(bytearray(10**9))", {}, params)).toBe(10 ** 9);
    end();
  });
});

/** A Python that has pandas; `PANDAS_PYTHON` names one that is not on the path. */
const withPandas = process.env["PANDAS_PYTHON"] ?? "python3";

describe.skipIf(spawnSync(withPandas, ["-c", "import pandas"]).status !== 0)("pandas", () => {
  const given = { python: withPandas, requirements: ["pandas", "numpy"] };

  it.each<[string, string, unknown]>([
    [
      "records of a frame",
      "pd.DataFrame(data)",
      [
        { a: 1, b: "x" },
        { a: 2, b: null },
      ],
    ],
    [
      "a named index as a field",
      "pd.DataFrame(data).groupby('a').size().rename('n')",
      [
        { a: 1, n: 1 },
        { a: 2, n: 1 },
      ],
    ],
    ["a list of a series", "pd.DataFrame(data)['a']", [1, 2]],
    [
      "frames inside of values",
      "{'rows': pd.DataFrame(data), 'n': pd.DataFrame(data)['a'].sum()}",
      {
        rows: [
          { a: 1, b: "x" },
          { a: 2, b: null },
        ],
        n: 3,
      },
    ],
    [
      "null where nothing is",
      "pd.DataFrame({'f': [1.5, None], 't': [pd.Timestamp('2026-01-31T10:00:00Z'), pd.NaT], 'i': pd.array([1, None], dtype='Int64')})",
      [
        { f: 1.5, t: "2026-01-31T10:00:00Z", i: 1 },
        { f: null, t: null, i: null },
      ],
    ],
    [
      "scalars and arrays of numpy",
      "[np.int64(5), np.float32(0.5), np.bool_(True), np.array([[1, 2], [3, 4]]), np.array(['2026-01-31', 'NaT'], dtype='datetime64[D]'), np.str_('s')]",
      [
        5,
        0.5,
        true,
        [
          [1, 2],
          [3, 4],
        ],
        ["2026-01-31", null],
        "s",
      ],
    ],
  ])("gives %s", async (_, expression, expected) => {
    const data = [
      { a: 1, b: "x" },
      { a: 2, b: null },
    ];
    expect(await result(`import pandas as pd, numpy as np\n${expression}`, { data }, given)).toEqual(expected);
  });

  it.each<[string, string]>([
    ["pd.DataFrame([[1, 2]], columns=['a', 'a'])", "a DataFrame with two columns of one name"],
    [
      "pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([('a', 'b')]))",
      "a DataFrame with several levels of columns",
    ],
    ["np.array([1j])", "of complex128"],
    ["pd.Timedelta(1, 's')", "a timedelta"],
  ])("refuses %s", async (expression, words) => {
    const { code, message } = await refused(`import pandas as pd, numpy as np\n${expression}`, {}, given);
    expect([code, message]).toEqual(["TYPE_MISMATCH", expect.stringContaining(words)]);
  });

  it("says what is lost", async () => {
    const code = "import pandas as pd\npd.DataFrame({'a': [1.0, float('inf')]}, index=['x', 'y'])";
    const { result, warnings } = await python(code, {}, given);
    expect(result).toEqual([{ a: 1 }, { a: null }]);
    expect(warnings.map(([rule]: [string]) => rule)).toEqual(["index-dropped", "not-finite"]);
  });

  it("takes and gives 100,000 rows", async () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ id, name: `n${id}`, price: id / 10 }));
    expect(await result("import pandas as pd\npd.DataFrame(data)", { data: rows }, given)).toEqual(rows);
  });
});

describe("where python runs", () => {
  it("is not where the owner forbids programs, and no page", async () => {
    const path = join(folder, "forbidden");
    const code = `open(${JSON.stringify(path)}, "w").write("x")`;
    expect(await refused(code, {}, { [programAccess]: false })).toMatchObject({
      code: "EXECUTION_FAILED",
      message: expect.stringContaining("may not run programs"),
    });
    expect(existsSync(path)).toBe(false);
    expect((await places[1]?.failure("python", {}, { code }))?.code).toBe("NO_TRANSPORT");
  });

  it("works in a folder whose files bear the names of modules", async () => {
    const names = join(folder, "names");
    mkdirSync(names, { recursive: true });
    for (const name of ["json", "ast", "struct"]) writeFileSync(join(names, `${name}.py`), "raise SystemExit(9)");
    const before = process.cwd();
    process.chdir(names);
    try {
      expect(await result("import json\njson.dumps(1)")).toBe("1");
    } finally {
      process.chdir(before);
    }
  });
});
