#!/usr/bin/env python3
"""A little network class: lists, tanh, bias is weight 0 of each unit."""
import math
import os
import random


def tanh_derivative(a):
    """a is the output of the unit"""
    return 1 - a ** 2


class Layer:
    def __init__(self, inputs, units):
        self.weights = [[random.uniform(-0.7, 0.7) for _ in range(inputs + 1)] for _ in range(units)]
        self.sums = [0.0] * units
        self.outputs = [0.0] * units
        self.deltas = [0.0] * units

    def run(self, inputs):
        for j, w in enumerate(self.weights):
            self.sums[j] = w[0] + sum(a * b for a, b in zip(w[1:], inputs))
            self.outputs[j] = math.tanh(self.sums[j])
        return self.outputs


class Network:
    def __init__(self, *sizes):
        self.layers = [Layer(i, o) for i, o in zip(sizes, sizes[1:])]

    def run(self, inputs):
        for layer in self.layers:
            inputs = layer.run(inputs)
        return inputs

    def learn(self, inputs, targets, rate):
        outputs = self.run(inputs)
        last = self.layers[-1]
        for j in range(len(outputs)):
            last.deltas[j] = (targets[j] - outputs[j]) * tanh_derivative(outputs[j])
        for lower, upper in zip(self.layers[-2::-1], self.layers[:0:-1]):
            for j in range(len(lower.outputs)):
                error = 0.0
                for k in range(len(upper.outputs)):
                    error = upper.weights[k][j + 1] * upper.deltas[k]
                lower.deltas[j] = error * tanh_derivative(lower.sums[j])
        below = inputs
        for layer in self.layers:
            for j, w in enumerate(layer.weights):
                w[0] += rate * layer.deltas[j]
                for i in range(len(below)):
                    w[i + 1] += rate * layer.deltas[j] * below[i]
            below = layer.outputs


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Network(2, 5, 4, 3)
    probe = backprobe.Probe("2-5-4-3 tanh squared-error", name="tanh_lists", step="sample")
    for n, layer in enumerate(net.layers):
        probe.weights(n + 1, layer, "weights", bias="first")
    probe.predict = lambda x: [list(net.run(row)) for row in x]
    probe.step = lambda x, t, rate: net.learn(x[0], t[0], rate)
    probe.serve()

if __name__ == "__main__":
    random.seed(20)
    net = Network(2, 5, 4, 3)
    error = 0.0
    for n in range(1, 4001):
        x = [random.uniform(-1, 1), random.uniform(-1, 1)]
        t = [0.8 if x[0] * x[1] > 0 else -0.8, x[0] * 0.5, -x[1] * 0.5]
        net.learn(x, t, 0.05)
        error += sum((a - b) ** 2 for a, b in zip(net.layers[-1].outputs, t))
        if n % 1000 == 0:
            print(n, error / 1000)
            error = 0.0
