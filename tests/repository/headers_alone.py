#!/usr/bin/env python3
"""Every header of include/ compiles alone and without a warning, with the compiler of the build: it includes what it needs.

usage: headers_alone.py ROOT BUILD

Those that include Armadillo, on their own or through others, are compiled with its precompiled header, which is a fifth of
the time. The others are compiled without, so that a standard header that they forget to include still shows.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compiling import Kept, command_of

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def closure(header, texts):
    """The names of the header and of all that it includes."""
    seen, names = set(), [header]
    while names:
        name = names.pop()
        if name not in seen:
            seen.add(name)
            names += INCLUDE.findall(texts.get(name, ""))
    return seen


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:])
    command, with_armadillo = command_of(build, "lib/core/error.cpp")
    command.insert(1, f"-I{root / 'include'}")
    folders = [root / "include", build / "generated" / "include"]
    if not folders[0].is_dir():
        return "no headers found"
    texts = {str(path.relative_to(folder)): path.read_text() for folder in folders for path in sorted(folder.rglob("*.hpp"))}
    if subprocess.run([*command, "-E", "-"], input="#include <benchmark/benchmark.h>\n", text=True,
                      capture_output=True).returncode:
        texts = {name: text for name, text in texts.items() if not name.startswith("tapedeck/bench/")}
    kept = Kept(build / "headers_alone", command)

    def complaint(name):
        included = sorted(closure(name, texts))
        passed = kept.path(included, [texts.get(other) for other in included])
        if passed.exists():
            return ""
        options = with_armadillo if "armadillo" in included else []
        result = subprocess.run([*command, *options, "-Werror", "-fsyntax-only", "-x", "c++", "-"], text=True,
                                capture_output=True, input=f'#include "{name}"\n')
        if result.returncode == 0:
            passed.touch()
        return result.stderr

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return "".join(pool.map(complaint, texts))


if __name__ == "__main__":
    complaints = main()
    print(complaints)
    sys.exit(bool(complaints))
