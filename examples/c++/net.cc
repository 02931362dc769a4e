// Somebody's class; -DWRONG has the mistake.
//
//     c++ net.cc $(pkg-config --cflags --libs backprobe)
#include <backprobe.h>

#include <cmath>
#include <vector>

class Net {
  public:
    static const int in = 3, hidden = 6, out = 2;
    std::vector<double> w1, b1, w2, b2, dw1, db1, dw2, db2;

    Net() : w1(hidden * in), b1(hidden), w2(out * hidden), b2(out), dw1(w1), db1(b1), dw2(w2), db2(b2) {}

    std::vector<double> predict(const double *x)
    {
        h.assign(b1.begin(), b1.end());
        std::vector<double> y(b2);
        for (int i = 0; i < hidden; i++) {
            for (int j = 0; j < in; j++)
                h[i] += w1[i * in + j] * x[j];
            h[i] = std::tanh(h[i]);
        }
        for (int k = 0; k < out; k++)
            for (int i = 0; i < hidden; i++)
                y[k] += w2[k * hidden + i] * h[i];
        return y;
    }

    void gradient(std::size_t n, const double *x, const double *t)
    {
        for (auto *v : {&dw1, &db1, &dw2, &db2})
            v->assign(v->size(), 0.0);
        for (std::size_t s = 0; s < n; s++, x += in, t += out) {
            const std::vector<double> y = predict(x);
            for (int k = 0; k < out; k++) {
                const double d = (y[k] - t[k]) / n;
                db2[k] += d;
                for (int i = 0; i < hidden; i++)
                    dw2[k * hidden + i] += d * h[i];
            }
            for (int i = 0; i < hidden; i++) {
                double d = 0;
                for (int k = 0; k < out; k++)
                    d += (y[k] - t[k]) / n * w2[k * hidden + i];
#ifdef WRONG
                d *= 1 - h[i];
#else
                d *= 1 - h[i] * h[i];
#endif
                db1[i] += d;
                for (int j = 0; j < in; j++)
                    dw1[i * in + j] += d * x[j];
            }
        }
    }

  private:
    std::vector<double> h;
};

int main(int argc, char **argv)
{
    Net net;
    const bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, net.w1.data(), net.dw1.data()},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, net.b1.data(), net.db1.data()},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, net.w2.data(), net.dw2.data()},
        {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, net.b2.data(), net.db2.data()}};
    bp_subject subject = {};
    subject.abi = BACKPROBE_ABI;
    subject.name = "net.cc";
    subject.network = "3-6-2 tanh,identity squared-error";
    subject.arrays = arrays;
    subject.n_arrays = 4;
    subject.self = &net;
    subject.predict = [](void *self, const double *, const bp_batch *batch, double *y) {
        for (std::size_t s = 0; s < batch->n; s++)
            for (double a : static_cast<Net *>(self)->predict(batch->x + s * Net::in))
                *y++ = a;
        return 0;
    };
    subject.gradient = [](void *self, const double *, const bp_batch *batch, double *) {
        static_cast<Net *>(self)->gradient(batch->n, batch->x, batch->t);
        return 0;
    };
    return backprobe_main(&subject, argc, argv);
}
