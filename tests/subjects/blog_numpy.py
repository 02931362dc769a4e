# A neural network in a few lines of numpy
import os
import numpy as np


def sigmoid(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


np.random.seed(1)
syn0 = 2 * np.random.random((3, 4)) - 1
syn1 = 2 * np.random.random((4, 5)) - 1
syn2 = 2 * np.random.random((5, 1)) - 1


def predict(X):
    l1 = sigmoid(np.dot(X, syn0))
    l2 = sigmoid(np.dot(l1, syn1))
    return sigmoid(np.dot(l2, syn2))


def train(X, y):
    global syn0, syn1, syn2
    l0 = X
    l1 = sigmoid(np.dot(l0, syn0))
    l2 = sigmoid(np.dot(l1, syn1))
    l3 = sigmoid(np.dot(l2, syn2))

    l3_delta = (y - l3) * sigmoid(l3, deriv=True)
    syn2 += l2.T.dot(l3_delta)

    l2_delta = l3_delta.dot(syn2.T) * sigmoid(l2, deriv=True)
    syn1 += l1.T.dot(l2_delta)

    l1_delta = l2_delta.dot(syn1.T) * sigmoid(l1, deriv=True)
    syn0 += l0.T.dot(l1_delta)
    return np.mean(np.abs(y - l3))


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("3-4-5-1 sigmoid squared-error sum no-bias", name="blog_numpy", rate=1.0)
    probe.weights(1, globals(), "syn0", order="in-out")
    probe.weights(2, globals(), "syn1", order="in-out")
    probe.weights(3, globals(), "syn2", order="in-out")
    probe.predict = predict
    probe.step = lambda x, t, rate: train(x, t)
    probe.serve()

if __name__ == "__main__":
    X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    y = np.array([[0], [1], [1], [0]])
    for j in range(10000):
        error = train(X, y)
        if j % 2000 == 0:
            print("Error:", error)
    print(predict(X))
