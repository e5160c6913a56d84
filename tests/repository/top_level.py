#!/usr/bin/env python3
"""The top level is fixed: what stands there is known, and all of it stands there.

usage: top_level.py ROOT [BUILD]
"""
import sys
from fnmatch import fnmatch
from pathlib import Path

FIXED = {
    "lib", "include", "bench", "tests", "cmake", "CMakeLists.txt", "README.md", "LICENSE",
    ".ci", ".github", ".clang-format", ".clang-tidy", ".gitignore",
}

root = Path(sys.argv[1])
ignored = [".git"] + [line.strip("/ ") for line in (root / ".gitignore").read_text().splitlines()]
there = {p.name for p in root.iterdir() if not any(fnmatch(p.name, pattern) for pattern in ignored)}
for name in sorted(there - FIXED):
    print(f"{name} does not belong to the top level")
for name in sorted(FIXED - there):
    print(f"{name} is missing")
sys.exit(there != FIXED)
