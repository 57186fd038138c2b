/* a step of the drive: N_INNER steps of the neurons, then their spikes to their targets */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_NODES; i++) {
        s->input[i] = mul_add(@v_gain, @sum(i, x), @v_bias);
        y[i] = 0.0;
    }
    for (int inner = 0; inner < @N_INNER; inner++) {
        for (int i = 0; i < @N_NODES; i++) {
//: if noisy
            if (s->wait[i] == 0)
                s->v[i] += @kick[i] * normal(join(@noise_keys[i], s->n_inner));
//: end
            const real u = s->input[i];
            real v = mul_add(s->s[i], @push[i], mul_add(s->v[i] - u, @keep[i], u));
            if (s->wait[i] > 0) {
                v = @v_reset;
                s->wait[i]--;
            }
            s->fired[i] = v >= @threshold[i];
            s->v[i] = s->fired[i] ? @v_reset : flush(v);
            s->s[i] = flush(s->s[i] * @keep_s);
            if (s->fired[i])
                s->wait[i] = @N_WAIT;
//: if spikes
            y[i] += s->fired[i] ? 1.0 : 0.0;
//: end
//: if rate
            s->rate[i] = flush(mul_add(s->rate[i], @keep_rate, s->fired[i] ? @per_spike : 0.0));
//: end
        }
        for (int i = 0; i < @N_NODES; i++)
            for (int k = s->fired[i] ? @begin[i] : @begin[i + 1]; k < @begin[i + 1]; k++)
                s->s[@targets[k]] += @weights[k];
//: if noisy
        s->n_inner++;
//: end
    }
//: if voltage
    for (int i = 0; i < @N_NODES; i++)
        y[i] = s->v[i];
//: end
//: if rate
    for (int i = 0; i < @N_NODES; i++)
        y[i] = s->rate[i];
//: end
}
