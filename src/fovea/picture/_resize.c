/* Resizing along the rows and the columns of a picture. It gives the pixels that Pillow gives, several times as fast.
 *
 * A pixel is a weighted sum of neighbors in one row or in one column, in integers, as in Pillow's Resample.c. Both
 * directions use the same loop over samples that lie side by side: rows are resized in bands of 32, which are turned
 * first, so that the samples of a column lie side by side. Compilers make vector instructions of that loop.
 *
 * The interpreter lock is released. Nothing is read or written outside the buffers: their sizes and all starts are
 * checked before.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PRECISION 22 /* bits of the fraction of a weight */
#define HALF (1 << (PRECISION - 1))
#define LONGEST (1 << 24) /* largest length of a side, so that no product of sizes is too large */
#define LANES 32 /* samples that are computed together */
#define BLOCK (LANES * LANES)

/* A side of the picture: the pixel `i` of the result is the sum of `taps` pixels from `starts[i]` on. */
typedef struct {
    Py_ssize_t size, taps;
    const int32_t *starts, *weights; /* [size], [size, taps] */
} Side;

/* Where the loader can choose, it takes what the processor has: without AVX2, x86-64 has no product of 32-bit lanes. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* Whether the compiler makes vector instructions of a shuffle. Without them it is slower than a plain transpose. */
#if defined(__GNUC__)
#define VECTORS 1
#else
#define VECTORS 0
#endif

/* Compilers turn two comparisons of the same number into the instructions for the smaller and the larger of two. */
static inline uint8_t rounded(int32_t sum) {
    int32_t value = sum >> PRECISION;
    value = value < 0 ? 0 : value;
    return (uint8_t)(value > 255 ? 255 : value);
}

/* Compute `count` samples that lie side by side. What their pixels are made of lies `step` samples apart. */
FOR_EACH_PROCESSOR
static void weigh(uint8_t *out, const uint8_t *in, Py_ssize_t step, const int32_t *weights, Py_ssize_t taps,
                  Py_ssize_t count) {
    for (Py_ssize_t start = 0; start < count && count < LANES; start++) {
        int32_t sum = HALF;
        for (Py_ssize_t tap = 0; tap < taps; tap++) sum += weights[tap] * in[start + tap * step];
        out[start] = rounded(sum);
    }
    for (Py_ssize_t start = 0; start < count && count >= LANES; start += LANES) {
        if (start > count - LANES) start = count - LANES; /* the last ones are computed twice */
        int32_t sums[LANES];
        for (int lane = 0; lane < LANES; lane++) sums[lane] = HALF;
        for (Py_ssize_t tap = 0; tap < taps; tap++)
            for (int lane = 0; lane < LANES; lane++) sums[lane] += weights[tap] * in[start + tap * step + lane];
        for (int lane = 0; lane < LANES; lane++) out[start + lane] = rounded(sums[lane]);
    }
}

/* Write the first sample of each half of a block, then the second ones, and so on. */
FOR_EACH_PROCESSOR
static void shuffle(uint8_t *__restrict out, const uint8_t *__restrict in) {
    for (int i = 0; i < BLOCK / 2; i++) {
        out[2 * i] = in[i];
        out[2 * i + 1] = in[BLOCK / 2 + i];
    }
}

/* Write the transpose of LANES × LANES samples. The place of a sample in a block has five bits of the row before five
 * bits of the column. A shuffle moves the first bit to the end, so five shuffles exchange row and column. */
static void transpose_block(uint8_t *out, Py_ssize_t out_step, const uint8_t *in, Py_ssize_t in_step) {
    uint8_t even[BLOCK], odd[BLOCK];
    for (int row = 0; row < LANES; row++) memcpy(even + row * LANES, in + row * in_step, LANES);
    shuffle(odd, even);
    shuffle(even, odd);
    shuffle(odd, even);
    shuffle(even, odd);
    shuffle(odd, even);
    for (int row = 0; row < LANES; row++) memcpy(out + row * out_step, odd + row * LANES, LANES);
}

/* Write the transpose of `rows` × `columns` samples. Blocks stay in the nearest cache. */
static void transpose(uint8_t *out, Py_ssize_t out_step, const uint8_t *in, Py_ssize_t in_step, Py_ssize_t rows,
                      Py_ssize_t columns) {
    for (Py_ssize_t top = 0; top < rows; top += LANES)
        for (Py_ssize_t left = 0; left < columns; left += LANES) {
            Py_ssize_t bottom = top + LANES < rows ? top + LANES : rows;
            Py_ssize_t right = left + LANES < columns ? left + LANES : columns;
            if (VECTORS && bottom - top == LANES && right - left == LANES) {
                transpose_block(out + left * out_step + top, out_step, in + top * in_step + left, in_step);
                continue;
            }
            for (Py_ssize_t row = top; row < bottom; row++)
                for (Py_ssize_t column = left; column < right; column++)
                    out[column * out_step + row] = in[row * in_step + column];
        }
}

