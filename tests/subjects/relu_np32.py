import os
import numpy as np

# 2 hidden relu layers, softmax, float32


class MLP:
    def __init__(self, sizes, seed=0):
        rng = np.random.RandomState(seed)
        self.W, self.b = [], []
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            self.W.append((rng.randn(n_in, n_out) * np.sqrt(2.0 / n_in)).astype(np.float32))
            self.b.append(np.zeros((1, n_out), dtype=np.float32))

    def forward(self, X):
        self.a = [X.astype(np.float32)]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(np.maximum(0, self.a[-1] @ W + b))
        scores = self.a[-1] @ self.W[-1] + self.b[-1]
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p = scores / scores.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, Y):
        n = Y.shape[0]
        dW, db = [None] * len(self.W), [None] * len(self.b)
        d = ((self.p - Y) / n).astype(np.float32)
        for i in reversed(range(len(self.W))):
            dW[i] = self.a[i].T @ d
            db[i] = d.sum(axis=0, keepdims=True)
            d = d @ self.W[i].T
            d[self.a[i] < 0] = 0      # relu
        return dW, db

    def step(self, X, Y, lr):
        self.forward(X)
        dW, db = self.backward(Y)
        for i in range(len(self.W)):
            self.W[i] -= lr * dW[i]
            self.b[i] -= lr * db[i]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = MLP([4, 7, 6, 3])
    probe = backprobe.Probe("4-7-6-3 relu,relu,softmax softmax-cross-entropy mean",
                            name="relu_np32", precision="float")
    for n in range(3):
        probe.weights(n + 1, net.W, n, order="in-out")
        probe.biases(n + 1, net.b, n)

    def gradient(x, t):
        net.forward(x)
        dW, db = net.backward(t)
        return [g for pair in zip(dW, db) for g in pair]

    probe.predict = net.forward
    probe.gradient = gradient
    probe.serve()

if __name__ == "__main__":
    rng = np.random.RandomState(7)
    centres = rng.randn(3, 4) * 2
    X = np.vstack([c + rng.randn(40, 4) for c in centres])
    labels = np.repeat(np.arange(3), 40)
    Y = np.eye(3)[labels]
    net = MLP([4, 7, 6, 3])
    for epoch in range(200):
        net.step(X, Y, 0.1)
    print("accuracy", (net.forward(X).argmax(axis=1) == labels).mean())
