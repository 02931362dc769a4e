"""tanh units in lists; each step adds a part of the change before it (of the bare change,
without what that one had added)."""
import math
import os
import random

random.seed(8)


def grid(rows, cols, wide=0.0):
    return [[random.uniform(-wide, wide) for _ in range(cols)] for _ in range(rows)]


class Net:
    def __init__(self, ni, nh, no):
        self.w_in = grid(ni + 1, nh, 0.8)  # the last row belongs to the 1
        self.w_out = grid(nh + 1, no, 0.8)
        self.old_in = grid(ni + 1, nh)
        self.old_out = grid(nh + 1, no)

    def __call__(self, x):
        self.i = list(x) + [1.0]
        self.h = [math.tanh(sum(v * row[j] for v, row in zip(self.i, self.w_in)))
                  for j in range(len(self.w_in[0]))] + [1.0]
        self.o = [math.tanh(sum(v * row[k] for v, row in zip(self.h, self.w_out)))
                  for k in range(len(self.w_out[0]))]
        return self.o

    def learn(self, x, t, eta=0.3, part=0.2):
        self(x)
        do = [(want - got) * (1 - got * got) for want, got in zip(t, self.o)]
        dh = [sum(d * w for d, w in zip(do, self.w_out[j])) * (1 - self.h[j] ** 2)
              for j in range(len(self.h) - 1)]
        for old, weights, below, deltas in ((self.old_out, self.w_out, self.h, do),
                                            (self.old_in, self.w_in, self.i, dh)):
            for j, b in enumerate(below):
                for k, d in enumerate(deltas):
                    weights[j][k] += eta * b * d + part * old[j][k]
                    old[j][k] = b * d


net = Net(2, 4, 2)

if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("2-4-2 tanh squared-error", name="last_change", step="sample", rate=0.3)
    probe.weights(1, net, "w_in", order="in-out", bias="last")
    probe.weights(2, net, "w_out", order="in-out", bias="last")
    probe.predict = lambda xs: [net(x) for x in xs]
    probe.step = lambda x, t, rate: net.learn(x[0], t[0])
    probe.serve()

if __name__ == "__main__":
    for k in range(8000):
        a, b = k % 2, k // 2 % 2
        net.learn([a, b], [0.9 if a != b else -0.9, 0.9 if a and b else -0.9])
    print([[round(v, 2) for v in net([a, b])] for a in (0, 1) for b in (0, 1)])
