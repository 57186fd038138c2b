"""Compilers and emulators for exported models: what they are called, and how a model is run."""

import ctypes
import subprocess
from shutil import which

import numpy as np

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off")
RUNNER = """
#include "{name}.h"

void run_all(const {real} *in, long n, long every, int last, {real} *out);

void run_all(const {real} *in, long n, long every, int last, {real} *out)
{{
    static {name}_state state;
    for (long tick = 0; tick < n; tick++) {{
        const int wanted = !last || (tick + 1) % every == 0;
        if (tick % every == 0)
            {name}_init(&state);
        {name}_step(&state, in + tick * {upper}_N_INPUTS, wanted ? out : 0);
        out += wanted ? {upper}_N_OUTPUTS : 0;
    }}
}}
"""
BOARD = """
/* start of a Cortex-M in QEMU, and a count of instructions by its SysTick, a tick 40 of them */
#include <stdint.h>
#include <stdio.h>
#include "{name}.h"

extern uint32_t stack_top;
extern void initialise_monitor_handles(void);
extern void exit(int);
extern int main(void);
void begin(void);
void _init(void);
void _fini(void);
void __real_{name}_step({name}_state *s, const {real} in[], {real} out[]);
void __wrap_{name}_step({name}_state *s, const {real} in[], {real} out[]);

#define SYSTICK ((volatile uint32_t *)0xE000E010)

void _init(void) {{}}
void _fini(void) {{}}

static uint64_t spent;
static uint32_t n_steps;

__attribute__((section(".vectors"), used)) static void *const vectors[] = {{
    &stack_top, (void *)begin,
}};

void __wrap_{name}_step({name}_state *s, const {real} in[], {real} out[])
{{
    const uint32_t before = SYSTICK[2];
    __real_{name}_step(s, in, out);
    spent += (before - SYSTICK[2]) & 0xFFFFFF;
    n_steps++;
}}

void begin(void)
{{
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* floating-point unit on */
    SYSTICK[1] = 0xFFFFFF;
    SYSTICK[2] = 0;
    SYSTICK[0] = 5;
    initialise_monitor_handles();
    const int wrong = main();
    printf("instructions a step %.0f\\n", (double)spent * 40.0 / n_steps);
    exit(wrong);
}}
"""
MEMORY = """
MEMORY { flash (rx) : ORIGIN = 0, LENGTH = 4M  ram (rwx) : ORIGIN = 0x20000000, LENGTH = 4M }
SECTIONS
{
    .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) *(.ARM*) } > flash
    .data : { *(.data*) } > ram
    .bss : { *(.bss*) *(COMMON) } > ram
    end = .;
    stack_top = ORIGIN(ram) + LENGTH(ram);
}
"""
CORES = {  # emulated board and processor, options of the compiler
    "Cortex-M4F": ("mps2-an386", "cortex-m4", "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16"),
    "Cortex-M7": ("mps2-an500", "cortex-m7", "-mcpu=cortex-m7 -mfpu=fpv5-d16"),
}


def missing(*tools):
    """Return why a test is skipped; empty if all tools are there."""
    absent = [tool for tool in tools if which(tool) is None]
    return f"{', '.join(absent)} not installed" if absent else ""


def call(*command, check=True):
    """Run a command; return what it prints, raise with it if it fails."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=3600
    )
    if done.returncode and check:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Library:
    """An exported model as a shared library of this machine."""

    def __init__(self, exported, float32=False, compiler="gcc", options=("-O0",)):
        name, self.exported = exported.name, exported
        self.real = np.float32 if float32 else np.float64
        real = "float" if float32 else "double"
        source = exported.folder / "runner.c"
        source.write_text(RUNNER.format(name=name, real=real, upper=name.upper()), "utf-8")
        target = exported.folder / f"{name}.{compiler}{len(options)}.so"
        sources = exported.folder / f"{name}.c", source
        call(compiler, *STRICT, *options, "-fPIC", "-shared", "-o", target, *sources, "-lm")
        self.run_all = ctypes.CDLL(str(target)).run_all

    def run(self, X, every=None, last=False):
        """Return outputs (tick, output) for inputs (tick, input).

        A new run begins ``every`` so many ticks; with ``last`` only its last prediction is taken.
        """
        X = np.ascontiguousarray(X, self.real)
        every = every or len(X)
        out = np.zeros((len(X) // every if last else len(X), self.exported.n_outputs), self.real)
        places = (ctypes.c_void_p(array.ctypes.data) for array in (X, out))
        source, target = places
        self.run_all(source, ctypes.c_long(len(X)), ctypes.c_long(every), int(last), target)
        return out


def on_cortex(exported, core, float32=False, level="-O2"):
    """Run the test of a model on an emulated Cortex-M; return what it prints, and sizes in bytes.

    The sizes are those of code and constants of the model, without the test.
    """
    board, processor, options = CORES[core]
    flags = [*options.split(), "-mthumb", "-mfloat-abi=hard", level, *STRICT]
    name, folder = exported.name, exported.folder
    real = "float" if float32 else "double"
    (folder / "board.c").write_text(BOARD.format(name=name, real=real), "utf-8")
    (folder / "memory.ld").write_text(MEMORY, "utf-8")
    objects = []
    for part in (name, f"test_{name}", "board"):
        objects.append(folder / f"{part}.{processor}.o")
        call("arm-none-eabi-gcc", *flags, "-c", folder / f"{part}.c", "-o", objects[-1])
    sizes = call("arm-none-eabi-size", objects[0]).splitlines()[1].split()
    image = folder / f"{name}.{processor}.elf"
    call(
        "arm-none-eabi-gcc", *flags, "--specs=rdimon.specs", "-nostartfiles", "-T",
        folder / "memory.ld", f"-Wl,--wrap={name}_step", "-o", image, *objects, "-lm",
    )  # fmt: skip
    printed = call(
        "qemu-system-arm", "-M", board, "-cpu", processor, "-kernel", image, "-display", "none",
        "-serial", "null", "-monitor", "none", "-icount", "shift=0",
        "-semihosting-config", "enable=on,target=native", check=False,
    )  # fmt: skip
    return printed, {"text": int(sizes[0]), "data": int(sizes[1]), "bss": int(sizes[2])}


def on_aarch64(exported, level="-O2"):
    """Run the test of a model on an emulated 64-bit ARM; return what it prints."""
    name, folder = exported.name, exported.folder
    image = folder / f"{name}.aarch64"
    sources = folder / f"{name}.c", folder / f"test_{name}.c"
    call("aarch64-linux-gnu-gcc", *STRICT, level, "-static", "-o", image, *sources, "-lm")
    return call("qemu-aarch64", image)


def sanitised(exported, compiler="gcc"):
    """Run the test of a model under the address and undefined behaviour sanitisers."""
    name, folder = exported.name, exported.folder
    image = folder / f"{name}.sanitised"
    sources = folder / f"{name}.c", folder / f"test_{name}.c"
    checks = "-fsanitize=address,undefined", "-fno-sanitize-recover=all"
    call(compiler, *STRICT, "-O1", "-g", *checks, "-o", image, *sources, "-lm")
    return call(image)


def by_makefile(exported, compiler="gcc"):
    """Build and run the test by its Makefile; return what it prints."""
    return call("make", "-s", "-B", "-C", exported.folder, f"CC={compiler}")
