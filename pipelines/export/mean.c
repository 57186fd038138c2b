/* mean of what the members predict */
static void @step(const real *restrict x, real *restrict y)
{
    for (int k = 0; k < @N; k++) {
        y[k] = 0.0;
        for (int member = 0; member < @N_MEMBERS; member++)
            y[k] += x[member * @N + k];
        y[k] /= @members;
    }
}
