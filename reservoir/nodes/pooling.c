/* takes the states of a step into the statistics of its segment */
static void @add(@state *restrict s, const real *restrict x)
{
//: if segments
    int segment = 0;
    uint32_t begin = 0;
    if (s->n_steps >= @N_STEPS) /* the recording is over */
        return;
    while ((uint32_t)(segment + 1) * @N_STEPS / @N_SEGMENTS <= s->n_steps)
        segment++;
    begin = (uint32_t)segment * @N_STEPS / @N_SEGMENTS;
    const uint32_t n = s->n_steps - begin + 1u;
    const int at = segment * @N_NODES;
    s->counts[segment] = n;
//: else
//: if numbered
    const uint32_t n = s->n_steps + 1u;
//: end
    const int at = 0;
//: end
//: if moments
    const real weight = 1.0 / (real)n;
//: end
    for (int i = 0; i < @N_NODES; i++) {
//: if moments
        const real gap = x[i] - s->mean[at + i];
        s->mean[at + i] += gap * weight;
//: end
//: if std
        s->square[at + i] += gap * (x[i] - s->mean[at + i]);
//: end
//: if max
        if (n == 1u || x[i] > s->top[at + i])
            s->top[at + i] = x[i];
//: end
//: if last
        s->last[at + i] = x[i];
//: end
//: if ppv
        for (int k = 0; k < @N_THRESHOLDS; k++) {
            uint32_t *restrict above = s->above + k * @N_ALL + at;
            above[i] = (n == 1u ? 0u : above[i]) + (x[i] > @thresholds[k * @N_NODES + i] ? 1u : 0u);
        }
//: end
    }
    if (s->n_steps < UINT32_MAX - 1u) /* of a run without end */
        s->n_steps++;
}

/* features: statistic by statistic, segment by segment, node by node */
static void @features(const @state *restrict s, real *restrict y)
{
    for (int i = 0; i < @N_ALL; i++) {
//: if counted
//: if segments
        const real n = s->counts[i / @N_NODES] ? (real)s->counts[i / @N_NODES] : 1.0;
//: else
        const real n = (real)s->n_steps;
//: end
//: end
@statistics
    }
}
