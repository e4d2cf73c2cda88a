"""Runs the code of `python` nodes, one after the other, in the Python process of a run.

Frames come in by descriptor 3 and go out by descriptor 4: four bytes of length, one byte of kind, and JSON text. Descriptor 5
carries nothing: it ends when the process that started this one is gone. Works with Python 3.8 and newer.

Frames that come: C a call, B items of its next list, N the end of that list, G the end of the call.
Frames that go: H once at the start, then for each call V a value, B items of its next list, N the end of that list, E the end.
"""

import sys

# A file `json.py` in the folder that this runs in must not keep it from working.
sys.path[:] = [each for each in sys.path if each != ""]

import ast
import base64
import collections
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import inspect
import io
import json
import linecache
import math
import os
import pathlib
import signal
import struct
import types
import uuid

FILE = "<code>"
SAFE_INTEGER = 2**53 - 1
SAFE_DIGITS = 15
MOST_LEVELS = 400
MOST_VALUES = 10_000_000
LONGEST_MESSAGE = 2000
# Longer lists cross in pieces.
LONG_LIST = 1000
BATCH = 1000
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """A value that cannot be an output; `path` leads to it."""

    def __init__(self, text):
        super().__init__(text)
        self.path = []


class Failed(Exception):
    """A failure that is told in words of this file; `kind` says what it is."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Line:
    """The frames in both directions."""

    def __init__(self):
        for descriptor in (3, 4, 5):
            os.set_inheritable(descriptor, False)
        self._in = os.fdopen(3, "rb", 1 << 16)
        self._out = os.fdopen(4, "wb", 1 << 16)

    def receive(self):
        head = self._in.read(5)
        if len(head) < 5:
            # Nothing more is asked for.
            sys.exit(0)
        length, kind = struct.unpack(">Ic", head)
        return kind, self._in.read(length).decode("utf-8")

    def send(self, kind, value):
        # Every character beyond ASCII is escaped, also halves of surrogate pairs, which UTF-8 does not have.
        body = json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
        self._out.write(struct.pack(">Ic", len(body), kind))
        self._out.write(body)
        self._out.flush()


def end_with_parent():
    """Ends the whole process group when the process that started it is gone, even if nothing could tell."""
    try:
        import fcntl

        # Linux: the kernel sends the signal itself.
        fcntl.fcntl(5, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(5, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(5, fcntl.F_SETFL, fcntl.fcntl(5, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        import threading

        def watch():
            try:
                while os.read(5, 1):
                    pass
            finally:
                if hasattr(os, "killpg"):
                    os.killpg(os.getpgrp(), signal.SIGKILL)
                os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


# What comes in


def reviver(tag):
    """Values that JSON has no word for, as they are written under `tag`."""

    def revive(value):
        if len(value) != 1 or tag not in value:
            return value
        kind, _, rest = value[tag].partition(":")
        if kind == "undefined":
            return None
        if kind == "integer":
            return int(rest)
        if kind == "bytes":
            return base64.b64decode(rest)
        if kind == "number":
            return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[rest]
        if rest == "NaN":
            return None
        return EPOCH + datetime.timedelta(milliseconds=int(rest))

    return revive


def read_json(text, tag):
    return json.loads(text, object_hook=reviver(tag) if tag in text else None)


def receive_call(line):
    """A call, with the items of its long lists in place. Items are read to the end also where one is wrong."""
    kind, text = line.receive()
    call = json.loads(text)
    failure = None
    try:
        values = read_json(call["values"], call["tag"])
    except Exception as error:
        values, failure = None, error
    lists = iter(call["lists"])
    items = []
    while True:
        kind, text = line.receive()
        if kind == b"G":
            break
        if kind == b"N":
            name = next(lists)
            if failure is None:
                values["inputs" if name is not None else "main"][name] = items
            items = []
        elif failure is None:
            try:
                items.extend(read_json(text, call["tag"]))
            except Exception as error:
                failure = error
    if isinstance(failure, OverflowError):
        raise Failed("refused", "A date of the input is outside of the years 1 to 9999 that Python has")
    if failure is not None:
        raise failure
    main = values["main"]
    data = values["inputs"][main["handle"]] if "handle" in main else main.get(None, main.get("data"))
    return call, {"inputs": values["inputs"], "data": data, "variables": values["variables"]}


# What goes out


class Output:
    """Makes of values what JSON has words for, and tells what was lost by that."""

    def __init__(self, tag):
        self._tag = tag
        self._room = MOST_VALUES
        self._above = set()
        self._losses = {}

    def warnings(self):
        return [[rule, text] for rule, text in self._losses.items()]

    def convert(self, value, name=None, missing=False):
        """`name`: the field around it; `missing`: a NaN stands for nothing."""
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is int:
            return self._integer(value, name)
        if kind is float:
            return self._number(value, name, missing)
        if kind is dict:
            return self._dict(value, missing)
        if kind is list or kind is tuple:
            return self._list(value, name, missing)
        return self._special(value, name, missing)

    def items(self, value):
        """The items of a list, DataFrame or iterator, one by one; None for any other value."""
        frame = records_of(value)
        if frame is not None:
            frame, dropped = frame
            if dropped:
                self._lose("index-dropped", "The index of a DataFrame has no name and is not in the output: name it to keep it")
            return (self.convert(row, None, True) for row in frame)
        if type(value) is list or (isinstance(value, collections.abc.Iterator) and not isinstance(value, io.IOBase)):
            return self._converted(value)
        return None

    def _converted(self, items):
        for position, item in enumerate(items):
            self._count(1)
            try:
                yield self.convert(item)
            except Refused as refused:
                refused.path.insert(0, position)
                raise

    def _integer(self, value, name):
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value
        self._lose("digits-kept", told(name) + " has whole numbers of more digits than a number of JSON keeps, which are text")
        try:
            return str(value)
        except ValueError as error:
            raise Refused("a whole number of too many digits") from error

    def _number(self, value, name, missing):
        if value - value == 0.0:
            return value
        if not (missing and value != value):
            self._lose("not-finite", told(name) + " has NaN or Infinity, which are null in the output")
        return None

    def _dict(self, value, missing):
        self._enter(value, len(value))
        found = {}
        for key, item in value.items():
            name = key if type(key) is str else key_text(key)
            kind = type(item)
            if kind is str or item is None:
                found[name] = item
                continue
            try:
                found[name] = self.convert(item, name, missing)
            except Refused as refused:
                refused.path.insert(0, name)
                raise
        if len(found) != len(value):
            raise Refused("a dict with two keys that are the same as text")
        self._above.discard(id(value))
        return found

    def _list(self, value, name, missing):
        self._enter(value, len(value))
        found = []
        for position, item in enumerate(value):
            try:
                found.append(self.convert(item, name, missing))
            except Refused as refused:
                refused.path.insert(0, position)
                raise
        self._above.discard(id(value))
        return found

    def _special(self, value, name, missing):
        pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
        if pandas is not None and (value is pandas.NA or value is pandas.NaT):
            return None
        if isinstance(value, enum.Enum):
            return self.convert(value.value, name)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return {self._tag: "bytes:" + base64.b64encode(value).decode("ascii")}
        if isinstance(value, datetime.datetime):
            text = value.isoformat()
            return text[:-6] + "Z" if text.endswith("+00:00") else text
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, decimal.Decimal):
            return self._decimal(value, name)
        if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
            return self._numpy(numpy, value, name, missing)
        if isinstance(value, (uuid.UUID, pathlib.PurePath)):
            return str(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return self._integer(int(value), name)
        if isinstance(value, float):
            return self._number(float(value), name, missing)
        if isinstance(value, (set, frozenset)):
            return self._list(in_order(value), name, missing)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dict({field.name: getattr(value, field.name) for field in dataclasses.fields(value)}, missing)
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self._dict(value._asdict(), missing)
        if isinstance(value, collections.abc.Mapping):
            return self._dict(dict(value), missing)
        items = self.items(value)
        if items is not None:
            self._enter(value, 0)
            found = list(items)
            self._above.discard(id(value))
            return found
        if isinstance(value, (collections.abc.Sequence, collections.abc.MappingView, collections.deque)):
            return self._list(list(value), name, missing)
        raise Refused(described(value))

    def _decimal(self, value, name):
        if not value.is_finite():
            return self._number(math.nan, name, False)
        if len(value.normalize().as_tuple().digits) <= SAFE_DIGITS and math.isfinite(float(value)):
            return int(value) if value == value.to_integral_value() and abs(value) <= SAFE_INTEGER else float(value)
        self._lose("digits-kept", told(name) + " has decimals of more digits than a number of JSON keeps, which are text")
        return str(value)

    def _numpy(self, numpy, value, name, missing):
        if value.dtype.kind == "M":
            texts = numpy.datetime_as_string(value).tolist()
            return without_nat(texts)
        if value.dtype.kind in "mcV":
            raise Refused(described(value) + " of " + str(value.dtype))
        return self.convert(value.tolist(), name, missing)

    def _enter(self, value, count):
        self._count(count)
        if id(value) in self._above:
            raise Refused("a value that holds itself")
        if len(self._above) >= MOST_LEVELS:
            raise Refused("data of more than " + str(MOST_LEVELS) + " levels")
        self._above.add(id(value))

    def _count(self, count):
        self._room -= count
        if self._room < 0:
            raise Failed("large", "The output has more than " + format(MOST_VALUES, ",") + " values")

    def _lose(self, rule, text):
        self._losses.setdefault(rule, text)


def told(name):
    return "The output" if name is None else "The field `" + str(name) + "` of the output"


def described(value):
    kind = type(value)
    if isinstance(value, datetime.timedelta):
        return "a timedelta; give its total_seconds()"
    if inspect.iscoroutine(value):
        return "a coroutine; make `main` async, or run it with asyncio.run"
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else kind.__module__ + "." + kind.__qualname__
    return ("an " if name[:1] in "aeiouAEIOU" else "a ") + name


def key_text(key):
    """A key of a dict as JSON writes it."""
    item = getattr(key, "item", None)
    if item is not None and type(key).__module__ == "numpy":
        key = item()
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, (datetime.date, datetime.time)):
        return key.isoformat()
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    if isinstance(key, (uuid.UUID, decimal.Decimal, pathlib.PurePath)):
        return str(key)
    raise Refused("a dict with a key that is " + described(key))


def in_order(values):
    """A set is in no order, and that of one run would be another one than that of the next."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda value: (type(value).__name__, repr(value)))


