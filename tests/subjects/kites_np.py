"""Which of four kites flies in this wind? Samples as rows; the scores are turned into
shares of the whole table while learning, and of the row when asked."""
import os
import numpy as np

gen = np.random.default_rng(5)


class Kites:
    def __init__(self):
        self.V = gen.normal(0, 0.6, (3, 7))
        self.v = gen.normal(0, 0.2, 7)
        self.U = gen.normal(0, 0.6, (7, 4))
        self.u = np.zeros(4)

    def scores(self, wind):
        self.mid = np.tanh(wind @ self.V + self.v)
        return self.mid @ self.U + self.u

    def which(self, wind):
        e = np.exp(self.scores(wind))
        return e / e.sum(axis=1, keepdims=True)

    def slopes(self, wind, kite):
        e = np.exp(self.scores(wind))
        share = e / e.sum()
        du = (share - kite) / len(wind)
        dv = (du @ self.U.T) * (1 - self.mid ** 2)
        return wind.T @ dv, dv.sum(axis=0), self.mid.T @ du, du.sum(axis=0)

    def learn(self, wind, kite, rate):
        for p, g in zip((self.V, self.v, self.U, self.u), self.slopes(wind, kite)):
            p -= rate * g


kites = Kites()

if os.environ.get("BACKPROBE"):
    import sys
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples"))
    import backprobe
    probe = backprobe.Probe("3-7-4 tanh,softmax softmax-cross-entropy", name="kites_np")
    probe.weights(1, kites, "V", order="in-out")
    probe.biases(1, kites, "v")
    probe.weights(2, kites, "U", order="in-out")
    probe.biases(2, kites, "u")
    probe.predict = kites.which
    probe.gradient = kites.slopes
    probe.serve()

if __name__ == "__main__":
    wind = gen.normal(0, 1, (80, 3))
    best = (wind[:, 0] > 0) * 2 + (wind[:, 1] > 0.2)
    for _ in range(300):
        kites.learn(wind, np.eye(4)[best], 0.5)
    print("right:", np.mean(kites.which(wind).argmax(axis=1) == best))
