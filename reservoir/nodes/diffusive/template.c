/* resistance at a filled fraction of the gap (1: closed) and a thickness of the filament, ohm */
static real @resistance(real total, real thick)
{
    const real gap = (exp((1.0 - total) / @lam) - 1.0) / @gap_unit;
    return @r_on * total / (thick * thick) + @r_off * gap;
}

/* filled fraction of the gap */
static real @filled(real f, real r)
{
    return f + r < 1.0 ? f + r : 1.0;
}

/* state: the filled fraction of the gap, 0 to 1 */
static real @state_of(const @state *restrict s, int i)
{
    return @filled(s->f[i], s->r[i]);
}

/* conductance with the resistor in series, S */
static real @conductance_of(const @state *restrict s, int i)
{
    return 1.0 / (@resistance(@filled(s->f[i], s->r[i]), s->thick[i]) + @r_series);
}

/* current, A */
static real @current_of(const @state *restrict s, int i)
{
    const real ohm = @resistance(@filled(s->f[i], s->r[i]), s->thick[i]);
//: if capacitor
    return s->v[i] / ohm;
//: else
    return clip(s->volts[i] / (ohm + @r_series), -@i_limit, @i_limit);
//: end
}

/* one integration step of a device: filament f, residue r, thickness of a closed filament */
static void @advance(@state *restrict s, int i)
{
    const real f = s->f[i], r = s->r[i], thick = s->thick[i];
    const real total = f + r > 1.0 ? 1.0 : f + r;
    const real metal = @r_on * total / (thick * thick);
    const real ohm = mul_add(@gap_scale, fast_exp((1.0 - total) * @per_lam) - 1.0, metal);
    const real ratio = ohm / (ohm + @r_series);
//: if capacitor
    const real v_end = s->volts[i] * ratio;
    const real age = @per_rc / (ratio > 1e-300 ? ratio : 1e-300);
    const real v = mul_add(s->v[i] - v_end, fast_exp(-(age < 690.0 ? age : 690.0)), v_end);
//: else
    const real v = s->volts[i] * ratio;
//: end
    const real most = @i_limit * ohm;
    const real push = fabs(v) < most ? fabs(v) : most;
    real grown = thick;
    s->v[i] = v;
//: if thickens
    if (f + r >= 1.0) {
        const real over = clip(thick - 1.0, 0.0, 690.0);
        const real fall = -(@gamma_3 * fast_exp(over));
        const real grow = mul_add(@theta * push, fast_exp(-over), fall);
        grown = mul_add(@h, grow, thick);
        grown = grown < 1.0 ? 1.0 : grown;
    }
//: end
    if (thick <= 1.0) {
//: if noise_1
        const real factor_1 = mul_add(@noise_1 * f, s->drawn_1[i], 1.0);
        const real rate_1 = factor_1 < 0.0 ? 0.0 : @gamma_1[i] * factor_1;
//: else
        const real rate_1 = @gamma_1[i];
//: end
//: if noise_2
        const real factor_2 = mul_add(@noise_2 * r, s->drawn_2[i], 1.0);
        const real rate_2 = factor_2 < 0.0 ? 0.0 : @gamma_2[i] * factor_2;
//: else
        const real rate_2 = @gamma_2[i];
//: end
        const real pushed = @mu[i] * push / (@alpha + 1.0 - total);
        const real growth = mul_add(-(rate_1 + @beta[i]), f, pushed);
        const real change = mul_add(@beta[i], f, -(rate_2 * r));
        const real settled = clip(mul_add(@h, change, r), 0.0, 1.0);
        s->f[i] = clip(mul_add(@h, growth, f), 0.0, 1.0 - settled);
        s->r[i] = settled;
    }
    s->thick[i] = grown;
}

//: if noisy
/* noise of the span of time with this number */
static void @draw(@state *restrict s, int64_t slot)
{
//: if noise_2
    for (int i = 0; i < @N_DEVICES; i++)
        normals(join(@noise_keys[i], (uint64_t)slot), &s->drawn_1[i], &s->drawn_2[i]);
//: else
    if (slot % 2 == 0 || s->slot != slot - 1) /* a pair serves two spans */
        for (int i = 0; i < @N_DEVICES; i++)
            normals(join(@noise_keys[i], (uint64_t)(slot / 2)), &s->drawn_1[i], &s->drawn_2[i]);
    if (slot % 2 == 1)
        for (int i = 0; i < @N_DEVICES; i++)
            s->drawn_1[i] = s->drawn_2[i];
//: end
    s->slot = slot;
}

//: end
/* holds the supplies for a step, in integration steps of h */
static void @hold(@state *restrict s, real *restrict y)
{
    for (int k = 0; k < @N_MICRO; k++) {
//: if noisy
        const int64_t slot = (int64_t)(((double)s->n_micro + 0.5) * @h / @t_noise);
        if (slot != s->slot)
            @draw(s, slot);
        s->n_micro++;
//: end
        for (int i = 0; i < @N_DEVICES; i++)
            @advance(s, i);
    }
    for (int i = 0; i < @N_DEVICES; i++)
        y[i] = @observe(s, i);
}

/* state that is fed back */
static real @switched(const @state *restrict s, int i)
{
    return @filled(s->f[i], s->r[i]);
}
