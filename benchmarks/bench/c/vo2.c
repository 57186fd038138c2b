/* VO2 thermal neuristors, Heun's method, as is usual in C: one array per field, outer loop over time,
 * inner loop over nodes, reversals in select form, so that gcc vectorises the loop with exp, sin,
 * log and cos of libmvec. Equations and published constants of mottle.reservoir.nodes.vo2. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const double E_A = 5220.47417, WIDTH = 7.19357064, BETA = 0.252796285, GAMMA = 0.956269682,
                    T_C = 332.805839, T_0 = 325.0, I_SPIKE = 1.5e-3;

static inline double offset_at(double t, double t_r, double off_r) {
    double x = (t - t_r) / (off_r == 0.0 ? 1.0 : off_r);
    x = x < 0.0 ? 0.0 : x > 4.5 ? 4.5 : x;
    return off_r * (1.0 - sin(GAMMA * x)) / (1.0 + exp(4.0 * M_PI * x - 2.0 * M_PI * M_PI));
}

static inline double resistance(double t, double direction, double off, double r_0, double r_m) {
    double g = 1.0 / (1.0 + exp(-2.0 * BETA * (0.5 * direction * WIDTH + T_C - t - off)));
    return r_0 * exp(E_A / t) * g + r_m;
}

static inline uint64_t mix(uint64_t k) {
    k ^= k >> 30;
    k *= 0xBF58476D1CE4E5B9u;
    k ^= k >> 27;
    k *= 0x94D049BB133111EBu;
    return k ^ (k >> 31);
}

/* Heat from the four neighbours; an edge has itself for one. */
static void exchange(const double *restrict t, double *restrict heat, const double *restrict s_c,
                     long rows, long columns) {
    for (long y = 0; y < rows; y++) {
        const double *up = t + (y ? y - 1 : y) * columns, *here = t + y * columns;
        const double *down = t + (y + 1 < rows ? y + 1 : y) * columns;
        double *h = heat + y * columns;
        const double *s = s_c + y * columns;
        h[0] = s[0] * (up[0] + down[0] + here[1] - 3.0 * here[0]);
        for (long x = 1; x + 1 < columns; x++)
            h[x] = s[x] * (up[x] + down[x] + here[x - 1] + here[x + 1] - 4.0 * here[x]);
        long x = columns - 1;
        h[x] = s[x] * (up[x] + down[x] + here[x - 1] - 3.0 * here[x]);
    }
}

/* nodes: r_0, r_metallic, capacitance, c_th, s_th, r_load, each (n,); drive and out (step, n), the
 * mean voltage of a step. Columns > 0 couple the nodes, row by row. */
void vo2(const double *drive, long steps, long n, long micros, double dt, const double *nodes,
         double kappa, long columns, double noise, double *out) {
    double *f = calloc(17 * n, sizeof(double));
    double *restrict v = f, *restrict t = f + n, *restrict dir = f + 2 * n, *restrict t_r = f + 3 * n;
    double *restrict off_r = f + 4 * n, *restrict last = f + 5 * n, *restrict spikes = f + 6 * n;
    double *restrict heat = f + 7 * n, *restrict v_g = f + 8 * n, *restrict t_g = f + 9 * n;
    double *restrict dv1 = f + 10 * n, *restrict dt1 = f + 11 * n, *restrict sum = f + 12 * n;
    double *restrict s_c = f + 13 * n, *restrict per_c = f + 14 * n, *restrict per_cth = f + 15 * n;
    double *restrict per_load = f + 16 * n;
    const double *restrict r_0 = nodes, *restrict r_m = nodes + n, *restrict s_th = nodes + 4 * n;
    double kick = noise * sqrt(dt), keep = 1.0 - 4.0 * kappa;
    for (long i = 0; i < n; i++) {
        t[i] = T_0, dir[i] = 1.0, s_c[i] = kappa * s_th[i];
        per_c[i] = 1.0 / nodes[2 * n + i], per_cth[i] = 1.0 / nodes[3 * n + i];
        per_load[i] = 1.0 / nodes[5 * n + i];
    }
    for (long step = 0; step < steps; step++) {
        const double *restrict v_in = drive + step * n;
        for (long i = 0; i < n; i++) sum[i] = 0.0;
        for (long k = 0; k < micros; k++) {
            if (columns) exchange(t, heat, s_c, n / columns, columns);
#pragma GCC ivdep
            for (long i = 0; i < n; i++) {
                double off = offset_at(t[i], t_r[i], off_r[i]);
                double i_film = v[i] / resistance(t[i], dir[i], off, r_0[i], r_m[i]);
                double dv = ((v_in[i] - v[i]) * per_load[i] - i_film) * per_c[i];
                double slope = v[i] * i_film - keep * s_th[i] * (t[i] - T_0) + heat[i];
                int turned = dir[i] * slope < 0.0;
                dt1[i] = slope * per_cth[i];
                dv1[i] = dv;
                off_r[i] = turned ? off - dir[i] * WIDTH : off_r[i];
                t_r[i] = turned ? t[i] : t_r[i];
                dir[i] = turned ? -dir[i] : dir[i];
                spikes[i] += i_film >= I_SPIKE && last[i] < I_SPIKE ? 1.0 : 0.0;
                last[i] = i_film;
                sum[i] += v[i];
                v_g[i] = v[i] + dt * dv;
                t_g[i] = t[i] + dt * dt1[i];
            }
            if (columns) exchange(t_g, heat, s_c, n / columns, columns);
#pragma GCC ivdep
            for (long i = 0; i < n; i++) {
                double off = offset_at(t_g[i], t_r[i], off_r[i]);
                double i_film = v_g[i] / resistance(t_g[i], dir[i], off, r_0[i], r_m[i]);
                double dv = ((v_in[i] - v_g[i]) * per_load[i] - i_film) * per_c[i];
                double slope = v_g[i] * i_film - keep * s_th[i] * (t_g[i] - T_0) + heat[i];
                v[i] += 0.5 * dt * (dv1[i] + dv);
                t[i] += 0.5 * dt * (dt1[i] + slope * per_cth[i]);
            }
            if (noise > 0.0)
                for (long i = 0; i < n; i++) { /* splitmix64 of node and step, Box-Muller */
                    uint64_t key = mix(mix((uint64_t)i) + (uint64_t)(step * micros + k));
                    double a = (double)(mix(key) >> 11) + 1.0, b = (double)(mix(key + 1) >> 11);
                    t[i] += kick * sqrt(-2.0 * log(a * 0x1p-53)) * cos(2.0 * M_PI * 0x1p-53 * b);
                }
        }
        for (long i = 0; i < n; i++) out[step * n + i] = sum[i] / micros;
    }
    free(f);
}
