"""The bias is the last row of each matrix; a column of ones is appended to each layer."""
import os
import numpy as np


def ones(a):
    return np.concatenate([a, np.ones((a.shape[0], 1))], axis=1)


class NN:
    def __init__(self, sizes):
        rs = np.random.RandomState(42)
        self.T = [rs.uniform(-0.7, 0.7, size=(a + 1, b)) for a, b in zip(sizes, sizes[1:])]

    def predict(self, X):
        for theta in self.T:
            X = 1 / (1 + np.exp(-ones(X).dot(theta)))
        return X

    def grads(self, X, Y):
        """of 1/2 sum (out - Y)^2, summed over everything"""
        A = [ones(X)]
        for theta in self.T[:-1]:
            A.append(ones(1 / (1 + np.exp(-A[-1].dot(theta)))))
        out = 1 / (1 + np.exp(-A[-1].dot(self.T[-1])))
        delta = (out - Y) * out * (1 - out)
        G = []
        for theta, a in zip(self.T[::-1], A[::-1]):
            G.append(a.T.dot(delta))
            delta = (delta.dot(theta.T) * a * (1 - a))[:, :-1]
        return G[::-1]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    nn = NN([3, 6, 4, 2])
    probe = backprobe.Probe("3-6-4-2 sigmoid squared-error sum", name="ones_column_np")
    for k in range(3):
        probe.weights(k + 1, nn.T, k, order="in-out", bias="last")
    probe.predict = nn.predict
    probe.gradient = nn.grads
    probe.serve()

if __name__ == "__main__":
    X = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], dtype=float)
    Y = np.stack([X.sum(1) % 2, X.sum(1) >= 2], axis=1)
    nn = NN([3, 6, 4, 2])
    for i in range(6000):
        for theta, g in zip(nn.T, nn.grads(X, Y)):
            theta -= 0.5 * g
    print(np.c_[X, nn.predict(X).round(2)])
