#!/usr/bin/env python3
"""The comparison with others, bench/peers, compares like with like: after three steps from the same numbers its
contenders have the same parameters. It has all rows, writes what it says, and lets OpenBLAS choose its kernels.

usage: comparison.py ROOT BUILD

How fast anyone was is not looked at. In a build without benchmarks (-DTAPEDECK_BENCH=OFF) there is nothing to check.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = {"w1": [1, 5, 50, 500, 1000], "w1-tanh": [50, 500], "w1-mse-adam": [1, 5], "w1-adam": [50, 500],
        "w1-batchnorm": [50, 500], "w2": [128, 128], "w2-forward": [1, 128], "w3": [256, 256],
        "tiny": [4], "odd": [1, 3, 7, 33, 200], "reg": [16], "reg-tanh": [64], "higgs": [100]}
ALWAYS = ["ours_us", "ours_best_us", "gemm_us", "gemm_best_us", "ratio_gemm", "hand_us"]
WITH_LIBTORCH = ["libtorch_us", "ratio_libtorch"]


def disagreements(check):
    lines = check.stdout.splitlines()
    if check.returncode:
        yield check.stderr.strip()
    for name, batches in ROWS.items():
        for batch in batches:
            if not any(line.startswith(f"{name}, batch {batch}, ") for line in lines):
                yield f"{name}, batch {batch}: nobody was compared with ours"


def faults_of(rows, asked, libtorch):
    if [(row["workload"], row["batch"], row["threads"]) for row in rows] != [(asked, batch, 1) for batch in ROWS[asked]]:
        yield f"{asked}: its rows are {rows}"
    for row in rows:
        for field in ALWAYS + WITH_LIBTORCH:
            wanted = field in ALWAYS or libtorch
            value = row.get(field, "missing")
            if (not isinstance(value, float) or not value > 0) if wanted else value is not None:
                yield f"{asked}, batch {row['batch']}: {field} is {value}"


def wrong_kernels(compare):
    """Of the kernels that OpenBLAS chooses, whatever the environment says, and of those that an option names."""
    quick = ["--only", "tiny", "--min-time", "0", "--repetitions", "1"]

    def kernels(*options, **variables):
        heading = compare(*quick, *options, env={**os.environ, **variables}).stdout
        return re.search(r"^OpenBLAS .*, kernels for (\w+) \((.*)\)$", heading, re.MULTILINE).groups()

    own, reason = kernels()
    if reason != "its own choice":
        yield f"OpenBLAS's kernels are {own}: {reason}"
    for variables in {"OPENBLAS_CORETYPE": "Prescott"}, {"OPENBLAS_L2_SIZE": "4096", "OPENBLAS_CORETYPE": "Generic"}:
        if kernels(**variables) != (own, "its own choice"):
            yield f"{variables} decides about OpenBLAS's kernels"
    if kernels("--coretype", own, OPENBLAS_CORETYPE="Prescott") != (own, "set by --coretype"):
        yield f"--coretype {own} is not followed"
    refused = compare(*quick, "--coretype", "nonesuch")
    if refused.returncode != 1 or "no kernels nonesuch" not in refused.stderr:
        yield f"--coretype nonesuch: status {refused.returncode}, {refused.stderr}"


def main():
    build = Path(sys.argv[2])
    if re.search(r"^TAPEDECK_BENCH:BOOL=OFF$", (build / "CMakeCache.txt").read_text(), re.MULTILINE):
        return 0
    subprocess.run(["cmake", "--build", build, "--target", "tapedeck_compare", "--parallel", str(os.cpu_count())],
                   check=True, stdout=subprocess.DEVNULL)

    def compare(*options, env=None):
        return subprocess.run([build / "bench" / "peers" / "tapedeck_compare", *options], text=True,
                              capture_output=True, env=env)

    check = compare("--check")
    faults = list(disagreements(check))
    listed = [re.match(r"([\w-]+), batch (\d+), ", line).groups() for line in compare("--list").stdout.splitlines()]
    if listed != [(name, str(batch)) for name, batches in ROWS.items() for batch in batches]:
        faults.append(f"its rows are {listed}")
    faults += wrong_kernels(compare)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        compare("--only", "w1-tanh", "--min-time", "0", "--repetitions", "1", "--json", file).check_returncode()
        faults += faults_of(json.loads(file.read_text()), "w1-tanh", "libtorch" in check.stdout)
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
