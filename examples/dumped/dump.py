"""Somebody who can only write arrays to files: "python3 dump.py FOLDER wrong" has the mistake.

    python3 dump.py out
    backprobe check --network '2-3-1 tanh,sigmoid binary-cross-entropy' \\
        --theta out/W1.csv,out/b1.csv,out/W2.csv,out/b2.csv \\
        --gradient out/dW1.csv,out/db1.csv,out/dW2.csv,out/db2.csv \\
        --data out/data.csv --outputs out/y.csv
"""
import math
import os
import random
import sys

WRONG = "wrong" in sys.argv
folder = sys.argv[1]
random.seed(4)
W1 = [[random.gauss(0, 1) for _ in range(2)] for _ in range(3)]
b1 = [random.gauss(0, 1) for _ in range(3)]
W2 = [[random.gauss(0, 1) for _ in range(3)]]
b2 = [random.gauss(0, 1)]
data = [[random.gauss(0, 1), random.gauss(0, 1), float(random.random() < 0.5)] for _ in range(6)]

dW1, db1, dW2, db2 = [[0.0] * 2 for _ in range(3)], [0.0] * 3, [[0.0] * 3], [0.0]
y = []
for x0, x1, t in data:
    h = [math.tanh(W1[i][0] * x0 + W1[i][1] * x1 + b1[i]) for i in range(3)]
    y.append([1 / (1 + math.exp(-sum(W2[0][i] * h[i] for i in range(3)) - b2[0]))])
    d = (y[-1][0] - t) / len(data)
    db2[0] += d
    for i in range(3):
        dW2[0][i] += d * h[i]
        e = d * W2[0][i]
        if not WRONG:
            e *= 1 - h[i] ** 2
        db1[i] += e
        dW1[i][0] += e * x0
        dW1[i][1] += e * x1

os.makedirs(folder, exist_ok=True)
for name, rows in dict(W1=W1, b1=[b1], W2=W2, b2=[b2], dW1=dW1, db1=[db1], dW2=dW2, db2=[db2],
                       data=data, y=y).items():
    with open(os.path.join(folder, name + ".csv"), "w") as file:
        for row in rows:
            file.write(",".join(repr(v) for v in row) + "\n")
