/* a step of the drive: a voltage for each node, within the supply, held for the time of a step */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_NODES; i++) {
        real v = mul_add(@gain, @sum(i, x), @bias);
//: if feedback
        real sum = 0.0;
        for (int k = @begin[i]; k < @begin[i + 1]; k++)
            sum += @weights[k] * s->fed_back[@columns[k]];
        v += @gain * sum;
//: end
        s->volts[i] = clip(v, 0.0, @v_limit);
    }
//: if pulsed
    for (int part = 0; part < @N_ON; part++) {
        @hold(s, s->volts, s->part);
        for (int i = 0; i < @N_NODES; i++)
            y[i] = part == 0 ? s->part[i] : y[i] + s->part[i];
    }
//: if not counts
    for (int i = 0; i < @N_NODES; i++)
        y[i] /= @n_on;
//: end
    for (int i = 0; i < @N_NODES; i++)
        s->volts[i] = 0.0;
    for (int part = 0; part < @N_OFF; part++) {
        @hold(s, s->volts, s->part);
//: if counts
        for (int i = 0; i < @N_NODES; i++)
            y[i] += s->part[i];
//: end
    }
//: else
    @hold(s, s->volts, y);
//: end
//: if feedback
    for (int i = 0; i < @N_NODES; i++)
        s->fed_back[i] = clip((y[i] - @mean[i]) / @deviation[i], -@saturation, @saturation);
//: end
}
