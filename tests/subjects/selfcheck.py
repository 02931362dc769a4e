#!/usr/bin/env python3
"""Are the healthy programs right, and the broken ones visibly wrong?

A judge of the programs in this folder that shares nothing with backprobe: plain
Python, the textbook's formulas, central differences. For every program

  - it compiles (C), and its own training runs to the end without crashing;
  - healthy: predictions equal the network that it says it is, its gradient or
    step equals the numeric gradient of the loss that it says it has, and two
    equal calls are equal;
  - broken: at least one of these is not so, in a layer that causes.tsv names;
    where causes.tsv says that start or loss is at fault, that is looked at; with
    all its cures applied (cures.txt) it is healthy, and with only one of several
    left out it is broken where that cause says.

usage: selfcheck.py [-v] [PROGRAM ...]
"""
import base64
import ctypes
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CC = os.environ.get("CC", "cc")
VERBOSE = "-v" in sys.argv


# ---- the network, from its line of text --------------------------------------

class Network:
    def __init__(self, text):
        words = text.split()
        self.widths = [int(w) for w in words[0].split("-")]
        L = len(self.widths) - 1
        f = words[1].split(",")
        if len(f) == 1:
            f = f * L
        elif len(f) == 2:
            f = [f[0]] * (L - 1) + [f[1]]
        assert len(f) == L, text
        self.f, self.loss_name = f, words[2]
        self.sum = "sum" in words[3:]
        self.factor = self.option(words, "factor", 1.0)
        self.l2 = self.option(words, "l2", 0.0)
        self.slope = self.option(words, "slope", 0.01)
        self.bias = "no-bias" not in words[3:]

    @staticmethod
    def option(words, key, default):
        for w in words[3:]:
            if w.startswith(key + "="):
                return float(w.split("=")[1])
        return default

    def activate(self, f, z):
        if f == "identity":
            return list(z)
        if f == "sigmoid":
            return [1 / (1 + math.exp(-v)) for v in z]
        if f == "tanh":
            return [math.tanh(v) for v in z]
        if f == "relu":
            return [max(0.0, v) for v in z]
        if f == "leaky-relu":
            return [v if v > 0 else self.slope * v for v in z]
        assert f == "softmax", f
        top = max(z)
        e = [math.exp(v - top) for v in z]
        return [v / sum(e) for v in e]

    def forward(self, W, b, x):
        self.nearest = getattr(self, "nearest", 1e9)
        for l, f in enumerate(self.f):
            z = [sum(w * v for w, v in zip(row, x)) + c for row, c in zip(W[l], b[l])]
            if f in ("relu", "leaky-relu"):
                self.nearest = min([self.nearest] + [abs(v) for v in z])
            x = self.activate(f, z)
        return x

    def loss(self, W, b, X, T):
        total = 0.0
        for x, t in zip(X, T):
            y = self.forward(W, b, x)
            if self.loss_name == "squared-error":
                total += 0.5 * sum((p - q) ** 2 for p, q in zip(y, t))
            elif self.loss_name == "binary-cross-entropy":
                total -= sum(q * math.log(p) + (1 - q) * math.log(1 - p) for p, q in zip(y, t))
            else:
                assert self.loss_name == "softmax-cross-entropy"
                total -= sum(q * math.log(p) for p, q in zip(y, t) if q)
        total *= self.factor / (1 if self.sum else len(X))
        return total + self.l2 / 2 * sum(w * w for M in W for row in M for w in row)


# ---- where each number of theta sits ------------------------------------------

def places(net, arrays):
    """For each entry of theta: (kind, layer, neuron, input); input None is a bias."""
    out = []
    for a in arrays:
        l, role, order = a["layer"], a["role"], a["order"]
        n_out, n_in = net.widths[l], net.widths[l - 1]
        cols = {"weights": list(range(n_in)), "biases": [None],
                "bias-first": [None] + list(range(n_in)),
                "bias-last": list(range(n_in)) + [None]}[role]
        rows = range(n_out)
        if order == "out-in":
            out += [(l, j, i) for j in rows for i in cols]
        else:
            out += [(l, j, i) for i in cols for j in rows]
    return out


