#!/usr/bin/env python3
"""Compiles and runs the code that README.md and the guides show, against the library in the build folder.

usage: readme_code.py ROOT BUILD

Guides are all other files *.md. The blocks of one of them run one after the other, in a folder that they share. A block
fenced as ```cpp is
  - a program, if it contains `int main`: it is compiled and run, and must end with status 0;
  - a continuation, if the line before the fence is `<!-- continues -->`: its statements are put at the end of the
    program before it (before the last closing brace), which makes another program, compiled and run likewise;
  - an error, if that line is `<!-- does not compile -->`: the compiler must print the ```text block that follows it;
  - declarations otherwise: compiled behind `#include "tapedeck/tapedeck.hpp"` and `namespace td = tapedeck;`.
A block fenced as ```sh after the line `<!-- run -->` is run by bash, which finds the program `tapedeck`; one without that
line must be readable. A block fenced as ```python is run by a Python that has PyTorch.

A block fenced as ```text after the line `<!-- output -->` is what the block before it prints, to the letter; of a
continuation, what it prints beyond the program that it continues.
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from compiling import Kept, compiler_of, header_texts, pkg_config, precompiled
from python_safetensors import environment

PREAMBLE = '#include "tapedeck/tapedeck.hpp"\nnamespace td = tapedeck;\n'
BLOCK = re.compile(r"^(?:<!-- ([\w ]+) -->\n)?```(cpp|python|sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Mistake(Exception):
    pass


@dataclass
class Example:
    place: str
    language: str
    source: str
    kind: str = "program"  # or "declarations", "error", "readable"
    continues: "Example | None" = None
    expected: "str | None" = None
    printed: str = ""

    def runs(self):
        return self.kind == "program"


def pages_of(root):
    folders = [".github", *(path.name for path in root.iterdir() if path.is_dir() and path.name[0] != ".")]
    built = [name for name in folders if name.startswith("build") or name == "results"]
    guides = (page for name in folders if name not in built for page in (root / name).rglob("*.md"))
    return [root / "README.md", *sorted(guides)]


def example_of(place, note, language, text, before):
    if language == "sh":
        return Example(place, language, text, "program" if note == "run" else "readable")
    if language == "python":
        return Example(place, language, text)
    if note == "continues":
        if before is None or not before.runs() or before.language != "cpp":
            raise Mistake(f"{place}: continues no program")
        end = before.source.rindex("}")
        return Example(place, language, before.source[:end] + text + before.source[end:], continues=before)
    if "int main" in text:
        return Example(place, language, text)
    return Example(place, language, PREAMBLE + text, "error" if note == "does not compile" else "declarations")


def examples_of(name, page):
    examples = []
    for match in BLOCK.finditer(page):
        note, language, text = match.groups()
        place = f"{name}:{page.count(chr(10), 0, match.start(3))}"
        before = examples[-1] if examples else None
        if language != "text":
            examples.append(example_of(place, note, language, text, before))
        elif note == "output" or (before and before.kind == "error" and before.expected is None):
            if before is None or before.kind not in ("program", "error"):
                raise Mistake(f"{place}: output of no program")
            before.expected = text
    for example in examples:
        if example.kind == "error" and example.expected is None:
            raise Mistake(f"{example.place}: does not say what the compiler prints")
    return examples


def run(example, command, **options):
    return subprocess.run(command, text=True, capture_output=True, **options)


class Compiler:
    def __init__(self, root, build):
        self.build = build
        self.command = [compiler_of(build), "-std=c++20", *pkg_config(build, "tapedeck", "--cflags")]
        self.command += [*precompiled(self.command, build), "-Wall", "-Wextra", "-Werror", "-fdiagnostics-color=never"]
        self.kept = Kept(build / "readme", self.command, header_texts(root / "include"))

    def file(self, example):
        """The program of an example; a file of what the compiler prints if it is none. The same text, headers and flags
        give the same."""
        return self.kept.path(example.source, example.kind)

    def compile(self, example):
        if example.language != "cpp" or self.file(example).exists():
            return
        file = self.file(example)
        source = file.with_suffix(".cpp")
        source.write_text(example.source)
        module = "tapedeck_io" if '"tapedeck/io/' in example.source else "tapedeck"
        link = [*pkg_config(self.build, module, "--libs"), f"-Wl,-rpath,{self.build}", "-o", str(file)]
        result = run(example, [*self.command, str(source), *(link if example.runs() else ["-fsyntax-only"])],
                     env={**os.environ, "LC_ALL": "C"})
        if bool(result.returncode) != (example.kind == "error"):
            raise Mistake(f"{example.place}: {'compiles' if example.kind == 'error' else 'does not compile'}\n"
                          f"{result.stderr}")
        if not example.runs():
            file.write_text(result.stderr)


def command_of(example, compiler):
    if example.language == "cpp":
        return [str(compiler.file(example))]
    if example.language == "python":
        return [environment(), "-c", example.source]
    return ["bash", "-euo", "pipefail", *(["-n"] if example.kind == "readable" else []), "-c", example.source]


def run_page(examples, compiler):
    variables = {**os.environ, "PATH": f"{compiler.build}:{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as folder:
        for example in examples:
            if example.kind == "error":
                example.printed = compiler.file(example).read_text()
            if example.kind not in ("program", "readable"):
                continue
            result = run(example, command_of(example, compiler), timeout=300, cwd=folder, env=variables)
            if result.returncode:
                raise Mistake(f"{example.place}: status {result.returncode}\n{result.stdout}{result.stderr}")
            example.printed = result.stdout


def compare(example):
    if example.expected is None:
        return
    printed, expected = example.printed, example.expected
    if example.continues:
        printed = printed.removeprefix(example.continues.printed)
    if example.kind == "error":  # the compiler breaks lines where it likes
        agrees = " ".join(expected.split()) in " ".join(printed.split())
    else:
        agrees = printed == expected
    if not agrees:
        raise Mistake(f"{example.place}: prints\n{printed}and not\n{expected}")


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:])
    try:
        if not (root / "README.md").exists():
            raise Mistake("README.md is missing")
        pages = [examples_of(page.relative_to(root), page.read_text()) for page in pages_of(root)]
        if not any(example.runs() for example in pages[0]):
            raise Mistake("README.md shows no program")
        compiler = Compiler(root, build)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compiler.compile, (example for page in pages for example in page)))
            list(pool.map(lambda page: run_page(page, compiler), pages))
        for page in pages:
            for example in page:
                compare(example)
    except Mistake as mistake:
        print(mistake)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
