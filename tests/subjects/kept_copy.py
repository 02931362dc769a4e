"""Lists only. Layers are updated one after the other; the weights before the update are kept."""
import math
import os
import random


class MLP:
    def __init__(self, sizes, rate=0.3):
        self.rate = rate
        self.W = [[[random.uniform(-1, 1) for _ in range(m)] for _ in range(n)]
                  for m, n in zip(sizes, sizes[1:])]
        self.B = [[random.uniform(-0.5, 0.5) for _ in range(n)] for n in sizes[1:]]

    def run(self, x):
        self.values = [list(x)]
        for W, B in zip(self.W, self.B):
            x = [1 / (1 + math.exp(-b - sum(w * v for w, v in zip(row, x)))) for row, b in zip(W, B)]
            self.values.append(x)
        return x

    def train(self, x, t):
        y = self.run(x)
        delta = [(b - a) * a * (1 - a) for a, b in zip(y, t)]
        for l in range(len(self.W) - 1, -1, -1):
            W, below = self.W[l], self.values[l]
            old = W[:]
            for i in range(len(W)):
                for j in range(len(below)):
                    W[i][j] += self.rate * delta[i] * below[j]
                self.B[l][i] += self.rate * delta[i]
            delta = [sum(old[i][j] * delta[i] for i in range(len(old))) * v * (1 - v)
                     for j, v in enumerate(below)]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = MLP([3, 5, 4, 2])
    probe = backprobe.Probe("3-5-4-2 sigmoid squared-error", name="kept_copy", step="sample")
    for l in range(3):
        probe.weights(l + 1, net.W, l)
        probe.biases(l + 1, net.B, l)

    def step(x, t, rate):
        net.rate = rate
        net.train(x[0], t[0])

    probe.predict = lambda x: [net.run(row) for row in x]
    probe.step = step
    probe.serve()

if __name__ == "__main__":
    random.seed(2)
    net = MLP([3, 5, 4, 2])
    error = 0
    for n in range(1, 8001):
        x = [random.choice([0, 1]) for _ in range(3)]
        t = [x[0] & x[1], x[1] | x[2]]
        net.train(x, t)
        error += sum((a - b) ** 2 for a, b in zip(net.values[-1], t))
        if n % 2000 == 0:
            print(n, error / 2000)
            error = 0
