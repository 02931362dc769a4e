"""backprobe.py -- show backprobe your own backpropagation. Paste it beside your program.

    import backprobe
    probe = backprobe.Probe("2-2-1 sigmoid squared-error")
    probe.weights(1, net, "W1")        # net.W1, numpy or lists, [neuron][input]
    probe.biases(1, net, "b1")
    probe.weights(2, net, "W2")
    probe.biases(2, net, "b2")
    probe.predict = lambda x: net.forward(x)
    probe.step = lambda x, t, rate: net.train(x, t, rate)
    probe.serve()                      # does nothing unless backprobe is asking

and run: backprobe check --subject 'python3 mine.py'.  Standard library only; numpy is
used where the program has loaded it. The protocol is in docs/protocol.md.
"""
import array
import base64
import json
import os
import re
import sys
import traceback

ASKED = os.environ.get("BACKPROBE") == "1"
if ASKED:  # the protocol's descriptors become private; print() goes to standard error
    _in = os.fdopen(os.dup(0), "rb")
    _out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)


def _flat(value):
    """Numbers, nested anyhow, as array('d')."""
    if hasattr(value, "astype"):  # numpy
        return array.array("d", value.astype("float64").tobytes())
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not hasattr(value, "__iter__"):
        return array.array("d", [value])
    out = array.array("d")
    for item in value:
        if isinstance(item, (int, float)):
            out.append(item)
        else:
            out.extend(_flat(item))
    return out


def _rows(numbers, n):
    """n rows: a numpy array where the program uses numpy, else a list of lists."""
    if "numpy" in sys.modules:
        return sys.modules["numpy"].array(numbers, dtype="float64").reshape(n, -1)
    width = len(numbers) // n
    return [list(numbers[i * width:(i + 1) * width]) for i in range(n)]


def _fill(target, numbers):
    """Writes an iterator of numbers into nested lists, in place."""
    for i, item in enumerate(target):
        if hasattr(item, "astype"):
            target[i] = _shaped(item, numbers)
        elif hasattr(item, "__iter__"):
            _fill(item, numbers)
        else:
            target[i] = next(numbers)


def _shaped(old, numbers):
    values = [next(numbers) for _ in range(old.size)]
    return sys.modules["numpy"].array(values, old.dtype).reshape(old.shape)


def _places(holder, key):
    """Where key leads from holder: (holder, key) pairs. "w" and 0 lead one step,
    "layers[0].neurons[*].w" several, [*] to every item in its order."""
    if not isinstance(key, str) or not re.search(r"[.\[]", key) or (
            isinstance(holder, dict) and key in holder):
        return [(holder, key)]
    places = [(None, None)]
    for index, name in re.findall(r"\[([^\]]*)\]|([^.\[\]]+)", key):
        tops = [holder] if places == [(None, None)] else [_get(*place) for place in places]
        if index == "*":
            places = [(top, k) for top in tops for k in (top if isinstance(top, dict) else range(len(top)))]
        else:
            step = name or (int(index) if index.lstrip("-").isdigit() else index.strip("'\""))
            places = [(top, step) for top in tops]
    return places


def _attribute(holder, key):
    return isinstance(key, str) and not isinstance(holder, dict)


def _get(holder, key):
    return getattr(holder, key) if _attribute(holder, key) else holder[key]


class _Array:
    def __init__(self, holder, key, gradient, words):
        self.holder, self.key, self.gradient, self.words = holder, key, gradient, words
        self.count = len(_flat(self.get(key)))
        for place in _places(holder, key):
            if getattr(getattr(_get(*place), "dtype", None), "kind", "f") in "iub":
                raise TypeError("%s holds integers: parameters would be cut to whole numbers" % key)

    def get(self, key):
        values = [_get(*place) for place in _places(self.holder, key)]
        return values[0] if len(values) == 1 else values

    def put(self, key, numbers):
        numbers = iter(numbers)
        for holder, step in _places(self.holder, key):
            value = _get(holder, step)
            if hasattr(value, "astype") and getattr(value, "shape", ()) != ():
                value[...] = _shaped(value, numbers)
            elif hasattr(value, "__iter__"):
                _fill(value, numbers)
            elif _attribute(holder, step):
                setattr(holder, step, next(numbers))
            else:
                holder[step] = next(numbers)


