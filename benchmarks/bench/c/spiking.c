/* Leaky integrate-and-fire network, one stream, one input: spikes are added one by one, float64. */
#include <stdlib.h>

void spiking(long n_steps, long n, const int *begin, const int *target, const double *w,
             const double *w_in, const double *drive, double gain, double bias, double keep,
             double push, double keep_s, double threshold, double reset, double wait,
             double *restrict out) {
    double v[n], s[n], left[n];
    int fired[n];
    for (long i = 0; i < n; i++) v[i] = s[i] = left[i] = 0.0;
    for (long step = 0; step < n_steps; step++) {
        double x = drive[step], *row = out + step * n;
        for (long i = 0; i < n; i++) {
            double u = bias + gain * w_in[i] * x, now = u + (v[i] - u) * keep + s[i] * push;
            int waits = left[i] > 0.0;
            now = waits ? reset : now;
            int fires = now >= threshold;
            v[i] = fires ? reset : now;
            s[i] *= keep_s;
            left[i] = fires ? wait : (waits ? left[i] - 1.0 : 0.0);
            row[i] = fires;
            fired[i] = fires;
        }
        for (long j = 0; j < n; j++)
            if (fired[j])
                for (int k = begin[j]; k < begin[j + 1]; k++) s[target[k]] += w[k];
    }
}
