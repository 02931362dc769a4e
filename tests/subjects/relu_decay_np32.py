"""loss = -mean log p[label] + 0.5 * reg * sum(W * W), in float32"""
import os
import numpy as np

f4 = np.float32
reg = f4(0.01)
h = 9
rng = np.random.RandomState(2)
W = (0.3 * rng.randn(3, h)).astype(f4)
b = np.zeros((1, h), f4)
W2 = (0.3 * rng.randn(h, 4)).astype(f4)
b2 = np.zeros((1, 4), f4)


def probabilities(X):
    hidden = np.maximum(0, X.astype(f4) @ W + b)
    scores = hidden @ W2 + b2
    e = np.exp(scores - scores.max(1, keepdims=True))
    return hidden, e / e.sum(1, keepdims=True)


def evaluate_gradient(X, y):
    X = X.astype(f4)
    n = f4(X.shape[0])
    hidden, probs = probabilities(X)
    dscores = probs.copy()
    dscores[range(len(y)), y] -= 1
    dscores /= n
    dW2 = hidden.T @ dscores + reg * W2
    db2 = dscores.sum(axis=0, keepdims=True)
    dhidden = dscores @ W2.T
    dhidden[hidden <= 0] = 0
    dW = X.T @ dhidden + reg * W
    db = dhidden.sum(axis=0, keepdims=True)
    return dW, db, dW2, db2


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("3-9-4 relu,softmax softmax-cross-entropy mean l2=0.01",
                            name="relu_decay_np32", precision="float")
    probe.weights(1, globals(), "W", order="in-out")
    probe.biases(1, globals(), "b")
    probe.weights(2, globals(), "W2", order="in-out")
    probe.biases(2, globals(), "b2")
    probe.predict = lambda x: probabilities(x)[1]
    probe.gradient = lambda x, t: evaluate_gradient(x, t.argmax(axis=1))
    probe.serve()

if __name__ == "__main__":
    X = rng.uniform(-1, 1, (160, 3))
    y = (X[:, 0] > 0) + 2 * (X[:, 1] > X[:, 2])
    for i in range(600):
        for p, g in zip((W, b, W2, b2), evaluate_gradient(X, y)):
            p -= f4(0.5) * g
    print("training accuracy: %.2f" % np.mean(probabilities(X)[1].argmax(1) == y))
