/* Memory: the caller's allocator, and arenas over it. An arena only grows, and
 * ends as a whole, so that a half-built object needs no clean-up of its own. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <speedup/context.h>

#include <stdbool.h>

struct arena_block;

struct arena {
    speedup_allocator allocator;
    struct arena_block *blocks;
    size_t used; /* of the newest block */
    bool failed; /* an allocation found no memory */
};

/* The allocator of malloc, realloc and free. */
extern const speedup_allocator memory_default;

void arena_begin(struct arena *arena, const speedup_allocator *allocator);
void arena_end(struct arena *arena);

/* Gives up what is in it, and keeps room for as much again. */
void arena_reset(struct arena *arena);

/* How much an arena has taken from its allocator. */
size_t arena_bytes(const struct arena *arena);

/* Zeroed memory, aligned for any type; NULL, with arena->failed set, when there is none. */
void *arena_zeroed(struct arena *arena, size_t count, size_t size);
char *arena_copy(struct arena *arena, const char *text, size_t length);

/* A growing array on the allocator: items in front, count and room by pointer. */
bool memory_grow(const speedup_allocator *allocator, void **items, size_t *room, size_t count, size_t size);

#endif
