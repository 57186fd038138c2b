/* level of a converter nearest to a value */
static real @convert(real value, real low, real high, real step, real last)
{
    const real code = floor((clip(value, low, high) - low) / step);
    return low + ((code < last ? code : last) + 0.5) * step;
}

/* products of features and the weights that the cells have, tile by tile */
static void @step(@state *restrict s, const real *restrict x, real *restrict y)
{
    for (int i = 0; i < @N_FEATURES; i++) {
        const real volts = @v_read * (x[i] - @centre[i]) / @half_range[i];
//: if dac
        s->volts[i] = @convert(volts, -@v_read, @v_read, @dac_step, @dac_last);
//: else
        s->volts[i] = volts;
//: end
    }
    for (int k = 0; k < @N_TARGETS; k++)
        y[k] = @bias[k];
    for (int tile = 0; tile < @N_TILES; tile++) {
        const real *restrict g = @transfer + @transfer_begin[tile];
        const real *restrict c = @combine + @combine_begin[tile];
        const int first = @outputs_begin[tile], n_out = @outputs_end[tile] - first;
        for (int k = 0; k < n_out; k++)
            s->products[k] = 0.0;
        for (int column = 0; column < (int)@n_columns[tile]; column++) {
            real current = 0.0; /* A */
            for (int row = @rows_begin[tile]; row < @rows_end[tile]; row++)
                current = mul_add(s->volts[row], *g++, current);
//: if adc
            current = @convert(current, @low[tile], @high[tile], @adc_step[tile], @adc_last);
//: end
            for (int k = 0; k < n_out; k++)
                s->products[k] = mul_add(current, *c++, s->products[k]);
        }
        for (int k = 0; k < n_out; k++) {
            const int at = @digital_begin[tile] + k;
            y[first + k] += mul_add(@digital_gain[at], s->products[k], @digital_offset[at]) / @v_read;
        }
    }
}
