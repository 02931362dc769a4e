/* Somebody's network: 3 inputs, 5 and 4 hidden units (tanh), 2 outputs (sigmoid). */
enum { IN = 3, H1 = 5, H2 = 4, OUT = 2 };

extern double w1[H1][IN], b1[H1], w2[H2][H1], b2[H2], w3[OUT][H2], b3[OUT];
extern double dw1[H1][IN], db1[H1], dw2[H2][H1], db2[H2], dw3[OUT][H2], db3[OUT];

void forward(const double *x, double *y);
void backward(int n, const double *x, const double *t); /* leaves the mean in dw1 ... db3 */
