#!/usr/bin/env python3
"""Links in README.md and the guides lead to files and headings that exist, and README.md is short.

usage: links.py ROOT [BUILD]
"""
import re
import sys
from pathlib import Path

from readme_code import pages_of

MOST_LINES = 249
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def anchors(page):
    """The names by which headings can be linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL),
                          re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def faults(root):
    for page in pages_of(root):
        text = page.read_text()
        for link in LINK.findall(CODE.sub("", text)):
            if "://" in link:
                continue
            path, _, heading = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists() or (heading and heading not in anchors(target)):
                yield f"{page.relative_to(root)}: {link} leads nowhere"
    lines = len((root / "README.md").read_text().splitlines())
    if lines > MOST_LINES:
        yield f"README.md has {lines} lines, more than {MOST_LINES}"


found = list(faults(Path(sys.argv[1])))
print("\n".join(found))
sys.exit(bool(found))
