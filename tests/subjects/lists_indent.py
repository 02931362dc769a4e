# my neural network (school project), lists only
import math, os, random

random.seed(4)
N_IN, N_HID, N_OUT = 3, 5, 3
w_hid = [[random.random() * 2 - 1 for i in range(N_IN)] for h in range(N_HID)]
w_out = [[random.random() * 2 - 1 for h in range(N_HID)] for o in range(N_OUT)]
b_hid = [random.random() * 2 - 1 for h in range(N_HID)]
b_out = [random.random() * 2 - 1 for o in range(N_OUT)]
hid = [0] * N_HID
out = [0] * N_OUT

def sig(x):
    return 1 / (1 + math.exp(-x))

def forward(inp):
    for h in range(N_HID):
        total = b_hid[h]
        for i in range(N_IN):
            total = total + w_hid[h][i] * inp[i]
        hid[h] = sig(total)
    for o in range(N_OUT):
        total = b_out[o]
        for h in range(N_HID):
            total = total + w_out[o][h] * hid[h]
        out[o] = sig(total)
    return out

def train(inp, target, speed):
    forward(inp)
    delta_out = []
    for o in range(N_OUT):
        delta_out.append((target[o] - out[o]) * out[o] * (1 - out[o]))
    delta_hid = []
    for h in range(N_HID):
        error = 0
        for o in range(N_OUT):
            error = error + delta_out[o] * w_out[o][h]
        delta_hid.append(error)
    for o in range(N_OUT):
        for h in range(N_HID):
            w_out[o][h] = w_out[o][h] + speed * delta_out[o] * hid[h]
    b_out[o] = b_out[o] + speed * delta_out[o]
    for h in range(N_HID):
        for i in range(N_IN):
            w_hid[h][i] = w_hid[h][i] + speed * delta_hid[h] * inp[i]
    b_hid[h] = b_hid[h] + speed * delta_hid[h]


if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("3-5-3 sigmoid squared-error", name="lists_indent", step="sample")
    probe.weights(1, globals(), "w_hid")
    probe.biases(1, globals(), "b_hid")
    probe.weights(2, globals(), "w_out")
    probe.biases(2, globals(), "b_out")
    probe.predict = lambda x: [list(forward(row)) for row in x]
    probe.step = lambda x, t, rate: train(x[0], t[0], rate)
    probe.serve()

if __name__ == '__main__':
    for n in range(4000):
        inp = [random.randint(0, 1) for i in range(N_IN)]
        target = [inp[0] and inp[1], inp[1] or inp[2], int(inp[0] != inp[2])]
        train(inp, target, 0.5)
    for p in range(8):
        inp = [p & 1, p >> 1 & 1, p >> 2]
        print(inp, [round(v, 2) for v in forward(inp)])
