/* an event at a pixel, of polarity 0 or 1; one that is off the sensor is dropped */
static void @event(@state *restrict s, int64_t t, int32_t x, int32_t y, int32_t p)
{
    (void)t;
    if (x < 0 || x >= @WIDTH || y < 0 || y >= @HEIGHT)
        return;
//: if split
    const int32_t place = (y / @CELL * @COLUMNS + x / @CELL) * 2 + (p != 0);
//: else
    const int32_t place = y / @CELL * @COLUMNS + x / @CELL;
//: end
//: if signed
    s->counts[place] += p ? 1 : -1;
//: else
    (void)p;
    s->counts[place]++;
//: end
}

/* ends a step: the counts since the last one, compressed and divided by their scale */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    (void)x;
    for (int i = 0; i < @N_OUT; i++) {
        const real n = (real)s->counts[i];
//: if sqrt
        const real size = sqrt(fabs(n));
        y[i] = (n < 0.0 ? -size : size) / @scale;
//: end
//: if log
        const real size = log1p(fabs(n));
        y[i] = (n < 0.0 ? -size : size) / @scale;
//: end
//: if anscombe
        const real size = 2.0 * (sqrt(fabs(n) + 0.375) - sqrt(0.375));
        y[i] = (n < 0.0 ? -size : size) / @scale;
//: end
//: if plain
        y[i] = n / @scale;
//: end
        s->counts[i] = 0;
    }
}