def without_nat(value):
    if isinstance(value, list):
        return [without_nat(each) for each in value]
    return None if value == "NaT" else value


def records_of(value):
    """The rows of a DataFrame or Series as dicts, and whether an index is not among them; None for anything else."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, (pandas.DataFrame, pandas.Series)):
        return None
    index = value.index
    plain = isinstance(index, pandas.RangeIndex) and index.start == 0 and index.step == 1
    if isinstance(value, pandas.Series):
        if plain:
            return value.tolist(), False
        value = value.to_frame("value" if value.name is None else value.name)
    named = any(name is not None for name in index.names)
    if named:
        value = value.reset_index()
    if value.columns.nlevels > 1:
        raise Refused("a DataFrame with several levels of columns; give each column one name")
    if not value.columns.is_unique:
        raise Refused("a DataFrame with two columns of one name")
    return rows(value), not plain and not named


def rows(frame):
    for start in range(0, len(frame), BATCH):
        yield from frame.iloc[start : start + BATCH].to_dict("records")


def send_output(line, result, output):
    """The value of a call. Long lists follow it: itself, or fields of it."""
    parts = {}
    top = output.items(result)
    if top is not None:
        value = None
        parts[None] = top
    elif type(result) is dict and any(is_long(item) for item in result.values()):
        parts = {key: output.items(item) for key, item in result.items() if type(key) is str and is_long(item)}
        value = output.convert({key: None if key in parts else item for key, item in result.items()})
    else:
        value = output.convert(result)
    line.send(b"V", {"value": value, "lists": list(parts)})
    for key, items in parts.items():
        batch = []
        try:
            for item in items:
                batch.append(item)
                if len(batch) >= BATCH:
                    line.send(b"B", batch)
                    batch = []
        except Refused as refused:
            if key is not None:
                refused.path.insert(0, key)
            raise
        line.send(b"B", batch)
        line.send(b"N", None)


def is_long(value):
    if type(value) is list:
        return len(value) > LONG_LIST
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


# The code of a node


def evaluate(code, values):
    """What the code comes to: its `return`, what its `main` returns, its `result`, or its last expression."""
    linecache.cache[FILE] = (len(code), None, code.splitlines(True), FILE)
    tree = ast.parse(code, FILE)
    module = types.ModuleType("__main__")
    module.__file__ = FILE
    names = module.__dict__
    names.update(values)
    names["input"] = values["data"]
    # What looks for its own module, such as dataclasses and pickle, finds this one.
    sys.modules["__main__"] = module
    last = None
    if any(returns(statement) for statement in tree.body):
        last = as_function(tree)
    elif tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, FILE, "exec", dont_inherit=True), names)
    value = None if last is None else eval(compile(last, FILE, "eval", dont_inherit=True), names)
    main = names.get("main")
    if isinstance(main, types.FunctionType) and main.__module__ == "__main__":
        value = call_main(main, values)
    elif "result" in names:
        value = names["result"]
    if inspect.iscoroutine(value):
        import asyncio

        value = asyncio.run(value)
    return value


def returns(statement):
    """Whether there is a `return` that belongs to no function."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return False
    if isinstance(statement, ast.Return):
        return True
    return any(returns(child) for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.expr))


