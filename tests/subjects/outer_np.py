"""One example at a time, vectors; loss = sum (y - t)^2"""
import os
import numpy as np


class Net:
    def __init__(self, n=4, out=3, seed=5):
        rng = np.random.RandomState(seed)
        self.w1, self.b1 = rng.randn(n, n) * 0.6, rng.randn(n) * 0.1
        self.w2, self.b2 = rng.randn(n, n) * 0.6, rng.randn(n) * 0.1
        self.w3, self.b3 = rng.randn(out, n) * 0.6, rng.randn(out) * 0.1

    def __call__(self, x):
        self.x = x
        self.h1 = np.tanh(self.w1 @ x + self.b1)
        self.h2 = np.tanh(self.w2 @ self.h1 + self.b2)
        return self.w3 @ self.h2 + self.b3

    def backprop(self, x, t):
        d3 = self(x) - t
        d2 = (1 - self.h2 ** 2) * (self.w3.T @ d3)
        d1 = (1 - self.h1 ** 2) * (self.w2.T @ d2)
        return [np.outer(self.x, d1), d1, np.outer(self.h1, d2), d2, np.outer(self.h2, d3).T, d3]

    def sgd(self, x, t, rate):
        for p, g in zip((self.w1, self.b1, self.w2, self.b2, self.w3, self.b3), self.backprop(x, t)):
            p -= rate * g


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Net()
    probe = backprobe.Probe("4-4-4-3 tanh,tanh,identity squared-error mean factor=2", name="outer_np")
    for n in "123":
        probe.weights(int(n), net, "w" + n)
        probe.biases(int(n), net, "b" + n)

    def gradient(x, t):     # backprop() takes one example: the mean is taken here
        each = [net.backprop(a, b) for a, b in zip(x, t)]
        return [sum(g) / len(x) for g in zip(*each)]

    probe.predict = lambda x: np.array([net(row) for row in x])
    probe.gradient = gradient
    probe.serve()

if __name__ == "__main__":
    rng = np.random.RandomState(1)
    net = Net()
    total = 0
    for i in range(1, 6001):
        x = rng.uniform(-1, 1, 4)
        t = np.array([x[0] * x[1], x[2], x[3] - x[0]])
        net.sgd(x, t, 0.02)
        total += np.sum((net(x) - t) ** 2)
        if i % 2000 == 0:
            print(i, total / 2000)
            total = 0
