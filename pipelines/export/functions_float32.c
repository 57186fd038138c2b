/* a * b + c, with one rounding where the processor has the instruction */
static real mul_add(real a, real b, real c)
{
#ifdef FP_FAST_FMAF
    return fma(a, b, c);
#else
    return a * b + c;
#endif
}

static real fast_exp(real x)
{
    return exp(x);
}

static real fast_sinh(real x)
{
    return sinh(x);
}

static real fast_exp2(real x)
{
    return exp2(x);
}

static real fast_log2(real x)
{
    return log2(x);
}

static real fast_log(real x)
{
    return log(x);
}

/* two independent standard normal numbers of a key (Box-Muller) */
static void normals(uint64_t key, real *restrict first, real *restrict second)
{
    const real step = 5.9604644775390625e-8; /* 2^-24 */
    const real part = 1.0 - (real)(key >> 40) * step; /* above 0, at most 1 */
    const real turn = (real)((key << 32) >> 40) * step - 0.5;
    const real radius = sqrt(-1.3862943611198906 * log2(part));
    *first = radius * cos(6.283185307179586 * turn);
    *second = radius * sin(6.283185307179586 * turn);
}

/* time from t us to `over` s, s; times are long and need double precision */
static real seconds_left(int64_t t, double over)
{
    return (real)(over - (double)t * 1e-6);
}

/* time from `over` s to t us, s */
static real seconds_after(int64_t t, double over)
{
    return (real)((double)t * 1e-6 - over);
}
