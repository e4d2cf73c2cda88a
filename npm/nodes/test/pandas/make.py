"""Writes expected.json: what pandas gives for seeded random tables, one case a line.

    pip install pandas==3.1.1
    python3 npm/nodes/test/pandas/make.py

A case is [type, parameters, tables, expected]; a table is {"c": [names], "r": [[values]]}. What is expected is described
at the function that makes it. Where nodes differ from pandas on purpose, a comment says so.
"""

import json
import math
import random
from pathlib import Path

import pandas as pd

NONE = "\0none"


def table(rng, columns, rows=None):
    """A random table; columns are (name, function that makes a value)."""
    count = rng.randint(1, 9) if rows is None else rows
    return {"c": [name for name, _ in columns], "r": [[make(rng) for _, make in columns] for _ in range(count)]}


def one_of(*values):
    return lambda rng: rng.choice(values)


def frame(data):
    """The table with values as they are: pandas would make floats of whole numbers beside nulls."""
    return pd.DataFrame(data["r"], columns=data["c"], dtype=object)


def key(value):
    """Nodes take a number and the text that spells it exactly for the same key, which pandas does not."""
    if value is None or isinstance(value, str):
        return value
    return f"\0{value}" if isinstance(value, bool) else str(int(value) if value == int(value) else value)


def keyed(data, names, null):
    """The frame with the keys of columns in their place; null(position) stands for no value."""
    result = frame(data)
    for name in names:
        result[name] = pd.Series(
            [null(at) if value is None else key(value) for at, value in enumerate(result[name])], dtype=object
        )
    return result


