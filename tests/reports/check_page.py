#!/usr/bin/env python3
"""A page of results is well-formed, needs nothing but itself, and its pictures do not share ids.

usage: check_page.py PAGE
"""
import re
import sys
import xml.etree.ElementTree as xml
from html.parser import HTMLParser

EMPTY = {"meta", "br", "img", "hr", "link", "input"}


class Checker(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.references, self.faults = [], [], [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "link", "iframe"):
            self.faults.append(f"<{tag}>")
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src"):
                if value.startswith("#"):
                    self.references.append(value[1:])
                elif not value.startswith("data:image/png;base64,"):
                    self.faults.append(f"<{tag}> fetches {value}")
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


text = open(sys.argv[1], encoding="utf-8").read()
checker = Checker()
checker.feed(text)
checker.close()
faults = checker.faults + [f"<{tag}> is never closed" for tag in checker.open]
faults += [f"id {i} is there twice" for i in sorted({i for i in checker.ids if checker.ids.count(i) > 1})]
faults += [f"there is no id {i}" for i in sorted(set(checker.references) - set(checker.ids))]
pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
if not pictures:
    faults.append("no pictures")
for picture in pictures:
    try:
        root = xml.fromstring(picture)
        if root.find("{*}title") is None or "viewBox" not in root.attrib:
            faults.append("a picture without title or viewBox")
    except xml.ParseError as error:
        faults.append(f"a picture is no XML: {error}")
print("\n".join(faults))
sys.exit(bool(faults))
