#!/usr/bin/env python3
"""Every op and every layer has a benchmark in bench/micro, forward and backward, in float and in double; and each of
them runs.

usage: benchmarks.py ROOT BUILD

An op is a function in include/tapedeck/ops that gives a Value, a layer a class in include/tapedeck/layers that is
called with Values. Each benchmark runs as briefly as it can, and must tell rates; how fast it was is not looked at.
In a build without benchmarks (-DTAPEDECK_BENCH=OFF) there is nothing to check.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

OP = re.compile(r"TAPEDECK_API Value (\w+)\(")
CLASS = re.compile(r"^(?:class|struct) (?:TAPEDECK_API )?(\w+)[^;]*?\{(.*?)^\};", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^  Value operator\(\)\(", re.MULTILINE)
NAME = re.compile(r"(forward|backward)/(\w+)(?::\w+)?/\d+x\d+/(f32|f64)/")
KINDS = [(direction, scalar) for direction in ("forward", "backward") for scalar in ("f32", "f64")]


def texts(folder):
    return [header.read_text() for header in sorted(folder.glob("*.hpp"))]


def without_benchmark(root, names):
    ops = [name for text in texts(root / "include/tapedeck/ops") for name in OP.findall(text)]
    layers = [name for text in texts(root / "include/tapedeck/layers")
              for name, body in CLASS.findall(text) if CALL.search(body)]
    for kind, found in ("ops", ops), ("layers", layers):
        if not found:
            yield f"no {kind} found"
    there = {(match[1], match[3], match[2]) for match in map(NAME.match, names) if match}
    for name in ops + layers:
        for direction, scalar in KINDS:
            if (direction, scalar, name) not in there:
                yield f"{name} has no benchmark {direction}/{name}/.../{scalar}"


def without_result(names, runs):
    results = {run["name"]: run for run in runs}
    for name in names:
        run = results.get(name, {"error_message": "it did not run"})
        rates = ["items_per_second", "bytes_per_second"] if NAME.match(name) else []
        if "error_message" in run:
            yield f"{name}: {run['error_message']}"
        elif not all(run.get(rate, 0) > 0 for rate in rates):
            yield f"{name} does not tell its rates"


def main():
    root, build = Path(sys.argv[1]), Path(sys.argv[2])
    if re.search(r"^TAPEDECK_BENCH:BOOL=OFF$", (build / "CMakeCache.txt").read_text(), re.MULTILINE):
        return 0
    subprocess.run(["cmake", "--build", build, "--target", "tapedeck_bench", "--parallel", str(os.cpu_count())],
                   check=True, stdout=subprocess.DEVNULL)

    def bench(*options):
        return subprocess.run([build / "bench" / "tapedeck_bench", *options], check=True, text=True,
                              env={**os.environ, "OPENBLAS_CORETYPE": "Prescott"},  # which it takes no notice of
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    names = bench("--benchmark_list_tests").split()
    faults = list(without_benchmark(root, names))
    if not faults:
        report = json.loads(bench("--benchmark_min_time=0", "--benchmark_format=json"))
        faults = list(without_result(names, report["benchmarks"]))
        if "(its own choice)" not in report["context"].get("BLAS", ""):
            faults.append("it does not tell the kernels that OpenBLAS chose")
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
