"""Writes the workbooks beside it, by openpyxl, and by LibreOffice from those: python3 make.py (needs openpyxl and soffice)."""

import datetime
import pathlib
import subprocess

from openpyxl import Workbook

here = pathlib.Path(__file__).parent

book = Workbook()
orders = book.active
orders.title = "Orders"
orders.append(["id", "customer", "total", "paid", "ordered", "sent", "twice", ""])
orders.append([1, "Ada", 250, True, datetime.date(2026, 1, 31), datetime.datetime(2026, 2, 1, 12, 30), "=C2*2", "note"])
orders.append([2, "Grace \u00c5 \U0001f680", 40.25, False, datetime.date(2026, 2, 28), None, "=C3*2", None])
orders.append([])
orders.append([3, "line\nbreak", -0.1, None, None, None, "=C5/0", None])
notes = book.create_sheet("Notes")
notes["B3"] = "field"
notes["C3"] = "text"
notes["B4"] = "a"
notes["C4"] = "007"
notes["C4"].number_format = "@"
notes["B5"] = "b"
notes["E7"] = "far away"
book.create_sheet("Empty")
book.save(here / "openpyxl.xlsx")

for ending in ["xlsx", "xls", "ods"]:
    folder = here / "converted"
    subprocess.run(
        ["soffice", "--headless", "--convert-to", ending, "--outdir", str(folder), str(here / "openpyxl.xlsx")],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (folder / f"openpyxl.{ending}").rename(here / f"libreoffice.{ending}")
folder.rmdir()
