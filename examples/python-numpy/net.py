"""Somebody's numpy network; "python3 net.py wrong" has the mistake.

    backprobe check --subject 'python3 net.py'
"""
import sys

import numpy as np

WRONG = "wrong" in sys.argv


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Network:
    def __init__(self, sizes):
        rng = np.random.default_rng(0)
        self.W = [rng.normal(size=(m, n)) for m, n in zip(sizes[:-1], sizes[1:])]
        self.b = [np.zeros(n) for n in sizes[1:]]

    def forward(self, X):
        self.A = [X]
        for W, b in zip(self.W, self.b):
            self.A.append(sigmoid(self.A[-1] @ W + b))
        return self.A[-1]

    def backward(self, X, T):
        Y = self.forward(X)
        grads, self.D = [], []
        delta = (Y - T) * Y * (1 - Y) / len(X)
        for i in reversed(range(len(self.W))):
            A = self.A[i]
            self.D.insert(0, delta * len(X))
            db = delta.sum() if WRONG else delta.sum(axis=0)
            grads = [A.T @ delta, db + np.zeros_like(self.b[i])] + grads
            delta = (delta @ self.W[i].T) * A * (1 - A)
        return grads  # dW1, db1, dW2, db2, ...


net = Network([4, 6, 5, 3])

# ---- attached ----
import os  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import backprobe  # noqa: E402

probe = backprobe.Probe("4-6-5-3 sigmoid squared-error")
for i in range(3):
    probe.weights(i + 1, net.W, i, order="in-out")
    probe.biases(i + 1, net.b, i)
probe.predict = net.forward
probe.gradient = net.backward
probe.trace = lambda x, t: net.backward(x, t) and (None, net.A[1:], net.D)
probe.serve()

if __name__ == "__main__":
    X = np.random.default_rng(1).normal(size=(30, 4))
    T = np.eye(3)[np.argmax(X[:, :3], axis=1)]
    for epoch in range(2000):
        grads = net.backward(X, T)
        for i in range(3):
            net.W[i] -= 5 * grads[2 * i]
            net.b[i] -= 5 * grads[2 * i + 1]
    print("squared error", 0.5 * ((net.forward(X) - T) ** 2).sum(axis=1).mean())
