/* backprobe.js -- show backprobe your own backpropagation. Paste it beside your program.
 *
 *     const { Probe } = require("./backprobe");
 *     const probe = new Probe("2-2-1 sigmoid squared-error");
 *     probe.weights(1, net, "W1");        // net.W1: nested arrays or Float64Array, [neuron][input]
 *     probe.biases(1, net, "b1");
 *     probe.weights(2, net, "W2");
 *     probe.biases(2, net, "b2");
 *     probe.predict = (x) => x.map((row) => net.forward(row));
 *     probe.step = (x, t, rate) => net.train(x, t, rate);
 *     probe.serve();                      // does nothing unless backprobe is asking
 *
 * and run: backprobe check --subject 'node mine.js'. No package is needed. The
 * protocol is in docs/protocol.md. */
"use strict";
const fs = require("fs");
const path = require("path");

const ASKED = process.env.BACKPROBE === "1";
if (ASKED) // console.log() goes to standard error; descriptor 1 is the protocol's
    process.stdout.write = process.stderr.write.bind(process.stderr);

const isNested = (v) => Array.isArray(v) || ArrayBuffer.isView(v);

function flat(value, out = []) {
    if (!isNested(value)) out.push(Number(value));
    else for (const item of value) flat(item, out);
    return out;
}

const pack = (numbers) => Buffer.from(Float64Array.from(numbers).buffer).toString("base64");

