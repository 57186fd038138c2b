/* state of a device: 0 to 1 */
static real @state_of(real g, real v)
{
    (void)v;
    return g;
}

/* conductance at the read voltage, S */
static real @conductance_of(real g, real v)
{
    (void)v;
    return g * @g_scale;
}

/* current at the driving voltage, A */
static real @current_of(real g, real v)
{
    return g * (v > 0.0 ? @k_p : @k_n) * v * v * v;
}

/* one pulse: G <- keep G + (1 - keep) G0 + u (H(V > 0) - G), u = alpha |V| / (alpha |V| + 1),
   within 0 to 1 */
static void @hold(@state *restrict s, real *restrict y)
{
    for (int i = 0; i < @N_DEVICES; i++) {
        const real v = s->volts[i];
//: if write_noise
        const uint64_t key = join(@write_keys[i], s->n_writes);
        const real xi = mul_add(@write_noise, normal(key), 1.0);
        const real push = @alpha[i] * (xi > 0.0 ? xi : 0.0) * fabs(v);
//: else
        const real push = @alpha[i] * fabs(v);
//: end
        const real u = push / (push + 1.0);
        const real kept = mul_add(@keep[i], s->g[i], (1.0 - @keep[i]) * @g_rest);
        const real next = mul_add(u, (v > 0.0 ? 1.0 : 0.0) - s->g[i], kept);
        const real g = next < 0.0 ? 0.0 : next > 1.0 ? 1.0 : next;
        s->g[i] = g;
        y[i] = @observe(g, v);
    }
//: if write_noise
    s->n_writes++;
//: end
}

/* state that is fed back */
static real @switched(const @state *restrict s, int i)
{
    return s->g[i];
}