def unpack(net, where, theta):
    W = [[[0.0] * n for _ in range(m)] for n, m in zip(net.widths, net.widths[1:])]
    b = [[0.0] * m for m in net.widths[1:]]
    for (l, j, i), v in zip(where, theta):
        if i is None:
            b[l - 1][j] = v
        else:
            W[l - 1][j][i] = v
    return W, b


def numeric(net, where, theta, X, T, h=1e-5):
    g, theta = [], list(theta)
    for k in range(len(theta)):
        keep, ends = theta[k], []
        for d in (h, -h):
            theta[k] = keep + d
            ends.append(net.loss(*unpack(net, where, theta), X, T))
        theta[k] = keep
        g.append((ends[0] - ends[1]) / (2 * h))
    return g


# ---- programs in C: a shared object -------------------------------------------

P = ctypes.POINTER
D = P(ctypes.c_double)


class Batch(ctypes.Structure):
    _fields_ = [("n", ctypes.c_size_t), ("x", D), ("t", D)]


class Array(ctypes.Structure):
    _fields_ = [("layer", ctypes.c_int), ("role", ctypes.c_int), ("order", ctypes.c_int),
                ("type", ctypes.c_int), ("values", ctypes.c_void_p), ("gradient", ctypes.c_void_p)]


V = ctypes.c_void_p
CALL = ctypes.CFUNCTYPE(ctypes.c_int, V, D, P(Batch), D)
STEP = ctypes.CFUNCTYPE(ctypes.c_int, V, D, P(Batch), ctypes.c_double, D)
TRACE = ctypes.CFUNCTYPE(ctypes.c_int, V, D, P(Batch), D, D, D)
RESET = ctypes.CFUNCTYPE(ctypes.c_int, V)
WORDS = ctypes.CFUNCTYPE(ctypes.c_char_p, V)


class Raw(ctypes.Structure):
    _fields_ = [("abi", ctypes.c_uint), ("name", ctypes.c_char_p), ("network", ctypes.c_char_p),
                ("arrays", P(Array)), ("n_arrays", ctypes.c_size_t), ("n_theta", ctypes.c_size_t),
                ("n_in", ctypes.c_size_t), ("n_out", ctypes.c_size_t), ("precision", ctypes.c_int),
                ("constant_undeclared", ctypes.c_int), ("self", V), ("loss", CALL),
                ("predict", CALL), ("gradient", CALL), ("step", STEP), ("trace", TRACE),
                ("reset", RESET), ("complaint", WORDS), ("rate_kind", ctypes.c_int),
                ("rate", ctypes.c_double), ("step_kind", ctypes.c_int), ("data", P(Batch)),
                ("shuffles", ctypes.c_int), ("theta", D)]


def doubles(values):
    return (ctypes.c_double * max(1, len(values)))(*values)


