/* x <- (1 - leak) x + leak tanh(bias + gain W_in u + W x) */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_NODES; i++) {
        real total = @biases[i] + @gain * @sum(i, x);
        for (int k = @begin[i]; k < @begin[i + 1]; k++)
            total = mul_add(@weights[k], s->x[@columns[k]], total);
        s->totals[i] = total;
    }
    for (int i = 0; i < @N_NODES; i++) {
        s->x[i] = flush(@keep * s->x[i] + @leak * fast_tanh(s->totals[i]));
        y[i] = s->x[i];
    }
}
