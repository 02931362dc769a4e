"""Feedforward network, column vectors, one sample at a time summed over a mini-batch."""
import os
import random
import numpy as np


class Network(object):

    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.sizes = sizes
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) / np.sqrt(x)
                        for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def update_mini_batch(self, mini_batch, eta):
        nabla_b, nabla_w = self.nabla(mini_batch)
        self.weights = [w - eta * nw for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b - eta * nb for b, nb in zip(self.biases, nabla_b)]

    def nabla(self, mini_batch):
        """Gradient of the mean of 1/2 |a - y|^2 over the mini-batch."""
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            delta_nabla_b, delta_nabla_w = self.backprop(x, y)
            nabla_b = [nb + dnb / len(mini_batch) for nb, dnb in zip(nabla_b, delta_nabla_b)]
            nabla_w = [nw + dnw / len(mini_batch) for nw, dnw in zip(nabla_w, delta_nabla_w)]
        return nabla_b, nabla_w

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        # feedforward
        activation = x
        activations = [x]
        zs = []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        # backward pass
        delta = (activations[-1] - y) * sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(zs[-l + 1])
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
        return nabla_b, nabla_w


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def column(v):
    return np.array(v, dtype=float).reshape(-1, 1)


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Network([3, 4, 4, 4])
    probe = backprobe.Probe("3-4-4-4 sigmoid squared-error mean", name="column_vectors")
    for n in range(3):
        probe.weights(n + 1, net.weights, n)
        probe.biases(n + 1, net.biases, n)

    def gradient(x, t):
        nb, nw = net.nabla([(column(a), column(b)) for a, b in zip(x, t)])
        return [g for pair in zip(nw, nb) for g in pair]

    probe.predict = lambda x: np.array([net.feedforward(column(row)).ravel() for row in x])
    probe.gradient = gradient
    probe.serve()

if __name__ == "__main__":
    random.seed(3)
    np.random.seed(3)
    data = []
    for p in range(8):
        bits = [p & 1, p >> 1 & 1, p >> 2]
        data.append((column(bits), column([bits[0] ^ bits[1], bits[1] & bits[2], bits[0] | bits[2], sum(bits) > 1])))
    net = Network([3, 4, 4, 4])
    for epoch in range(800):
        random.shuffle(data)
        for k in range(0, 8, 4):
            net.update_mini_batch(data[k:k + 4], 2.0)
    print("cost", sum(0.5 * np.sum((net.feedforward(x) - y) ** 2) for x, y in data) / 8)
