/* Volatile memristors: one array per quantity, outer loop over steps, inner loop over devices, branches
 * in select form, so that gcc vectorises the loops with libmvec. Node inputs are computed by BLAS or
 * by the sparse product below. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* v = bias + gain * W x, with W (n, inputs) in compressed rows; x (step, input), v (step, n). */
void project(const double *x, long steps, long n, long inputs, const long *begin, const long *column,
             const double *weight, double gain, double bias, double *restrict v) {
    for (long step = 0; step < steps; step++)
        for (long i = 0; i < n; i++) {
            double total = 0.0;
            for (long k = begin[i]; k < begin[i + 1]; k++)
                total += weight[k] * x[step * inputs + column[k]];
            v[step * n + i] = bias + gain * total;
        }
}

/* v = bias + gain * v, after a product by BLAS. */
void scale(double *v, long size, double gain, double bias) {
    for (long i = 0; i < size; i++) v[i] = bias + gain * v[i];
}

/* Du et al. 2017; states (step, n) in out. */
void wox(const double *drive, long steps, long n, double dt, const double *rate, const double *tau,
         double eta, double w_min, double *restrict out) {
    double *restrict w = malloc(3 * n * sizeof(double)), *restrict fade = w + n, *restrict push = w + 2 * n;
    for (long i = 0; i < n; i++) w[i] = w_min, fade[i] = exp(-dt / tau[i]), push[i] = tau[i] * rate[i];
    for (long step = 0; step < steps; step++) {
        const double *v = drive + step * n;
#pragma GCC ivdep
        for (long i = 0; i < n; i++) {
            double held = v[i] < -3.0 ? -3.0 : v[i] > 3.0 ? 3.0 : v[i], up = exp(eta * held);
            double rest = w_min + push[i] * 0.5 * (up - 1.0 / up);
            double next = rest + (w[i] - rest) * fade[i];
            w[i] = next < 0.0 ? 0.0 : next > 1.0 ? 1.0 : next;
            out[step * n + i] = w[i];
        }
    }
    free(w);
}

/* Zhong et al. 2021; states (step, n) in out. */
void tiox(const double *drive, long steps, long n, const double *alpha, const double *keep,
          double g_rest, double *restrict out) {
    double *restrict g = malloc(n * sizeof(double));
    for (long i = 0; i < n; i++) g[i] = g_rest;
    for (long step = 0; step < steps; step++) {
        const double *v = drive + step * n;
#pragma GCC ivdep
        for (long i = 0; i < n; i++) {
            double held = v[i] < -3.0 ? -3.0 : v[i] > 3.0 ? 3.0 : v[i];
            double push = alpha[i] * fabs(held), u = push / (push + 1.0);
            g[i] = keep[i] * g[i] + (1.0 - keep[i]) * g_rest + u * ((held > 0.0 ? 1.0 : 0.0) - g[i]);
            out[step * n + i] = g[i];
        }
    }
    free(g);
}

static inline uint64_t mix(uint64_t k) {
    k ^= k >> 30;
    k *= 0xBF58476D1CE4E5B9u;
    k ^= k >> 27;
    k *= 0x94D049BB133111EBu;
    return k ^ (k >> 31);
}

/* Diffusive Ag without a capacitor. own: mu, gamma_1, gamma_2, beta, residue, each (n,). device: r_on,
 * r_off, alpha, lambda, theta, gamma_3, r_series, i_limit, noise_1, h. every: steps of h a draw. */
void silver(const double *drive, long steps, long n, long micros, const double *own,
            const double *device, long every, double *restrict out) {
    double r_on = device[0], r_off = device[1], alpha = device[2], lam = device[3], theta = device[4];
    double gamma_3 = device[5], r_s = device[6], limit = device[7], noise = device[8], h = device[9];
    const double *mu = own, *gamma_1 = own + n, *gamma_2 = own + 2 * n, *beta = own + 3 * n;
    double *restrict f = calloc(5 * n, sizeof(double)), *restrict r = f + n, *restrict s = f + 2 * n;
    double *restrict z = f + 3 * n, *restrict push = f + 4 * n;
    double gap = r_off / (exp(1.0 / lam) - 1.0);
    for (long i = 0; i < n; i++) r[i] = own[4 * n + i], s[i] = 1.0;
    for (long step = 0; step < steps; step++) {
        const double *v_in = drive + step * n;
        for (long k = 0; k < micros; k++) {
            long at = step * micros + k;
            if (noise > 0.0 && at % every == 0)
                for (long i = 0; i < n; i++) { /* Box-Muller */
                    uint64_t key = mix(mix((uint64_t)i) + (uint64_t)(at / every));
                    double a = (double)(mix(key) >> 11) + 1.0, b = (double)(mix(key + 1) >> 11);
                    z[i] = sqrt(-2.0 * log(a * 0x1p-53)) * cos(2.0 * M_PI * 0x1p-53 * b);
                }
#pragma GCC ivdep
            for (long i = 0; i < n; i++) {
                double tot = f[i] + r[i] > 1.0 ? 1.0 : f[i] + r[i], thick = s[i];
                double ohm = r_on * tot / (thick * thick) + gap * (exp((1.0 - tot) / lam) - 1.0);
                double v = v_in[i] < -3.0 ? -3.0 : v_in[i] > 3.0 ? 3.0 : v_in[i];
                double size = fabs(v) * ohm / (ohm + r_s), most = limit * ohm;
                size = size < most ? size : most;
                double over = thick - 1.0, up = exp(over);
                double grown = thick + h * (theta * size / up - gamma_3 * up);
                grown = grown < 1.0 ? 1.0 : grown;
                s[i] = f[i] + r[i] >= 1.0 && theta > 0.0 ? grown : thick;
                double rate = gamma_1[i] * (1.0 + noise * f[i] * z[i]);
                rate = rate < 0.0 ? 0.0 : rate;
                double df = mu[i] * size / (alpha + 1.0 - tot) - (rate + beta[i]) * f[i];
                double r_new = r[i] + h * (beta[i] * f[i] - gamma_2[i] * r[i]);
                r_new = r_new < 0.0 ? 0.0 : r_new > 1.0 ? 1.0 : r_new;
                double f_new = f[i] + h * df;
                f_new = f_new < 0.0 ? 0.0 : f_new > 1.0 - r_new ? 1.0 - r_new : f_new;
                f[i] = thick > 1.0 ? f[i] : f_new;
                r[i] = thick > 1.0 ? r[i] : r_new;
            }
        }
        for (long i = 0; i < n; i++) out[step * n + i] = f[i] + r[i] > 1.0 ? 1.0 : f[i] + r[i];
    }
    free(f);
}
