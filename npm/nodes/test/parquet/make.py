"""Writes pyarrow.parquet, and expected.json: its rows as a node gives them.

    pip install pyarrow==26.0.1
    python3 npm/nodes/test/parquet/make.py
"""

import datetime
import decimal
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
UTC = datetime.timezone.utc
START = datetime.datetime(2026, 1, 31, 10, 0, 0, 125000)

columns = {
    "id": (pa.uint64(), [1, 2, None], [1, 2, None]),
    "half": (pa.float16(), [0.5, -2.0, None], [0.5, -2, None]),
    "word": (pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a"], ["a", "b", "a"]),
    "day": (pa.date32(), [START.date(), None, datetime.date(1969, 12, 31)], ["2026-01-31", None, "1969-12-31"]),
    "nanos": (pa.timestamp("ns"), [START, None, START], ["2026-01-31T10:00:00.125", None, "2026-01-31T10:00:00.125"]),
    "utc": (
        pa.timestamp("us", "UTC"),
        [START.replace(tzinfo=UTC), None, datetime.datetime(1960, 1, 1, 0, 0, 0, 500000, UTC)],
        ["2026-01-31T10:00:00.125Z", None, "1960-01-01T00:00:00.5Z"],
    ),
    "clock": (pa.time64("us"), [START.time(), None, datetime.time(23, 59, 59)], ["10:00:00.125", None, "23:59:59"]),
    "millis": (pa.time32("ms"), [START.time(), None, datetime.time(0)], ["10:00:00.125", None, "00:00:00"]),
    "price": (pa.decimal128(9, 2), [decimal.Decimal("-0.10"), None, decimal.Decimal("12.30")], [-0.1, None, 12.3]),
    "list": (pa.list_(pa.int32()), [[1, None], [], None], [[1, None], [], None]),
    "nested": (
        pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]),
        [{"a": 1, "b": ["x", "y"]}, {"a": None, "b": []}, None],
        [{"a": 1, "b": ["x", "y"]}, {"a": None, "b": []}, None],
    ),
    "raw": (pa.binary(), [b"\x00\xff", b"", None], ["AP8=", "", None]),
    "nothing": (pa.null(), [None, None, None], [None, None, None]),
    "naïve name": (pa.string(), ["ä\U0001f600", "", None], ["ä\U0001f600", "", None]),
    "__proto__": (pa.int32(), [7, 8, 9], [7, 8, 9]),
}
table = pa.table({name: pa.array(values, kind) for name, (kind, values, _) in columns.items()})
pq.write_table(table, HERE / "pyarrow.parquet", compression="zstd", data_page_version="2.0", version="2.6")
rows = [{name: expected[row] for name, (_, _, expected) in columns.items()} for row in range(3)]
lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
(HERE / "expected.json").write_text(f"[\n{lines}\n]\n")
