"""Trains with the program, exports the weights, and lets PyTorch answer: its outputs are those of `tapedeck predict`.

usage: python_export.py PROGRAM
"""
import csv
import json
import random
import subprocess
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

program = Path(sys.argv[1])
# Predictions are printed with 6 significant digits; both sides compute in float, through sums of at most 25 terms.
TOLERANCE = 2e-6


def run(*arguments):
    return subprocess.run([program, *map(str, arguments)], text=True, capture_output=True, check=True).stdout


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def exported(model, weights, net):
    run("export", model, "--weights", weights)
    facts = {key: json.loads(value) for key, value in safe_open(weights, "pt").metadata().items() if value.startswith("[")}
    network = nn.Sequential(net)
    network.load_state_dict(load_file(weights))
    return network.eval(), facts


def inputs(rows, facts):
    """The features as the network takes them: categories as 0 and 1, then standardized."""
    categories = {column: facts[f"categories of {column}"] for column in facts["categories"]}
    table = []
    for row in rows:
        line = []
        for feature in facts["features"]:
            names = categories.get(feature)
            line += [float(row[feature] == name) for name in names] if names else [float(row[feature])]
        table.append(line)
    x = torch.tensor(table, dtype=torch.float64)
    x = (x - torch.tensor(facts["mean"], dtype=torch.float64)) / torch.tensor(facts["deviation"], dtype=torch.float64)
    return x.float()


def compare(what, got, wanted):
    difference = float((got - wanted).abs().max())
    if not difference <= TOLERANCE * max(1, float(wanted.abs().max())):
        sys.exit(f"{what}: PyTorch and tapedeck predict differ by {difference}")
    print(f"{what}: {got.numel()} numbers differ by at most {difference:.2g}")


def main():
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        points = [(1e6 * random.random(), random.choice("abc"), random.gauss(0, 1)) for _ in range(200)]
        write(folder / "classes.csv", ["far", "letter", "near", "kind"],
              [(*p, ["low", "middle", "high"][int(p[0] / 4e5) % 3]) for p in points])
        write(folder / "prices.csv", ["far", "letter", "near", "price", "weight"],
              [(*p, 250000 + p[0] / 10 + 1e4 * p[2], 1e-3 * p[2]) for p in points])

        run("train", folder / "classes.csv", "--target", "kind", "--net", "25,batch-norm,relu,7,tanh", "--epochs", 20,
            "--validation", 0.2, "--out", folder / "classes.st")
        network, facts = exported(folder / "classes.st", folder / "classes.weights", OrderedDict(
            fc_1=nn.Linear(5, 25), norm_1=nn.BatchNorm1d(25), a=nn.ReLU(), fc_2=nn.Linear(25, 7), b=nn.Tanh(),
            fc_3=nn.Linear(7, 3)))
        run("predict", folder / "classes.st", folder / "classes.csv", "--out", folder / "p.csv")
        with torch.no_grad():
            probabilities = network(inputs(rows_of(folder / "classes.csv"), facts)).softmax(1)
        answers = rows_of(folder / "p.csv")
        printed = [[float(row[f"p({name})"]) for name in facts["classes"]] for row in answers]
        compare("probabilities", probabilities, torch.tensor(printed))
        if [facts["classes"][int(i)] for i in probabilities.argmax(1)] != [row["kind"] for row in answers]:
            sys.exit("classes: PyTorch and tapedeck predict differ")

        run("train", folder / "prices.csv", "--target", "price,weight", "--loss", "mse", "--net", "16,silu", "--epochs", 50,
            "--out", folder / "prices.st")
        network, facts = exported(folder / "prices.st", folder / "prices.weights", OrderedDict(
            fc_1=nn.Linear(5, 16), a=nn.SiLU(), fc_2=nn.Linear(16, 2)))
        run("predict", folder / "prices.st", folder / "prices.csv", "--out", folder / "p.csv")
        with torch.no_grad():
            z = network(inputs(rows_of(folder / "prices.csv"), facts)).double()
        mean, deviation = (torch.tensor(facts[key], dtype=torch.float64) for key in ("target_mean", "target_deviation"))
        printed = [[float(row[name]) for name in facts["targets"]] for row in rows_of(folder / "p.csv")]
        for column, name in enumerate(facts["targets"]):
            scaled = (torch.tensor(printed, dtype=torch.float64)[:, column] - mean[column]) / deviation[column]
            compare(name, z[:, column], scaled)


main()
