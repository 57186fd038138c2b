/* Leaky tanh network, one stream: CSR weights, float64. */
#include <math.h>
#include <string.h>

void echo_state(long n_steps, long n, const int *begin, const int *column, const double *w,
                const double *w_in, const double *drive, double leak, double *restrict out) {
    double total[n], x[n];
    memset(x, 0, sizeof x);
    for (long step = 0; step < n_steps; step++) {
        double u = drive[step];
        for (long i = 0; i < n; i++) {
            double sum = 0.0;
            for (int k = begin[i]; k < begin[i + 1]; k++) sum += w[k] * x[column[k]];
            total[i] = sum + w_in[i] * u;
        }
        double *row = out + step * n;
        for (long i = 0; i < n; i++) row[i] = x[i] = (1.0 - leak) * x[i] + leak * tanh(total[i]);
    }
}
