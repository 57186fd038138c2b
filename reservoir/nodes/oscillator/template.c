/* time from v to a goal on the way to v_end, s; 1e300 if it is not reached */
static real @span_to(real goal, real v, real v_end, real tau, int down)
{
    const int passed = down ? v <= goal : v >= goal;
    const int reached = down ? v_end < goal : v_end > goal;
    const real ratio = (v_end - v) / (reached ? v_end - goal : 1.0);
    if (passed)
        return 0.0;
    return reached ? tau * fast_log(ratio > 1.0 ? ratio : 1.0) : @never;
}

/* advances node i to its next switching within `left` s; returns the time left, -1 without one */
static real @advance(@state *restrict s, int i, real v_in, real left, real *restrict area)
{
    const int down = s->metallic[i];
    const real v = s->v[i], tau = down ? @tau_down[i] : @tau_up[i];
    const real v_end = v_in * (down ? @ratio_down[i] : @ratio_up[i]);
    const real goal = down ? @v_low[i] : s->threshold[i];
    const real span = @span_to(goal, v, v_end, tau, down);
    if (!(span < left))
        return -1.0;
    const real after = span > 0.0 ? goal : v;
    area[down] += mul_add(tau, v - after, v_end * span);
    s->since[i] += span;
    if (!down) { /* a spike */
        if (s->spikes[i] > 0.0)
            s->interval[i] = s->since[i];
        s->since[i] = 0.0;
        s->spikes[i] += 1.0;
    }
    s->metallic[i] = !down;
    s->v[i] = after;
    return left - span;
}

//: if not noisy
/* skips whole cycles, which are equal while the input is constant; returns the time left */
static real @repeat(@state *restrict s, int i, real v_in, real left, real *restrict area)
{
    const real low = @v_low[i], high = s->threshold[i];
    const int down = s->metallic[i];
    const real end_up = v_in * @ratio_up[i], end_down = v_in * @ratio_down[i];
    const real up = @span_to(high, low, end_up, @tau_up[i], 0);
    const real fall = @span_to(low, high, end_down, @tau_down[i], 1);
    const real period = up + fall;
    if (s->v[i] != (down ? high : low) || !(period < @never) || !(period > 0.0))
        return left;
    const real n = floor(left / period);
    if (!(n > 0.0))
        return left;
    if (n + s->spikes[i] > 1.0)
        s->interval[i] = n > 1.0 ? period : s->since[i] + (down ? period : up);
    s->since[i] = down ? 0.0 : fall;
    s->spikes[i] += n;
    area[0] = mul_add(n, mul_add(@tau_up[i], low - high, end_up * up), area[0]);
    area[1] = mul_add(n, mul_add(@tau_down[i], high - low, end_down * fall), area[1]);
    left = mul_add(-n, period, left);
    return left < 0.0 ? 0.0 : left;
}

//: end
/* holds node i at a supply v_in, V, for a step, solved exactly from switching to switching */
static real @hold_node(@state *restrict s, int i, real v_in)
{
    real area[2] = {0.0, 0.0}; /* integral of the voltage, insulating and metallic, V s */
    real left = @dt;
//: if spikes
    const real before = s->spikes[i];
//: end
    real then = @advance(s, i, v_in, left, area);
//: if not noisy
    if (then >= 0.0)
        then = @repeat(s, i, v_in, then, area);
//: end
    while (then >= 0.0) {
        left = then;
//: if noisy
        if (!s->metallic[i] && s->spikes[i] > 0.0) { /* the threshold of this cycle */
            const real xi = normal(join(@noise_keys[i], (uint64_t)s->spikes[i]));
            s->threshold[i] = @v_high[i] * mul_add(@noise, xi, 1.0);
        }
//: end
        then = @advance(s, i, v_in, left, area);
    }
    const int down = s->metallic[i];
    const real v = s->v[i], tau = down ? @tau_down[i] : @tau_up[i];
    const real v_end = v_in * (down ? @ratio_down[i] : @ratio_up[i]);
    const real age = left / tau;
    const real after = mul_add(v - v_end, fast_exp(-(age < 690.0 ? age : 690.0)), v_end);
    area[down] += mul_add(tau, v - after, v_end * left);
    s->since[i] += left;
    s->v[i] = after;
//: if voltage
    return (area[0] + area[1]) / @dt;
//: end
//: if current
    return (area[0] / @r_insulating[i] + area[1] / @r_metallic[i]) / @dt;
//: end
//: if spikes
    return s->spikes[i] - before;
//: end
//: if frequency
    return s->interval[i] == 0.0 ? 0.0 : 1.0 / s->interval[i];
//: end
//: if phase
    const real turn = s->interval[i] == 0.0 ? 0.0 : s->since[i] / s->interval[i];
    return turn < 1.0 ? turn : 1.0;
//: end
}

/* holds all nodes at their supplies for a step */
static void @hold(@state *restrict s, const real *restrict v_in, real *restrict y)
{
    for (int i = 0; i < @N_NODES; i++)
        y[i] = @hold_node(s, i, v_in[i]);
}