function unpack(text) {
    const bytes = Buffer.from(text, "base64"); // may not start at a multiple of 8
    return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function rows(numbers, n) {
    const width = numbers.length / n;
    return Array.from({ length: n }, (_, i) => Array.from(numbers.slice(i * width, (i + 1) * width)));
}

/* Writes numbers into nested arrays, in place; returns how many. */
function fill(target, numbers, at = 0) {
    for (let i = 0; i < target.length; i++)
        if (isNested(target[i])) at = fill(target[i], numbers, at);
        else target[i] = numbers[at++];
    return at;
}

/* Where key leads from holder: [holder, key] pairs. "w" and 0 lead one step,
 * "layers[0].neurons[*].w" several, [*] to every item in its order. */
function places(holder, key) {
    if (typeof key !== "string" || !/[.[]/.test(key) || key in holder) return [[holder, key]];
    let found = null;
    for (const [, index, name] of key.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)) {
        const tops = found === null ? [holder] : found.map(([top, step]) => top[step]);
        if (index === "*") found = tops.flatMap((top) => Object.keys(top).map((k) => [top, k]));
        else found = tops.map((top) => [top, name !== undefined ? name : index]);
    }
    return found;
}

const value = (holder, key) => {
    const values = places(holder, key).map(([top, step]) => top[step]);
    return values.length === 1 ? values[0] : values;
};

const number = (v) => (Number.isFinite(v) ? v : v > 0 ? "inf" : v < 0 ? "-inf" : "nan");

/* Set any of these to a function:
 *
 *     predict(x)          returns outputs, a row a sample
 *     loss(x, t)          returns a number
 *     gradient(x, t)      returns gradients in the order of the arrays (nested anyhow), or
 *                         nothing where each array was given { gradient: "dW1" }
 *     step(x, t, rate)    trains once, and leaves the new parameters in the arrays
 *     trace(x, t)         returns [z, a, delta], each a list of layers
 *     reset()             velocity and accumulators back to none
 *
 * x and t are arrays of rows. Without arrays (a program that is not described) each
 * gets theta first, step returns the next one, and n_theta, n_in and n_out must be
 * given as fields. Other fields of the handshake: { rate: 0.1 }, { step: "sample" }, ... */
class Probe {
    constructor(network, fields = {}) {
        Object.assign(this, { network, fields, arrays: [] });
    }

    /* holder[key], or a way there: "layers[0].neurons[*].w"; bias: undefined (apart), "first" or "last" input; threshold: the same, subtracted. */
    weights(layer, holder, key, { order = "out-in", bias, threshold, gradient } = {}) {
        const role = bias ? "bias-" + bias : threshold ? "threshold-" + threshold : "weights";
        this.add(holder, key, gradient, { layer, role, order });
    }

    biases(layer, holder, key, { gradient } = {}) {
        this.add(holder, key, gradient, { layer, role: "biases" });
    }

    /* Biases that are subtracted. */
    thresholds(layer, holder, key, { gradient } = {}) {
        this.add(holder, key, gradient, { layer, role: "thresholds" });
    }

    add(holder, key, gradient, words) {
        const now = value(holder, key);
        if (now instanceof Float32Array || now[0] instanceof Float32Array) words.type = "float";
        this.arrays.push({ holder, key, gradient, words, count: flat(now).length });
    }

    /* Answers until backprobe is done, then exits; returns at once when not asked. */
    serve() {
        if (!ASKED) return;
        for (let line = readLine(); line !== null; line = readLine()) {
            const request = JSON.parse(line);
            let answer;
            try {
                answer = this.answer(request);
            } catch (error) {
                console.error(error);
                answer = { error: String(error) };
            }
            answer.id = request.id;
            write(JSON.stringify(answer) + "\n");
        }
        process.exit(0);
    }

    hello() {
        const calls = ["predict", "loss", "gradient", "step", "trace", "reset"];
        const answer = { name: path.basename(process.argv[1]), ...this.fields, backprobe: 1 };
        answer.encoding = "base64";
        answer.can = calls.filter((c) => typeof this[c] === "function");
        if (this.network) answer.network = this.network;
        if (this.arrays.length) {
            answer.arrays = this.arrays.map((a) => a.words);
            answer.theta = answer.theta || this.read("key"); // where it starts
            answer.fill = this.arrays.every((a) => a.gradient !== undefined);
        }
        if (answer.data) {
            const [x, t] = answer.data;
            answer.data = { n: x.length, x: pack(flat(x)), t: pack(flat(t)) };
        }
        if (answer.theta) answer.theta = pack(flat(answer.theta));
        return answer;
    }

    answer(request) {
        if (request.call === "hello") return this.hello();
        if (request.call === "reset") return this.reset(), {};
        const theta = unpack(request.theta);
        const given = this.arrays.length ? [] : [theta];
        given.push(rows(unpack(request.x), request.n));
        if (request.call !== "predict") given.push(rows(unpack(request.t), request.n));
        if (request.call === "step") given.push(request.rate);
        this.put("key", theta);
        if (request.fill !== undefined)
            this.put("gradient", theta.map(() => Number(request.fill)));
        const answer = this.call(request.call, given);
        if (this.arrays.length && request.call !== "step") {
            const now = flat(this.read("key"));
            if (now.some((v, k) => !Object.is(v, theta[k])))
                answer.theta = pack(now); // a call that should only have looked
        }
        return answer;
    }

    call(call, given) {
        const result = this[call](...given);
        if (call === "loss") return { loss: number(result) };
        if (call === "predict") return { y: pack(flat(result)) };
        if (call === "gradient")
            return { g: pack(flat(result === undefined ? this.read("gradient") : result)) };
        if (call === "step")
            return { next: pack(flat(this.arrays.length ? this.read("key") : result)) };
        const [z, a, delta] = result.map((v) => v && pack(flat(v)));
        return { z, a, delta };
    }

    read(which) {
        return this.arrays.map((a) => value(a.holder, a[which]));
    }

    put(which, numbers) {
        let at = 0;
        for (const a of this.arrays)
            for (const [holder, key] of places(a.holder, a[which]))
                if (isNested(holder[key])) at += fill(holder[key], numbers.subarray(at));
                else holder[key] = numbers[at++];
    }
}

let rest = Buffer.alloc(0);
const chunk = Buffer.alloc(1 << 20);
const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);

/* One line of standard input; null at its end. */
function readLine() {
    const parts = [];
    for (;;) {
        const end = rest.indexOf(10);
        if (end >= 0) {
            parts.push(rest.subarray(0, end));
            rest = rest.subarray(end + 1);
            return Buffer.concat(parts).toString();
        }
        parts.push(rest);
        let n = 0;
        try {
            n = fs.readSync(0, chunk);
        } catch (error) {
            if (error.code !== "EAGAIN") throw error;
            wait();
            rest = Buffer.alloc(0);
            continue;
        }
        if (n === 0) return null;
        rest = Buffer.from(chunk.subarray(0, n));
    }
}

function write(text) {
    let bytes = Buffer.from(text);
    while (bytes.length > 0)
        try {
            bytes = bytes.subarray(fs.writeSync(1, bytes));
        } catch (error) {
            if (error.code !== "EAGAIN") throw error;
            wait();
        }
}

module.exports = { Probe };
