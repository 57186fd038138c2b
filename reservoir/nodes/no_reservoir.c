/* the drive as it is */
static void @step(const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_NODES; i++)
        y[i] = x[i];
}
