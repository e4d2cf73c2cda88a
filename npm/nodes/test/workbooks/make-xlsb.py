"""Writes pyxlsbwriter.xlsb, with what openpyxl.xlsx has but for formulas: pip install pyxlsbwriter==0.1.0; python3 make-xlsb.py."""

import datetime
import pathlib

from pyxlsbwriter import XlsbWriter

N = None
# Without characters beyond the first plane, whose length the package counts wrongly.
ORDERS = [
    ["id", "customer", "total", "paid", "ordered", "sent", "twice", N],
    [1, "Ada", 250, True, datetime.date(2026, 1, 31), datetime.datetime(2026, 2, 1, 12, 30), N, "note"],
    [2, "Grace \u00c5", 40.25, False, datetime.date(2026, 2, 28), N, N, N],
    [N, N, N, N, N, N, N, N],
    [3, "line\nbreak", -0.1, N, N, N, N, N],
]
NOTES = [
    [N, N, N, N, N],
    [N, N, N, N, N],
    [N, "field", "text", N, N],
    [N, "a", "007", N, N],
    [N, "b", N, N, N],
    [N, N, N, N, N],
    [N, N, N, N, "far away"],
]

with XlsbWriter(str(pathlib.Path(__file__).with_name("pyxlsbwriter.xlsb"))) as writer:
    for name, rows in (("Orders", ORDERS), ("Notes", NOTES), ("Empty", [])):
        writer.add_sheet(name)
        writer.write_sheet(rows)
