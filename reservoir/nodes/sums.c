/* weighted sum of the inputs of a node, in the order of the inputs */
static real @sum(int node, const real *restrict x)
{
    real sum = 0.0;
//: if dense
    const real *restrict w = @input_weights + node * @N_SOURCES;
    for (int k = 0; k < @N_SOURCES; k++)
        sum = mul_add(w[k], x[k], sum);
//: else
    for (int k = @input_begin[node]; k < @input_begin[node + 1]; k++)
        sum = mul_add(@input_weights[k], x[@input_columns[k]], sum);
//: end
    return sum;
}
