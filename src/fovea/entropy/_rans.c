/* The coder in C. It writes and reads the stream that reference.py defines, about forty times as fast.
 *
 * No function trusts its input: tables are checked when they are prepared, indexes and symbols when they are used, and
 * no word is read from outside its buffer. The interpreter lock is released during coding. If another thread writes to
 * the arrays at the same time, the result is wrong, but no memory outside the arrays is touched.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PRECISION 16
#define TOTAL (1u << PRECISION)
#define MAX_SYMBOL (1u << 20)
#define MAX_LENGTH 21 /* bits of the longest excess of a symbol over its reach */
#define MAX_TABLES 256
#define BUCKET_BITS 9
#define BUCKET_SHIFT (PRECISION - BUCKET_BITS)
#define BLOCK 4096
#define WORDS_PER_SYMBOL 3 /* largest number: one each for the excess, its length and the escape */
#define CAPSULE "fovea.entropy._rans.tables"

typedef struct {
    uint32_t *starts; /* 2 * reach + 3 cumulative frequencies, from 0 to TOTAL */
    uint32_t reach;
    uint16_t buckets[1 << BUCKET_BITS]; /* the entry at the start of each bucket of 2^BUCKET_SHIFT slots */
} Table;

typedef struct {
    uint32_t count;
    Table *table; /* table[0] is not used, because its symbols are skipped */
    uint32_t *starts;
} Tables;

typedef enum { OK, NO_MEMORY, BAD_INDEX, BAD_SYMBOL, BAD_SKIP, BAD_ESCAPE } Status;

/* ---- errors --------------------------------------------------------------------------------------------------- */

static PyObject *raise_fovea(const char *name, const char *message) {
    PyObject *module = PyImport_ImportModule("fovea.errors");
    PyObject *type = module ? PyObject_GetAttrString(module, name) : NULL;
    if (type) PyErr_SetString(type, message);
    Py_XDECREF(type);
    Py_XDECREF(module);
    return NULL;
}

static PyObject *raise_status(Status status, const Tables *tables) {
    switch (status) {
    case BAD_INDEX: return PyErr_Format(PyExc_ValueError, "table index outside 0..%u", tables->count - 1);
    case BAD_SYMBOL: return PyErr_Format(PyExc_ValueError, "symbol outside -%u..%u", MAX_SYMBOL, MAX_SYMBOL);
    case BAD_SKIP: PyErr_SetString(PyExc_ValueError, "a skipped symbol (table index 0) is not zero"); return NULL;
    case BAD_ESCAPE:
        return raise_fovea("BitstreamError", "an escaped symbol is too large: the entropy-coded data is damaged");
    default: return PyErr_NoMemory();
    }
}

/* ---- tables --------------------------------------------------------------------------------------------------- */

static void release(Tables *tables) {
    if (!tables) return;
    PyMem_Free(tables->table);
    PyMem_Free(tables->starts);
    PyMem_Free(tables);
}

static void release_capsule(PyObject *capsule) { release(PyCapsule_GetPointer(capsule, CAPSULE)); }

/* Return the number of tables in the bytes, or 0 if there are too many or the last one ends too early. */
static uint32_t count_tables(const uint8_t *data, Py_ssize_t size) {
    uint32_t count = 1;
    Py_ssize_t position = 0;
    for (; position < size && count <= MAX_TABLES; count++) position += 1 + 2 * (2 * (Py_ssize_t)data[position] + 1);
    return position == size && count <= MAX_TABLES ? count : 0;
}

/* Read one table from `data`. Return the bytes after it, or NULL if its frequencies are wrong. */
static const uint8_t *read_table(Table *table, uint32_t *starts, const uint8_t *data) {
    uint32_t reach = *data++, escape = 2 * reach + 1, sum = 0;
    for (uint32_t entry = 0; entry < escape; entry++, data += 2) {
        uint32_t frequency = data[0] | (uint32_t)data[1] << 8;
        starts[entry] = sum;
        sum += frequency;
        if (!frequency || sum >= TOTAL) return NULL;
    }
    starts[escape] = sum;
    starts[escape + 1] = TOTAL;
    table->reach = reach;
    table->starts = starts;
    for (uint32_t bucket = 0, entry = 0; bucket < 1 << BUCKET_BITS; bucket++) {
        while (starts[entry + 1] <= bucket << BUCKET_SHIFT) entry++;
        table->buckets[bucket] = (uint16_t)entry;
    }
    return data;
}