/* Resize each row of `in`, [height, width, channels], to the length of `side`. */
static void resize_rows(uint8_t *out, const uint8_t *in, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels,
                        const Side *side, uint8_t *turned, uint8_t *turned_out) {
    Py_ssize_t samples = width * channels, samples_out = side->size * channels, step = channels * LANES;
    for (Py_ssize_t top = 0; top < height; top += LANES) {
        Py_ssize_t rows = height - top < LANES ? height - top : LANES;
        transpose(turned, LANES, in + top * samples, samples, rows, samples);
        for (Py_ssize_t i = 0; i < side->size; i++)
            weigh(turned_out + i * step, turned + side->starts[i] * step, step, side->weights + i * side->taps,
                  side->taps, step);
        transpose(out + top * samples_out, samples_out, turned_out, LANES, samples_out, rows);
    }
}

/* Resize each column of `in`, rows of `samples`, to the length of `side`. */
static void resize_columns(uint8_t *out, const uint8_t *in, Py_ssize_t samples, const Side *side) {
    for (Py_ssize_t i = 0; i < side->size; i++)
        weigh(out + i * samples, in + side->starts[i] * samples, samples, side->weights + i * side->taps, side->taps,
              samples);
}

/* ---- the module ----------------------------------------------------------------------------------------------- */

/* Return whether the starts and weights in two buffers are those of a side whose pixels are below `length`. */
static int read_side(Side *side, const Py_buffer *starts, const Py_buffer *weights, Py_ssize_t length) {
    side->size = starts->len / (Py_ssize_t)sizeof(int32_t);
    side->taps = side->size ? weights->len / starts->len : 0;
    side->starts = starts->buf;
    side->weights = weights->buf;
    if (!side->size || side->size * (Py_ssize_t)sizeof(int32_t) != starts->len) return 0;
    if (!side->taps || side->taps * starts->len != weights->len) return 0;
    for (Py_ssize_t i = 0; i < side->size; i++)
        if (side->starts[i] < 0 || side->starts[i] > length - side->taps) return 0;
    return 1;
}

/* Return whether there was enough memory. */
static int resize_all(uint8_t *out, const uint8_t *in, Py_ssize_t height, Py_ssize_t width, Py_ssize_t channels,
                      const Side *across, const Side *down) {
    uint8_t *turned = malloc(width * channels * LANES), *turned_out = malloc(across->size * channels * LANES);
    uint8_t *rows = malloc(height * across->size * channels);
    int enough = turned && turned_out && rows;
    if (enough) {
        resize_rows(rows, in, height, width, channels, across, turned, turned_out);
        resize_columns(out, rows, across->size * channels, down);
    }
    free(turned);
    free(turned_out);
    free(rows);
    return enough;
}

static PyObject *resize(PyObject *module, PyObject *args) {
    Py_buffer out, in, buffers[4];
    Py_ssize_t height, width, channels;
    if (!PyArg_ParseTuple(args, "w*y*nnny*y*y*y*:resize", &out, &in, &height, &width, &channels, buffers, buffers + 1,
                          buffers + 2, buffers + 3))
        return NULL;
    Side across, down;
    int enough = 1, valid = channels > 0 && channels <= 4 && width > 0 && width <= LONGEST && height > 0 &&
                            height <= LONGEST && in.len == height * width * channels &&
                            read_side(&across, buffers, buffers + 1, width) &&
                            read_side(&down, buffers + 2, buffers + 3, height) && across.size <= LONGEST &&
                            down.size <= LONGEST && out.len == down.size * across.size * channels;
    if (valid) {
        Py_BEGIN_ALLOW_THREADS
        enough = resize_all(out.buf, in.buf, height, width, channels, &across, &down);
        Py_END_ALLOW_THREADS
    }
    for (int i = 0; i < 4; i++) PyBuffer_Release(buffers + i);
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    if (!valid) return PyErr_Format(PyExc_ValueError, "the sizes of the buffers do not fit each other");
    return enough ? Py_NewRef(Py_None) : PyErr_NoMemory();
}

static PyMethodDef methods[] = {
    {"resize", resize, METH_VARARGS, "Write the weighted sums of the samples of a picture into a buffer."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_resize",
    .m_doc = "Resizing in C, which fovea.picture.resizing documents.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__resize(void) { return PyModuleDef_Init(&definition); }
