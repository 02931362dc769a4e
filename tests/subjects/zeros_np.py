"""A relu network for three clusters."""
import os
import numpy as np


class Net:
    def __init__(self, n_in, n_hid, n_out):
        self.W1 = np.zeros((n_in, n_hid))
        self.b1 = np.zeros(n_hid)
        self.W2 = np.zeros((n_hid, n_out))
        self.b2 = np.zeros(n_out)

    def forward(self, X):
        self.Z1 = X @ self.W1 + self.b1
        self.A1 = np.maximum(self.Z1, 0)
        s = self.A1 @ self.W2 + self.b2
        s = np.exp(s - s.max(axis=1, keepdims=True))
        return s / s.sum(axis=1, keepdims=True)

    def train(self, X, T, lr):
        d2 = (self.forward(X) - T) / len(X)
        d1 = (d2 @ self.W2.T) * (self.Z1 > 0)
        self.W2 -= lr * self.A1.T @ d2
        self.b2 -= lr * d2.sum(axis=0)
        self.W1 -= lr * X.T @ d1
        self.b1 -= lr * d1.sum(axis=0)


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Net(2, 6, 3)
    probe = backprobe.Probe("2-6-3 relu,softmax softmax-cross-entropy mean", name="zeros_np",
                            theta=[net.W1, net.b1, net.W2, net.b2])
    probe.weights(1, net, "W1", order="in-out")
    probe.biases(1, net, "b1")
    probe.weights(2, net, "W2", order="in-out")
    probe.biases(2, net, "b2")
    probe.predict = net.forward
    probe.step = net.train
    probe.serve()

if __name__ == "__main__":
    rng = np.random.RandomState(0)
    centres = np.array([[0, 2], [-2, -1], [2, -1]])
    labels = rng.randint(0, 3, 90)
    X = centres[labels] + rng.randn(90, 2) * 0.5
    T = np.eye(3)[labels]
    net = Net(2, 6, 3)
    for i in range(500):
        net.train(X, T, 0.5)
    print("accuracy", np.mean(net.forward(X).argmax(1) == labels))