def plain(value):
    """A value as JSON has it."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value.item() if hasattr(value, "item") else value


def rows_of(result):
    return [[plain(value) for value in row] for row in result.astype(object).values.tolist()]


KEYS = one_of(1, 2, "1", "2", "01", "a", "b", "", None, True, 0.5, "0.5")
FEW = one_of("a", "b", "c", None)
NUMBERS = one_of(*range(-3, 10), 0.5, 2.25, -1.75, None)
SPELLED = one_of(*range(-3, 10), "7", "10", "-2.5", " 3 ", "1e1", None)
WORDS = one_of("apple", "Banana", "cherry", "apple pie", "b", None)


def joins(rng, how):
    """Expected: pairs [left row, right row] in order, null for none; rows without a match on both sides."""
    names = ["k"] if rng.random() < 0.5 else ["k", "m"]
    left = table(rng, [("k", KEYS), ("m", one_of(1, "1", 2, None, "x")), ("v", NUMBERS)])
    right = table(rng, [("k", KEYS), ("m", one_of(1, 2, "2", None, "x")), ("w", NUMBERS), ("v", WORDS)])
    # Someone has to have each key, or it is taken for a misspelt one.
    left["r"].append(["a", "x", 0])
    right["r"].append(["a", "x", 0, "z"])
    # Rows without a key match nothing, where pandas would match nulls with each other: each gets a value of its own.
    ours = keyed(left, names, lambda at: f"\0left{at}")[names].assign(l=range(len(left["r"])))
    theirs = keyed(right, names, lambda at: f"\0right{at}")[names].assign(r=range(len(right["r"])))
    inner = ours.merge(theirs, on=names)
    unmatched = [len(ours) - inner["l"].nunique(), len(theirs) - inner["r"].nunique()]
    if how in ("semi", "anti"):
        found = ours["l"].isin(inner["l"])
        pairs = [[at, None] for at in ours["l"][found if how == "semi" else ~found]]
    else:
        merged = ours.merge(theirs, on=names, how="outer" if how == "full" else how)
        # pandas sorts the keys of an outer join; nodes keep the order of the left side, then that of the right one.
        if how == "full":
            merged = merged.sort_values(["l", "r"], na_position="last")
        pairs = rows_of(merged[["l", "r"]])
    return ["join", {"how": how, "on": names}, [left, right], [pairs, unmatched]]


def dedupes(rng):
    """Expected: positions of the rows that stay."""
    data = table(rng, [("k", KEYS), ("m", one_of(1, "1", None))], rng.randint(2, 14))
    data["r"].append(["a", 1])
    names = rng.choice([["k"], ["m"], ["k", "m"], []])
    keep = rng.choice(["first", "last"])
    stays = keyed(data, names or data["c"], lambda _: NONE).drop_duplicates(names or None, keep=keep)
    return ["dedupe", {"keys": names, "keep": keep}, [data], [int(at) for at in stays.index]]


def compared(values):
    """What nodes order values by: numbers and what spells one first, then text; empty text is no value."""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    words = values.where(numbers.isna() & values.notna() & (values != ""), None)
    return numbers, words


def ordered(data, by):
    """The rows in order: stable sorts, the least important field first, since pandas has one na_position for all."""
    result = frame(data)
    for part in reversed(by):
        numbers, words = compared(result[part["field"]])
        ascending = part["direction"] == "asc"
        nothing = numbers.isna() & words.isna()
        # Text comes after numbers; in columns of one kind this changes nothing.
        for column in (words, numbers, words.notna()):
            result = result.assign(_by=column).sort_values("_by", ascending=ascending, kind="stable")
        result = result.assign(_by=nothing.astype(int)).sort_values(
            "_by", ascending=part["nulls"] == "last", kind="stable"
        )
    return result.drop(columns="_by")


def order(rng, names):
    return [
        {"field": name, "direction": rng.choice(["asc", "desc"]), "nulls": rng.choice(["first", "last"])}
        for name in names
    ]


def sorts(rng):
    """Expected: positions of the rows in order."""
    mixed = one_of(3, "10", "9", "b", "a", None, "")
    data = table(rng, [("n", SPELLED), ("t", WORDS), ("x", mixed)], rng.randint(2, 14))
    by = order(rng, rng.sample(["n", "t", "x"], rng.randint(1, 3)))
    return ["sort", {"by": by}, [data], [int(at) for at in ordered(data, by).index]]


AGGREGATES = {"sum": "sum", "avg": "mean", "min": "min", "max": "max", "count": "count", "first": "first", "last": "last"}


def pivots(rng, aggregate):
    """Expected: {"c": columns, "r": rows} with the index fields first."""
    data = table(rng, [("i", FEW), ("j", one_of(1, 2, None)), ("c", one_of("p", "q", "r", 5, None)), ("v", NUMBERS)], rng.randint(2, 14))
    data["r"].append(["a", 1, "p", 4])
    index = rng.choice([["i"], ["i", "j"], []])
    fill = rng.choice([None, 0])
    # Rows without a column are left out.
    kept = frame(data)[lambda f: f["c"].notna()]
    names = list(dict.fromkeys(key(value) for value in kept["c"]))
    lines = kept[index].map(lambda value: NONE if value is None else value).assign(_all=0)
    keys = lines.columns.tolist()
    values = pd.to_numeric(kept["v"])
    source = lines.assign(c=kept["c"].map(key), v=values)
    how = AGGREGATES.get(aggregate, lambda group: [plain(value) for value in group])
    wide = source.pivot_table(index=keys, columns="c", values="v", aggfunc=how, sort=False)
    # pandas leaves out rows and columns in which there is nothing.
    seen = pd.MultiIndex.from_frame(lines.drop_duplicates())
    wide = wide.reindex(index=seen if len(keys) > 1 else seen.get_level_values(0), columns=names)
    cells = [[fill if value is None else value for value in row] for row in rows_of(wide)]
    heads = [[None if part == NONE else part for part in line[:-1]] for line in seen]
    rows = [head + row for head, row in zip(heads, cells)]
    parameters = {"index": index, "column": "c", "value": "v", "aggregate": aggregate, "fill": fill}
    return ["pivot", parameters, [data], {"c": index + names, "r": rows}]


def aggregates(rng, is_text):
    """Expected: rows of the fields to group by and of the aggregates. Text alone is what cells of a CSV file are."""
    groups = one_of("a", "b", "c", 1, 2, "1", None) if not is_text else one_of("a", "b", "1", "01", "")
    numbers = SPELLED if not is_text else one_of("0", "7", "10", "-2.5", " 3 ", "1e1", "0.1", "0.2", "")
    words = WORDS if not is_text else one_of("apple", "Banana", "cherry", "apple pie", "")
    columns = [("g", groups), ("h", groups), ("v", numbers), ("w", words)]
    data = table(rng, columns, rng.choice([1, 2, 3, 8, 15, 40]))
    data["r"].append(["a", "1", "7" if is_text else 7, "x"])
    by = rng.choice([["g"], ["g", "h"], ["h", "g"], []])
    percent = rng.choice([0, 5, 25, 50, 90, 99.5, 100])
    source = frame(data).replace("", None)
    source["v"] = pd.to_numeric(source["v"])
    # A number and the text that spells it are groups of their own, as nothing and empty text are.
    kinds = frame(data)[by].map(lambda value: f"{type(value).__name__}:{value}").assign(_all=0)
    spelled = frame(data)["v"].map(lambda value: None if value in (None, "") else key(value))
    grouped = lambda series: series.groupby([kinds[name] for name in kinds], sort=False)
    least = lambda best: lambda group: best(group.dropna(), default=None)
    made = {
        "count": (None, grouped(source["v"]).size()),
        "count_v": ("v", grouped(source["v"]).count()),
        "count_w": ("w", grouped(source["w"]).count()),
        "countDistinct_v": ("v", grouped(spelled).nunique()),
        "countDistinct_w": ("w", grouped(source["w"]).nunique()),
        "sum_v": ("v", grouped(source["v"]).sum()),
        "avg_v": ("v", grouped(source["v"]).mean()),
        "min_v": ("v", grouped(source["v"]).min()),
        "max_v": ("v", grouped(source["v"]).max()),
        "min_w": ("w", grouped(source["w"]).agg(least(min))),
        "max_w": ("w", grouped(source["w"]).agg(least(max))),
        "median_v": ("v", grouped(source["v"]).median()),
        f"p{percent}_v": ("v", grouped(source["v"]).quantile(percent / 100)),
    }
    names = rng.sample(list(made), rng.randint(1, 5))
    wide = pd.DataFrame({name: made[name][1].astype(object) for name in names})
    heads = frame(data)[by].loc[~kinds.duplicated()]
    wanted = []
    for name in names:
        field = made[name][0]
        operation = "percentile" if name.startswith("p") else name.split("_")[0]
        wanted.append({"operation": operation} | ({"field": field} if field else {}) | ({"percent": percent} if operation == "percentile" else {}))
    rows = [[plain(value) for value in head] + row for head, row in zip(heads.values.tolist(), rows_of(wide))]
    parameters = {"operation": "aggregate", "groupBy": by, "aggregates": wanted}
    return ["transform", parameters, [data], {"c": by + names, "r": rows}]


def unpivots(rng):
    """Expected: {"c": columns, "r": rows}."""
    data = table(rng, [("i", FEW), ("a", NUMBERS), ("b", WORDS), ("c", NUMBERS)])
    data["r"].append(["a", 1, "x", 2])
    columns = rng.sample(["a", "b", "c"], rng.randint(1, 3))
    long = frame(data).assign(_at=range(len(data["r"]))).melt(["i", "_at"], columns, "name", "value")
    # pandas goes column by column, nodes row by row.
    long = long.sort_values("_at", kind="stable").drop(columns="_at")
    return ["unpivot", {"keep": ["i"], "columns": columns}, [data], {"c": ["i", "name", "value"], "r": rows_of(long)}]


def windows(rng):
    """Expected: the new fields of each row, row by row."""
    data = table(rng, [("g", FEW), ("o", NUMBERS), ("v", SPELLED)], rng.randint(2, 12))
    data["r"].append(["a", 1, 2])
    direction = rng.choice(["asc", "desc"])
    by = [{"field": "o", "direction": direction, "nulls": "last"}]
    source = ordered(data, by)
    # Fields without a value equal each other in partitions.
    source["g"] = source["g"].map(lambda value: NONE if value is None else value)
    source["o"] = pd.to_numeric(source["o"])
    source["v"] = pd.to_numeric(source["v"])
    groups = source.groupby("g", sort=False)
    size = groups["g"].transform("size")
    rank = groups["o"].rank(method="min", ascending=direction == "asc", na_option="bottom")
    values = groups["v"]
    total = values.transform("sum")
    offset = rng.randint(1, 3)
    # Running values go on over empty ones, where pandas has gaps.
    on = lambda series: series.groupby(source["g"], sort=False).ffill()
    made = {
        "rowNumber": groups.cumcount() + 1,
        "rank": rank,
        "denseRank": groups["o"].rank(method="dense", ascending=direction == "asc", na_option="bottom"),
        "percentRank": ((rank - 1) / (size - 1)).where(size > 1, 0),
        "lag": values.shift(offset),
        "lead": values.shift(-offset),
        "firstValue": values.transform(lambda group: group.iloc[0]),
        "lastValue": values.transform(lambda group: group.iloc[-1]),
        "runningSum": source["v"].fillna(0).groupby(source["g"], sort=False).cumsum(),
        "runningAvg": values.expanding().mean().droplevel(0),
        "runningMin": on(values.cummin()),
        "runningMax": on(values.cummax()),
        "runningCount": source["v"].notna().astype(int).groupby(source["g"], sort=False).cumsum(),
        "total": total,
        "share": (source["v"] / total).where(total != 0),
    }
    names = rng.sample(list(made), 4)
    without = {"rowNumber", "rank", "denseRank", "percentRank"}
    functions = [
        {"function": name, "as": f"_{name}", **({} if name in without else {"field": "v"})}
        | ({"offset": offset} if name in ("lag", "lead") else {})
        for name in names
    ]
    result = pd.DataFrame({name: made[name] for name in names}).sort_index()
    return ["window", {"partitionBy": ["g"], "orderBy": by, "functions": functions}, [data], rows_of(result)]


def cases():
    rng = random.Random(20240229)
    for how in ("inner", "left", "right", "full", "semi", "anti"):
        for _ in range(28):
            yield joins(rng, how)
    for _ in range(50):
        yield dedupes(rng)
    for _ in range(72):
        yield sorts(rng)
    for aggregate in (*AGGREGATES, "list"):
        for _ in range(12):
            yield pivots(rng, aggregate)
    for _ in range(30):
        yield unpivots(rng)
    for _ in range(90):
        yield windows(rng)
    for at in range(200):
        yield aggregates(rng, at % 2 == 1)


if __name__ == "__main__":
    lines = [json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases()]
    Path(__file__).with_name("expected.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