static Tables *read_tables(const uint8_t *data, Py_ssize_t size) {
    uint32_t count = count_tables(data, size);
    if (!count) return (Tables *)raise_fovea("ModelError", "the frequency tables are too many or end too early");
    Tables *tables = PyMem_Calloc(1, sizeof *tables);
    if (!tables) return (Tables *)PyErr_NoMemory();
    /* A table of 2 L + 1 frequencies has 4 L + 3 bytes and 2 L + 3 starts: there are never more starts than bytes. */
    tables->starts = PyMem_Calloc((size_t)size + 1, sizeof *tables->starts);
    tables->table = PyMem_Calloc(count, sizeof *tables->table);
    tables->count = count;
    if (!tables->starts || !tables->table) {
        release(tables);
        return (Tables *)PyErr_NoMemory();
    }
    uint32_t *starts = tables->starts;
    for (uint32_t index = 1; index < count; index++) {
        data = read_table(&tables->table[index], starts, data);
        if (!data) {
            release(tables);
            return (Tables *)raise_fovea("ModelError", "a frequency table has a zero or a sum that is too large");
        }
        starts += 2 * tables->table[index].reach + 3;
    }
    return tables;
}

/* ---- coding --------------------------------------------------------------------------------------------------- */

/* List the positions of the non-zero indexes of a block. No branch depends on a single index. */
static unsigned list_coded(const uint8_t *indexes, unsigned size, uint16_t *coded) {
    unsigned count = 0, i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t eight;
        memcpy(&eight, indexes + i, 8);
        if (!eight) continue;
        for (unsigned k = i; k < i + 8; k++) {
            coded[count] = (uint16_t)k;
            count += indexes[k] != 0;
        }
    }
    for (; i < size; i++) {
        coded[count] = (uint16_t)i;
        count += indexes[i] != 0;
    }
    return count;
}

static int32_t read_symbol(const uint8_t *symbols, size_t i) {
    int32_t symbol;
    memcpy(&symbol, symbols + 4 * i, 4);
    return symbol;
}

typedef struct {
    uint64_t state;
    uint8_t *words; /* little-endian on every platform */
    size_t size, capacity;
} Sink;

static void put_word(Sink *sink) {
    for (unsigned k = 0; k < 4; k++) sink->words[sink->size + k] = (uint8_t)(sink->state >> 8 * k);
    sink->size += 4;
    sink->state >>= 32;
}

static void put_bits(Sink *sink, uint32_t number, unsigned count) {
    if (sink->state >> (64 - count)) put_word(sink);
    sink->state = sink->state << count | number;
}

static void put_excess(Sink *sink, uint32_t excess, uint32_t negative) {
    unsigned length = 1;
    while (excess >> length) length++;
    put_bits(sink, (excess << 1 | negative) & ((1u << length) - 1), length);
    put_bits(sink, 1u << (length - 1), length);
}

static int reserve(Sink *sink, size_t more) {
    if (sink->capacity - sink->size >= more) return 1;
    size_t capacity = 2 * sink->capacity + more;
    uint8_t *words = realloc(sink->words, capacity);
    if (!words) return 0;
    sink->words = words;
    sink->capacity = capacity;
    return 1;
}

