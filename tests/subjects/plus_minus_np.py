"""Majority and parity of three signs, learned by a sigmoid network."""
import os
import numpy as np

X = np.array([[a, b, c] for a in (-1., 1.) for b in (-1., 1.) for c in (-1., 1.)])
Y = np.stack([np.sign(X.sum(axis=1)), X.prod(axis=1)], axis=1)


class Net:
    def __init__(self, seed=9):
        r = np.random.RandomState(seed)
        self.w1 = r.uniform(-1, 1, (6, 3))
        self.b1 = r.uniform(-1, 1, 6)
        self.w2 = r.uniform(-1, 1, (2, 6))
        self.b2 = r.uniform(-1, 1, 2)

    def out(self, x):
        self.h = 1 / (1 + np.exp(-(x @ self.w1.T + self.b1)))
        return 1 / (1 + np.exp(-(self.h @ self.w2.T + self.b2)))

    def epoch(self, rate):
        o = self.out(X)
        d2 = (o - Y) * o * (1 - o) / len(X)
        d1 = d2 @ self.w2 * self.h * (1 - self.h)
        self.w2 -= rate * d2.T @ self.h
        self.b2 -= rate * d2.sum(axis=0)
        self.w1 -= rate * d1.T @ X
        self.b1 -= rate * d1.sum(axis=0)
        return 0.5 * np.sum((o - Y) ** 2) / len(X)


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Net()
    probe = backprobe.Probe("3-6-2 sigmoid squared-error mean", name="plus_minus_np", step="epoch", data=(X, Y))
    probe.weights(1, net, "w1")
    probe.biases(1, net, "b1")
    probe.weights(2, net, "w2")
    probe.biases(2, net, "b2")
    probe.predict = net.out
    probe.step = lambda x, t, rate: net.epoch(rate)
    probe.serve()

if __name__ == "__main__":
    net = Net()
    for i in range(3001):
        e = net.epoch(1.0)
        if i % 1000 == 0:
            print(i, e)
    print(net.out(X).round(2))
