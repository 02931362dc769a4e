"""Somebody's network over lists, which only trains: "python3 xor.py wrong" has the mistake.

    backprobe check --subject 'python3 xor.py'
"""
import math
import os
import random
import sys

WRONG = "wrong" in sys.argv

random.seed(2)
hidden = [[random.uniform(-1, 1) for _ in range(2)] + [0.0] for _ in range(3)]  # bias last
output = [[random.uniform(-1, 1) for _ in range(3)] + [0.0] for _ in range(2)]


def layer(weights, inputs):
    sums = [sum(w * x for w, x in zip(row, inputs + [1.0])) for row in weights]
    return [1 / (1 + math.exp(-s)) for s in sums]


def think(inputs):
    return layer(output, layer(hidden, inputs))


def learn(inputs, wanted, rate):
    h = layer(hidden, inputs)
    o = layer(output, h)
    delta_o = [(o[k] - wanted[k]) * o[k] * (1 - o[k]) for k in range(2)]
    delta_h = []
    for j in range(3):
        e = 0.0
        for k in range(2):
            if WRONG:
                e = output[k][j] * delta_o[k]
            else:
                e += output[k][j] * delta_o[k]
        delta_h.append(e * h[j] * (1 - h[j]))
    for k in range(2):
        for j, x in enumerate(h + [1.0]):
            output[k][j] -= rate * delta_o[k] * x
    for j in range(3):
        for i, x in enumerate(inputs + [1.0]):
            hidden[j][i] -= rate * delta_h[j] * x


# ---- attached ----
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import backprobe  # noqa: E402

probe = backprobe.Probe("2-3-2 sigmoid squared-error", step="sample")
probe.weights(1, globals(), "hidden", bias="last")
probe.weights(2, globals(), "output", bias="last")
probe.predict = lambda x: [think(row) for row in x]
probe.step = lambda x, t, rate: learn(x[0], t[0], rate)
probe.serve()

if __name__ == "__main__":
    for epoch in range(5000):
        for a in (0.0, 1.0):
            for b in (0.0, 1.0):
                learn([a, b], [float(a != b), float(a == b)], 0.5)
    for a in (0.0, 1.0):
        for b in (0.0, 1.0):
            print(a, b, think([a, b]))
