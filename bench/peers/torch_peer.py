#!/usr/bin/env python3
"""torch_peer.py -- PyTorch, measured: answers "job arguments" with seconds.

gradcheck-full in hidden out n    torch.autograd.gradcheck, every entry
gradcheck-fast in hidden out n    its fast mode: one random direction a tensor
epoch in hidden out batch n       one epoch of SGD with torch.nn, in double
"""
import sys
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(1)


def digits(n, width):
    return torch.rand(n, width, dtype=torch.double) * (torch.rand(n, width) < 0.2)


def one_hot(n, width):
    return torch.eye(width, dtype=torch.double)[torch.randint(width, (n,))]


def gradcheck(n_in, hidden, n_out, n, fast):
    x, t = digits(n, n_in), one_hot(n, n_out)
    shapes = [(hidden, n_in), (hidden,), (n_out, hidden), (n_out,)]
    theta = [(0.1 * torch.randn(*s, dtype=torch.double)).requires_grad_() for s in shapes]

    def loss(w1, b1, w2, b2):
        a = torch.sigmoid(x @ w1.T + b1)
        a = torch.sigmoid(a @ w2.T + b2)
        return 0.5 * ((a - t) ** 2).sum() / n

    start = time.process_time()
    torch.autograd.gradcheck(loss, theta, fast_mode=fast, atol=1e-4, raise_exception=False)
    return time.process_time() - start


def epoch(n_in, hidden, n_out, batch, n):
    x, t = digits(n, n_in), one_hot(n, n_out)
    net = torch.nn.Sequential(torch.nn.Linear(n_in, hidden), torch.nn.Sigmoid(),
                              torch.nn.Linear(hidden, n_out), torch.nn.Sigmoid()).double()
    loss = torch.nn.MSELoss(reduction="mean")
    sgd = torch.optim.SGD(net.parameters(), lr=0.5)
    start = time.process_time()
    order = torch.randperm(n)
    for k in range(0, n, batch):
        pick = order[k:k + batch]
        sgd.zero_grad()
        loss(net(x[pick]), t[pick]).backward()
        sgd.step()
    return time.process_time() - start


print("torch", torch.__version__, flush=True)
for line in sys.stdin:
    job, *numbers = line.split()
    numbers = [int(k) for k in numbers]
    if job == "epoch":
        seconds = epoch(*numbers)
    else:
        seconds = gradcheck(*numbers, job == "gradcheck-fast")
    print(seconds, flush=True)
