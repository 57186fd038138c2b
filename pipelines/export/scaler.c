/* each feature less its centre, divided by its scale */
static void @step(const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N; i++)
        y[i] = (x[i] - @center[i]) / @scale[i];
}
