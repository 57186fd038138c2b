/* Piecewise-linear relaxation oscillators, event by event: each linear piece is solved exactly, with
 * one log for its length and one exp where the step ends within it. Node after node, as is usual
 * in C: the number of pieces per step differs between nodes. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static uint64_t mix(uint64_t k) {
    k ^= k >> 30;
    k *= 0xBF58476D1CE4E5B9u;
    k ^= k >> 27;
    k *= 0x94D049BB133111EBu;
    return k ^ (k >> 31);
}

static double normal(uint64_t key) { /* Box-Muller */
    double a = (double)(mix(key) >> 11) + 1.0, b = (double)(mix(key + 1) >> 11);
    return sqrt(-2.0 * log(a * 0x1p-53)) * cos(2.0 * M_PI * 0x1p-53 * b);
}

/* nodes: r_insulating, r_metallic, v_high, v_low, r_series, capacitance, each (n,); drive and out
 * (step, n): the mean voltage of a step if mean, else the frequency. */
void oscillator(const double *drive, long steps, long n, double dt, const double *nodes, double noise,
                long mean, double *out) {
    for (long i = 0; i < n; i++) {
        double r[2] = {nodes[i], nodes[n + i]}, v_high = nodes[2 * n + i], v_low = nodes[3 * n + i];
        double r_s = nodes[4 * n + i], c = nodes[5 * n + i], goal[2] = {v_high, v_low};
        double fraction[2] = {r[0] / (r[0] + r_s), r[1] / (r[1] + r_s)};
        double tau[2] = {c * r_s * fraction[0], c * r_s * fraction[1]};
        double v = 0.0, since = 0.0, interval = 0.0;
        long spikes = 0;
        int s = 0;
        for (long step = 0; step < steps; step++) {
            double v_in = drive[step * n + i], left = dt, area = 0.0;
            for (;;) {
                double v_end = v_in * fraction[s], wait = 1e300;
                if (s ? v <= goal[1] : v >= goal[0])
                    wait = 0.0;
                else if (s ? v_end < goal[1] : v_end > goal[0])
                    wait = tau[s] * log((v_end - v) / (v_end - goal[s]));
                if (wait >= left) {
                    double after = v_end + (v - v_end) * exp(-left / tau[s]);
                    if (mean) area += v_end * left + tau[s] * (v - after);
                    v = after, since += left;
                    break;
                }
                double after = wait > 0.0 ? goal[s] : v;
                if (mean) area += v_end * wait + tau[s] * (v - after);
                v = after, left -= wait, since += wait;
                s = !s;
                if (s) {
                    if (spikes++) interval = since;
                    since = 0.0;
                } else if (noise > 0.0)
                    goal[0] = v_high * (1.0 + noise * normal(mix(mix((uint64_t)i) + spikes)));
            }
            out[step * n + i] = mean ? area / dt : interval > 0.0 ? 1.0 / interval : 0.0;
        }
    }
}
