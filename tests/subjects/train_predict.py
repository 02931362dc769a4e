"""Logistic output, squared error; fit() inlines its own forward pass for speed."""
import os
import numpy as np


class Model:
    def __init__(self, n_in=4, n_hidden=6, n_out=3, seed=0):
        rng = np.random.default_rng(seed)
        # bias: last row
        self.U = rng.normal(0, 0.6, (n_in + 1, n_hidden))
        self.V = rng.normal(0, 0.6, (n_hidden + 1, n_out))

    @staticmethod
    def with_one(a):
        return np.hstack([a, np.ones((len(a), 1))])

    def predict(self, x):
        h = np.tanh(self.with_one(x) @ self.U)
        return 1 / (1 + np.exp(-self.with_one(h) @ self.V))

    def partial_fit(self, x, t, rate):
        x1 = self.with_one(x)
        h = np.tanh(x1 @ self.U)
        h1 = self.with_one(h)
        y = h1 @ self.V
        delta = (y - t) * y * (1 - y)
        back = delta @ self.V[:-1].T * (1 - h * h)
        self.V -= rate * h1.T @ delta / len(x)
        self.U -= rate * x1.T @ back / len(x)


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    m = Model()
    probe = backprobe.Probe("4-6-3 tanh,sigmoid squared-error mean", name="train_predict")
    probe.weights(1, m, "U", order="in-out", bias="last")
    probe.weights(2, m, "V", order="in-out", bias="last")
    probe.predict = m.predict
    probe.step = m.partial_fit
    probe.serve()

if __name__ == "__main__":
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (100, 4))
    t = np.stack([x[:, 0] > x[:, 1], x[:, 2] > 0, x[:, 3] + x[:, 0] > 0], axis=1).astype(float)
    m = Model()
    for i in range(2000):
        m.partial_fit(x, t, 0.01)
    print("accuracy", np.mean((m.predict(x) > 0.5) == (t > 0.5)))