class CSubject:
    def __init__(self, program, source, folder):
        so = os.path.join(folder, "%d.so" % len(os.listdir(folder)))
        subprocess.run([CC, "-O1", "-w", "-DBACKPROBE", "-shared", "-fPIC", "-Wl,-Bsymbolic",
                        "-I" + ROOT, "-o", so, source, "-lm"], check=True)
        self.raw = r = Raw()
        self.lib = ctypes.CDLL(so)
        assert self.lib.backprobe_subject(ctypes.byref(r)) == 0 and r.abi == 1
        assert r.name.decode() == program, r.name
        self.network = r.network.decode()
        self.arrays = [dict(layer=a.layer,
                            role=("weights", "biases", "bias-first", "bias-last")[a.role],
                            order=("out-in", "in-out")[a.order], c=a)
                       for a in r.arrays[:r.n_arrays]]
        self.net = Network(self.network)
        self.single = r.precision == 1
        self.has_gradient = bool(r.gradient)
        self.step_kind = ("batch", "sample", "epoch")[r.step_kind]
        self.rate = None if r.rate_kind == 0 else r.rate if r.rate_kind == 1 else math.nan
        self.data = None
        w = self.net.widths
        if r.data:
            b = r.data.contents
            self.data = ([b.x[i * w[0]:(i + 1) * w[0]] for i in range(b.n)],
                         [b.t[i * w[-1]:(i + 1) * w[-1]] for i in range(b.n)])
        self.shuffles = r.shuffles
        n = len(places(self.net, self.arrays))
        self.start = list(r.theta[:n]) if r.theta else None

    def views(self, field):
        for a in self.arrays:
            n = len(places(self.net, [a]))
            address = getattr(a["c"], field)
            kind = ctypes.c_double if a["c"].type == 0 else ctypes.c_float
            yield n, (kind * n).from_address(address) if address else None

    def put(self, theta):
        at = 0
        for n, view in self.views("values"):
            if view is not None:
                view[:] = theta[at:at + n]
            at += n

    def collect(self, field, out):
        at, result = 0, list(out)
        for n, view in self.views(field):
            if view is not None:
                result[at:at + n] = list(view)
            at += n
        return result

    def batch(self, X, T):
        return Batch(len(X), doubles([v for x in X for v in x]), doubles([v for t in T for v in t]))

    def predict(self, theta, X):
        self.put(theta)
        y = doubles([math.nan] * (len(X) * self.net.widths[-1]))
        T = [[0.0] * self.net.widths[-1]] * len(X)
        assert self.raw.predict(self.raw.self, doubles(theta), self.batch(X, T), y) == 0
        k = self.net.widths[-1]
        return [list(y[i * k:(i + 1) * k]) for i in range(len(X))]

    def gradient(self, theta, X, T):
        self.put(theta)
        g = doubles([math.nan] * len(theta))
        assert self.raw.gradient(self.raw.self, doubles(theta), self.batch(X, T), g) == 0
        return self.collect("gradient", g)

    def step(self, theta, X, T, rate):
        self.put(theta)
        if self.raw.reset:
            self.raw.reset(self.raw.self)
        after = doubles(theta)
        status = self.raw.step(self.raw.self, doubles(theta), self.batch(X, T), rate, after)
        assert status == 0, "step refused"
        return self.collect("values", after)

    def close(self):
        pass


# ---- programs in Python: one line of JSON each way -----------------------------

def python_for(source):
    """The interpreter that can run a program; None when it needs numpy and none has it."""
    with open(source) as f:
        if "import numpy" not in f.read():
            return sys.executable
    for python in ("python3", "/usr/bin/python3"):
        try:
            if subprocess.run([python, "-c", "import numpy"], stderr=subprocess.DEVNULL).returncode == 0:
                return python
        except OSError:
            pass
    return None


class PySubject:
    def __init__(self, program, source, folder):
        environment = dict(os.environ, BACKPROBE="1", PYTHONPATH=os.path.join(ROOT, "examples"),
                           PYTHONDONTWRITEBYTECODE="1", OPENBLAS_NUM_THREADS="1")
        self.process = subprocess.Popen([python_for(source), source], env=environment, cwd=folder,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        hello = self.ask("hello", backprobe=1, encodings=["json", "base64"])
        assert hello["name"] == program, hello["name"]
        self.network = hello["network"]
        self.net = Network(self.network)
        self.arrays = [dict(layer=a["layer"], role=a["role"], order=a.get("order", "out-in"))
                       for a in hello["arrays"]]
        self.single = hello.get("precision") == "float"
        self.can = hello["can"]
        self.has_gradient = "gradient" in self.can
        self.step_kind = hello.get("step", "batch")
        rate = hello.get("rate", "given")
        self.rate = None if rate == "given" else math.nan if rate == "unknown" else rate
        self.shuffles = hello.get("shuffles", False)
        self.start = unpack64(hello["theta"]) if "theta" in hello else None
        self.data = None
        if "data" in hello:
            d, w = hello["data"], self.net.widths
            x, t = unpack64(d["x"]), unpack64(d["t"])
            self.data = ([x[i * w[0]:(i + 1) * w[0]] for i in range(d["n"])],
                         [t[i * w[-1]:(i + 1) * w[-1]] for i in range(d["n"])])

    def ask(self, call, **fields):
        line = json.dumps(dict(fields, id=1, call=call)) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(self.process.stderr.read().decode()[-300:])
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def batch(self, theta, X, T):
        return dict(theta=pack64(theta), n=len(X), x=pack64([v for x in X for v in x]),
                    t=pack64([v for t in T for v in t]))

    def predict(self, theta, X):
        k = self.net.widths[-1]
        y = unpack64(self.ask("predict", **self.batch(theta, X, [[0.0] * k] * len(X)))["y"])
        assert len(y) == k * len(X), "predict: %d numbers" % len(y)
        return [y[i * k:(i + 1) * k] for i in range(len(X))]

    def gradient(self, theta, X, T):
        g = unpack64(self.ask("gradient", **self.batch(theta, X, T))["g"])
        assert len(g) == len(theta), "gradient: %d numbers" % len(g)
        return g

    def step(self, theta, X, T, rate):
        if "reset" in self.can:
            self.ask("reset")
        elif self.step_kind == "sample":  # nothing to learn: a part of it, kept for the next step, is 0
            self.ask("step", rate=rate, **self.batch(theta, X, self.predict(theta, X)))
        return unpack64(self.ask("step", rate=rate, **self.batch(theta, X, T))["next"])

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=5)


