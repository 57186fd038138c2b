/* a row of the sensor to a row of the drive: less its baseline, divided by its scale */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_CHANNELS; i++) {
//: if first
        if (!s->begun)
            s->baseline[i] = x[@channels[i]];
        const real value = x[@channels[i]] - s->baseline[i];
//: else
        const real value = x[@channels[i]] - @baseline[i];
//: end
//: if diff
        const real before = s->begun ? s->before[i] : value;
        s->before[i] = value;
//: end
@statistics
    }
    s->begun = 1;
//: if scaled
    for (int i = 0; i < @N_OUT; i++)
        y[i] = clip(y[i] / @scale[i], -@most, @most);
//: end
}
