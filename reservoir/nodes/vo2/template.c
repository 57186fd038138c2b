/* 1 - cos(u) for |u| <= 1.8 */
static real @one_minus_cos(real u)
{
    const real q = u * u;
    real p = mul_add(2.5629051467170617e-07, q, -2.473386389301776e-05);
    p = mul_add(p, q, 0.0013887803256895895);
    p = mul_add(p, q, -0.041666590559041455);
    p = mul_add(p, q, 0.4999999826581157);
    return p * q;
}

/* current through film i at a voltage and a temperature, A; writes the offset of its minor loop */
static real @conduct(const @state *restrict s, int i, real v, real temperature, real *restrict offset)
{
    const real t = clip(temperature, @low, @high), kelvin = t + @zero;
    const real x = clip((temperature - s->t_reversal[i]) * s->per_offset[i], 0.0, 3.5);
    const real faded = 1.0 + fast_exp2(mul_add(18.129440567308775, x, -28.477658735561967));
    const real left = @one_minus_cos(mul_add(@gamma, x, -1.5707963267948966));
    const real both = 1.0 / (faded * kelvin);
    *offset = s->offset_reversal[i] * left * (both * kelvin);
    const real insulating = fast_exp2(mul_add(@activation, both * faded, @log_r_0[i]));
    const real z = mul_add(@steep[i], t, *offset) - s->centre[i];
    const real metallic = 1.0 + fast_exp2(z);
    return v * metallic / mul_add(@r_metallic[i], metallic, insulating);
}

/* holds node i at a supply v_in, V, for a step, by Heun's method */
static real @hold_node(@state *restrict s, int i, real v_in)
{
    const real feed = v_in * @leak[i];
    real sum = 0.0;
    for (int k = 0; k < @N_MICRO; k++) {
        const real v = s->v[i], t = s->t[i];
        real offset, unused;
        const real current = @conduct(s, i, v, t, &offset);
//: if spikes
        sum += current >= @i_spike && s->last[i] < @i_spike ? 1.0 : 0.0;
        s->last[i] = current;
//: end
//: if current
        sum += current;
//: end
//: if temperature
        sum += t + @zero;
//: end
//: if voltage
        sum += v;
//: end
        const real warmer = mul_add(-@cool[i], t, mul_add(v * current, @warm[i], @cold[i]));
        const real v_guess = mul_add(-current, @charge[i], mul_add(v, @keep[i], feed));
        const real t_guess = t + warmer;
        if (s->back[i] * (t_guess - t) < @still) { /* dT/dt has changed sign: a minor loop begins */
            s->offset_reversal[i] = offset - s->back[i];
            s->back[i] = -s->back[i];
            s->t_reversal[i] = t;
            s->centre[i] = @t_c[i] + 0.5 * s->back[i];
            s->per_offset[i] =
                @steep[i] / (s->offset_reversal[i] == 0.0 ? 1.0 : s->offset_reversal[i]);
        }
        const real then = @conduct(s, i, v_guess, t_guess, &unused);
        const real late = mul_add(-@cool[i], t_guess, mul_add(v_guess * then, @warm[i], @cold[i]));
        const real v_late = mul_add(-then, @charge[i], mul_add(v_guess, @keep[i], feed));
        s->v[i] = 0.5 * (v + v_late);
        s->t[i] = 0.5 * (t + t_guess + late);
//: if noisy
        const uint64_t moment = s->n_holds * @N_MICRO + (uint64_t)k;
        real first, second;
        normals(join(@noise_keys[i], moment / 2u), &first, &second);
        s->t[i] = mul_add(@kick, moment % 2u ? second : first, s->t[i]);
//: end
    }
//: if spikes
    return sum;
//: else
    return sum / @n_micro;
//: end
}

/* holds all nodes at their supplies for a step */
static void @hold(@state *restrict s, const real *restrict v_in, real *restrict y)
{
    for (int i = 0; i < @N_NODES; i++)
        y[i] = @hold_node(s, i, v_in[i]);
//: if noisy
    s->n_holds++;
//: end
}
