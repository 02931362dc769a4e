"""Regression with numpy: tanh, tanh, linear. Examples in rows."""
import os
import numpy as np

rng = np.random.default_rng(5)
params = {
    'W1': rng.normal(0, 0.5, (2, 6)), 'b1': np.zeros(6),
    'W2': rng.normal(0, 0.5, (6, 5)), 'b2': np.zeros(5),
    'W3': rng.normal(0, 0.5, (5, 3)), 'b3': np.zeros(3),
}


def forward(x):
    a1 = np.tanh(x @ params['W1'] + params['b1'])
    a2 = np.tanh(a1 @ params['W2'] + params['b2'])
    return a1, a2, a2 @ params['W3'] + params['b3']


def compute_gradients(x, t):
    """of 1/2 of the squared error, averaged over the rows"""
    n = len(x)
    a1, a2, y = forward(x)
    grads = {}

    d3 = (y - t) / n
    grads['W3'] = a2.T @ d3
    grads['b3'] = np.sum(d3)

    d2 = d3 @ params['W3'].T * (1 - a2 ** 2)
    grads['W2'] = a1.T @ d2
    grads['b2'] = np.sum(d2)

    d1 = d2 @ params['W2'].T * (1 - a1 ** 2)
    grads['W1'] = x.T @ d1
    grads['b1'] = np.sum(d1)
    return grads


def update(grads, lr):
    for k in params:
        params[k] -= lr * grads[k]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("2-6-5-3 tanh,tanh,identity squared-error mean", name="bias_sum_np")
    for layer in (1, 2, 3):
        probe.weights(layer, params, "W%d" % layer, order="in-out")
        probe.biases(layer, params, "b%d" % layer)

    def gradient(x, t):     # what update() would subtract, whatever its shape
        g = compute_gradients(x, t)
        return [np.broadcast_to(g[k], params[k].shape).copy() for k in params]

    probe.predict = lambda x: forward(x)[2]
    probe.gradient = gradient
    probe.serve()

if __name__ == "__main__":
    x = rng.uniform(-1, 1, (80, 2))
    t = np.stack([x[:, 0] * x[:, 1], np.abs(x[:, 0]), x[:, 0] - x[:, 1]], axis=1)
    for epoch in range(1000):
        update(compute_gradients(x, t), 0.1)
    print("mse", np.mean((forward(x)[2] - t) ** 2))
