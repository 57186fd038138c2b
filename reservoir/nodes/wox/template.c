/* state, the switched fraction of a device: 0 to 1 */
static real @state_of(real w, real v)
{
    (void)v;
    return w;
}

/* conductance at the read voltage, S */
static real @conductance_of(real w, real v)
{
    (void)v;
    return mul_add(w, @g_closed, (1.0 - w) * @g_open);
}

/* current at the driving voltage, A */
static real @current_of(real w, real v)
{
    const real leak = @alpha * (1.0 - fast_exp(-@beta * v));
    return mul_add(w * @gamma, fast_sinh(@delta * v), (1.0 - w) * leak);
}

/* dw/dt = rate sinh(eta V) - (w - w_min) / tau, exact while the voltage is held */
static void @hold(@state *restrict s, real *restrict y)
{
    for (int i = 0; i < @N_DEVICES; i++) {
        const real v = s->volts[i];
//: if write_noise
        const uint64_t key = join(@write_keys[i], s->n_writes);
        const real xi = mul_add(@write_noise, normal(key), 1.0);
        const real push = @tau[i] * (@rate[i] * (xi > 0.0 ? xi : 0.0));
        const real w_rest = mul_add(push, fast_sinh(@eta * v), @w_min);
//: else
        const real w_rest = mul_add(@push[i], fast_sinh(@eta * v), @w_min);
//: end
        const real w = clip(mul_add(s->w[i] - w_rest, @fade[i], w_rest), 0.0, 1.0);
        s->w[i] = w;
        y[i] = @observe(w, v);
    }
//: if write_noise
    s->n_writes++;
//: end
}

/* state that is fed back */
static real @switched(const @state *restrict s, int i)
{
    return s->w[i];
}
