#!/usr/bin/env python3
"""The repository checks can fail: each is given a small tree with a fault planted in it, and must complain of that fault.

usage: self_test.py ROOT BUILD
"""
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
build = Path(sys.argv[2]).resolve()
faults = []


def check(name, files, complaint=None):
    """Runs a check on a tree of these files; it must pass, or fail and say `complaint`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        result = subprocess.run([HERE / name, root, build], text=True, capture_output=True)
    said = result.stdout + result.stderr
    if complaint is None and result.returncode != 0:
        faults.append(f"{name} does not accept {list(files)}: {said}")
    if complaint is not None and (result.returncode == 0 or complaint not in said):
        faults.append(f"{name} does not say '{complaint}' of {list(files)} but: {said}")


def edge(file, target, complaint=None):
    check("includes.py", {file: f"#include <vector>\n  # include {target}\n"}, complaint)


I = "include/tapedeck/"
edge(I + "tape/tape.hpp", '"tapedeck/param/parameter_store.hpp"')
edge(I + "tape/tape.hpp", '"tapedeck/tape/value.hpp"')
edge(I + "train/trainer.hpp", '"tapedeck/optim/adam.hpp"')
edge(I + "tapedeck.hpp", '"tapedeck/check/gradient_check.hpp"')
edge(I + "io/csv.hpp", '"tapedeck/data/dataset.hpp"')
edge(I + "io/checkpoint.hpp", '"tapedeck/optim/adam.hpp"', "io may include from core, data, io, param")
edge(I + "tapedeck.hpp", '"tapedeck/io/csv.hpp"', "the umbrella may include from")
edge("lib/ops/affine.cpp", '"kernels/affine.hpp"')
edge("lib/core/product.cpp", '"kernels/small_product.hpp"')
edge("lib/kernels/affine.cpp", '"kernels/vectors-inl.hpp"')
edge("lib/kernels/affine.cpp", "<hwy/highway.h>")
edge("lib/kernels/affine.hpp", '"tapedeck/core/shape.hpp"')
edge("lib/kernels/affine.hpp", '"tapedeck/core/matrix.hpp"', "kernels may include from kernels")
edge("lib/kernels/affine.hpp", '"core/ranges.hpp"', "kernels may include from kernels")
edge("lib/kernels/affine.cpp", "<armadillo>", "pointers and sizes")
edge(I + "core/shape.hpp", "<cstddef>")
edge(I + "core/shape.hpp", '"tapedeck/core/matrix.hpp"', "standard library's alone")
edge(I + "core/shape.hpp", "<armadillo>", "standard library's alone")
edge("lib/ops/affine.cpp", '"helpers.hpp"')
edge("lib/ops/affine.cpp", "<hwy/highway.h>")
edge("lib/cli/main.cpp", '"tapedeck/io/checkpoint.hpp"')
edge(I + "bench/op_benchmark.hpp", "<benchmark/benchmark.h>")
edge(I + "bench/op_benchmark.hpp", '"tapedeck/tape/tape.hpp"')
edge(I + "bench/op_benchmark.hpp", '"tapedeck/check/gradient_check.hpp"', "bench may include from bench, core, param, tape")
edge(I + "bench/op_benchmark.hpp", "<hwy/highway.h>", "stays in lib/")
edge(I + "tapedeck.hpp", '"tapedeck/bench/op_benchmark.hpp"', "the umbrella may include from")
edge(I + "tape/tape.hpp", "<benchmark/benchmark.h>", "stays in lib/")
edge(I + "param/parameter.hpp", '"tapedeck/tape/tape.hpp"', "param may include from core, param")
edge(I + "optim/adam.hpp", '"tapedeck/tape/tape.hpp"', "optim may include from core, optim, param")
edge(I + "optim/adam.hpp", '"tapedeck/data/batches.hpp"', "optim may include")
edge(I + "tape/tape.hpp", '"tapedeck/data/batches.hpp"', "tape may include")
edge(I + "train/trainer.hpp", '"tapedeck/io/checkpoint.hpp"', "train may include")
edge(I + "ops/affine.hpp", '"tapedeck/tapedeck.hpp"', "ops may include")
edge("lib/core/random.cpp", '"tapedeck/param/parameter.hpp"', "core may include")
edge("lib/check/gradient_check.cpp", '"ops/affine_helpers.hpp"', "check may include")
edge(I + "ops/affine.hpp", '"kernels/affine.hpp"', "name each other")
edge(I + "ops/affine.hpp", "<hwy/highway.h>", "stays in lib/")
edge(I + "kernels/affine.hpp", "<vector>", "is private")
edge(I + "zoo/lion.hpp", "<vector>", "lies in no module")
edge("lib/stray.cpp", "<vector>", "lies in no module")

fixed = ("lib include bench tests cmake .ci .github CMakeLists.txt README.md LICENSE .clang-format .clang-tidy").split()
tree = {name if "." in name[1:] or name in ("LICENSE", ".clang-format", ".clang-tidy") else name + "/file": ""
        for name in fixed}
tree[".gitignore"] = "/build*/\n/results/\n"
check("top_level.py", tree | {"build-thread/file": ""})
check("top_level.py", tree | {"docs/file": ""}, "docs does not belong")
check("top_level.py", {name: text for name, text in tree.items() if name != "LICENSE"}, "LICENSE is missing")

check("silent_library.py", {"lib/a.cpp": "// std::cout << x\nif (&out == &std::cout) log.exit(1);\n"})
check("silent_library.py", {"lib/cli/a.cpp": "std::cout << 1;\n"})
check("silent_library.py", {"lib/a.cpp": "\n  std::cerr << 1;\n"}, "lib/a.cpp:2")
check("silent_library.py", {"include/a.hpp": "std::abort();\n"}, "include/a.hpp:1")
check("silent_library.py", {"lib/b/a.cpp": "x(); exit(1);\n"}, "lib/b/a.cpp:1")

check("no_leftovers.py", {"lib/a.cpp": "int todo_list;\n"})
check("no_leftovers.py", {"lib/core/a.cpp": "\n// TO" + "DO: later\n"}, "lib/core/a.cpp:2")
check("no_leftovers.py", {"tests/run": "# FIX" + "ME\n"}, "tests/run:1")

check("headers_alone.py", {I + "a.hpp": "#pragma once\n#include <vector>\nstd::vector<int> numbers();\n"})
check("headers_alone.py", {I + "a.hpp": "std::vector<int> numbers();\n"}, "a.hpp:1")
check("headers_alone.py", {I + "a.hpp": "inline int f(int unused) { return 1; }\n"}, "unused")
header = "#include <armadillo>\n#include {}\ninline arma::mat f() {{ return arma::mat(1, 1); }}\n"
check("headers_alone.py", {I + "a.hpp": header.format("<vector>")})
check("headers_alone.py", {I + "a.hpp": header.format('"tapedeck/missing.hpp"')}, "missing.hpp")
check("headers_alone.py", {}, "no headers found")

check("benchmarks.py", {}, "no ops found")
check("benchmarks.py", {I + "ops/a.hpp": "TAPEDECK_API Value nobody(const Value& x);\n"}, "nobody has no benchmark")
layer = "class TAPEDECK_API Nobody {\n public:\n  Value operator()(const Value& x) const;\n};\n"
check("benchmarks.py", {I + "layers/a.hpp": layer}, "Nobody has no benchmark")

PROGRAM = """```cpp
#include <cstdio>
int main() {
  std::puts("first");
}
```
"""
check("readme_code.py", {}, "README.md is missing")
check("readme_code.py", {"README.md": "# A title\n"}, "shows no program")
check("readme_code.py", {"README.md": PROGRAM + "text\n<!-- output -->\n```text\nfirst\n```\n"})
check("readme_code.py", {"README.md": PROGRAM + "<!-- output -->\n```text\nsecond\n```\n"}, "prints\nfirst\nand not")
check("readme_code.py", {"README.md": PROGRAM.replace("first\")", "first\"")}, "README.md:1: does not compile")
check("readme_code.py", {"README.md": PROGRAM.replace('std::puts("first")', "return 3")}, "status 3")
more = '<!-- continues -->\n```cpp\n  std::puts("more");\n```\n<!-- output -->\n```text\nmore\n```\n'
check("readme_code.py", {"README.md": PROGRAM + more})
check("readme_code.py", {"README.md": PROGRAM + more.replace("text\nmore", "text\nless")}, "prints\nmore\nand not")
check("readme_code.py", {"README.md": more}, "continues no program")

EXAMPLE = """// Prints a word.
// And a time.
#include <cstdio>

