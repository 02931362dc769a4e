"""Will the bean sprout? A class for each layer; every row of the table is one pot.
The slopes are means, over what the second length of the table says."""
import os
import numpy as np

dice = np.random.default_rng(12)


class Dense:
    def __init__(self, before, units):
        self.W = dice.normal(0, 1 / np.sqrt(before), (before, units))
        self.b = np.zeros(units)

    def forward(self, table):
        self.table = table
        self.out = 1 / (1 + np.exp(-(table @ self.W + self.b)))
        return self.out

    def backward(self, err):
        m = self.table.shape[1]
        dz = err * self.out * (1 - self.out)
        self.dW = self.table.T @ dz / m
        self.db = dz.sum(axis=0) / m
        return dz @ self.W.T


layers = [Dense(5, 8), Dense(8, 6), Dense(6, 2)]


def sprout(pots):
    for layer in layers:
        pots = layer.forward(pots)
    return pots


def slopes(pots, grown):
    err = sprout(pots) - grown
    for layer in reversed(layers):
        err = layer.backward(err)
    return [g for layer in layers for g in (layer.dW, layer.db)]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("5-8-6-2 sigmoid squared-error", name="bean_rows_np")
    for l, layer in enumerate(layers, 1):
        probe.weights(l, layer, "W", order="in-out")
        probe.biases(l, layer, "b")
    probe.predict = sprout
    probe.gradient = slopes
    probe.serve()

if __name__ == "__main__":
    pots = dice.uniform(0, 1, (60, 5))
    wet, warm = pots[:, 0] > 0.4, pots[:, 1] > 0.3
    grown = np.stack([wet & warm, ~(wet & warm)], axis=1).astype(float)
    for _ in range(400):
        slopes(pots, grown)
        for layer in layers:
            layer.W -= 0.05 * layer.dW
            layer.b -= 0.05 * layer.db
    print("right:", np.mean((sprout(pots)[:, 0] > 0.5) == grown[:, 0].astype(bool)))
