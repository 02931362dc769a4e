"""Somebody's network of objects: layers hold neurons, a neuron its weights and its
threshold, and each step makes new lists of weights. At the end it is attached; run with
"wrong" as the argument it has the mistake."""
import math
import os
import random
import sys

WRONG = "wrong" in sys.argv[1:]


class Neuron:
    def __init__(self, inputs):
        self.weights = [random.gauss(0, 0.5) for _ in range(inputs)]
        self.threshold = random.gauss(0, 0.5)

    def fire(self, inputs):
        self.inputs = inputs
        total = sum(w * x for w, x in zip(self.weights, inputs)) - self.threshold
        self.output = 1 / (1 + math.exp(-total))
        return self.output


class Net:
    def __init__(self, sizes):
        self.layers = [[Neuron(n) for _ in range(m)] for n, m in zip(sizes, sizes[1:])]

    def predict(self, values):
        for layer in self.layers:
            values = [neuron.fire(values) for neuron in layer]
        return values

    def train(self, values, wanted, rate):
        outputs = self.predict(values)
        errors = [o - t for o, t in zip(outputs, wanted)]
        for layer in reversed(self.layers):
            for neuron, error in zip(layer, errors):
                neuron.delta = error * neuron.output * (1 - neuron.output)
            errors = [sum((error if WRONG else n.delta) * n.weights[i] for n, error in zip(layer, errors))
                      for i in range(len(layer[0].weights))]
        for layer in self.layers:
            for n in layer:
                n.weights = [w - rate * n.delta * x for w, x in zip(n.weights, n.inputs)]
                n.threshold += rate * n.delta


random.seed(4)
net = Net([3, 5, 4, 2])

# ---- attached ----
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import backprobe  # noqa: E402

probe = backprobe.Probe("3-5-4-2 sigmoid squared-error", step="sample")
for l in range(3):
    probe.weights(l + 1, net, "layers[%d][*].weights" % l)
    probe.thresholds(l + 1, net, "layers[%d][*].threshold" % l)
probe.predict = lambda x: [net.predict(row) for row in x]
probe.step = lambda x, t, rate: net.train(x[0], t[0], rate)
probe.serve()

if __name__ == "__main__":
    for epoch in range(3000):
        for k in range(8):
            bits = [k & 1, k >> 1 & 1, k >> 2]
            net.train(bits, [sum(bits) % 2, float(sum(bits) > 1)], 0.5)
    for k in range(8):
        bits = [k & 1, k >> 1 & 1, k >> 2]
        print(bits, ["%.2f" % v for v in net.predict(bits)])
