#!/usr/bin/env python3
"""Compiles and runs the C++ that README.md shows, against the library in the build folder.

usage: readme_code.py ROOT BUILD

A block fenced as ```cpp is
  - a program, if it contains `int main`: it is compiled and run, and must end with status 0;
  - a continuation, if the line before the fence is `<!-- continues -->`: its statements are put at the end of the
    program before it (before the last closing brace), which makes another program, compiled and run likewise;
  - declarations otherwise: compiled behind `#include "tapedeck/tapedeck.hpp"` and `namespace td = tapedeck;`.
A block fenced as ```text after the line `<!-- output -->` is what the program before it prints, to the letter; of a
continuation, what it prints beyond the program that it continues.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from compiling import Kept, compiler_of, header_texts, pkg_config, precompiled

PREAMBLE = '#include "tapedeck/tapedeck.hpp"\nnamespace td = tapedeck;\n'
BLOCK = re.compile(r"^(?:<!-- (\w+) -->\n)?```(cpp|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Mistake(Exception):
    pass


@dataclass
class Example:
    line: int
    source: str
    runs: bool = True
    continues: "Example | None" = None
    expected: "str | None" = None
    printed: str = ""


def examples_of(readme):
    examples = []
    for match in BLOCK.finditer(readme):
        note, language, text = match.groups()
        line = readme.count("\n", 0, match.start(3))
        before = examples[-1] if examples and examples[-1].runs else None
        if language == "text":
            if note == "output":
                if before is None:
                    raise Mistake(f"README.md:{line}: output of no program")
                before.expected = text
        elif note == "continues":
            if before is None:
                raise Mistake(f"README.md:{line}: continues no program")
            end = before.source.rindex("}")
            examples.append(Example(line, before.source[:end] + text + before.source[end:], continues=before))
        elif "int main" in text:
            examples.append(Example(line, text))
        else:
            examples.append(Example(line, PREAMBLE + text, runs=False))
    if not any(example.runs for example in examples):
        raise Mistake("README.md shows no program")
    return examples


def compile_and_run(example, kept, command, build):
    # The same text, headers and flags give the same binary.
    binary = kept.path(example.source, example.runs)
    if not binary.exists():
        source = binary.with_suffix(".cpp")
        source.write_text(example.source)
        module = "tapedeck_io" if '"tapedeck/io/' in example.source else "tapedeck"
        link = [*pkg_config(build, module, "--libs"), f"-Wl,-rpath,{build}"] if example.runs else ["-c"]
        result = subprocess.run([*command, str(source), *link, "-o", str(binary)], text=True, capture_output=True)
        if result.returncode:
            raise Mistake(f"README.md:{example.line}: does not compile\n{result.stderr}")
    if not example.runs:
        return
    result = subprocess.run([str(binary)], text=True, capture_output=True, timeout=300, cwd=binary.parent)
    if result.returncode:
        raise Mistake(f"README.md:{example.line}: status {result.returncode}\n{result.stdout}{result.stderr}")
    example.printed = result.stdout


def compare(example):
    if example.expected is None:
        return
    printed = example.printed
    if example.continues:
        printed = printed.removeprefix(example.continues.printed)
    if printed != example.expected:
        raise Mistake(f"README.md:{example.line}: prints\n{printed}and not\n{example.expected}")


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:])
    try:
        if not (root / "README.md").exists():
            raise Mistake("README.md is missing")
        examples = examples_of((root / "README.md").read_text())
        command = [compiler_of(build), "-std=c++20", *pkg_config(build, "tapedeck", "--cflags")]
        command += [*precompiled(command, build), "-Wall", "-Wextra", "-Werror"]
        kept = Kept(build / "readme", command, header_texts(root / "include"))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda example: compile_and_run(example, kept, command, build), examples))
        for example in examples:
            compare(example)
    except Mistake as mistake:
        print(mistake)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
