/* a * b + c with one rounding, as the kernels in Python sum */
static real mul_add(real a, real b, real c)
{
    return fma(a, b, c);
}

/* x within low and high */
static real clip(real x, real low, real high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* 0 for magnitudes below 1e-30: denormal numbers are slow */
static real flush(real x)
{
    return fabs(x) > 1e-30 ? x : x * 0.0;
}

/* the double of these bits */
static double from_bits(uint64_t bits)
{
    union { uint64_t bits; double value; } both;
    both.bits = bits;
    return both.value;
}

/* the bits of a double */
static uint64_t to_bits(double value)
{
    union { uint64_t bits; double value; } both;
    both.value = value;
    return both.bits;
}

/* exponential for |x| <= 690: a Taylor series between powers of 2 */
static double fast_exp(double x)
{
    const double z = x * 1.4426950408889634;
    const double shifted = z + 6755399441055744.0;
    const double r = (z - (shifted - 6755399441055744.0)) * 0.6931471805599453;
    double p = fma(r, 1.0 / 479001600.0, 1.0 / 39916800.0);
    p = fma(p, r, 1.0 / 3628800.0);
    p = fma(p, r, 1.0 / 362880.0);
    p = fma(p, r, 1.0 / 40320.0);
    p = fma(p, r, 1.0 / 5040.0);
    p = fma(p, r, 1.0 / 720.0);
    p = fma(p, r, 1.0 / 120.0);
    p = fma(p, r, 1.0 / 24.0);
    p = fma(p, r, 1.0 / 6.0);
    p = fma(p, r, 0.5);
    p = fma(p, r, 1.0);
    p = fma(p, r, 1.0);
    return from_bits(to_bits(p) + (to_bits(shifted) << 52));
}

/* hyperbolic sine for |x| <= 690: exp(r) and exp(-r) have one even part and opposite odd parts */
static double fast_sinh(double x)
{
    const double z = x * 1.4426950408889634;
    const double shifted = z + 6755399441055744.0;
    const double r = (z - (shifted - 6755399441055744.0)) * 0.6931471805599453;
    const double s = r * r;
    const uint64_t exponent = to_bits(shifted) << 52;
    double even = fma(s, 1.0 / 479001600.0, 1.0 / 3628800.0);
    even = fma(even, s, 1.0 / 40320.0);
    even = fma(even, s, 1.0 / 720.0);
    even = fma(even, s, 1.0 / 24.0);
    even = fma(even, s, 0.5);
    even = fma(even, s, 1.0);
    double odd = fma(s, 1.0 / 39916800.0, 1.0 / 362880.0);
    odd = fma(odd, s, 1.0 / 5040.0);
    odd = fma(odd, s, 1.0 / 120.0);
    odd = fma(odd, s, 1.0 / 6.0);
    odd = fma(odd, s, 1.0) * r;
    const double up = from_bits(to_bits(even + odd) + exponent);
    const double down = from_bits(to_bits(even - odd) - exponent);
    return 0.5 * (up - down);
}

/* hyperbolic tangent: a continued fraction for x / 16, then the double angle four times */
static real fast_tanh(real x)
{
    const real y = clip(x, -20.0, 20.0) * 0.0625;
    const real s = y * y;
    const real scale = (real)(1.0 / 34459425.0);
    real p = 4729725.0 + s * (135135.0 + s * (990.0 + s));
    real q = 945945.0 + s * (13860.0 + s * 45.0);
    real sum;
    p = y * (34459425.0 + s * p);
    q = 34459425.0 + s * (16216200.0 + s * q);
    p *= scale;
    q *= scale;
    for (int i = 0; i < 4; i++) {
        sum = p * p + q * q;
        p = (p + p) * q;
        q = sum;
    }
    return clip(p / q, -1.0, 1.0);
}

/* 2 to the power of z for |z| <= 1000 */
static double fast_exp2(double z)
{
    const double shifted = z + 6755399441055744.0;
    const double r = z - (shifted - 6755399441055744.0);
    double p = fma(0.00015345807361022583, r, 0.0013399931182165288);
    p = fma(p, r, 0.00961848897438143);
    p = fma(p, r, 0.05550328777080701);
    p = fma(p, r, 0.2402264689047448);
    p = fma(p, r, 0.6931472057371943);
    p = fma(p, r, 1.0000000005541885);
    return from_bits(to_bits(p) + (to_bits(shifted) << 52));
}

/* binary logarithm of a positive normal number */
static double fast_log2(double x)
{
    const uint64_t bits = to_bits(x);
    const uint64_t above = bits - UINT64_C(0x3FE6A09E667F3BCD); /* relative to sqrt(1/2) */
    const int exponent = (int)(above >> 52) - ((above >> 63) ? 4096 : 0);
    const double f = from_bits(bits - ((uint64_t)(int64_t)exponent << 52)) - 1.0;
    double p = fma(-0.11297335601063489, f, 0.1878259044440501);
    p = fma(p, f, -0.19061289128076192);
    p = fma(p, f, 0.2042961641688832);
    p = fma(p, f, -0.23963656999558677);
    p = fma(p, f, 0.28858526225101966);
    p = fma(p, f, -0.36069642471628416);
    p = fma(p, f, 0.4808979008045957);
    p = fma(p, f, -0.7213473519964513);
    p = fma(p, f, 1.4426950418497166);
    return fma(p, f, (double)exponent);
}

/* natural logarithm of a positive normal number */
static double fast_log(double x)
{
    const uint64_t bits = to_bits(x);
    const uint64_t above = bits - UINT64_C(0x3FE6A09E667F3BCD); /* relative to sqrt(1/2) */
    const int exponent = (int)(above >> 52) - ((above >> 63) ? 4096 : 0);
    const double m = from_bits(bits - ((uint64_t)(int64_t)exponent << 52));
    double f = (m - 1.0) / (m + 1.0);
    const double s = f * f;
    double p = fma(s, 1.0 / 19.0, 1.0 / 17.0);
    p = fma(p, s, 1.0 / 15.0);
    p = fma(p, s, 1.0 / 13.0);
    p = fma(p, s, 1.0 / 11.0);
    p = fma(p, s, 1.0 / 9.0);
    p = fma(p, s, 1.0 / 7.0);
    p = fma(p, s, 0.2);
    p = fma(p, s, 1.0 / 3.0);
    f += f;
    return fma((double)exponent, 0.6931471805599453, fma(f * s, p, f));
}

/* scramble 64 bits: finaliser of splitmix64 */
static uint64_t mix(uint64_t key)
{
    key ^= key >> 30;
    key *= UINT64_C(0xBF58476D1CE4E5B9);
    key ^= key >> 27;
    key *= UINT64_C(0x94D049BB133111EB);
    return key ^ (key >> 31);
}

/* key of item `counter`, from the key of its parent */
static uint64_t join(uint64_t key, uint64_t counter)
{
    return mix(key + (counter + 1u) * UINT64_C(0x9E3779B97F4A7C15));
}

/* two independent standard normal numbers of a key (Box-Muller) */
static void normals(uint64_t key, real *restrict first, real *restrict second)
{
    const uint64_t one = UINT64_C(0x3FF0000000000000);
    const double high = from_bits(one | ((key >> 32) << 20));
    const double low = from_bits(one | ((key << 32) >> 12));
    const double radius = sqrt(-1.3862943611198906 * fast_log2(2.0 - high));
    const double c = low - 1.5, q = c * c;
    double p = fma(6.529609861043239, q, -25.968312887377216);
    p = fma(p, q, 60.16783161513605);
    p = fma(p, q, -85.45016553532305);
    p = fma(p, q, 64.9391189830212);
    p = fma(p, q, -19.73920453207598);
    *first = (real)(radius * fma(p, q, 0.9999999891722143));
    p = fma(3.199693462734438, q, -14.868610836586734);
    p = fma(p, q, 42.01616577246542);
    p = fma(p, q, -76.70155116889713);
    p = fma(p, q, 81.60502462204275);
    p = fma(p, q, -41.3416970689395);
    *second = (real)(radius * (c * fma(p, q, 6.283185272722295)));
}

/* a standard normal number of a key */
static real normal(uint64_t key)
{
    real first, second;
    normals(mix(key), &first, &second);
    return first;
}

/* time from t us to `over` s, s */
static real seconds_left(int64_t t, double over)
{
    return fma(-(double)t, 1e-6, over);
}

/* time from `over` s to t us, s; with the product rounded */
static real seconds_after(int64_t t, double over)
{
    return (double)t * 1e-6 - over;
}