int main() { std::puts("# 3 s\\nfirst"); }

// Output:
// # 2 s
// first
"""
X = "bench/examples/"
listed = {X + "README.md": "`01_first.cpp`: a word\n"}


def example(text, complaint=None, beside=listed):
    check("examples.py", beside | {X + "01_first.cpp": text}, complaint)


check("examples.py", {}, "no examples found")
example(EXAMPLE)
example(EXAMPLE.replace("// first", "// second"), "01_first.cpp: prints\n# 3 s\nfirst\nand not\n# 2 s\nsecond")
example(EXAMPLE.replace('first")', 'first"'), "does not compile")
example(EXAMPLE.replace("main() { ", "main() { return 3; "), "status 3")
example(EXAMPLE.replace("main() { ", 'main() { std::fopen("left", "w"); '), "leaves behind left")
example(EXAMPLE.replace("// And a time.\n", ""), "begins with 1 lines of comment")
example(EXAMPLE + "int x;\n", "does not end with a comment")
example(EXAMPLE.replace("#include", "\n" * 60 + "#include"), "69 lines")
example(EXAMPLE, "is not listed", {X + "README.md": ""})
example(EXAMPLE, "there is no 02_second.cpp", {X + "README.md": "`01_first.cpp`, `02_second.cpp`\n"})
GUIDE = "include/tapedeck/tape/README.md"
page = {"README.md": PROGRAM}
check("readme_code.py", page | {GUIDE: "```cpp\ntd::Value use(const td::Value& x) { return td::relu(x); }\n```\n"})
check("readme_code.py", page | {GUIDE: PROGRAM.replace("first\")", "first\"")}, GUIDE + ":1: does not compile")
check("readme_code.py", page | {GUIDE: "```cpp\nint f() { return none; }\n```\n"}, GUIDE + ":1: does not compile")
check("readme_code.py", page | {"build/a.md": "```cpp\nnone\n```\n"})
wrong = "<!-- does not compile -->\n```cpp\nint f() { return none; }\n```\n```text\n'none' was not\ndeclared\n```\n"
check("readme_code.py", page | {GUIDE: wrong})
check("readme_code.py", page | {GUIDE: wrong.replace("declared", "found")}, "and not\n'none' was not\nfound")
check("readme_code.py", page | {GUIDE: wrong.replace("none;", "1;")}, GUIDE + ":2: compiles")
check("readme_code.py", page | {GUIDE: wrong[:wrong.index("```text")]}, "does not say what the compiler prints")
shell = "<!-- run -->\n```sh\necho some >file\n```\n<!-- run -->\n```sh\ncat file\n```\n<!-- output -->\n```text\nsome\n```\n"
check("readme_code.py", page | {".github/a.md": shell})
check("readme_code.py", page | {".github/a.md": shell.replace("cat file", "cat no_file")}, ".github/a.md:6: status 1")
check("readme_code.py", page | {GUIDE: shell.replace("text\nsome", "text\nmore")}, "prints\nsome\nand not\nmore")
check("readme_code.py", page | {GUIDE: "```sh\nrm -r /no/such/folder\n```\n"})
check("readme_code.py", page | {GUIDE: "```sh\nif true; the\n```\n"}, GUIDE + ":1: status 2")
check("readme_code.py", page | {GUIDE: "```python\nprint(1 / 0)\n```\n"}, "ZeroDivisionError")

linked = {"README.md": "# A title\n[there](lib/README.md#the-other-one)\n", "lib/README.md": "## The *other* one\n"}
check("links.py", linked)
check("links.py", linked | {"lib/README.md": "## Another one\n"}, "lib/README.md#the-other-one leads nowhere")
check("links.py", {"README.md": "[there](lib/README.md)\n"}, "README.md: lib/README.md leads nowhere")
check("links.py", {"README.md": "`[no](link)` [far](https://example.org)\n```cpp\nf[i](x);\n```\n"})
check("links.py", {"README.md": "a line\n" * 250}, "README.md has 250 lines")

WRONG = "void use(const tapedeck::Value& x) { tapedeck::relu(x, x); }\n"
E = "tests/contract/example.cpp"
check("contract.py", {}, "no examples")
check("contract.py", {E: "int x;\n"}, "does not begin with what is to happen")
check("contract.py", {E: "// compiles\nint x;\n"})
check("contract.py", {E: "// error: too many arguments\n" + WRONG})
check("contract.py", {E: "// compiles\n" + WRONG}, "example.cpp: 1 errors and not 0")
check("contract.py", {E: "// compiles\n#warning new\n"}, "0 errors and not 0")
check("contract.py", {E: "// 2 errors: too many arguments\n" + WRONG}, "1 errors and not 2")
check("contract.py", {E: "// error: too few arguments\n" + WRONG}, "not said 1 times: too few arguments")
check("contract.py", {E: "// error: too many arguments\n" + WRONG + "#warning " + "x\n#warning " * 9 + "x\n"}, "lines for 1 error")

print("\n".join(faults))
sys.exit(bool(faults))