def pack64(numbers):
    return base64.b64encode(struct.pack("<%dd" % len(numbers), *numbers)).decode()


def unpack64(text):
    raw = base64.b64decode(text)
    return list(struct.unpack("<%dd" % (len(raw) // 8), raw))


# ---- looking -------------------------------------------------------------------

def draw(net, rng, n):
    w, f = net.widths, net.f[-1]
    X = [[rng.uniform(-1, 1) for _ in range(w[0])] for _ in range(n)]
    T = []
    for _ in range(n):
        if net.loss_name == "softmax-cross-entropy":
            hot = rng.randrange(w[-1])
            T.append([float(k == hot) for k in range(w[-1])])
        elif net.loss_name == "binary-cross-entropy":
            T.append([float(rng.random() < 0.5) for _ in range(w[-1])])
        else:
            low = -1 if f in ("tanh", "identity", "leaky-relu") else 0
            T.append([rng.uniform(low, 1) for _ in range(w[-1])])
    return X, T


def probe(net, where, rng, n, data=None):
    """A point at which no relu sits near its corner."""
    for _ in range(1000):
        theta = [rng.uniform(-0.9, 0.9) if i is not None else rng.uniform(-0.5, 0.5)
                 for _, _, i in where]
        X, T = data or draw(net, rng, n)
        net.nearest = 1e9
        W, b = unpack(net, where, theta)
        for x in X:
            net.forward(W, b, x)
        if net.nearest > 2e-3 / (1 + len(X)):
            return theta, X, T
    raise SystemExit("no probe away from the corners")


def expected_epoch(net, where, theta, X, T, rate, how):
    if how == "full":
        g = numeric(net, where, theta, X, T)
        return [v - rate * d for v, d in zip(theta, g)]
    for x, t in zip(X, T):
        g = numeric(net, where, theta, [x], [t])
        theta = [v - rate * d for v, d in zip(theta, g)]
    return theta


def wrong_tensors(where, got, want, tolerance):
    """{(layer, "W" or "b"): (largest error, got, want)} where they part."""
    top = max(abs(v) for v in want) or 1.0
    out = {}
    for (l, j, i), g, n in zip(where, got, want):
        e = abs(g - n) / top
        key = (l, "b" if i is None else "W")
        if not e <= tolerance and not e <= out.get(key, (0,))[0]:
            out[key] = (e, g, n)
    return out


def examine(s, single):
    """What is seen: dict of name -> evidence; empty for a program that is right."""
    net, seen = s.net, {}
    where = places(net, s.arrays)
    tolerance = 1e-3 if single else 2e-6
    need = sum(a * b for a, b in zip(net.widths, net.widths[1:]))
    need += sum(net.widths[1:]) if net.bias else 0
    assert len(where) == len(set(where)) == need, "arrays do not cover the network once"
    rng = random.Random(20)
    sizes = [1] if s.step_kind == "sample" and not s.has_gradient else [1, 5, 7]
    for trial in range(4):
        n = sizes[trial % len(sizes)]
        theta, X, T = probe(net, where, rng, n, s.data)
        W, b = unpack(net, where, theta)
        want = [net.forward(W, b, x) for x in X]
        got = s.predict(theta, X)
        far = max(abs(p - q) for u, v in zip(got, want) for p, q in zip(u, v))
        if not far <= (2e-5 if single else 1e-9):
            seen["predictions"] = far
        if s.has_gradient:
            g = s.gradient(theta, X, T)
            again = s.gradient(theta, X, T)
            if g != again:
                seen["calls differ"] = max(abs(p - q) for p, q in zip(g, again))
            bad = wrong_tensors(where, g, numeric(net, where, theta, X, T), tolerance)
        else:
            rate = (1e-5 if s.shuffles else 0.5) if s.rate is None else s.rate
            after = s.step(theta, X, T, rate)
            if rate != rate:            # unknown: the one that fits best (least squares)
                n = numeric(net, where, theta, X, T)
                rate = (sum((p - q) * v for p, q, v in zip(theta, after, n)) /
                        sum(v * v for v in n))
            g = [(p - q) / rate for p, q in zip(theta, after)]
            if after != s.step(theta, X, T, rate) and not s.shuffles:
                seen["calls differ"] = 1
            bad = None
            for how in (["full", "online"] if s.step_kind == "epoch" else ["full"]):
                e = expected_epoch(net, where, theta, X, T, rate, how)
                e = [(p - q) / rate for p, q in zip(theta, e)]
                this = wrong_tensors(where, g, e, 1e-3 if s.shuffles else tolerance)
                bad = this if bad is None or len(this) < len(bad) else bad
        for key, evidence in bad.items():
            seen.setdefault("%s%d" % (key[1], key[0]), evidence)
    if s.start:
        W, b = unpack(net, where, s.start)
        for l in range(len(net.widths) - 2):
            if len({json.dumps(r) for r in W[l]}) < len(W[l]):
                seen["equal neurons at the start"] = l + 1
    if s.data:
        low, high = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1),
                     "relu": (0, 1e9)}.get(net.f[-1], (-1e9, 1e9))
        if not all(low <= v <= high for t in s.data[1] for v in t):
            seen["targets out of reach"] = net.f[-1]
    return seen


# ---- what causes.tsv says -------------------------------------------------------

def read_causes():
    table = {}
    with open(os.path.join(HERE, "causes.tsv")) as f:
        next(f)
        for number, line in enumerate(f, 2):
            cells = line.rstrip("\n").split("\t")
            program, language, verdict, n = cells[:4]
            rest = cells[4:]
            causes = [rest[i:i + 4] for i in range(0, len(rest), 4)]
            place = "causes.tsv:%d: " % number
            assert language in ("c", "python"), place + language
            assert verdict in ("healthy", "broken"), place + verdict
            assert len(causes) == int(n) and all(len(c) == 4 for c in causes), place + "cells"
            assert (verdict == "healthy") == (n == "0"), place + "count"
            for word, stage, layers, _ in causes:
                assert stage in STAGES, place + stage
                assert word and all(c.isalnum() or c == "-" for c in word), place + word
                assert layers == "-" or all(p.isdigit() for p in layers.split(",")), place + layers
            assert program not in table, place + "twice"
            table[program] = (language, verdict, causes)
    return table


STAGES = ("output-delta propagate derivative outer-product bias scale regulariser update "
          "forward start data loss").split()


def judge(verdict, causes, seen):
    """None, or why the program is not what causes.tsv says."""
    if verdict == "healthy":
        return "healthy, but: %s" % sorted(seen) if seen else None
    if not seen:
        return "broken, but nothing is seen"
    stages = {c[1] for c in causes}
    if "start" in stages and "equal neurons at the start" not in seen:
        return "the start looks fine"
    if "loss" in stages and "targets out of reach" not in seen and stages == {"loss"}:
        return "the targets can be reached"
    if "forward" in stages and "predictions" not in seen and stages == {"forward"}:
        return "the predictions are right"
    layers = [int(k[1:]) for k in seen if k[0] in "Wb" and k[1:].isdigit()]
    named = [int(v) for c in causes if c[2] != "-" for v in c[2].split(",")]
    if layers and named and "forward" not in stages and max(layers) != max(named):
        return "first wrong layer from the output is %d, named %d" % (max(layers), max(named))
    return None


def read_cures():
    """{program: [[(what stands there, what was meant), ...] for each cause]}"""
    table, pairs = {}, None
    with open(os.path.join(HERE, "cures.txt")) as f:
        for line in f:
            if line[0] in "-+":
                if line[0] == "-" and (not pairs or pairs[-1][1]):
                    pairs.append(["", ""])
                pairs[-1]["-+".index(line[0])] += line[1:]
            elif line.strip() and line[0] != "#":
                program, number = line.split()
                pairs = []
                table.setdefault(program, []).append(pairs)
                assert int(number) == len(table[program]), line
    return table


def cured(program, extension, cures, folder):
    """The path of a copy with these cures applied."""
    with open(os.path.join(HERE, program + extension)) as f:
        text = f.read()
    for pairs in cures:
        for old, new in pairs:
            old, new = old.rstrip("\n"), new.rstrip("\n")
            if old not in text:
                raise ValueError("cure does not apply: %r" % old)
            text = text.replace(old, new)
    path = os.path.join(tempfile.mkdtemp(dir=folder), program + extension)
    with open(path, "w") as f:
        f.write(text)
    return path


def own_training(program, language, folder):
    if language == "c":
        exe = os.path.join(folder, program)
        subprocess.run([CC, "-O1", "-w", "-o", exe, os.path.join(HERE, program + ".c"), "-lm"],
                       check=True)
        command = [exe]
    else:
        source = os.path.join(HERE, program + ".py")
        command = [python_for(source), source]
    r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                       cwd=folder, stdin=subprocess.DEVNULL)
    return None if r.returncode == 0 else "own training ends with %d: %s" % (
        r.returncode, r.stderr.decode()[-300:])