static Status push_block(const Tables *tables, Sink *shared, const uint8_t *symbols, const uint8_t *indexes,
                         unsigned size) {
    uint16_t coded[BLOCK];
    unsigned count = list_coded(indexes, size, coded);
    uint32_t skipped = 0;
    for (unsigned i = 0; i < size; i++) skipped |= indexes[i] ? 0 : (uint32_t)read_symbol(symbols, i);
    if (skipped) return BAD_SKIP;
    Sink sink = *shared; /* a copy, which the compiler can keep in registers */
    while (count--) {
        uint32_t index = indexes[coded[count]];
        int32_t symbol = read_symbol(symbols, coded[count]);
        if (index >= tables->count || !index) return BAD_INDEX;
        const Table *table = &tables->table[index];
        uint32_t magnitude = symbol < 0 ? 0u - (uint32_t)symbol : (uint32_t)symbol;
        uint32_t entry = 2 * magnitude - (symbol > 0);
        if (magnitude > table->reach) {
            if (magnitude > MAX_SYMBOL) return BAD_SYMBOL;
            put_excess(&sink, magnitude - table->reach, symbol < 0);
            entry = 2 * table->reach + 1;
        }
        uint32_t start = table->starts[entry], frequency = table->starts[entry + 1] - start;
        if (sink.state >> 48 >= frequency) put_word(&sink);
        sink.state = (sink.state / frequency << PRECISION) + sink.state % frequency + start;
    }
    *shared = sink;
    return OK;
}

static Status push_all(const Tables *tables, Sink *sink, const uint8_t *symbols, const uint8_t *indexes, size_t size) {
    while (size) {
        unsigned block = (unsigned)((size - 1) % BLOCK + 1);
        size -= block;
        if (!reserve(sink, 4 * WORDS_PER_SYMBOL * (size_t)block)) return NO_MEMORY;
        Status status = push_block(tables, sink, symbols + 4 * size, indexes + size, block);
        if (status) return status;
    }
    return OK;
}

typedef struct {
    uint64_t state;
    const uint8_t *words;
    size_t left;
} Source;

static inline void take_word(Source *source) {
    if (source->state >> 32 || !source->left) return;
    const uint8_t *word = source->words + 4 * --source->left;
    uint32_t value = word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 | (uint32_t)word[3] << 24;
    source->state = source->state << 32 | value;
}

static uint32_t take_bits(Source *source, unsigned count) {
    uint32_t number = (uint32_t)source->state & ((1u << count) - 1);
    source->state >>= count;
    take_word(source);
    return number;
}

static Status take_excess(Source *source, uint32_t reach, int32_t *symbol) {
    unsigned length = 1;
    while (!(source->state >> (length - 1) & 1))
        if (++length > MAX_LENGTH) return BAD_ESCAPE;
    take_bits(source, length);
    uint32_t number = take_bits(source, length);
    uint32_t magnitude = reach + (1u << (length - 1) | number >> 1);
    if (magnitude > MAX_SYMBOL) return BAD_ESCAPE;
    *symbol = number & 1 ? -(int32_t)magnitude : (int32_t)magnitude;
    return OK;
}

static Status pop_block(const Tables *tables, Source *shared, uint8_t *symbols, const uint8_t *indexes, unsigned size) {
    uint16_t coded[BLOCK];
    unsigned count = list_coded(indexes, size, coded);
    Source source = *shared; /* a copy, which the compiler can keep in registers */
    for (unsigned i = 0; i < count; i++) {
        uint32_t index = indexes[coded[i]];
        if (index >= tables->count || !index) return BAD_INDEX;
        const Table *table = &tables->table[index];
        const uint32_t *starts = table->starts;
        uint32_t slot = (uint32_t)source.state & (TOTAL - 1);
        uint32_t entry = table->buckets[slot >> BUCKET_SHIFT];
        while (starts[entry + 1] <= slot) entry++; /* ends, because the last start is TOTAL */
        source.state = (starts[entry + 1] - starts[entry]) * (source.state >> PRECISION) + slot - starts[entry];
        take_word(&source);
        uint32_t half = (entry + 1) >> 1, sign = (entry & 1) - 1; /* all ones for a negative symbol */
        int32_t symbol = (int32_t)((half ^ sign) - sign);
        if (half > table->reach && take_excess(&source, table->reach, &symbol)) return BAD_ESCAPE;
        memcpy(symbols + 4 * (size_t)coded[i], &symbol, 4);
    }
    *shared = source;
    return OK;
}