def as_function(tree):
    """Makes the statements the body of a function; gives the call of it."""
    name = "code"
    function = ast.parse("def " + name + "(): pass", FILE).body[0]
    head = [each for each in tree.body if isinstance(each, ast.ImportFrom) and each.module == "__future__"]
    function.body = [each for each in tree.body if each not in head]
    tree.body = head + [function]
    return ast.parse(name + "()", FILE, "eval")


def call_main(main, values):
    """Calls `main` with inputs by the names of its parameters; the only one without such a name gets the data."""
    known = dict(values["inputs"])
    known.update(values)
    given, unknown, extra = {}, [], False
    for parameter in inspect.signature(main).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            extra = True
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise Failed("refused", "`main` has parameters that can be given by position only; leave out the `/`")
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            if parameter.name in known:
                given[parameter.name] = known[parameter.name]
            elif parameter.default is inspect.Parameter.empty:
                unknown.append(parameter.name)
    if len(unknown) == 1 and not given:
        given[unknown.pop()] = values["data"]
    if unknown:
        wanted, names = "`, `".join(unknown), "`, `".join(known)
        raise Failed("refused", "`main` asks for `" + wanted + "`, which no edge brings; there are `" + names + "`")
    if extra:
        given = {**values["inputs"], **given}
    return main(**given)


