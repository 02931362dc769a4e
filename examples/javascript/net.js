/* Somebody's network in JavaScript; "node net.js wrong" has the mistake.
 *
 *     backprobe check --subject 'node net.js' */
"use strict";
const WRONG = process.argv.includes("wrong");

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

class Net {
    constructor(...sizes) {
        this.weights = [];
        this.biases = [];
        for (let l = 1; l < sizes.length; l++) {
            this.weights.push(Array.from({ length: sizes[l] }, () => Array.from({ length: sizes[l - 1] }, () => Math.random() - 0.5)));
            this.biases.push(new Float64Array(sizes[l]));
        }
    }

    activate(x) {
        this.a = [x];
        this.weights.forEach((w, l) => {
            this.a.push(w.map((row, i) => sigmoid(row.reduce((s, v, j) => s + v * this.a[l][j], this.biases[l][i]))));
        });
        return this.a[this.a.length - 1];
    }

    gradient(xs, ts) {
        const dw = this.weights.map((w) => w.map((row) => row.map(() => 0)));
        const db = this.biases.map((b) => b.map(() => 0));
        xs.forEach((x, n) => {
            const y = this.activate(x);
            let delta = y.map((v, k) => (v - ts[n][k]) * v * (1 - v));
            for (let l = this.weights.length - 1; l >= 0; l--) {
                const below = this.a[l];
                delta.forEach((d, i) => {
                    db[l][i] += d / xs.length;
                    below.forEach((v, j) => (dw[l][i][j] += (d * v) / xs.length));
                });
                const slope = WRONG ? (v) => sigmoid(v) * (1 - sigmoid(v)) : (v) => v * (1 - v);
                delta = below.map((v, j) => slope(v) * delta.reduce((s, d, i) => s + d * this.weights[l][i][j], 0));
            }
        });
        return dw.flatMap((w, l) => [w, db[l]]);
    }
}

const net = new Net(3, 5, 4, 2);

// ---- attached ----
const { Probe } = require("../backprobe.js");
const probe = new Probe("3-5-4-2 sigmoid squared-error");
for (let l = 0; l < 3; l++) {
    probe.weights(l + 1, net.weights, l);
    probe.biases(l + 1, net.biases, l);
}
probe.predict = (x) => x.map((row) => net.activate(row));
probe.gradient = (x, t) => net.gradient(x, t);
probe.serve();

console.log("not attached:", net.activate([1, 0, 1]));