static Status pop_all(const Tables *tables, Source *source, uint8_t *symbols, const uint8_t *indexes, size_t size) {
    memset(symbols, 0, 4 * size);
    for (size_t i = 0; i < size; i += BLOCK) {
        unsigned block = (unsigned)(size - i < BLOCK ? size - i : BLOCK);
        Status status = pop_block(tables, source, symbols + 4 * i, indexes + i, block);
        if (status) return status;
    }
    return OK;
}

/* ---- the module ----------------------------------------------------------------------------------------------- */

static PyObject *prepare(PyObject *module, PyObject *args) {
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "y*:prepare", &data)) return NULL;
    Tables *tables = read_tables(data.buf, data.len);
    PyBuffer_Release(&data);
    if (!tables) return NULL;
    PyObject *capsule = PyCapsule_New(tables, CAPSULE, release_capsule);
    if (!capsule) release(tables);
    return capsule;
}

static PyObject *push(PyObject *module, PyObject *args) {
    PyObject *capsule, *result = NULL;
    Py_buffer symbols, indexes;
    unsigned long long state;
    if (!PyArg_ParseTuple(args, "Oy*y*K:push", &capsule, &symbols, &indexes, &state)) return NULL;
    const Tables *tables = PyCapsule_GetPointer(capsule, CAPSULE);
    if (tables && (indexes.len > PY_SSIZE_T_MAX / 16 || symbols.len != 4 * indexes.len))
        PyErr_SetString(PyExc_ValueError, "there must be four bytes of symbols for each index");
    else if (tables) {
        Sink sink = {.state = state};
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = push_all(tables, &sink, symbols.buf, indexes.buf, (size_t)indexes.len);
        Py_END_ALLOW_THREADS
        result = status ? raise_status(status, tables)
                        : Py_BuildValue("Ky#", (unsigned long long)sink.state, sink.words ? (char *)sink.words : "",
                                        (Py_ssize_t)sink.size);
        free(sink.words);
    }
    PyBuffer_Release(&symbols);
    PyBuffer_Release(&indexes);
    return result;
}

static PyObject *pop(PyObject *module, PyObject *args) {
    PyObject *capsule, *result = NULL;
    Py_buffer symbols, indexes, words;
    unsigned long long state;
    Py_ssize_t left;
    if (!PyArg_ParseTuple(args, "Ow*y*Ky*n:pop", &capsule, &symbols, &indexes, &state, &words, &left)) return NULL;
    const Tables *tables = PyCapsule_GetPointer(capsule, CAPSULE);
    if (tables && (indexes.len > PY_SSIZE_T_MAX / 16 || symbols.len != 4 * indexes.len))
        PyErr_SetString(PyExc_ValueError, "there must be four bytes of symbols for each index");
    else if (tables && (left < 0 || left > words.len / 4))
        PyErr_SetString(PyExc_ValueError, "the number of words left is negative or larger than the number of words");
    else if (tables) {
        Source source = {.state = state, .words = words.buf, .left = (size_t)left};
        Status status;
        Py_BEGIN_ALLOW_THREADS
        status = pop_all(tables, &source, symbols.buf, indexes.buf, (size_t)indexes.len);
        Py_END_ALLOW_THREADS
        result = status ? raise_status(status, tables)
                        : Py_BuildValue("Kn", (unsigned long long)source.state, (Py_ssize_t)source.left);
    }
    PyBuffer_Release(&symbols);
    PyBuffer_Release(&indexes);
    PyBuffer_Release(&words);
    return result;
}

static PyMethodDef methods[] = {
    {"prepare", prepare, METH_VARARGS, "Read tables once for many calls of push and pop."},
    {"push", push, METH_VARARGS, "Push symbols on the state, the last symbol first."},
    {"pop", pop, METH_VARARGS, "Pop symbols from the state, the first symbol first."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_rans",
    .m_doc = "The coder in C, which fovea.entropy.reference documents.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__rans(void) { return PyModuleDef_Init(&definition); }
