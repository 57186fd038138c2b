/* a row of the sensor to its responses, and how fast each changes, per second */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_CHANNELS; i++) {
        real value = x[@channels[i]];
        if (@responses[i] > 0 && value <= 0.0)
            value = @zero[i];
//: if first
        if (!s->begun)
            s->baseline[i] = value;
        const real base = s->baseline[i];
//: else
        const real base = @baseline[i];
//: end
        real response = value - base;
        if (@responses[i] == 1)
            response = log(value / base);
        if (@responses[i] == 2)
            response = value / base - 1.0;
        y[i * @N_LABELS] = response;
//: if derivative
        if (!s->begun) {
            s->mean[i] = response;
        } else {
            const real change = @fraction * (response - s->mean[i]);
            s->mean[i] += change;
            s->rate[i] = change / @dt;
        }
        y[i * @N_LABELS + 1] = s->rate[i];
//: end
    }
    s->begun = 1;
//: if scaled
    for (int i = 0; i < @N_OUT; i++)
        y[i] = clip(y[i] / @scale[i], -@most, @most);
//: end
}
