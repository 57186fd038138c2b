//: if feedback
/* voltages that the states of the previous step add, V */
static void @feed_back(@state *restrict s)
{
    for (int i = 0; i < @N_DEVICES; i++)
        s->before[i] = @switched(s, i);
    for (int i = 0; i < @N_DEVICES; i++) {
        real sum = 0.0;
        for (int k = @begin[i]; k < @begin[i + 1]; k++)
            sum = mul_add(@weights[k], s->before[@columns[k]], sum);
        s->feedback[i] = @gain * sum;
    }
}

//: end
/* holds each device at its voltage for the time of a mask; one state a mask and device */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
//: if feedback
    @feed_back(s);
//: end
    for (int mask = 0; mask < @N_MASKS; mask++) {
        real *restrict out = y + mask * @N_DEVICES;
        for (int i = 0; i < @N_DEVICES; i++) {
            real v = mul_add(@gain, @sum(mask * @N_DEVICES + i, x), @bias);
//: if feedback
            v += s->feedback[i];
//: end
            s->volts[i] = clip(v, -@v_limit, @v_limit);
        }
        @hold(s, out);
//: if read_noise
        for (int i = 0; i < @N_DEVICES; i++)
            out[i] *= mul_add(@read_noise, normal(join(@read_keys[mask * @N_DEVICES + i], s->n_steps)), 1.0);
//: end
    }
//: if read_noise
    s->n_steps++;
//: end
}
