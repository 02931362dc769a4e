import os
import numpy as np

np.random.seed(8)


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e, axis=0)


class Classifier:
    """sigmoid hidden layer, softmax output; rows are examples"""

    def __init__(self, n_in, n_hid, n_cls):
        self.w1 = np.random.randn(n_in, n_hid) * 0.5
        self.b1 = np.zeros(n_hid)
        self.w2 = np.random.randn(n_hid, n_cls) * 0.5
        self.b2 = np.zeros(n_cls)

    def predict(self, x):
        self.h = 1 / (1 + np.exp(-(x @ self.w1 + self.b1)))
        return softmax(self.h @ self.w2 + self.b2)

    def gradients(self, x, t):
        p = self.predict(x)
        d2 = (p - t) / len(x)
        d1 = d2 @ self.w2.T * self.h * (1 - self.h)
        return x.T @ d1, d1.sum(0), self.h.T @ d2, d2.sum(0)

    def train(self, x, t, lr=0.5):
        for p, g in zip((self.w1, self.b1, self.w2, self.b2), self.gradients(x, t)):
            p -= lr * g


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    c = Classifier(3, 6, 4)
    probe = backprobe.Probe("3-6-4 sigmoid,softmax softmax-cross-entropy mean", name="softmax_axis")
    probe.weights(1, c, "w1", order="in-out")
    probe.biases(1, c, "b1")
    probe.weights(2, c, "w2", order="in-out")
    probe.biases(2, c, "b2")
    probe.predict = c.predict
    probe.gradient = c.gradients
    probe.serve()

if __name__ == "__main__":
    X = np.random.uniform(-1, 1, (120, 3))
    labels = (X[:, 0] > 0) * 2 + (X[:, 1] > 0)
    T = np.eye(4)[labels]
    c = Classifier(3, 6, 4)
    for i in range(1000):
        c.train(X, T)
    print("right:", np.mean(c.predict(X).argmax(1) == labels))