def look(program, language, source, folder):
    s = (CSubject if language == "c" else PySubject)(program, source, folder)
    try:
        return examine(s, s.single)
    finally:
        s.close()


def check_one(program, language, verdict, causes, cures):
    extension = ".c" if language == "c" else ".py"
    if language == "python" and not python_for(os.path.join(HERE, program + extension)):
        print("%-22s skipped: no Python with numpy" % program)
        return None, {}
    with tempfile.TemporaryDirectory() as folder:
        trouble = own_training(program, language, folder)
        if trouble:
            return trouble, {}
        seen = look(program, language, os.path.join(HERE, program + extension), folder)
        trouble = judge(verdict, causes, seen)
        if trouble or verdict == "healthy":
            return trouble, seen
        if len(cures) != len(causes):
            return "%d cures for %d causes" % (len(cures), len(causes)), seen
        left = look(program, language, cured(program, extension, cures, folder), folder)
        if left:
            return "broken still with every cure: %s" % sorted(left), left
        for k in range(len(cures) if len(cures) > 1 else 0):
            rest = cures[:k] + cures[k + 1:]
            left = look(program, language, cured(program, extension, rest, folder), folder)
            trouble = judge(verdict, causes[k:k + 1], left)
            if trouble:
                return "only cause %d left: %s" % (k + 1, trouble), left
        return None, seen


