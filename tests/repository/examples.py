#!/usr/bin/env python3
"""Compiles and runs the programs in bench/examples, against the library in the build folder.

usage: examples.py ROOT BUILD

A program begins with a comment of two to four lines, has fewer than 60 lines, and is listed in the README.md beside it. It
ends with status 0 and leaves no files behind. After a line `// Output:` stands what it prints, as a comment: the last lines
of the file. Lines that begin with `# ` are not compared: times, and figures that differ from processor to processor.
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compiling import Kept, compiler_of, header_texts, pkg_config, precompiled

COMMENT = re.compile(r"(// .+\n)*")
OUTPUT = re.compile(r"^// Output:\n((?://.*\n)+)\Z", re.MULTILINE)


class Mistake(Exception):
    pass


def expected_of(source, listed):
    """What the source says that it prints. `listed` are the names in README.md."""
    text = source.read_text()
    comment = COMMENT.match(text)[0].count("\n")
    if not 2 <= comment <= 4:
        raise Mistake(f"begins with {comment} lines of comment; expected 2 to 4")
    if text.count("\n") >= 60:
        raise Mistake(f"{text.count(chr(10))} lines; expected fewer than 60")
    if source.name not in listed:
        raise Mistake("is not listed in README.md")
    output = OUTPUT.search(text)
    if not output:
        raise Mistake("does not end with a comment `// Output:` and what it prints")
    return [line[2:].removeprefix(" ") for line in output[1].splitlines()]


def compiled(source, kept, command, build):
    # The same text, headers and flags give the same binary.
    text = source.read_text()
    binary = kept.path(text)
    if not binary.exists():
        module = "tapedeck_io" if '"tapedeck/io/' in text else "tapedeck"
        link = [*pkg_config(build, module, "--libs"), f"-Wl,-rpath,{build}"]
        result = subprocess.run([*command, str(source), *link, "-o", str(binary)], text=True, capture_output=True)
        if result.returncode:
            raise Mistake(f"does not compile\n{result.stderr}")
    return binary


def printed_by(binary):
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run([binary], text=True, capture_output=True, timeout=300, cwd=folder)
        left = sorted(file.name for file in Path(folder).iterdir())
    if result.returncode:
        raise Mistake(f"status {result.returncode}\n{result.stdout}{result.stderr}")
    if left:
        raise Mistake(f"leaves behind {', '.join(left)}")
    return result.stdout.splitlines()


def compared(lines):
    return [line for line in lines if not line.startswith("# ")]


def fault_of(source, listed, kept, command, build):
    """What is wrong with an example, or None."""
    try:
        expected = expected_of(source, listed)
        printed = printed_by(compiled(source, kept, command, build))
        if compared(printed) != compared(expected):
            raise Mistake("\n".join(["prints", *printed, "and not", *expected]))
    except Mistake as mistake:
        return f"{source.name}: {mistake}"
    return None


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:])
    folder = root / "bench" / "examples"
    sources = sorted(folder.glob("*.cpp"))
    if not sources:
        print("no examples found")
        return 1
    readme = folder / "README.md"
    listed = set(re.findall(r"\w+\.cpp", readme.read_text())) if readme.exists() else set()
    command = [compiler_of(build), "-std=c++20", *pkg_config(build, "tapedeck", "--cflags")]
    command += [*precompiled(command, build), "-Wall", "-Wextra", "-Werror"]
    kept = Kept(build / "examples", command, header_texts(root / "include"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda s: fault_of(s, listed, kept, command, build), sources) if fault]
    faults += [f"README.md: there is no {name}" for name in sorted(listed - {source.name for source in sources})]
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
