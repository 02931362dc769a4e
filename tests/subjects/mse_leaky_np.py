"""Leaky relu, one batch at a time. loss = mean over examples of the sum of squared differences."""
import os
import numpy as np

SLOPE = 0.2


class Regressor:
    def __init__(self, seed=11):
        r = np.random.RandomState(seed)
        self.w = {1: r.randn(6, 3) * 0.6, 2: r.randn(4, 6) * 0.5, 3: r.randn(2, 4) * 0.5}
        self.b = {1: r.randn(6) * 0.1, 2: r.randn(4) * 0.1, 3: np.zeros(2)}

    def forward(self, x):
        self.z, self.a = {}, {0: x}
        for l in (1, 2, 3):
            self.z[l] = self.a[l - 1] @ self.w[l].T + self.b[l]
            self.a[l] = np.where(self.z[l] > 0, self.z[l], SLOPE * self.z[l]) if l < 3 else self.z[l]
        return self.a[3]

    def step(self, x, t, lr):
        d = 2 * (self.forward(x) - t) / len(x)
        for l in (3, 2, 1):
            dw, db = d.T @ self.a[l - 1], d.sum(axis=0)
            if l > 1:
                d = (d @ self.w[l]) * np.where(self.z[l - 1] > 0, 1.0, SLOPE)
            self.w[l] -= lr * dw
            self.b[l] -= lr * db


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Regressor()
    probe = backprobe.Probe("3-6-4-2 leaky-relu,leaky-relu,identity squared-error mean factor=2 slope=0.2",
                            name="mse_leaky_np")
    for l in (1, 2, 3):
        probe.weights(l, net.w, l)
        probe.biases(l, net.b, l)
    probe.predict = net.forward
    probe.step = net.step
    probe.serve()

if __name__ == "__main__":
    r = np.random.RandomState(0)
    x = r.uniform(-1, 1, (100, 3))
    t = np.stack([np.abs(x[:, 0]) + x[:, 1], x[:, 1] * x[:, 2]], axis=1)
    net = Regressor()
    for i in range(1500):
        net.step(x, t, 0.03)
    print("loss", np.mean(np.sum((net.forward(x) - t) ** 2, axis=1)))
