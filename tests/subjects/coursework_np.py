# Week 4 assignment: L-layer network, examples in columns, logistic cost
import os
import numpy as np


def initialize_parameters(layer_dims):
    np.random.seed(3)
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters['W' + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) * 0.8
        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def forward(X, parameters):
    cache = {'A0': X}
    for l in (1, 2):
        Z = np.dot(parameters['W%d' % l], cache['A%d' % (l - 1)]) + parameters['b%d' % l]
        cache['A%d' % l] = sigmoid(Z)
    Z = np.dot(parameters['W3'], cache['A2']) + parameters['b3']
    cache['A3'] = sigmoid(Z)
    return cache['A3'], cache


def backward(cache, parameters, Y):
    m = Y.shape[1]
    grads = {}
    dZ = cache['A3'] - Y
    grads['dW3'] = np.dot(dZ, cache['A2'].T) / m
    grads['db3'] = np.sum(dZ, axis=1, keepdims=True)
    for l in (2, 1):
        dA = np.dot(parameters['W%d' % (l + 1)].T, dZ)
        dZ = dA * (1 - np.power(cache['A%d' % l], 2))
        grads['dW%d' % l] = np.dot(dZ, cache['A%d' % (l - 1)].T) / m
        grads['db%d' % l] = np.sum(dZ, axis=1, keepdims=True) / m
    return grads


def update_parameters(parameters, grads, learning_rate):
    for l in (1, 2, 3):
        parameters['W%d' % l] = parameters['W%d' % l] - learning_rate * grads['dW%d' % l]
        parameters['b%d' % l] = parameters['b%d' % l] - learning_rate * grads['db%d' % l]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    parameters = initialize_parameters([5, 4, 6, 2])
    probe = backprobe.Probe("5-4-6-2 sigmoid binary-cross-entropy mean", name="coursework_np")
    for l in (1, 2, 3):
        probe.weights(l, parameters, 'W%d' % l)
        probe.biases(l, parameters, 'b%d' % l)

    def gradient(x, t):
        AL, cache = forward(x.T, parameters)
        g = backward(cache, parameters, t.T)
        return [g['d' + k] for l in (1, 2, 3) for k in ('W%d' % l, 'b%d' % l)]

    probe.predict = lambda x: forward(x.T, parameters)[0].T
    probe.gradient = gradient
    probe.serve()

if __name__ == "__main__":
    parameters = initialize_parameters([5, 4, 6, 2])
    X = np.random.rand(5, 100) * 2 - 1
    Y = np.vstack([X[0] + X[1] > 0, X[2] * X[3] > 0]).astype(float)
    for i in range(1500):
        AL, cache = forward(X, parameters)
        if i % 500 == 0:
            print("Cost after iteration %i: %f" % (i, -np.mean(np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL), axis=0))))
        update_parameters(parameters, backward(cache, parameters, Y), 0.5)
