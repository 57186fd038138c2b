/* Feeds the recorded inputs to the model '@model' and compares the outputs with those of Python. */
#include <math.h>
#include <stdio.h>

#include "@model.h"

enum { N_TICKS = @n_ticks, N_COMPARED = @n_compared };

@tables
int main(void)
{
    static @model_state state;
    @real out[@MODEL_N_OUTPUTS];
    @real most = @zero;
    int next = 0, wrong = 0;
@event_index
    @model_init(&state);
    for (int tick = 0; tick < N_TICKS; tick++) {
        const int compare = next < N_COMPARED && (int)compared[next] == tick;
@feed        @model_step(&state, @rows, compare ? out : 0);
        if (!compare)
            continue;
        for (int i = 0; i < @MODEL_N_OUTPUTS; i++) {
            const @real expected = outputs[next * @MODEL_N_OUTPUTS + i];
            const @real size = @fabs(expected) > @one ? @fabs(expected) : @one;
            const @real error = @fabs(out[i] - expected) / size;
            most = error > most ? error : most;
            if (!(error <= @tolerance))
                wrong++;
        }
@decisions        next++;
    }
    printf("@model: %d ticks, %d predictions, largest error %.3g, %d wrong; state %u bytes\n",
           (int)N_TICKS, next, (double)most, wrong, (unsigned)sizeof state);
    return wrong != 0 || next != N_COMPARED;
}
