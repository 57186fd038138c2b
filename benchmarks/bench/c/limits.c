/* What the processor can do at most: multiply-adds and divisions in registers, bytes read and written. */
#ifdef __AVX512F__
#define BYTES 64
#else
#define BYTES 32
#endif
typedef double vector __attribute__((vector_size(BYTES)));
typedef float single __attribute__((vector_size(BYTES)));

/* Independent chains, as many as hide the latency and fit into the registers. */
#define CHAINS 12
#define LOOP(type, number, step)                                                       \
    const long lanes = BYTES / sizeof(number);                                         \
    volatile number seen = 1.0001; /* so that nothing is computed beforehand */        \
    type x[CHAINS], scale = {0}, more = {0};                                           \
    scale += seen, more += seen - 1;                                                   \
    for (int k = 0; k < CHAINS; k++) x[k] = scale * seen;                              \
    for (long done = 0; done < n; done += CHAINS * lanes)                              \
        for (int k = 0; k < CHAINS; k++) x[k] = step;                                  \
    double total = 0.0;                                                                \
    for (int k = 0; k < CHAINS; k++) total += x[k][0];                                 \
    return total;

/* n multiply-adds or divisions, in double or single precision. */
double multiply_adds(long n) { LOOP(vector, double, x[k] * scale - more) }
double multiply_adds_single(long n) { LOOP(single, float, x[k] * scale - more) }
double divisions(long n) { LOOP(vector, double, scale / x[k]) }
double divisions_single(long n) { LOOP(single, float, scale / x[k]) }

/* Read an array of n numbers several times. */
double reads(const double *x, long n, long times) {
    vector total[4] = {0};
    for (long time = 0; time < times; time++)
        for (long i = 0; i + 4 * BYTES / 8 <= n; i += 4 * BYTES / 8)
            for (int k = 0; k < 4; k++) total[k] += *(const vector *)(x + i + k * BYTES / 8);
    return total[0][0] + total[1][0] + total[2][0] + total[3][0];
}

/* Write n numbers. */
void writes(long n, double *restrict out) {
    for (long i = 0; i < n; i++) out[i] = 1.0;
}
