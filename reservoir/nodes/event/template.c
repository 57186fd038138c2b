//: if noisy
/* step of an event, as a fraction of the distance to 1, with noise */
static real @strength(real p_c, uint64_t key)
{
    return clip(p_c * (1.0 + @noise * normal(key)), 0.0, 1.0);
}

//: end
//: if events
/* lets all devices decay to the end of the step, once a step */
static void @decay(@state *restrict s)
{
    if (s->decayed)
        return;
    for (int i = 0; i < @N_NODES; i++)
        s->g[i] = flush(s->g[i] * @fade[i]);
    s->decayed = 1;
}

/* an event at a pixel, of polarity 0 or 1, t us after the beginning of the run */
static void @event(@state *restrict s, int64_t t, int32_t x, int32_t y, int32_t p)
{
    const double over = (double)(s->n_steps + 1u) * @dt_exact; /* end of the step, s */
    if (x < 0 || x >= @WIDTH || y < 0 || y >= @HEIGHT)
        return;
//: if split
    const int32_t place = (y / @CELL * @COLUMNS + x / @CELL) * 2 + (p != 0);
//: else
    const int32_t place = y / @CELL * @COLUMNS + x / @CELL;
    (void)p;
//: end
    @decay(s);
    for (int i = place; i < @N_NODES; i += @N_SITES) {
//: if same
        const real age = seconds_left(t, over) / @tau[i];
        const real left = fast_exp(-(age < 690.0 ? age : 690.0));
        s->g[i] += @p_c[i] * (left - s->g[i]);
//: else
        const real left = exp(seconds_after(t, over) / @tau[i]);
//: if noisy
        const real fraction = @strength(@p_c[i], join(@noise_keys[i], (uint64_t)t));
//: else
        const real fraction = @p_c[i];
//: end
        s->g[i] += fraction * (left - s->g[i]);
//: end
    }
}

/* ends a step */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    (void)x;
    @decay(s);
    for (int i = 0; i < @N_NODES; i++)
        y[i] = s->g[i];
    s->decayed = 0;
    s->n_steps++;
}
//: else
/* the magnitude of an input is the number of events at the beginning of the step */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_NODES; i++) {
        const real n = fabs(x[i % @N_SITES]);
        if (n > 0.0) {
//: if noisy
            const real p_c = @strength(@p_c[i], join(@noise_keys[i], s->n_steps));
            const real left = exp(n * log1p(-(p_c < @most ? p_c : @most)));
//: else
            const real left = exp(n * @log_left[i]);
//: end
            s->g[i] += (1.0 - left) * (1.0 - s->g[i]);
        }
        s->g[i] *= @fade[i];
        y[i] = s->g[i];
    }
//: if noisy
    s->n_steps++;
//: end
}
//: end
