"""Neural net with nothing but lists. Mini-batch gradients are added up in dW and db."""
import math
import os
import random


def make_matrix(rows, cols, fill=0.0):
    return [[fill] * cols] * rows


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = [[random.uniform(-1, 1) for _ in range(n_in)] for _ in range(n_hidden)]
        self.b1 = [0.0] * n_hidden
        self.W2 = [[random.uniform(-1, 1) for _ in range(n_hidden)] for _ in range(n_out)]
        self.b2 = [0.0] * n_out

    def forward(self, x):
        self.h = [math.tanh(sum(w * v for w, v in zip(row, x)) + b)
                  for row, b in zip(self.W1, self.b1)]
        self.y = [1 / (1 + math.exp(-sum(w * v for w, v in zip(row, self.h)) - b))
                  for row, b in zip(self.W2, self.b2)]
        return self.y

    def gradients(self, X, T):
        """Mean binary cross-entropy over the batch."""
        n = len(X)
        dW1 = make_matrix(len(self.W1), len(self.W1[0]))
        dW2 = make_matrix(len(self.W2), len(self.W2[0]))
        db1 = [0.0] * len(self.b1)
        db2 = [0.0] * len(self.b2)
        for x, t in zip(X, T):
            self.forward(x)
            d2 = [(y - s) / n for y, s in zip(self.y, t)]
            for k in range(len(d2)):
                for j in range(len(self.h)):
                    dW2[k][j] += d2[k] * self.h[j]
                db2[k] += d2[k]
            for j in range(len(self.h)):
                e = sum(d2[k] * self.W2[k][j] for k in range(len(d2)))
                d1 = e * (1 - self.h[j] ** 2)
                for i in range(len(x)):
                    dW1[j][i] += d1 * x[i]
                db1[j] += d1
        return dW1, db1, dW2, db2

    def train(self, X, T, rate):
        dW1, db1, dW2, db2 = self.gradients(X, T)
        for M, D in ((self.W1, dW1), (self.W2, dW2)):
            for row, drow in zip(M, D):
                for i in range(len(row)):
                    row[i] -= rate * drow[i]
        for v, d in ((self.b1, db1), (self.b2, db2)):
            for i in range(len(v)):
                v[i] -= rate * d[i]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Net(3, 5, 2)
    probe = backprobe.Probe("3-5-2 tanh,sigmoid binary-cross-entropy mean", name="list_rows")
    probe.weights(1, net, "W1")
    probe.biases(1, net, "b1")
    probe.weights(2, net, "W2")
    probe.biases(2, net, "b2")
    probe.predict = lambda x: [net.forward(row) for row in x]
    probe.gradient = net.gradients
    probe.serve()

if __name__ == "__main__":
    random.seed(12)
    X = [[p & 1, p >> 1 & 1, p >> 2] for p in range(8)]
    T = [[x[0] | x[1], x[1] ^ x[2]] for x in X]
    net = Net(3, 5, 2)
    for epoch in range(1500):
        net.train(X, T, 0.5)
    for x, t in zip(X, T):
        print(x, t, ["%.2f" % v for v in net.forward(x)])
