"""Mini-batch training with column matrices, cross-entropy cost, weights kept in lists."""
import os
import numpy as np


class Network:
    def __init__(self, sizes, rng=np.random.RandomState(0)):
        self.biases = [rng.randn(y, 1) for y in sizes[1:]]
        self.weights = [rng.randn(y, x) / np.sqrt(x) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = 1.0 / (1.0 + np.exp(-(w @ a + b)))
        return a

    def update_mini_batch(self, X, Y, eta):
        """X: inputs x m, Y: outputs x m"""
        m = X.shape[1]
        activations = [X]
        for b, w in zip(self.biases, self.weights):
            activations.append(1.0 / (1.0 + np.exp(-(w @ activations[-1] + b))))
        delta = activations[-1] - Y
        updates = []
        for l in range(1, len(self.weights) + 1):
            a = activations[-l - 1]
            updates.append((-l, delta @ a.T, delta.sum(axis=1, keepdims=True)))
            delta = (self.weights[-l].T @ delta) * a * (1 - a)
        for l, nw, nb in updates:
            self.weights[l] -= (eta / m) * nw
            self.biases[l] -= (eta / m) * nb


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Network([4, 6, 5, 3])
    probe = backprobe.Probe("4-6-5-3 sigmoid binary-cross-entropy mean", name="minibatch_columns")
    for k in range(3):
        probe.weights(k + 1, net.weights, k)
        probe.biases(k + 1, net.biases, k)
    probe.predict = lambda x: net.feedforward(x.T).T
    probe.step = lambda x, t, rate: net.update_mini_batch(x.T, t.T, rate)
    probe.serve()

if __name__ == "__main__":
    rng = np.random.RandomState(1)
    X = rng.uniform(-1, 1, (4, 200))
    Y = np.vstack([X[0] > X[1], X[2] * X[3] > 0, X.sum(axis=0) > 0]).astype(float)
    net = Network([4, 6, 5, 3])
    for epoch in range(100):
        order = rng.permutation(200)
        for k in range(0, 200, 10):
            part = order[k:k + 10]
            net.update_mini_batch(X[:, part], Y[:, part], 1.0)
    print("accuracy", np.mean((net.feedforward(X) > 0.5) == Y))
