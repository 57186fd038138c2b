/* the inputs of this step and of those before it, 0 before the beginning */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int k = 0; k < @N_IN; k++)
        y[k] = x[k];
    for (int k = 0; k < @N_PAST; k++)
        y[@N_IN + k] = s->past[k];
    for (int k = 0; k < @N_PAST; k++)
        s->past[k] = y[k];
}