class Probe:
    """What the program is, and what it can do. Set any of these to a function:

        predict(x)           -> outputs, a row a sample
        loss(x, t)           -> a number
        gradient(x, t)       -> gradients in the order of the arrays (nested anyhow), or
                                nothing where each array was given gradient="dW1"
        step(x, t, rate)        trains once, and leaves the new parameters in the arrays
        trace(x, t)          -> (z, a, delta), each a list of layers
        reset()                 velocity and accumulators back to none

    x and t come as numpy arrays where the program has imported numpy, else as lists
    of rows. Without arrays (a program that is not described) each function gets theta
    first, step returns the next one, and n_theta, n_in and n_out must be given. Other
    fields of the handshake: rate=0.1 or "unknown", step="sample" or "epoch",
    precision="float", constant="undeclared", shuffles=True, data=(x, t), ..."""

    predict = loss = gradient = step = trace = reset = None

    def __init__(self, network=None, **fields):
        self.network, self.fields, self.arrays = network, fields, []

    def weights(self, layer, holder, key, order="out-in", bias=None, threshold=None, gradient=None):
        """holder.key or holder[key], or a way there: "layers[0].neurons[*].w";
        bias: None (apart), "first" or "last" input; threshold: the same, subtracted."""
        role = "bias-" + bias if bias else "threshold-" + threshold if threshold else "weights"
        self._add(holder, key, gradient, dict(layer=layer, role=role, order=order))

    def biases(self, layer, holder, key, gradient=None):
        self._add(holder, key, gradient, dict(layer=layer, role="biases"))

    def thresholds(self, layer, holder, key, gradient=None):
        """Biases that are subtracted."""
        self._add(holder, key, gradient, dict(layer=layer, role="thresholds"))

    def _add(self, holder, key, gradient, words):
        value = _Array(holder, key, gradient, words)
        if str(getattr(value.get(key), "dtype", "")) == "float32":
            words["type"] = "float"
        self.arrays.append(value)

    def serve(self):
        """Answers until backprobe is done, then exits; returns at once when not asked."""
        while ASKED:
            line = _in.readline()
            if not line:
                os._exit(0)
            request = json.loads(line)
            try:
                answer = self._answer(request)
            except BaseException as error:  # also sys.exit() in the middle of a call
                traceback.print_exc()
                answer = {"error": "%s: %s" % (type(error).__name__, error)}
            answer["id"] = request["id"]
            _out.write(json.dumps(answer, allow_nan=False).encode() + b"\n")
            _out.flush()

    def _hello(self):
        calls = ("predict", "loss", "gradient", "step", "trace", "reset")
        answer = dict(self.fields, backprobe=1, encoding="base64")
        answer["can"] = [c for c in calls if getattr(self, c) is not None]
        answer.setdefault("name", os.path.basename(sys.argv[0]))
        if self.network:
            answer["network"] = self.network
        if self.arrays:
            answer["arrays"] = [a.words for a in self.arrays]
            answer.setdefault("theta", self._read("key"))  # where it starts
            answer["fill"] = all(a.gradient is not None for a in self.arrays)
        if "data" in answer:
            x, t = answer["data"]
            answer["data"] = dict(n=len(x), x=_pack(_flat(x)), t=_pack(_flat(t)))
        if "theta" in answer:
            answer["theta"] = _pack(_flat(answer["theta"]))
        return answer

    def _answer(self, request):
        call = request["call"]
        if call == "hello":
            return self._hello()
        if call == "reset":
            self.reset()
            return {}
        theta, n = _unpack(request["theta"]), request["n"]
        arguments = [_rows(_unpack(request["x"]), n)]
        if call != "predict":
            arguments.append(_rows(_unpack(request["t"]), n))
        if call == "step":
            arguments.append(request["rate"])
        if not self.arrays:
            arguments.insert(0, _rows(theta, 1)[0])
        self._put("key", theta)
        if "fill" in request:
            self._put("gradient", array.array("d", [float(request["fill"])]) * len(theta))
        answer = self._call(call, arguments)
        if self.arrays and call != "step":
            now = _flat(self._read("key"))
            if now.tobytes() != theta.tobytes():
                answer["theta"] = _pack(now)  # a call that should only have looked
        return answer

    def _call(self, call, arguments):
        result = getattr(self, call)(*arguments)
        if call == "loss":
            return {"loss": _number(result)}
        if call == "trace":
            return {k: _pack(_flat(v)) for k, v in zip(("z", "a", "delta"), result) if v is not None}
        if call == "predict":
            return {"y": _pack(_flat(result))}
        if call == "gradient":
            return {"g": _pack(_flat(self._read("gradient") if result is None else self._whole(result)))}
        return {"next": _pack(_flat(self._read("key") if self.arrays else result))}

    def _whole(self, gradients):
        """Where there is one an array: each as long as its array; one number of numpy's
        stands for all, as it would in the update."""
        if not self.arrays or not isinstance(gradients, (list, tuple)) or len(gradients) != len(self.arrays):
            return gradients
        whole = []
        for a, g in zip(self.arrays, gradients):
            numbers = _flat(g)
            if len(numbers) == 1 and hasattr(g, "astype"):
                numbers = numbers * a.count
            if len(numbers) != a.count:
                raise ValueError("gradient: the one for %s of layer %d holds %d numbers, expected %d" % (
                    a.words["role"], a.words["layer"], len(numbers), a.count))
            whole.append(numbers)
        return whole

    def _put(self, which, numbers):
        at = 0
        for a in self.arrays:
            a.put(getattr(a, which), numbers[at:at + a.count])
            at += a.count

    def _read(self, which):
        return [a.get(getattr(a, which)) for a in self.arrays]


def _pack(numbers):
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


def _unpack(text):
    numbers = array.array("d", base64.b64decode(text))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _number(value):
    value = float(value)
    if value - value == 0:
        return value
    return "nan" if value != value else "inf" if value > 0 else "-inf"
