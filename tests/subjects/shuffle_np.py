"""Online training; the examples are visited in a new order each epoch."""
import os
import numpy as np

rng = np.random.RandomState(13)
INPUTS = rng.uniform(-1, 1, (12, 2))
TARGETS = np.stack([INPUTS[:, 0] * INPUTS[:, 1], 0.7 * INPUTS[:, 0], np.abs(INPUTS[:, 1])], axis=1)


class Net:
    def __init__(self):
        self.A = rng.randn(5, 2) * 0.6
        self.a = rng.randn(5) * 0.1
        self.B = rng.randn(3, 5) * 0.6
        self.b = rng.randn(3) * 0.1

    def forward(self, x):
        self.h = np.tanh(self.A @ x + self.a)
        return self.B @ self.h + self.b

    def one(self, x, t, rate):
        d = self.forward(x) - t
        e = (self.B.T @ d) * (1 - self.h ** 2)
        self.B -= rate * np.outer(d, self.h)
        self.b -= rate * d
        self.A -= rate * np.outer(e, x)
        self.a -= rate * e

    def epoch(self, rate):
        order = rng.permutation(len(INPUTS))
        inputs = INPUTS[order]
        for x, t in zip(inputs, TARGETS):
            self.one(x, t, rate)


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = Net()
    probe = backprobe.Probe("2-5-3 tanh,identity squared-error sum", name="shuffle_np",
                            step="epoch", shuffles=True, data=(INPUTS, TARGETS))
    probe.weights(1, net, "A")
    probe.biases(1, net, "a")
    probe.weights(2, net, "B")
    probe.biases(2, net, "b")
    probe.predict = lambda x: np.array([net.forward(row) for row in x])
    probe.step = lambda x, t, rate: net.epoch(rate)
    probe.serve()

if __name__ == "__main__":
    net = Net()
    for i in range(2000):
        net.epoch(0.05)
    print("error", np.mean([(net.forward(x) - t) ** 2 for x, t in zip(INPUTS, TARGETS)]))
