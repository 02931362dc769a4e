# Network as nested lists of dicts; two hidden layers; trained online on parity and count.
import math
import os
import random

ATTACH = os.environ.get("BACKPROBE")


def new_neuron(inputs):
    return {'w': [random.gauss(0, 1) for _ in range(inputs)], 'b': [random.gauss(0, 1)],
            'o': 0.0, 'd': 0.0}


def new_net(*sizes):
    return [[new_neuron(i) for _ in range(o)] for i, o in zip(sizes, sizes[1:])]


def compute(net, values):
    for layer in net:
        for n in layer:
            s = n['b'][0]
            for w, v in zip(n['w'], values):
                s += w * v
            n['o'] = 1.0 / (1.0 + math.exp(-s))
        values = [n['o'] for n in layer]
    return values


def train(net, example, target, eta=0.4):
    compute(net, example)
    for n, t in zip(net[-1], target):
        n['d'] = n['o'] * (1 - n['o']) * (t - n['o'])
    for k in range(len(net) - 2, -1, -1):
        for j, n in enumerate(net[k]):
            n['d'] = n['o'] * (1 - n['o']) * sum(m['w'][j] * m['d'] for m in net[k + 1])
    for k, layer in enumerate(net):
        values = example if k == 0 else [n['o'] for n in net[k - 1]]
        for n in layer:
            for j, v in enumerate(values):
                n['w'][j] += eta * n['d'] * v
            n['b'][0] += eta * n['d']


if ATTACH:
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    mine = new_net(4, 5, 3, 2)
    weights = [[n['w'] for n in layer] for layer in mine]
    biases = [[n['b'] for n in layer] for layer in mine]
    probe = backprobe.Probe("4-5-3-2 sigmoid squared-error", name="rows_of_dicts", step="sample", rate=0.4)
    for k in range(3):
        probe.weights(k + 1, weights, k)
        probe.biases(k + 1, biases, k)
    probe.predict = lambda x: [compute(mine, row) for row in x]
    probe.step = lambda x, t, rate: train(mine, x[0], t[0])
    probe.serve()

if __name__ == "__main__":
    random.seed(5)
    net = new_net(4, 5, 3, 2)
    for epoch in range(301):
        error = 0.0
        for p in range(16):
            bits = [p >> k & 1 for k in range(4)]
            target = [sum(bits) % 2, int(sum(bits) >= 2)]
            train(net, bits, target)
            error += sum((t - n['o']) ** 2 / 2 for t, n in zip(target, net[-1]))
        if epoch % 100 == 0:
            print(epoch, error)
