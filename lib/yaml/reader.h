/* The tree while it grows, whatever the syntax that it is read from. */
#ifndef YAML_READER_H
#define YAML_READER_H

#include "yaml/tree.h"

enum { READER_DEEPEST = 64 };

/* From 1. */
struct reader_mark {
    uint32_t line, column;
};

/* Plain arrays, copied to the arena at the end. */
struct reader {
    speedup_context *context;
    const char *file, *source;
    size_t source_length;
    struct yaml_node *nodes;
    size_t count, room;
    char *bytes;
    size_t used, bytes_room;
    struct {
        uint32_t node, last;
    } open[READER_DEEPEST + 1];
    int depth, deepest; /* deepest: at most READER_DEEPEST */
    size_t most;        /* nodes */
    uint32_t root;
};

speedup_status reader_begin(struct reader *reader);
speedup_status reader_scalar(struct reader *reader, struct reader_mark mark, const char *text, size_t length, bool plain);
speedup_status reader_open(struct reader *reader, enum yaml_kind kind, struct reader_mark mark);
speedup_status reader_close(struct reader *reader);

/* Hands over what was read, where `status` says that it was read well; frees the rest. */
speedup_status reader_end(struct reader *reader, speedup_status status, struct arena *arena, struct yaml_tree *tree);

struct place reader_place(const struct reader *reader, struct reader_mark mark);
speedup_status reader_refuse(struct reader *reader, speedup_status code, struct reader_mark mark, const char *message);

/* What every text must be, whatever its syntax; leaves out a byte order mark. */
speedup_status reader_check(speedup_context *context, const char *file, size_t most, const char **text, size_t *length);

#endif
