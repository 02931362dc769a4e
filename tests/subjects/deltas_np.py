"""Every layer as wide as the next; deltas collected going backwards."""
import os
import numpy as np


def f(z):
    return np.tanh(z)


def df(a):
    return 1 - a * a


class Square:
    def __init__(self, n, depth, seed=2):
        rng = np.random.RandomState(seed)
        self.ws = [rng.uniform(-0.8, 0.8, (n, n)) for _ in range(depth)]
        self.bs = [rng.uniform(-0.2, 0.2, n) for _ in range(depth)]

    def run(self, X):
        outs = [X]
        for w, b in zip(self.ws, self.bs):
            outs.append(f(outs[-1].dot(w.T) + b))
        return outs

    def grad(self, X, T):
        outs = self.run(X)
        deltas = [(outs[-1] - T) * df(outs[-1])]
        for w, out in zip(reversed(self.ws[1:]), reversed(outs[1:-1])):
            deltas.append(deltas[-1].dot(w) * df(out))
        gw = [d.T.dot(out) / len(X) for d, out in zip(deltas, outs)]
        gb = [d.mean(axis=0) for d in deltas]
        return gw, gb

    def fit(self, X, T, epochs, rate):
        for _ in range(epochs):
            gw, gb = self.grad(X, T)
            for i in range(len(self.ws)):
                self.ws[i] -= rate * gw[i]
                self.bs[i] -= rate * gb[i]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Square(3, 3)
    probe = backprobe.Probe("3-3-3-3 tanh squared-error mean", name="deltas_np")
    for n in range(3):
        probe.weights(n + 1, net.ws, n)
    for n in range(3):
        probe.biases(n + 1, net.bs, n)
    probe.predict = lambda x: net.run(x)[-1]
    probe.gradient = lambda x, t: sum(net.grad(x, t), [])
    probe.serve()

if __name__ == "__main__":
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, (50, 3))
    T = 0.8 * X[:, ::-1] * X
    net = Square(3, 3)
    net.fit(X, T, 2000, 0.2)
    print("error", np.mean((net.run(X)[-1] - T) ** 2))
