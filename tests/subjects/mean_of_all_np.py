"""np.mean((y - t)**2) as the loss: the mean over the examples *and* the outputs."""
import os
import numpy as np


def init(rng, *sizes):
    return [[rng.normal(size=(o, i)) / np.sqrt(i), rng.normal(size=(o, 1)) * 0.1] for i, o in zip(sizes, sizes[1:])]


def forward(net, x):            # x: features x examples
    acts = [x]
    for w, b in net:
        acts.append(np.tanh(w @ acts[-1] + b))
    return acts


def gradients(net, x, t):
    acts = forward(net, x)
    dy = 2 * (acts[-1] - t) / t.size
    grads = []
    for k in reversed(range(len(net))):
        dz = dy / np.cosh(np.arctanh(acts[k + 1])) ** 2
        grads = [[dz @ acts[k].T, dz @ np.ones((x.shape[1], 1))]] + grads
        dy = net[k][0].T @ dz
    return grads


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = init(np.random.default_rng(1), 2, 5, 4, 4)
    # factor: 2/4, as there are four outputs
    probe = backprobe.Probe("2-5-4-4 tanh squared-error mean factor=0.5", name="mean_of_all_np")
    for k in range(3):
        probe.weights(k + 1, net[k], 0)
        probe.biases(k + 1, net[k], 1)
    probe.predict = lambda x: forward(net, x.T)[-1].T
    probe.gradient = lambda x, t: [g for pair in gradients(net, x.T, t.T) for g in pair]
    probe.serve()

if __name__ == "__main__":
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (2, 60))
    t = 0.8 * np.stack([x[0], x[0] * x[1], x[1] ** 2, -x[1]])
    net = init(rng, 2, 5, 4, 4)
    for i in range(3000):
        for p, g in zip(net, gradients(net, x, t)):
            p[0] -= 0.5 * g[0]
            p[1] -= 0.5 * g[1]
    print("loss", np.mean((forward(net, x)[-1] - t) ** 2))
