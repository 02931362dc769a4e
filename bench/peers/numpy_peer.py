#!/usr/bin/env python3
"""numpy_peer.py -- numpy, measured: answers "job arguments" with seconds.

gradcheck in hidden out n      central differences, two evaluations a parameter (of
                               400 parameters, scaled to all)
epoch in hidden out batch n    one epoch of SGD by hand
"""
import sys
import time

import numpy as np

rng = np.random.default_rng(1)
SAMPLE = 400


def digits(n, width):
    return rng.random((n, width)) * (rng.random((n, width)) < 0.2)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def gradcheck(n_in, hidden, n_out, n):
    x, t = digits(n, n_in), np.eye(n_out)[rng.integers(n_out, size=n)]
    theta = 0.1 * rng.standard_normal(hidden * (n_in + 1) + n_out * (hidden + 1))
    cut = np.cumsum([hidden * n_in, hidden, n_out * hidden])

    def loss(v):
        w1, b1, w2, b2 = np.split(v, cut)
        a = sigmoid(x @ w1.reshape(hidden, n_in).T + b1)
        a = sigmoid(a @ w2.reshape(n_out, hidden).T + b2)
        return 0.5 * ((a - t) ** 2).sum() / n

    h = 1e-5
    start = time.process_time()
    for k in range(SAMPLE):
        saved = theta[k]
        theta[k] = saved + h
        up = loss(theta)
        theta[k] = saved - h
        _ = (up - loss(theta)) / (2 * h)
        theta[k] = saved
    return (time.process_time() - start) * theta.size / SAMPLE


def epoch(n_in, hidden, n_out, batch, n):
    x, t = digits(n, n_in), np.eye(n_out)[rng.integers(n_out, size=n)]
    w1, b1 = 0.1 * rng.standard_normal((hidden, n_in)), np.zeros(hidden)
    w2, b2 = 0.1 * rng.standard_normal((n_out, hidden)), np.zeros(n_out)
    rate = 0.5 / batch
    start = time.process_time()
    order = rng.permutation(n)
    for k in range(0, n, batch):
        pick = order[k:k + batch]
        xb, tb = x[pick], t[pick]
        a1 = sigmoid(xb @ w1.T + b1)
        a2 = sigmoid(a1 @ w2.T + b2)
        d2 = (a2 - tb) * a2 * (1 - a2)
        d1 = (d2 @ w2) * a1 * (1 - a1)
        w2 -= rate * (d2.T @ a1)
        b2 -= rate * d2.sum(0)
        w1 -= rate * (d1.T @ xb)
        b1 -= rate * d1.sum(0)
    return time.process_time() - start


print("numpy", np.__version__, flush=True)
for line in sys.stdin:
    job, *numbers = line.split()
    numbers = [int(k) for k in numbers]
    print(epoch(*numbers) if job == "epoch" else gradcheck(*numbers), flush=True)
