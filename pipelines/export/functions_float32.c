/* a * b + c, with one rounding where the processor has the instruction */
static real mul_add(real a, real b, real c)
{
#ifdef FP_FAST_FMAF
    return fma(a, b, c);
#else
    return a * b + c;
#endif
}

/* the number of these bits */
static real from_bits(uint32_t bits)
{
    union { uint32_t bits; real value; } both;
    both.bits = bits;
    return both.value;
}

/* the bits of a number */
static uint32_t to_bits(real value)
{
    union { uint32_t bits; real value; } both;
    both.value = value;
    return both.bits;
}

/* 2 to the power of z, bounded by 2 to the power of -100 and 100 */
static real fast_exp2(real z)
{
    z = clip(z, -100.0, 100.0);
    const real shifted = z + 12582912.0; /* 1.5 * 2^23: its last bits are those of round(z) */
    const real r = z - (shifted - 12582912.0);
    real p = mul_add(0.00015345807361022583, r, 0.0013399931182165288);
    p = mul_add(p, r, 0.00961848897438143);
    p = mul_add(p, r, 0.05550328777080701);
    p = mul_add(p, r, 0.2402264689047448);
    p = mul_add(p, r, 0.6931472057371943);
    p = mul_add(p, r, 1.0);
    return from_bits(to_bits(p) + (to_bits(shifted) << 23));
}

/* exponential, bounded as the power of 2 */
static real fast_exp(real x)
{
    return fast_exp2(x * 1.4426950408889634);
}

/* hyperbolic sine for |x| <= 69: exp(r) and exp(-r) have one even part and opposite odd parts */
static real fast_sinh(real x)
{
    const real z = clip(x * 1.4426950408889634, -100.0, 100.0);
    const real shifted = z + 12582912.0;
    const real r = (z - (shifted - 12582912.0)) * 0.6931471805599453;
    const real q = r * r;
    const uint32_t exponent = to_bits(shifted) << 23;
    real even = mul_add(q, 1.0 / 720.0, 1.0 / 24.0);
    even = mul_add(even, q, 0.5);
    even = mul_add(even, q, 1.0);
    real odd = mul_add(q, 1.0 / 5040.0, 1.0 / 120.0);
    odd = mul_add(odd, q, 1.0 / 6.0);
    odd = mul_add(odd, q, 1.0) * r;
    const real up = from_bits(to_bits(even + odd) + exponent);
    const real down = from_bits(to_bits(even - odd) - exponent);
    return 0.5 * (up - down);
}

/* natural logarithm of a positive normal number: 2 artanh(f) of its mantissa */
static real fast_log(real x)
{
    const uint32_t above = to_bits(x) - 0x3F3504F3u; /* relative to sqrt(1/2) */
    const int exponent = (int)(above >> 23) - ((above >> 31) ? 512 : 0);
    const real m = from_bits(to_bits(x) - ((uint32_t)exponent << 23));
    const real f = (m - 1.0) / (m + 1.0), q = f * f;
    real p = mul_add(q, 1.0 / 9.0, 1.0 / 7.0);
    p = mul_add(p, q, 0.2);
    p = mul_add(p, q, 1.0 / 3.0);
    return mul_add((real)exponent, 0.6931471805599453, 2.0 * mul_add(f * q, p, f));
}

/* binary logarithm of a positive normal number */
static real fast_log2(real x)
{
    return fast_log(x) * 1.4426950408889634;
}

/* two independent standard normal numbers of a key (Box-Muller) */
static void normals(uint64_t key, real *restrict first, real *restrict second)
{
    const real step = 5.9604644775390625e-8; /* 2^-24 */
    const real part = 1.0 - (real)(key >> 40) * step; /* above 0, at most 1 */
    const real turn = (real)((key << 32) >> 40) * step - 0.5;
    const real radius = sqrt(-1.3862943611198906 * fast_log2(part));
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