def demand(requirements):
    """Refuses where packages are missing that were named as requirements."""
    import importlib.metadata
    import importlib.util

    missing = []
    for name in requirements:
        try:
            found = importlib.util.find_spec(name.replace("-", "_")) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            try:
                importlib.metadata.distribution(name)
            except importlib.metadata.PackageNotFoundError:
                missing.append(name)
    if missing:
        raise Failed("missing", " ".join(missing))


def limit_memory(size):
    """Limits the address space from now on, `None` to as much as may be; whether that is possible here."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return False
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = hard if size is None or (hard != resource.RLIM_INFINITY and hard < size) else size
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    return True


def place_in(error):
    """The last line of the code on the way to an error."""
    place = {}
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == FILE:
            source = linecache.getline(FILE, frame.tb_lineno).strip()
            place = {"line": frame.tb_lineno, "source": source[:200]}
        frame = frame.tb_next
    return place


def report(error):
    """An error as it is told."""
    if isinstance(error, Failed):
        return {"kind": error.kind, "message": str(error)}
    if isinstance(error, Refused):
        path = "".join("[" + str(key) + "]" if type(key) is int else "." + str(key) for key in error.path).lstrip(".")
        return {"kind": "output", "path": path, "message": str(error)}
    place = place_in(error)
    if isinstance(error, SyntaxError) and (not place or error.filename == FILE):
        return {"kind": "syntax", "message": str(error.msg), "line": error.lineno, "column": error.offset}
    if isinstance(error, MemoryError):
        return {"kind": "memory", "message": "", **place}
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else kind.__module__ + "." + kind.__qualname__
    try:
        text = str(error)
    except Exception:
        text = ""
    shown = text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…"
    exits = isinstance(error, SystemExit)
    return {"kind": "exit" if exits else "raised", "message": name + (": " + shown if shown else ""), **place}


def serve():
    line = Line()
    end_with_parent()
    pid, folder, path = os.getpid(), os.getcwd(), sys.path[:]
    outputs = {"stdout": sys.stdout, "stderr": sys.stderr}
    for stream in outputs.values():
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    # Where the ends of what a node wrote are marked, whatever its code does to the descriptors 1 and 2.
    marked = [os.dup(1), os.dup(2)]
    line.send(b"H", {"version": ".".join(str(part) for part in sys.version_info[:3]), "executable": sys.executable})
    while True:
        # What one node changed is not what the next one finds.
        sys.path[:] = path
        for name, stream in outputs.items():
            setattr(sys, name, stream)
        end = {"limited": True}
        call = None
        try:
            call, values = receive_call(line)
            output = Output(call["tag"])
            os.chdir(folder)
            demand(call["requirements"])
            end["limited"] = limit_memory(call["memory"])
            send_output(line, evaluate(call["code"], values), output)
            end["warnings"] = output.warnings()
        except SystemExit as error:
            if call is None:
                raise
            end["error"] = report(error)
        except BaseException as error:
            if call is None and isinstance(error, OSError):
                raise
            end["error"] = report(error)
        if os.getpid() != pid:
            # A process that the code forked: what it says is no answer.
            os._exit(0)
        limit_memory(None)
        values = output = None
        for stream, descriptor in zip(outputs.values(), marked):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass
            os.write(descriptor, MARK)
        line.send(b"E", end)


MARK = sys.argv.pop().encode("ascii")
serve()
