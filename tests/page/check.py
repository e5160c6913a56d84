#!/usr/bin/env python3
"""Looks at a page of results in headless Chromium, without a network: nothing is clipped or wider than the screen, words in
pictures can be read and stand on no others; and the lines' colours differ for colour-blind readers.

usage: check.py PAGE COLOURS        COLOURS is the source that has the lines' colours
"""
import itertools
import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCREENS = {"telephone": (390, 844), "desktop": (1280, 900)}

# Runs in a page around the one that is looked at, which is in a frame as wide as the screen.
LOOK = """
const frame = document.querySelector('iframe');
frame.onload = () => {
  const page = frame.contentDocument, faults = [], root = page.documentElement;
  page.querySelectorAll('details').forEach(d => d.open = true);
  const width = root.clientWidth;
  if (root.scrollWidth > width) faults.push(`the page is ${root.scrollWidth} wide on ${width}`);
  const words = node => `"${node.textContent.trim().slice(0, 40)}"`;
  for (const e of page.body.querySelectorAll(':not(svg *)')) {
    const r = e.getBoundingClientRect();
    if (r.width > 0 && (r.right > width + 1 || r.left < -1)) faults.push(`<${e.tagName}> ${words(e)} ends at ${r.right}`);
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).overflowX !== 'visible')
      faults.push(`<${e.tagName}> ${words(e)} is clipped`);
  }
  const pictures = [...page.querySelectorAll('svg')];
  for (const svg of pictures) {
    const name = svg.querySelector('title').textContent, frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
    const boxes = texts.map(t => t.getBoundingClientRect());
    if (!texts.length) faults.push(`${name}: no words`);
    texts.forEach((t, i) => {
      const b = boxes[i];
      if (b.left < frame.left - 1 || b.right > frame.right + 1 || b.top < frame.top - 1 || b.bottom > frame.bottom + 1)
        faults.push(`${name}: ${words(t)} is cut off`);
      const size = parseFloat(getComputedStyle(t).fontSize) * frame.width / svg.viewBox.baseVal.width;
      if (!(size >= 9)) faults.push(`${name}: ${words(t)} is set in ${size} pixels`);
      for (let j = 0; j < i; ++j) {
        const a = boxes[j];
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (x > 1 && y > 3) faults.push(`${name}: ${words(t)} stands on ${words(texts[j])}`);
      }
    });
  }
  const fetched = frame.contentWindow.performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith('data:'));
  fetched.forEach(n => faults.push(`fetches ${n}`));
  document.body.textContent = 'LOOKED ' + JSON.stringify({faults, pictures: pictures.length}) + ' LOOKED';
};
frame.srcdoc = PAGE;
"""


def look_at(page, screen):
    width, height = SCREENS[screen]
    content = json.dumps(page.read_text(encoding="utf-8")).replace("</", "<\\/").replace("<!--", "<\\!--")
    frame = f'<iframe width="{width}" height="{height}" style="border:0"></iframe>'
    with tempfile.TemporaryDirectory() as folder:
        around = Path(folder) / "around.html"
        around.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}<script>{LOOK.replace('PAGE', content)}</script>",
                          encoding="utf-8")
        run = subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
             "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=60000", f"--window-size={width + 40},{height + 40}",
             "--dump-dom", around.as_uri()], text=True, capture_output=True, timeout=300, check=False)
    found = re.search(r"LOOKED (.*) LOOKED", run.stdout, re.DOTALL)
    if not found:
        raise SystemExit(f"Chromium gave no answer:\n{run.stderr[-2000:]}")
    answer = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    print(f"{screen}: {answer['pictures']} pictures, {len(answer['faults'])} faults")
    if not answer["pictures"]:
        answer["faults"].append("no pictures")
    return [f"{screen}: {fault}" for fault in answer["faults"]]


# How linear RGB is seen without one kind of cones: Machado, Oliveira and Fernandes, IEEE TVCG 15, 2009, severity 1.
SIGHTS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# A just noticeable difference is about 2.3 (Mahy, Van Eycken and Oosterlinck, Color Research and Application 19, 1994); lines
# are thin and apart, so five times that is asked for.
LEAST_DIFFERENCE = 11.5


def lab(colour, sight):
    """CIE L*a*b*, D65, of an sRGB colour as it is seen."""
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    seen = [min(1, max(0, sum(a * b for a, b in zip(row, linear)))) for row in SIGHTS[sight]]
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(a * b for a, b in zip(row, seen)) / white for row, white in zip(to_xyz, (0.9505, 1, 1.089))]
    x, y, z = (t ** (1 / 3) if t > (6 / 29) ** 3 else t * (29 / 6) ** 2 / 3 + 4 / 29 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def compare_colours(source):
    colours = re.findall(r"#[0-9A-F]{6}", re.search(r"colours\[\] = \{(.*?)\}", source.read_text(), re.DOTALL)[1])
    faults = [] if len(colours) >= 7 else [f"only {len(colours)} colours, and Figure 8 has seven lines"]
    least = math.inf
    for sight in SIGHTS:
        for a, b in itertools.combinations(colours, 2):
            difference = math.dist(lab(a, sight), lab(b, sight))
            least = min(least, difference)
            if difference < LEAST_DIFFERENCE:
                faults.append(f"{a} and {b} differ by {difference:.1f} with {sight}")
    print(f"{len(colours)} colours: they differ by at least {least:.1f} for all kinds of sight")
    return faults


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    faults = [fault for screen in SCREENS for fault in look_at(Path(sys.argv[1]), screen)]
    faults += compare_colours(Path(sys.argv[2]))
    print("\n".join(faults[:60]))
    sys.exit(bool(faults))


main()
