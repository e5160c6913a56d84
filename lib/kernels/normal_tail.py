#!/usr/bin/env python3
"""The coefficients of the normal tail in lib/kernels/map_elements.cpp.

For x >= 0, P(-x) = exp(-x^2 / 2) g(q) / (1 + 2 x) with q = (x - k) / (x + k) in [-1, 1): g is smooth up to x = infinity
(the form of Shepherd and Laframboise, Math. Comp. 36 (1981), 249-253). g is interpolated at Chebyshev's nodes, within
a small factor of the best polynomial of its degree, and written in powers of q.

Prints the coefficients, lowest first, and the largest relative error of the polynomial.
"""
from mpmath import cos, erfc, exp, lu_solve, matrix, mp, mpf, nstr, pi, polyval, sqrt

mp.dps = 60


def g(q, k):
    if q == 1:
        return 2 / sqrt(2 * pi)
    x = k * (1 + q) / (1 - q)
    if x > 1000:  # the asymptotic series of Mills's ratio
        ratio, term = mpf(0), 1 / x
        for n in range(12):
            ratio += term
            term *= -(2 * n + 1) / x**2
        return ratio / sqrt(2 * pi) * (1 + 2 * x)
    return erfc(x / sqrt(2)) / 2 * exp(x * x / 2) * (1 + 2 * x)


def fit(degree, k):
    n = degree + 1
    nodes = [cos(pi * (i + mpf(1) / 2) / n) for i in range(n)]
    powers = matrix(n, n)
    for i, q in enumerate(nodes):
        for j in range(n):
            powers[i, j] = q**j
    c = list(lu_solve(powers, matrix([g(q, k) for q in nodes])))
    worst = max(abs(polyval(c[::-1], q) / g(q, k) - 1) for q in (mpf(i) / 500 for i in range(-500, 501)))
    return c, worst


for name, degree, k in ("double", 24, mpf(4)), ("float", 12, mpf(4)):
    coefficients, error = fit(degree, k)
    print(f"{name}: k = {nstr(k, 3)}, relative error {nstr(error, 3)}")
    for c in coefficients:
        print(f"    {nstr(c, 21 if name == 'double' else 12)},")