def main():
    table, cures = read_causes(), read_cures()
    names = [a for a in sys.argv[1:] if a != "-v"] or sorted(table)
    files = {f.rsplit(".", 1)[0] for f in os.listdir(HERE)
             if f.endswith((".c", ".py")) and f not in ("selfcheck.py", "pipe.py")}
    failed = 0
    for program in sorted(files ^ set(table)):
        print("%s: in causes.tsv or in the folder, not in both" % program)
        failed += 1
    for program in names:
        sys.stdout.flush()
        pid = os.fork()                 # a crash of one program must not end the rest
        if pid == 0:
            try:
                trouble, seen = check_one(program, *table[program], cures.get(program, []))
            except Exception as e:
                trouble, seen = "%s: %s" % (type(e).__name__, e), {}
            if trouble or VERBOSE:
                print("%-22s %-8s %s" % (program, table[program][1], trouble or "as it says"))
                for k in sorted(seen) if VERBOSE else []:
                    v = seen[k]
                    print("    %-12s %s" % (k, "%.2g  %+.6f for %+.6f" % v
                                            if isinstance(v, tuple) else v))
            sys.stdout.flush()
            os._exit(1 if trouble else 0)
        failed += os.waitpid(pid, 0)[1] != 0
    print("%d programs, %d broken in %d causes, %d healthy, %d not as causes.tsv says" % (
        len(names), sum(table[p][1] == "broken" for p in names),
        sum(len(table[p][2]) for p in names), sum(table[p][1] == "healthy" for p in names), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
