"""SGD with momentum and L2. cost = mean cross-entropy + lam/2 * (sum of squared weights)"""
import os
import numpy as np


class Momentum:
    def __init__(self, sizes, lam=0.05, mu=0.9, seed=1):
        rng = np.random.RandomState(seed)
        self.lam, self.mu = lam, mu
        self.theta = []
        for m, n in zip(sizes[:-1], sizes[1:]):
            self.theta.append(rng.randn(m, n) / np.sqrt(m))
            self.theta.append(rng.randn(n) * 0.1)
        self.forget()

    def forget(self):
        self.v = [np.zeros_like(p) for p in self.theta]

    def forward(self, X):
        self.acts = [X]
        for i in range(0, len(self.theta), 2):
            z = self.acts[-1] @ self.theta[i] + self.theta[i + 1]
            if i < len(self.theta) - 2:
                self.acts.append(np.tanh(z))
            else:
                e = np.exp(z - z.max(1, keepdims=True))
                self.acts.append(e / e.sum(1, keepdims=True))
        return self.acts[-1]

    def train_batch(self, X, T, lr):
        delta = (self.forward(X) - T) / len(X)
        grads = [None] * len(self.theta)
        for i in range(len(self.theta) - 2, -1, -2):
            a = self.acts[i // 2]
            grads[i] = a.T @ delta
            grads[i + 1] = delta.sum(0)
            delta = delta @ self.theta[i].T * (1 - a ** 2)
        for i in range(len(self.theta)):
            grads[i] += self.lam * self.theta[i]
            self.v[i] = self.mu * self.v[i] + lr * grads[i]
            self.theta[i] -= lr * self.v[i]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Momentum([4, 6, 5, 3])
    probe = backprobe.Probe("4-6-5-3 tanh,tanh,softmax softmax-cross-entropy mean l2=0.05", name="momentum_np")
    for n in range(3):
        probe.weights(n + 1, net.theta, 2 * n, order="in-out")
        probe.biases(n + 1, net.theta, 2 * n + 1)
    probe.predict = net.forward
    probe.step = net.train_batch
    probe.reset = net.forget
    probe.serve()

if __name__ == "__main__":
    rng = np.random.RandomState(4)
    X = rng.uniform(-1, 1, (90, 4))
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] * X[:, 2] > 0)
    T = np.eye(3)[y]
    net = Momentum([4, 6, 5, 3])
    for epoch in range(100):
        for k in range(0, 90, 15):
            net.train_batch(X[k:k + 15], T[k:k + 15], 0.3)
    print("accuracy", np.mean(net.forward(X).argmax(1) == y))
