"""Two half moons and a ring. loss = mean over the examples of sum (out - y)^2."""
import os
import numpy as np

W1 = W2 = W3 = b1 = b2 = b3 = None
RATE = 0.05


def init(seed=6):
    global W1, W2, W3, b1, b2, b3
    r = np.random.RandomState(seed)
    W1, b1 = r.normal(0, 0.7, (2, 8)), np.zeros((1, 8))
    W2, b2 = r.normal(0, 0.4, (8, 5)), np.zeros((1, 5))
    W3, b3 = r.normal(0, 0.4, (5, 3)), np.zeros((1, 3))


def forward(x):
    h1 = np.tanh(np.dot(x, W1) + b1)
    h2 = np.tanh(np.dot(h1, W2) + b2)
    return h1, h2, np.tanh(np.dot(h2, W3) + b3)


def train_step(x, y):
    global W1, W2, W3, b1, b2, b3
    n = x.shape[0]
    h1, h2, out = forward(x)

    error = (out - y) / n
    d3 = error * (1 - out ** 2)
    d2 = np.dot(d3, W3.T)
    d1 = np.dot(d2, W2.T) * (1 - h1 ** 2)

    W3 -= RATE * np.dot(h2.T, d3)
    b3 -= RATE * np.sum(d3, axis=0, keepdims=True)
    W2 -= RATE * np.dot(h1.T, d2)
    b2 -= RATE * np.sum(d2, axis=0, keepdims=True)
    W1 -= RATE * np.dot(x.T, d1)
    b1 += RATE * np.sum(d1, axis=0, keepdims=True)


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    init()
    probe = backprobe.Probe("2-8-5-3 tanh squared-error mean factor=2", name="two_moons_np", rate=RATE)
    for n in "123":
        probe.weights(int(n), globals(), "W" + n, order="in-out")
        probe.biases(int(n), globals(), "b" + n)
    probe.predict = lambda x: forward(x)[2]
    probe.step = lambda x, t, rate: train_step(x, t)
    probe.serve()

if __name__ == "__main__":
    init()
    r = np.random.RandomState(0)
    a = r.uniform(0, np.pi, 40)
    upper = np.c_[np.cos(a), np.sin(a)]
    lower = np.c_[1 - np.cos(a), 0.5 - np.sin(a)]
    ring = 2.5 * np.c_[np.cos(2 * a), np.sin(2 * a)]
    x = np.vstack([upper, lower, ring]) + r.normal(0, 0.1, (120, 2))
    y = np.repeat(2 * np.eye(3) - 1, 40, axis=0)
    for i in range(3000):
        train_step(x, y)
    print("accuracy", np.mean(forward(x)[2].argmax(1) == np.repeat([0, 1, 2], 40)))
