# Backprop from scratch, no libraries. A network is a list of layers, a layer a
# list of neurons, a neuron a dict.
import os
from math import exp
from random import seed, random


def initialize_network(sizes):
    network = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        network.append([{'weights': [random() * 2 - 1 for _ in range(n_in + 1)]} for _ in range(n_out)])
    return network


def activate(weights, inputs):
    activation = weights[-1]
    for i in range(len(weights) - 1):
        activation += weights[i] * inputs[i]
    return activation


def transfer(activation):
    return 1.0 / (1.0 + exp(-activation))


def forward_propagate(network, row):
    inputs = row
    for layer in network:
        new_inputs = []
        for neuron in layer:
            neuron['output'] = transfer(activate(neuron['weights'], inputs))
            new_inputs.append(neuron['output'])
        inputs = new_inputs
    return inputs


def transfer_derivative(output):
    return output * (1.0 - output)


def backward_propagate_error(network, expected):
    for i in reversed(range(len(network))):
        layer = network[i]
        errors = []
        if i != len(network) - 1:
            for j in range(len(layer)):
                error = 0.0
                for neuron in network[i + 1]:
                    error += neuron['weights'][j] * neuron['delta']
                errors.append(error)
        else:
            for j in range(len(layer)):
                errors.append(layer[j]['output'] - expected[j])
        for j in range(len(layer)):
            layer[j]['delta'] = errors[j] * transfer_derivative(layer[j]['output'])


def update_weights(network, row, l_rate):
    inputs = row
    for i in range(len(network)):
        for neuron in network[i]:
            for j in range(len(inputs)):
                neuron['weights'][j] -= l_rate * neuron['delta'] * inputs[j]
            neuron['weights'][-1] -= l_rate * neuron['delta']


def train_row(network, row, expected, l_rate):
    forward_propagate(network, row)
    backward_propagate_error(network, expected)
    update_weights(network, row, l_rate)


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    net = initialize_network([4, 4, 4, 3])
    rows = [[neuron['weights'] for neuron in layer] for layer in net]     # the same lists
    probe = backprobe.Probe("4-4-4-3 sigmoid squared-error", name="dict_network", step="sample")
    for n in range(3):
        probe.weights(n + 1, rows, n, bias="last")
    probe.predict = lambda x: [forward_propagate(net, row) for row in x]
    probe.step = lambda x, t, rate: train_row(net, x[0], t[0], rate)
    probe.serve()

if __name__ == '__main__':
    seed(1)
    network = initialize_network([4, 4, 4, 3])
    for epoch in range(60):
        total = 0
        for p in range(16):
            row = [p >> b & 1 for b in range(4)]
            expected = [int(sum(row) == 2), int(sum(row) > 2), int(sum(row) < 2)]
            train_row(network, row, expected, 0.5)
            total += sum((expected[k] - network[-1][k]['output']) ** 2 for k in range(3))
        if epoch % 20 == 0:
            print('>epoch=%d, error=%.3f' % (epoch, total))
