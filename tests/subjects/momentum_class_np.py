import os
import numpy as np


class Dense:
    def __init__(self, n_in, n_out, activation, rng):
        self.W = rng.normal(0, 1 / np.sqrt(n_in), size=(n_in, n_out))
        self.b = rng.normal(0, 0.1, size=n_out)
        self.activation = activation
        self.vW, self.vb = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        z = x @ self.W + self.b
        self.y = np.tanh(z) if self.activation == 'tanh' else z
        return self.y

    def backward(self, dy):
        dz = dy * (1 - self.y * self.y) if self.activation == 'tanh' else dy
        self.dW = self.x.T @ dz
        self.db = dz.sum(axis=0)
        return dz @ self.W.T

    def update(self, lr, momentum):
        self.vW = momentum * self.vW + self.dW
        self.vb = momentum * self.vb + self.db
        self.W -= lr * self.vW
        self.b -= lr * self.vb


class Sequential:
    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def fit_batch(self, x, t, lr=0.02, momentum=0.9):
        grad = (self(x) - t) / len(x)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        for layer in self.layers:
            layer.update(lr, momentum)

    def stop(self):
        for layer in self.layers:
            layer.vW[:] = 0
            layer.vb[:] = 0


def build(seed=3):
    rng = np.random.default_rng(seed)
    return Sequential(Dense(2, 7, 'tanh', rng), Dense(7, 5, 'tanh', rng), Dense(5, 2, 'linear', rng))


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    model = build()
    probe = backprobe.Probe("2-7-5-2 tanh,identity squared-error mean", name="momentum_class_np", rate=0.02)
    for k, layer in enumerate(model.layers):
        probe.weights(k + 1, layer, "W", order="in-out")
        probe.biases(k + 1, layer, "b")
    probe.predict = model
    probe.step = lambda x, t, rate: model.fit_batch(x, t)
    probe.reset = model.stop
    probe.serve()

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (120, 2))
    t = np.c_[np.sin(x[:, 0]) * x[:, 1], np.hypot(x[:, 0], x[:, 1])]
    model = build()
    for i in range(1500):
        model.fit_batch(x, t)
    print("mse", np.mean((model(x) - t) ** 2))
