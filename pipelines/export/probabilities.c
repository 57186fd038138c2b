/* probabilities of the classes from decisions */
static void @step(const real *restrict x, real *restrict y)
{
    real most, sum = 0.0;
//: if two
    y[0] = -x[0];
    y[1] = x[0];
//: else
    for (int k = 0; k < @N; k++)
        y[k] = x[k];
//: end
    most = y[0];
    for (int k = 1; k < @N; k++)
        most = y[k] > most ? y[k] : most;
    for (int k = 0; k < @N; k++) {
        y[k] = exp(@sharpness * (y[k] - most));
        sum += y[k];
    }
    for (int k = 0; k < @N; k++)
        y[k] /= sum;
}
