"""Functional style: parameters in, gradients out; no numpy, nothing is changed in place."""
import math
import os
import random
from functools import reduce


def dot(u, v):
    return sum(a * b for a, b in zip(u, v))


def transpose(m):
    return [list(c) for c in zip(*m)]


def add(m, n):
    return [add(a, b) for a, b in zip(m, n)] if isinstance(m, list) else m + n


def scale(m, c):
    return [scale(a, c) for a in m] if isinstance(m, list) else m * c


def softmax(z):
    e = [math.exp(v - max(z)) for v in z]
    return [v / sum(e) for v in e]


def layers_of(params, x):
    """All activations, the input first."""
    acts = [x]
    for k, (w, b) in enumerate(params):
        z = [dot(row, acts[-1]) + c for row, c in zip(w, b)]
        acts.append(softmax(z) if k == len(params) - 1 else [math.tanh(v) for v in z])
    return acts


def gradient_one(params, x, t):
    acts = layers_of(params, x)
    delta = [p - q for p, q in zip(acts[-1], t)]
    grads = []
    for (w, _), a in zip(params[::-1], acts[-2::-1]):
        grads.insert(0, [[[d * v for v in a] for d in delta], delta])
        delta = [dot(column, delta) * (1 - v * v) for column, v in zip(transpose(w), a)]
    return grads


def gradient(params, xs, ts):
    """of the mean cross-entropy"""
    return scale(reduce(add, (gradient_one(params, x, t) for x, t in zip(xs, ts))), 1 / len(xs))


def random_params(sizes):
    return [[[[random.gauss(0, 1 / math.sqrt(i)) for _ in range(i)] for _ in range(o)], [0.0] * o]
            for i, o in zip(sizes, sizes[1:])]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    params = random_params([3, 5, 4, 4, 3])
    probe = backprobe.Probe("3-5-4-4-3 tanh,softmax softmax-cross-entropy mean", name="functional_lists")
    for k in range(4):
        probe.weights(k + 1, params[k], 0)
        probe.biases(k + 1, params[k], 1)
    probe.predict = lambda xs: [layers_of(params, list(x))[-1] for x in xs]
    probe.gradient = lambda xs, ts: gradient(params, xs, ts)
    probe.serve()

if __name__ == "__main__":
    random.seed(16)
    params = random_params([3, 5, 4, 4, 3])
    xs = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(30)]
    ts = [[float(max(x) == v) for v in x] for x in xs]
    for epoch in range(151):
        if epoch % 50 == 0:
            print(epoch, -sum(math.log(dot(layers_of(params, x)[-1], t)) for x, t in zip(xs, ts)) / 30)
        params = add(params, scale(gradient(params, xs, ts), -1.0))
