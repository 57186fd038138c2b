/* up and down spikes of each channel, one for every threshold that it has moved */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_CHANNELS; i++) {
        const real value = x[@channels[i]];
        if (!s->begun)
            s->start[i] = value;
        const real moved = (value - s->start[i]) / @threshold[i] - s->level[i];
        const real whole = floor(fabs(moved));
        y[2 * i] = moved > 0.0 ? whole : 0.0;
        y[2 * i + 1] = moved > 0.0 ? 0.0 : whole;
        s->level[i] += moved > 0.0 ? whole : -whole;
    }
    s->begun = 1;
//: if scaled
    for (int i = 0; i < @N_OUT; i++)
        y[i] = clip(y[i] / @scale[i], -@most, @most);
//: end
}
