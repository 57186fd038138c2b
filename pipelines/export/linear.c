/* decisions of a linear readout: its weights times the features, and a number each */
static void @step(const real *restrict x, real *restrict y)
{
    for (int k = 0; k < @N_TARGETS; k++) {
        const real *restrict w = @coef + k * @N_FEATURES;
        real sum = 0.0;
        for (int i = 0; i < @N_FEATURES; i++)
            sum = mul_add(w[i], x[i], sum);
        y[k] = sum + @intercept[k];
    }
}
