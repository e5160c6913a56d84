#!/usr/bin/env python3
"""Holds the #include edges of include/ and lib/ to the order of the modules.

usage: includes.py ROOT [BUILD]

A file includes only from its own folder, from the modules that are named for it below, and the PLAIN headers, which include
no module themselves. What the library needs in private (Highway, Random123, JSON, ...) stays out of include/; Google
Benchmark, which users of bench/ bring along, is named there alone, and nothing includes bench/.
"""
import re
import sys
from pathlib import Path

# Each folder, and the folders that it may include from. The umbrella header (which lies in none) sees all of include/.
MAY_INCLUDE = {
    "kernels": "",  # vectorised loops, in lib/ only, where every folder may use them
    "core": "",
    "state": "core",
    "param": "core state",
    "tape": "core state param",
    "ops": "core param tape",
    "layers": "core param tape ops",
    "data": "core",
    "optim": "core state param",
    "io": "core state param tape data",
    "check": "core param tape",
    "bench": "core param tape",
    "train": "core state param tape ops layers data optim",
    "cli": "core state param tape ops layers data optim train io check",  # the program, in lib/ only
}
PRIVATE = {"kernels", "cli"}
PLAIN = {"tapedeck/core/api.hpp", "tapedeck/core/shape.hpp"}  # sizes and pointers: no Armadillo, no function
APART = {"bench", "io"}  # modules that not even the umbrella header includes
BROUGHT = {"bench": "<benchmark/benchmark.h>"}  # what users of a module bring along
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"][^>"]+[>"])', re.MULTILINE)


def folder_of(path):
    """The folder that a path below include/tapedeck or lib lies in; "" for the umbrella header, which lies in none."""
    parts = Path(path).parts
    return parts[0] if len(parts) > 1 else ""


def allowed_folders(folder, public):
    if folder == "":
        return MAY_INCLUDE.keys() - PRIVATE - APART
    allowed = {folder, *MAY_INCLUDE[folder].split()}
    return allowed if public else allowed | {"kernels"}


def complaints(root):
    for base in (root / "include" / "tapedeck", root / "lib"):
        public = base.name == "tapedeck"
        for file in sorted(p for p in base.rglob("*") if p.suffix in (".hpp", ".cpp")):
            inside, name = file.relative_to(base), file.relative_to(root)
            folder = folder_of(inside)
            if str(inside) != "tapedeck.hpp" and folder not in MAY_INCLUDE:
                yield f"{name} lies in no module"
                continue
            if public and folder in PRIVATE:
                yield f"{name}: {folder}/ is private and belongs into lib/"
            for quoted in INCLUDE.findall(file.read_text()):
                target = quoted[1:-1]
                edge = f"{name} includes {quoted}"
                if public and f"tapedeck/{inside}" in PLAIN and (quoted[0] == '"' or "/" in target or target == "armadillo"):
                    yield f"{edge}: this header includes the standard library's alone"
                    continue
                if target in PLAIN:
                    continue
                if folder == "kernels" and target == "armadillo":
                    yield f"{edge}: kernels are given pointers and sizes"
                    continue
                if quoted[0] == "<":
                    if public and "/" in target and BROUGHT.get(folder) != quoted:
                        yield f"{edge}: what the library needs in private stays in lib/"
                    continue
                if public and not target.startswith("tapedeck/"):
                    yield f'{edge}: public headers name each other "tapedeck/..."'
                    continue
                if target.startswith("tapedeck/"):
                    there = folder_of(target.removeprefix("tapedeck/"))
                else:
                    there = folder_of(target) or folder  # a neighbour may be named without its folder
                if there not in allowed_folders(folder, public):
                    allowed = ", ".join(sorted(allowed_folders(folder, public)))
                    yield f"{edge}: {folder or 'the umbrella'} may include from {allowed}"


if __name__ == "__main__":
    found = list(complaints(Path(sys.argv[1]).resolve()))
    print("\n".join(found))
    sys.exit(bool(found))
