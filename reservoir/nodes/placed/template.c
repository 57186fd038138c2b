/* sums over evenly spaced earlier steps of some inputs, scaled and shifted; 0 before the beginning */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int k = 0; k < @N_IN; k++)
        s->past[s->row * @N_IN + k] = x[k];
    for (int i = 0; i < @N_NODES; i++) {
        real sum = @shifts[i];
        for (int k = @begin[i]; k < @begin[i + 1]; k++) {
            const int row = (int)s->row - @lags[k];
            sum += @weights[k] * s->past[(row < 0 ? row + @N_ROWS : row) * @N_IN + @inputs[k]];
        }
        y[i] = sum;
    }
    s->row = s->row + 1 == @N_ROWS ? 0 : s->row + 1;
}
