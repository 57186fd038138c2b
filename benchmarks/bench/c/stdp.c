/* Spiking neurons with one receptive field: plain loops over spikes, neurons and inputs.
   Overlapping pulses (a table of changes), soft bounds, winner takes all. */
#include <math.h>
#include <stdlib.h>

static double lookup(const double *table, long n, double age, double window)
{
    double x = age / window * (n - 1);
    long k = (long)x;
    if (k >= n - 1)
        return 0.0;
    x -= k;
    return table[k] + x * (table[k + 1] - table[k]);
}

static void change(double *w, double by)
{
    by *= by > 0 ? 1.0 - *w : *w;
    *w = fmin(fmax(*w + by, 0.0), 1.0);
}

/* Add the spikes of neurons with fixed weights to out (recording, neuron). */
void respond(long n_recordings, long n_inputs, long n, const long *ends, const double *t,
             const long *place, const double *weights, const double *means,
             const double *threshold, double tau, double *out)
{
    double *v = malloc(n * sizeof *v);
    for (long r = 0; r < n_recordings; r++) {
        double since = 0.0;
        for (long j = 0; j < n; j++)
            v[j] = 0.0;
        for (long k = ends[r]; k < ends[r + 1];) {
            double now = t[k];
            for (; k < ends[r + 1] && t[k] == now; k++) {
                const double *row = weights + place[k] * n;
                double mean = means[place[k]], fade = exp(-(now - since) / tau);
                since = now;
                for (long j = 0; j < n; j++)
                    v[j] = v[j] * fade + (row[j] - mean);
            }
            for (long j = 0; j < n; j++) {
                v[j] = fmax(v[j], 0.0);
                if (v[j] > threshold[j]) {
                    out[r * n + j] += 1.0;
                    v[j] = 0.0;
                }
            }
        }
    }
    free(v);
}

/* Train on recordings in their order; weights (input, neuron) and threshold change in place. */
void learn(long n_recordings, long n_inputs, long n, const long *ends, const double *t,
           const long *place, double tau, double homeostasis, double target, double window,
           double rate, double forget, long n_table, const double *up, double *weights,
           double *threshold)
{
    double *v = malloc(n * sizeof *v), *pre_at = malloc(n_inputs * sizeof *v);
    double *post_at = malloc(n * sizeof *v);
    for (long r = 0; r < n_recordings; r++) {
        double since = 0.0;
        for (long j = 0; j < n; j++)
            v[j] = 0.0, post_at[j] = -1e18;
        for (long i = 0; i < n_inputs; i++)
            pre_at[i] = -1e18;
        for (long k = ends[r]; k < ends[r + 1];) {
            double now = t[k];
            long first = k;
            for (; k < ends[r + 1] && t[k] == now; k++) {
                const double *row = weights + place[k] * n;
                double fade = exp(-(now - since) / tau);
                since = now;
                for (long j = 0; j < n; j++)
                    v[j] = v[j] * fade + row[j];
            }
            for (long s = first; s < k; s++) {
                double *row = weights + place[s] * n;
                for (long j = 0; j < n; j++)
                    if (now - post_at[j] < window)
                        change(row + j, -rate * lookup(up, n_table, now - post_at[j], window));
                pre_at[place[s]] = now;
            }
            for (;;) {
                long winner = -1;
                double best = 0.0;
                for (long j = 0; j < n; j++)
                    if (v[j] - threshold[j] > best)
                        best = v[j] - threshold[j], winner = j;
                if (winner < 0)
                    break;
                for (long i = 0; i < n_inputs; i++) {
                    double age = now - pre_at[i], by = 0.0;
                    if (age < window)
                        by = lookup(up, n_table, age, window);
                    change(weights + i * n + winner, rate * (by - forget));
                }
                post_at[winner] = now;
                for (long j = 0; j < n; j++)
                    v[j] = 0.0;
                threshold[winner] *= 1.0 + homeostasis;
            }
        }
        for (long j = 0; j < n; j++)
            threshold[j] *= exp(-homeostasis * target);
    }
    free(v), free(pre_at), free(post_at);
}
