"""A step by step example: classes Neuron, NeuronLayer, NeuralNetwork. No numpy."""
import math
import os
import random


class Neuron:
    def __init__(self, bias):
        self.bias = bias
        self.weights = []

    def calculate_output(self, inputs):
        self.inputs = inputs
        self.output = self.squash(self.calculate_total_net_input())
        return self.output

    def calculate_total_net_input(self):
        total = 0
        for i in range(len(self.inputs)):
            total += self.inputs[i] * self.weights[i]
        return total + self.bias

    def squash(self, total_net_input):
        return 1 / (1 + math.exp(-total_net_input))

    # dE/dnet = dE/do * do/dnet
    def calculate_pd_error_wrt_total_net_input(self, target_output):
        return self.calculate_pd_error_wrt_output(target_output) * \
            self.calculate_pd_total_net_input_wrt_input()

    def calculate_error(self, target_output):
        return 0.5 * (target_output - self.output) ** 2

    def calculate_pd_error_wrt_output(self, target_output):
        return -(target_output - self.output)

    def calculate_pd_total_net_input_wrt_input(self):
        return self.output * (1 - self.output)

    def calculate_pd_total_net_input_wrt_weight(self, index):
        return self.inputs[index]


class NeuronLayer:
    def __init__(self, num_neurons, num_inputs):
        self.neurons = []
        for _ in range(num_neurons):
            neuron = Neuron(random.random() - 0.5)
            neuron.weights = [random.random() * 2 - 1 for _ in range(num_inputs)]
            self.neurons.append(neuron)

    def feed_forward(self, inputs):
        return [neuron.calculate_output(inputs) for neuron in self.neurons]


class NeuralNetwork:
    LEARNING_RATE = 0.5

    def __init__(self, num_inputs, num_hidden, num_outputs):
        self.hidden_layer = NeuronLayer(num_hidden, num_inputs)
        self.output_layer = NeuronLayer(num_outputs, num_hidden)

    def feed_forward(self, inputs):
        return self.output_layer.feed_forward(self.hidden_layer.feed_forward(inputs))

    def train(self, training_inputs, training_outputs):
        self.feed_forward(training_inputs)
        # 1. Output neuron deltas
        pd_output = [0] * len(self.output_layer.neurons)
        for o in range(len(self.output_layer.neurons)):
            pd_output[o] = self.output_layer.neurons[o].calculate_pd_error_wrt_total_net_input(training_outputs[o])
        # 2. Hidden neuron deltas
        pd_hidden = [0] * len(self.hidden_layer.neurons)
        for h in range(len(self.hidden_layer.neurons)):
            d_error_wrt_hidden_output = 0
            for o in range(len(self.output_layer.neurons)):
                d_error_wrt_hidden_output += pd_output[o] * self.output_layer.neurons[o].weights[h]
            pd_hidden[h] = d_error_wrt_hidden_output * \
                self.hidden_layer.neurons[h].calculate_pd_total_net_input_wrt_input()
        # 3. Update output neuron weights
        for o in range(len(self.output_layer.neurons)):
            for w in range(len(self.output_layer.neurons[o].weights)):
                pd = pd_output[o] * self.output_layer.neurons[o].calculate_pd_total_net_input_wrt_weight(w)
                self.output_layer.neurons[o].weights[w] -= self.LEARNING_RATE * pd
            self.output_layer.neurons[o].bias -= self.LEARNING_RATE * pd_output[o]
        # 4. Update hidden neuron weights
        for h in range(len(self.hidden_layer.neurons)):
            for w in range(len(self.hidden_layer.neurons[h].weights)):
                pd = pd_hidden[h] * self.hidden_layer.neurons[h].calculate_pd_total_net_input_wrt_weight(w)
                self.hidden_layer.neurons[h].weights[w] -= self.LEARNING_RATE * pd
            self.hidden_layer.neurons[h].bias -= self.LEARNING_RATE * pd_hidden[h]

    def calculate_total_error(self, training_sets):
        total_error = 0
        for inputs, outputs in training_sets:
            self.feed_forward(inputs)
            for o in range(len(outputs)):
                total_error += self.output_layer.neurons[o].calculate_error(outputs[o])
        return total_error


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    nn = NeuralNetwork(3, 4, 2)
    probe = backprobe.Probe("3-4-2 sigmoid squared-error", name="example_by_hand",
                            step="sample", rate=NeuralNetwork.LEARNING_RATE)

    class BiasList(list):       # the bias is a field of each neuron: seen as a list
        def __init__(self, layer):
            list.__init__(self, [n.bias for n in layer.neurons])
            self.layer = layer

        def __setitem__(self, i, value):
            self.layer.neurons[i].bias = value

        def __iter__(self):
            return iter([n.bias for n in self.layer.neurons])

    for k, layer in ((1, nn.hidden_layer), (2, nn.output_layer)):
        probe.weights(k, {"w": [n.weights for n in layer.neurons]}, "w")
        probe.biases(k, {"b": BiasList(layer)}, "b")
    probe.predict = lambda x: [nn.feed_forward(list(row)) for row in x]
    probe.step = lambda x, t, rate: nn.train(list(x[0]), list(t[0]))
    probe.serve()

if __name__ == "__main__":
    random.seed(0)
    training_sets = [[[a, b, c], [a ^ b, b & c]] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    nn = NeuralNetwork(3, 4, 2)
    for i in range(8000):
        inputs, outputs = random.choice(training_sets)
        nn.train(inputs, outputs)
        if i % 2000 == 0:
            print(i, round(nn.calculate_total_error(training_sets), 9))
