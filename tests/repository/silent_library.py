#!/usr/bin/env python3
"""The library never prints and never exits: no source of it but the program's (lib/cli) writes to a standard stream or
ends the process.

usage: silent_library.py ROOT [BUILD]
"""
import re
import sys
from pathlib import Path

CALL = r"(?<![\w.>])(std::|::)?(printf|puts|putchar|fputs|perror|exit|_exit|_Exit|quick_exit|abort|terminate)\s*\("
LOUD = re.compile(CALL + r"|std::(cout|cerr|clog)\s*<<|\bstd(out|err)\b")
COMMENT = re.compile(r"//.*")

root = Path(sys.argv[1])
found = [
    f"{file.relative_to(root)}:{number}: {line.strip()}"
    for folder in ("lib", "include")
    for file in sorted((root / folder).rglob("*.[ch]pp"))
    if not file.is_relative_to(root / "lib" / "cli")
    for number, line in enumerate(file.read_text().splitlines(), 1)
    if LOUD.search(COMMENT.sub("", line))
]
print("\n".join(found))
sys.exit(bool(found))
