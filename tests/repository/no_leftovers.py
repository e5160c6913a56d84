#!/usr/bin/env python3
"""No note to oneself is left in the sources.

usage: no_leftovers.py ROOT [BUILD]
"""
import re
import sys
from pathlib import Path

NOTE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")  # in halves, so as not to find itself
SUFFIXES = {"", ".hpp", ".cpp", ".py", ".txt", ".cmake", ".in"}

root = Path(sys.argv[1])
found = [
    f"{file.relative_to(root)}:{number}: {line.strip()}"
    for folder in ("lib", "include", "bench", "tests", "cmake")
    for file in sorted((root / folder).rglob("*"))
    if file.is_file() and file.suffix in SUFFIXES
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
    if NOTE.search(line)
]
print("\n".join(found))
sys.exit(bool(found))
