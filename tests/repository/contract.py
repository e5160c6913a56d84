#!/usr/bin/env python3
"""Compiles the examples in tests/contract and reads what the compiler says: the wrong ones get one sentence.

usage: contract.py ROOT BUILD

An example's first lines, a comment, say what is to happen:
    // compiles                there is not a word
    // error: SENTENCE         one error, and the compiler prints the sentence
    // 2 errors: SENTENCE      likewise with more errors, such as one each for float and double
A sentence may run over several lines of comment. What is printed is at most LINES lines for each error, so that nobody
has to look for the sentence.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compiling import compiler_of, pkg_config, precompiled

LINES = 28
LABEL = re.compile(r"(?:(?P<compiles>compiles)|error: |(?P<count>\d+) errors: )(?P<sentence>.*)")


def expectation(source):
    """How many errors an example is to give, and the sentence."""
    comment = []
    for line in source.read_text().splitlines():
        if not line.startswith("// "):
            break
        comment.append(line[3:])
    label = LABEL.fullmatch(" ".join(comment))
    if label is None:
        raise SystemExit(f"{source.name}: does not begin with what is to happen")
    return 0 if label["compiles"] else int(label["count"] or 1), label["sentence"]


def complaints(source, command):
    errors, sentence = expectation(source)
    result = subprocess.run([*command, str(source)], text=True, capture_output=True,
                            env={**os.environ, "LC_ALL": "C"})
    said = result.stdout + result.stderr
    lines = said.count("\n")
    found = len(re.findall(r"\berror: ", said))
    if found != errors or (errors == 0 and said):
        return f"{source.name}: {found} errors and not {errors}\n{said}"
    if said.count(sentence) < errors:
        return f"{source.name}: not said {errors} times: {sentence}\n{said}"
    if lines > LINES * errors:
        return f"{source.name}: {lines} lines for {errors} errors\n{said}"
    return None


def main():
    root, build = (Path(argument).resolve() for argument in sys.argv[1:])
    sources = sorted((root / "tests" / "contract").glob("*.cpp"))
    if not sources:
        raise SystemExit("there are no examples in tests/contract")
    command = [compiler_of(build), "-std=c++20", *pkg_config(build, "tapedeck", "--cflags")]
    command += [*precompiled(command, build), "-fsyntax-only", "-fdiagnostics-color=never", "-Wall", "-Wextra"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda source: complaints(source, command), sources) if fault]
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
