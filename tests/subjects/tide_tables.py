"""A small regression on the hours of high water, lists only. Hidden layer of relus."""
import math
import os
import random

random.seed(31)
HIDDEN = 5


def relu(v):
    return v if v > 0 else 0.0


def logistic(v):
    return 1.0 / (1.0 + math.exp(-v))


def slope(v):
    # from the network for the gates
    return logistic(v) * (1.0 - logistic(v))


class Tide:
    def __init__(self):
        self.u = [[random.gauss(0, 0.7) for _ in range(3)] for _ in range(HIDDEN)]
        self.ub = [random.gauss(0, 0.3) for _ in range(HIDDEN)]
        self.v = [[random.gauss(0, 0.7) for _ in range(HIDDEN)] for _ in range(2)]
        self.vb = [0.1, -0.1]

    def run(self, x):
        self.act = [relu(sum(w * xi for w, xi in zip(row, x)) + b) for row, b in zip(self.u, self.ub)]
        return [sum(w * h for w, h in zip(row, self.act)) + b for row, b in zip(self.v, self.vb)]

    def gradient(self, xs, ts):
        gu = [[0.0] * 3 for _ in range(HIDDEN)]
        gub = [0.0] * HIDDEN
        gv = [[0.0] * HIDDEN for _ in range(2)]
        gvb = [0.0] * 2
        n = len(xs)
        for x, t in zip(xs, ts):
            y = self.run(x)
            err = [(yi - ti) / n for yi, ti in zip(y, t)]
            for o in range(2):
                gvb[o] += err[o]
                for h in range(HIDDEN):
                    gv[o][h] += err[o] * self.act[h]
            for h in range(HIDDEN):
                back = sum(err[o] * self.v[o][h] for o in range(2)) * slope(self.act[h])
                gub[h] += back
                for i in range(3):
                    gu[h][i] += back * x[i]
        return [gu, gub, gv, gvb]

    def learn(self, xs, ts, rate):
        for mine, g in zip((self.u, self.ub, self.v, self.vb), self.gradient(xs, ts)):
            for k in range(len(mine)):
                if isinstance(mine[k], list):
                    mine[k] = [w - rate * d for w, d in zip(mine[k], g[k])]
                else:
                    mine[k] -= rate * g[k]


tide = Tide()

if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("3-5-2 relu,identity squared-error", name="tide_tables")
    probe.weights(1, tide, "u")
    probe.biases(1, tide, "ub")
    probe.weights(2, tide, "v")
    probe.biases(2, tide, "vb")
    probe.predict = lambda xs: [tide.run(x) for x in xs]
    probe.gradient = lambda xs, ts: tide.gradient(xs, ts)
    probe.serve()

if __name__ == "__main__":
    moon = [[math.cos(k * 0.4), math.sin(k * 0.4), math.cos(k * 0.03)] for k in range(60)]
    high = [[0.6 * m[0] + 0.2 * m[2], abs(m[1])] for m in moon]
    for _ in range(400):
        tide.learn(moon, high, 0.05)
    print(sum((a - b) ** 2 for m, t in zip(moon, high) for a, b in zip(tide.run(m), t)) / 120)
